import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '#test/servers/postgres.ts';
import { directDialer } from '#base/dialer.ts';
import { secret } from '#base/secret.ts';
import { PgConnection } from '#replication/sources/postgres/connection.ts';
import { parsePgUrl } from '#replication/sources/postgres/url.ts';
import { testConnection } from './test-connection-job.ts';
import type { DatabaseAddress } from './test-connection.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
  await using admin = await PgConnection.connect({ ...parsePgUrl(server.url()), dialer: directDialer }, AbortSignal.timeout(10_000));
  await admin.query(`CREATE ROLE stranger LOGIN PASSWORD 'strange'; CREATE TABLE public.secret_things (id int8 PRIMARY KEY)`);
});
afterAll(() => server[Symbol.asyncDispose]());

async function tested(more: Partial<DatabaseAddress> = {}): Promise<readonly string[]> {
  const { host, port, user, password } = server;
  const login = { user, password: secret(password), database: 'postgres', tls: 'prefer' as const, certificateName: undefined };
  const address: DatabaseAddress = { kind: 'postgresql', host, port, ...login, ...more };
  const steps = await testConnection({ address, dialer: directDialer, timeoutMs: 10_000 }, AbortSignal.timeout(20_000));
  expect(JSON.stringify(steps)).not.toContain(password);
  return steps.map(({ name, ok, fault }) => (ok ? name : `${name} ${fault?.code}`));
}

test.for<[what: string, more: Partial<DatabaseAddress>, steps: readonly string[]]>([
  ['all is well', {}, ['TCP', 'TLS', 'login', 'rights']],
  ['the wrong password', { password: secret('wrong') }, ['TCP', 'TLS', 'login WrongPassword']],
  ['no password', { password: undefined }, ['TCP', 'TLS', 'login PasswordMissing']],
  ['the wrong database', { database: 'nowhere' }, ['TCP', 'TLS', 'login DatabaseMissing']],
  ['TLS that the server has not', { tls: 'verify-full' }, ['TCP', 'TLS TlsRefused']],
  ['no rights', { user: 'stranger', password: secret('strange') }, ['TCP', 'TLS', 'login', 'rights NoReadableTable']],
])('%s', async ([, more, steps]) => {
  expect(await tested(more)).toEqual(steps);
});
