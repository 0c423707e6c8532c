import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startPostgres, type TestPostgres } from '#test/servers/postgres.ts';
import { directDialer, type Dialer } from '#base/dialer.ts';
import { secret } from '#base/secret.ts';
import { PgConnection } from '#replication/sources/postgres/connection.ts';
import { parsePgUrl } from '#replication/sources/postgres/url.ts';
import { makeAuthority } from '#replication/sources/postgres/test-certificates.ts';
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
  ['the wrong user', { user: 'nobody' }, ['TCP', 'TLS', 'login WrongPassword']],
  ['the wrong database', { database: 'nowhere' }, ['TCP', 'TLS', 'login DatabaseMissing']],
  ['TLS that the server has not', { tls: 'verify-full' }, ['TCP', 'TLS TlsRefused']],
  ['no rights', { user: 'stranger', password: secret('strange') }, ['TCP', 'TLS', 'login', 'rights NoReadableTable']],
])('%s', async ([, more, steps]) => {
  expect(await tested(more)).toEqual(steps);
});

/** Puts a file into the server's own folder, as the server's own user. */
async function place(admin: PgConnection, name: string, content: string): Promise<void> {
  const literal = content.replaceAll('\n', '\\n');
  await admin.query(`COPY (SELECT unnest(string_to_array(E'${literal}', E'\\n'))) TO PROGRAM 'umask 077; cat > ${name}'`);
}

test('the certificate is verified against the name that is addressed, wherever the path leads', async () => {
  const authority = makeAuthority('PostgreSQL test authority');
  const usualTrust = getCACertificates('default');
  await using encrypted = await startPostgres();
  await using admin = await PgConnection.connect({ ...parsePgUrl(encrypted.url()), dialer: directDialer }, AbortSignal.timeout(10_000));
  const { certificate, key } = authority.issue({ commonName: 'db', dnsNames: ['db.example'] });
  await place(admin, 'server.crt', certificate);
  await place(admin, 'server.key', key);
  await admin.query('ALTER SYSTEM SET ssl = on');
  await admin.query('SELECT pg_reload_conf()');
  const dialer: Dialer = { dial: (_host, _port, signal) => directDialer.dial(encrypted.host, encrypted.port, signal) };
  const ask = async (host: string, tls: DatabaseAddress['tls']): Promise<readonly string[]> => {
    const login = { user: encrypted.user, password: secret(encrypted.password), database: 'postgres', certificateName: undefined };
    const address: DatabaseAddress = { kind: 'postgresql', host, port: 5432, tls, ...login };
    const steps = await testConnection({ address, dialer, timeoutMs: 10_000 }, AbortSignal.timeout(20_000));
    return steps.map(({ name, ok, fault }) => (ok ? name : `${name} ${fault?.code}`));
  };
  await vi.waitUntil(async () => (await ask('db.example', 'require')).length === 4, { timeout: 20_000 });
  expect(await ask('db.example', 'verify-full')).toEqual(['TCP', 'TLS UnknownAuthority']);
  setDefaultCACertificates([...usualTrust, authority.certificate]);
  try {
    expect(await ask('db.example', 'verify-full')).toEqual(['TCP', 'TLS', 'login', 'rights']);
    expect(await ask('other.example', 'verify-full')).toEqual(['TCP', 'TLS CertificateName']);
    expect(await ask('other.example', 'verify-ca')).toEqual(['TCP', 'TLS', 'login', 'rights']);
  } finally {
    setDefaultCACertificates(usualTrust);
  }
});
