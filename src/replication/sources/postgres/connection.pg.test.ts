import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { directDialer } from '#base/dialer.ts';
import { Fault } from '#base/fault.ts';
import { startPostgres, type TestPostgres } from '#test/servers/postgres.ts';
import { frameEnd } from '#wire/pg/frames.ts';
import { PgConnection, type PgOptions } from './connection.ts';
import { makeAuthority } from './test-certificates.ts';
import { parsePgUrl } from './url.ts';

const never = new AbortController().signal;
const authority = makeAuthority('Isthmus test authority');
const stranger = makeAuthority('Another authority');
const files = mkdtempSync(join(tmpdir(), 'isthmus-tls-'));
const file = (name: string): string => join(files, name);
let server: TestPostgres;
let admin: PgConnection;

/** Lines are tried in order; the last lets everybody in with a SCRAM password. */
const accessRules = [
  'host all trusted 127.0.0.1/32 trust',
  'host all digest 127.0.0.1/32 md5',
  'host all clear 127.0.0.1/32 password',
  'hostssl all bearer 127.0.0.1/32 cert',
  'hostnossl all bearer 127.0.0.1/32 reject',
  'host all nobody 127.0.0.1/32 reject',
  'host all all 127.0.0.1/32 scram-sha-256',
  'host replication all 127.0.0.1/32 scram-sha-256',
];

/** Puts a file into the server's own folder, as the server's own user. */
async function place(name: string, content: string): Promise<void> {
  const literal = content.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\n', '\\n');
  await admin.query(`COPY (SELECT unnest(string_to_array(E'${literal}', E'\\n'))) TO PROGRAM 'umask 077; cat > ${name}'`);
}

async function reload(certificate: { readonly certificate: string; readonly key: string }): Promise<void> {
  await place('server.crt', certificate.certificate);
  await place('server.key', certificate.key);
  await admin.query('SELECT pg_reload_conf()');
}

beforeAll(async () => {
  server = await startPostgres({ settings: { max_connections: '20' } });
  admin = await PgConnection.connect({ ...parsePgUrl(server.url()), dialer: directDialer }, never);
  await admin.query(`
    SET password_encryption = 'md5'; CREATE ROLE digest LOGIN PASSWORD 'md5 pass';
    SET password_encryption = 'scram-sha-256';
    CREATE ROLE trusted LOGIN; CREATE ROLE nobody LOGIN; CREATE ROLE bearer LOGIN;
    CREATE ROLE clear LOGIN PASSWORD 'clear pass'; CREATE ROLE ann LOGIN PASSWORD 'pässword \u00A0\u2168' REPLICATION;
    CREATE ROLE full_house LOGIN PASSWORD 'x' CONNECTION LIMIT 0;
    ALTER ROLE ann SET statement_timeout = '1ms'; ALTER ROLE ann SET DateStyle = 'German'; ALTER ROLE ann SET idle_session_timeout = '5s';
    ALTER ROLE ann SET extra_float_digits = 0; ALTER ROLE ann SET bytea_output = 'escape'; ALTER ROLE ann SET TimeZone = 'Asia/Tokyo';`);
  await place('pg_hba.conf', accessRules.join('\n'));
  await place('authority.crt', authority.certificate);
  const good = authority.issue({ commonName: 'db', dnsNames: ['db.test'] });
  await place('server.crt', good.certificate);
  await place('server.key', good.key);
  // Each on its own: ALTER SYSTEM runs in no transaction.
  await admin.query(`ALTER SYSTEM SET ssl_ca_file = 'authority.crt'`);
  await admin.query('ALTER SYSTEM SET ssl = on');
  await admin.query('SELECT pg_reload_conf()');
  const bearer = authority.issue({ commonName: 'bearer' });
  writeFileSync(file('authority.pem'), authority.certificate);
  writeFileSync(file('stranger.pem'), stranger.certificate);
  writeFileSync(file('bearer.pem'), bearer.certificate);
  writeFileSync(file('bearer.key'), bearer.key);
  writeFileSync(file('empty.pem'), 'no certificate');
  await vi.waitUntil(async () => (await encrypted(login({ sslMode: 'prefer' }))) === 't', { timeout: 20_000 });
});

afterAll(async () => {
  await admin?.close();
  await server?.[Symbol.asyncDispose]();
  rmSync(files, { recursive: true, force: true });
});

function login(more: Partial<PgOptions> = {}, text = ''): PgOptions {
  return {
    ...parsePgUrl(text === '' ? server.url() : `postgres://${text}@127.0.0.1:${server.port}/postgres`),
    dialer: directDialer,
    ...more,
  };
}

async function open(options: PgOptions): Promise<PgConnection> {
  const connection = await PgConnection.connect(options, never);
  onTestFinished(() => connection.close());
  return connection;
}

async function encrypted(options: PgOptions): Promise<string | null | undefined> {
  await using connection = await PgConnection.connect(options, never);
  return (await connection.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'))[0]?.[0];
}

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof Fault) return outcome;
  throw new Error('no fault', { cause: outcome });
}

test('a session tells its server, and its texts are canonical whatever the role is set to', async () => {
  const connection = await open(login({}, 'ann:p%C3%A4ssword%20%C2%A0%E2%85%A8'));
  expect(connection.serverVersion).toBeGreaterThanOrEqual(130_000);
  expect(connection.parameters.get('client_encoding')).toBe('UTF8');
  expect((await connection.query('SELECT pg_backend_pid()'))[0]?.[0]).toBe(String(connection.processId));
  const sql = `SELECT timestamptz '2024-02-29 12:00:00+09', interval '1 year 2 days 3 seconds', 0.1::float8 + 0.2::float8, '\\x00ff'::bytea, date '0044-03-15 BC',
    current_setting('statement_timeout'), current_setting('idle_session_timeout'), current_setting('application_name')`;
  const canonical = ['2024-02-29 03:00:00+00', 'P1Y2DT3S', '0.30000000000000004', '\\x00ff', '0044-03-15 BC', '0', '0', 'isthmus'];
  expect(await connection.query(sql)).toEqual([canonical]);
  const replication = await open(login({ replication: 'database' }, 'ann:p%C3%A4ssword%20%C2%A0%E2%85%A8'));
  expect(await replication.query(sql)).toEqual([canonical]);
});

test.each([
  ['trust', 'trusted'],
  ['MD5', 'digest:md5%20pass'],
  ['SCRAM', 'ann:p%C3%A4ssword%20%C2%A0%E2%85%A8'],
] as const)('login by %s, in the clear and over TLS', async (_, text) => {
  expect(await encrypted(login({ sslMode: 'disable' }, text))).toBe('f');
  expect(await encrypted(login({ sslMode: 'require' }, text))).toBe('t');
});

test('a clear password is sent over TLS only', async () => {
  expect(await encrypted(login({ sslMode: 'require' }, 'clear:clear%20pass'))).toBe('t');
  expect(await faultOf(encrypted(login({ sslMode: 'disable' }, 'clear:clear%20pass')))).toMatchObject({
    kind: 'denied',
    code: 'CleartextPassword',
  });
});

test.each([
  ['a wrong SCRAM password', 'ann:wrong', {}, 'unauthenticated WrongPassword'],
  ['a wrong MD5 password', 'digest:wrong', {}, 'unauthenticated WrongPassword'],
  ['no password', 'ann', {}, 'unauthenticated PasswordMissing'],
  ['an unknown user', 'ghost:x', {}, 'unauthenticated WrongPassword'],
  ['a user that is kept out', 'nobody', {}, 'unauthenticated LoginRefused'],
  ['no connection left', 'full_house:x', {}, 'throttled TooManyConnections'],
  ['an unknown database', 'trusted', { database: 'nix' }, 'missing DatabaseMissing'],
  ['no right to replicate', 'trusted', { replication: 'database' }, 'denied PermissionDenied'],
  ['an unknown host', 'trusted', { host: 'no-such-host.invalid' }, 'unreachable HostNotFound'],
  ['a closed port', 'trusted', { port: 1 }, 'unreachable ConnectionFailed'],
] as const)('%s', async (_, text, more, outcome) => {
  const fault = await faultOf(PgConnection.connect(login(more, text), never));
  expect(`${fault.kind} ${fault.code}`).toBe(outcome);
  expect(fault.remedy).toMatch(/\.$/);
});

const named = { tlsServerName: 'db.test' };
test('certificates that are good for what is asked', async () => {
  const root = { sslRootCert: file('authority.pem') };
  expect(await encrypted(login({ sslMode: 'verify-full', ...root, ...named }))).toBe('t');
  expect(await encrypted(login({ sslMode: 'verify-ca', ...root }))).toBe('t');
  expect(await encrypted(login({ sslMode: 'require', ...root }))).toBe('t');
  expect(await encrypted(login({ sslMode: 'require' }))).toBe('t');
  expect(await encrypted(login({ sslMode: 'prefer', sslRootCert: file('stranger.pem') }))).toBe('t');
  const own = { sslCert: file('bearer.pem'), sslKey: file('bearer.key') };
  expect(await encrypted(login({ sslMode: 'verify-full', ...root, ...named, ...own }, 'bearer'))).toBe('t');
});

test.each([
  ['another name', { sslMode: 'verify-full', sslRootCert: file('authority.pem') }, 'unauthenticated', 'CertificateName'],
  [
    'another name given',
    { sslMode: 'verify-full', sslRootCert: file('authority.pem'), tlsServerName: 'db2.test' },
    'unauthenticated',
    'CertificateName',
  ],
  ['an authority that nobody knows', { sslMode: 'verify-full', ...named }, 'unauthenticated', 'UnknownAuthority'],
  ['another authority', { sslMode: 'verify-ca', sslRootCert: file('stranger.pem') }, 'unauthenticated', 'UnknownAuthority'],
  ['another authority, with require', { sslMode: 'require', sslRootCert: file('stranger.pem') }, 'unauthenticated', 'UnknownAuthority'],
  ['a file that is not there', { sslMode: 'verify-ca', sslRootCert: file('missing.pem') }, 'invalid', 'CertificateFile'],
  ['a key that is none', { sslMode: 'require', sslCert: file('bearer.pem'), sslKey: file('empty.pem') }, 'invalid', 'CertificateFile'],
] as const)('TLS with %s is refused', async (_, more, kind, code) => {
  const fault = await faultOf(encrypted(login(more)));
  expect(fault).toMatchObject({ kind, code, remedy: expect.stringMatching(/\.$/) });
});

test('a certificate that has expired is refused, and the server that declines TLS where it is required', async () => {
  await reload(authority.issue({ commonName: 'db', dnsNames: ['db.test'], validForDays: -1 }));
  const options = login({ sslMode: 'verify-full', sslRootCert: file('authority.pem'), ...named });
  await expect.poll(async () => (await faultOf(encrypted(options))).code, { timeout: 20_000 }).toBe('CertificateExpired');
  await admin.query('ALTER SYSTEM SET ssl = off');
  await admin.query('SELECT pg_reload_conf()');
  await expect.poll(() => encrypted(login({ sslMode: 'prefer' })), { timeout: 20_000 }).toBe('f');
  expect(await faultOf(encrypted(options))).toMatchObject({ kind: 'precondition', code: 'TlsRefused' });
  await admin.query('ALTER SYSTEM SET ssl = on');
  await reload(authority.issue({ commonName: 'db', dnsNames: ['db.test'] }));
  await expect.poll(() => encrypted(login({ sslMode: 'prefer' })), { timeout: 20_000 }).toBe('t');
});

test.each(['disable', 'require'] as const)(
  '200,000 rows come whole and in order (TLS: %s), and the connection goes on',
  async (sslMode) => {
    const connection = await open(login({ sslMode }));
    let expected = 1;
    for await (const buffer of connection.copyOut(`COPY (SELECT i, repeat('x', i % 100) FROM generate_series(1, 200000) i) TO STDOUT`)) {
      const text = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.length);
      for (let at = 0; at < buffer.length; at = frameEnd(buffer, at)) {
        const end = frameEnd(buffer, at);
        if (text.toString('latin1', at + 5, end) !== `${expected}\t${'x'.repeat(expected % 100)}\n`)
          throw new Error(`row ${expected} is wrong`);
        expected++;
      }
    }
    expect(expected).toBe(200_001);
    expect(await connection.query('SELECT 1')).toEqual([['1']]);
  },
);

test.each(['disable', 'require'] as const)('a copy that is left or aborted ends at the server, too (TLS: %s)', async (sslMode) => {
  const running = async (pid: number): Promise<string | null | undefined> =>
    (await admin.query(`SELECT count(*) FROM pg_stat_activity WHERE pid = ${pid}`))[0]?.[0];
  const silent = `COPY (SELECT i, pg_sleep(CASE WHEN i > 1000 THEN 600 END) FROM generate_series(1, 2000) i) TO STDOUT`;
  const left = await open(login({ sslMode }));
  for await (const _ of left.copyOut(silent)) break;
  await expect.poll(() => running(left.processId), { timeout: 20_000 }).toBe('0');
  const abort = new AbortController();
  const aborted = await open(login({ sslMode }));
  const drain = async (): Promise<void> => {
    for await (const _ of aborted.copyOut(silent, abort.signal)) abort.abort();
  };
  expect(await faultOf(drain())).toMatchObject({ kind: 'cancelled' });
  await expect.poll(() => running(aborted.processId), { timeout: 20_000 }).toBe('0');
});

test('a row above the limit is refused without being read', async () => {
  const connection = await open(login({ maxFrameBytes: 1_000_000 }));
  const drain = async (): Promise<void> => {
    for await (const _ of connection.copyOut(`COPY (SELECT repeat('x', 5000000)) TO STDOUT`));
  };
  expect(await faultOf(drain())).toMatchObject({ kind: 'unsupported', code: 'ValueTooLarge' });
});

test('faults of queries leave the connection alive; a session that is ended says by whom', async () => {
  const connection = await open(login({}, 'trusted'));
  const codes: string[] = [];
  for (const sql of [
    'SELECT * FROM public.nix',
    'SELECT nix',
    'SELECT 1/0',
    `SELECT 'abc'::int`,
    'SELECT * FROM pg_authid',
    'SELECT (((',
  ]) {
    const fault = await faultOf(connection.query(sql));
    codes.push(`${fault.kind} ${fault.code}`);
    expect(fault.message).not.toContain('abc');
  }
  expect(codes).toEqual([
    'missing TableMissing',
    'missing ColumnMissing',
    'invalid ValueRefused',
    'invalid ValueRefused',
    'denied PermissionDenied',
    'invalid StatementRefused',
  ]);
  const waiting = faultOf(connection.query('SELECT pg_sleep(600)'));
  await expect.poll(async () => (await admin.query(`SELECT pg_terminate_backend(${connection.processId})`))[0]?.[0]).toBe('t');
  expect(await waiting).toMatchObject({ kind: 'unreachable', code: 'SourceStopping' });
  expect(await faultOf(connection.query('SELECT 1'))).toMatchObject({ kind: 'unreachable' });
});

test('a query that takes too long is given up here and cancelled there', async () => {
  const connection = await open(login());
  expect(await faultOf(connection.query('SELECT pg_sleep(600)', { timeoutMs: 100 }))).toMatchObject({
    kind: 'timeout',
    code: 'QueryTimeout',
  });
  const running = async (): Promise<unknown> =>
    (await admin.query(`SELECT count(*) FROM pg_stat_activity WHERE pid = ${connection.processId}`))[0]?.[0];
  await expect.poll(running, { timeout: 20_000 }).toBe('0');
});

test('rows that a policy hides are an error, not fewer rows', async () => {
  await admin.query(
    `CREATE TABLE public.guarded (id int); INSERT INTO public.guarded VALUES (1); ALTER TABLE public.guarded ENABLE ROW LEVEL SECURITY; GRANT SELECT ON public.guarded TO trusted`,
  );
  const connection = await open(login({}, 'trusted'));
  const drain = async (): Promise<void> => {
    for await (const _ of connection.copyOut('COPY (SELECT * FROM public.guarded) TO STDOUT'));
  };
  expect(await faultOf(drain())).toMatchObject({ kind: 'denied', code: 'PermissionDenied', remedy: expect.stringContaining('BYPASSRLS') });
});
