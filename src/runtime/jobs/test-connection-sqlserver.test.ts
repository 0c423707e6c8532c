import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answering, startScripted } from '#test/servers/scripted.ts';
import { once, type Interference } from '#test/servers/sqlserver-double/interference.ts';
import { readerPassword as password, startReaderScene } from '#test/servers/sqlserver-double/reader-scene.ts';
import type { SqlServerDouble, SqlServerDoubleOptions } from '#test/servers/sqlserver-double/server.ts';
import { directDialer, type Dialer } from '#base/dialer.ts';
import { secret } from '#base/secret.ts';
import { packetsOf, packetType } from '#wire/tds/packets.ts';
import { encodePrelogin } from '#wire/tds/prelogin.ts';
import { makeAuthority } from '#replication/sources/postgres/test-certificates.ts';
import { testConnection } from './test-connection-job.ts';
import type { DatabaseAddress, TestStep } from './test-connection.ts';

const host = 'sqlmi.example';
const authority = makeAuthority('SQL test authority');
const certificate = authority.issue({ commonName: 'sqlmi', dnsNames: [host] });
const usualTrust = getCACertificates('default');
beforeAll(() => setDefaultCACertificates([...usualTrust, authority.certificate]));
afterAll(() => setDefaultCACertificates(usualTrust));

interface Scene extends SqlServerDoubleOptions {
  readonly route?: SqlServerDouble['route'];
  readonly refusal?: SqlServerDouble['refusesLogins'];
  /** What becomes of the question for rights. */
  readonly question?: Interference;
}

/** To the question for rights, and yet not of whole numbers. */
const otherAnswer = { columns: [{ name: '', type: { name: 'bit' } }], rows: [[true]] } as const;

async function start({ route, refusal, question, ...options }: Scene): Promise<SqlServerDouble> {
  const server = await startReaderScene({ certificate, ...options });
  server.route = route;
  server.refusesLogins = refusal;
  if (question !== undefined) server.interferes = once('rights', question);
  return server;
}

/** As a private path: the name leads to the server, and nothing else leads anywhere. */
function pathTo(servers: Readonly<Record<string, { readonly port: number }>>): Dialer {
  return {
    dial: (name, port, signal) => directDialer.dial('127.0.0.1', servers[`${name}:${port}`]?.port ?? 1, signal),
  };
}

async function tested(more: Scene, address: Partial<DatabaseAddress> = {}, timeoutMs = 10_000): Promise<readonly TestStep[]> {
  await using server = await start(more);
  return await testedAt(pathTo({ [`${host}:1433`]: server }), address, timeoutMs);
}

async function testedAt(dialer: Dialer, address: Partial<DatabaseAddress> = {}, timeoutMs = 10_000): Promise<readonly TestStep[]> {
  const login = { database: 'shop', user: 'reader', password: secret(password), certificateName: undefined };
  const steps = await testConnection(
    { address: { kind: 'sqlserver', host, port: 1433, tls: 'verify-full', ...login, ...address }, dialer, timeoutMs },
    AbortSignal.timeout(20_000),
  );
  expect(JSON.stringify(steps)).not.toContain(password);
  return steps;
}

function words(steps: readonly TestStep[]): readonly string[] {
  return steps.map(({ name, ok, fault }) => (ok ? name : `${name} ${fault?.code}`));
}

const all = ['TCP', 'TLS', 'login', 'connection policy', 'rights'];

test.for<[what: string, scene: Scene, address: Partial<DatabaseAddress>, said: string]>([
  ['everything encrypted, as the client asks', {}, {}, `Encrypted; the certificate is for ${host}. SQL Server 16.0.4135.`],
  ['everything encrypted, as the server asks', { encryption: 'require' }, { tls: 'prefer' }, 'Encrypted. SQL Server 16.0.4135.'],
  ['only the login encrypted', {}, { tls: 'prefer' }, 'Only the login is encrypted: the server asks for no more. SQL Server 16.0.4135.'],
  ['nothing encrypted, as asked', {}, { tls: 'disable' }, 'Not encrypted: none is asked for. SQL Server 16.0.4135.'],
  ['any certificate', { encryption: 'require' }, { tls: 'require', certificateName: 'another' }, 'Encrypted. SQL Server 16.0.4135.'],
  ['TLS first', { encryption: 'strict' }, { tlsFirst: true }, `Encrypted; the certificate is for ${host}. SQL Server 16.0.4135.`],
])('up to the rights: %s', async ([, server, address, said]) => {
  const steps = await tested(server, address);
  expect(words(steps)).toEqual(all);
  expect(steps.slice(1).map(({ detail }) => detail)).toEqual([
    said,
    'reader is logged in to the database shop (SQL Server 16.0.4135).',
    `${host} serves the session itself and sends clients nowhere else (Proxy).`,
    'reader has neither db_owner nor CONTROL, has VIEW DATABASE STATE, and may SELECT from 3 of 4 tables, with VIEW CHANGE TRACKING on 2. A link needs both on its tables: GRANT SELECT, VIEW CHANGE TRACKING ON SCHEMA::… TO [reader];',
  ]);
});

test('the server is addressed by its name, wherever the path leads', async () => {
  await using server = await start({});
  await testedAt(pathTo({ [`${host}:1433`]: server }));
  expect(server.loginsSeen.map(({ serverName, userName, database, tdsVersion }) => [serverName, userName, database, tdsVersion])).toEqual([
    [host, 'reader', 'shop', 0x7400_0004],
  ]);
});

test.for<[what: string, scene: Scene, address: Partial<DatabaseAddress>, expected: string]>([
  ['a certificate for another name', {}, { certificateName: 'other.example' }, 'TLS CertificateName'],
  [
    'a certificate of nobody that is known',
    { certificate: makeAuthority('unknown').issue({ commonName: host, dnsNames: [host] }) },
    {},
    'TLS UnknownAuthority',
  ],
  [
    'a certificate that has expired',
    { certificate: authority.issue({ commonName: host, dnsNames: [host], validForDays: -1 }) },
    {},
    'TLS CertificateExpired',
  ],
  [
    'strict, with a certificate for another name',
    { encryption: 'strict' },
    { tls: 'require', tlsFirst: true, certificateName: 'other.example' },
    'TLS CertificateName',
  ],
  ['a server without encryption', { encryption: 'off' }, {}, 'TLS TlsRefused'],
  ['a server that would take the password in the clear', { encryption: 'off' }, { tls: 'prefer' }, 'TLS CleartextPassword'],
  ['a server that insists on strict encryption', { encryption: 'strict' }, {}, 'TLS ConnectionLost'],
  ['a server that knows no strict encryption', { halts: { at: 'PRELOGIN', how: 'cut' } }, { tlsFirst: true }, 'TLS TlsFailed'],
  ['an end at PRELOGIN', { halts: { at: 'PRELOGIN', how: 'cut' } }, {}, 'TLS ConnectionLost'],
  ['an end at TLS', { halts: { at: 'TLS', how: 'cut' } }, {}, 'TLS TlsFailed'],
  ['an end at LOGIN7', { halts: { at: 'LOGIN7', how: 'cut' } }, {}, 'login ConnectionLost'],
  ['an end at the question', { question: { kind: 'cut' } }, {}, 'rights ConnectionLost'],
  ['the wrong password', {}, { password: secret('wrong') }, 'login WrongPassword'],
  ['the wrong user', {}, { user: 'nobody' }, 'login WrongPassword'],
  ['the wrong database', {}, { database: 'nowhere' }, 'login DatabaseMissing'],
  ['no table that may be read', { logins: { reader: { password, viewDefinition: true } } }, {}, 'rights NoReadableTable'],
  ['an answer to another question', { question: { kind: 'answer', answer: otherAnswer } }, {}, 'rights UnexpectedMessage'],
  [
    'a question that is refused',
    { question: { kind: 'error', error: { number: 102, text: 'Incorrect syntax.' } } },
    {},
    'rights ServerRefused',
  ],
])('%s is named', async ([, server, address, expected]) => {
  const got = words(await tested(server, address));
  expect(got.at(-1)).toBe(expected);
  expect(got.slice(0, -1)).toEqual(all.slice(0, all.indexOf(expected.split(' ')[0]!)));
});

test.for<[number: number, text: string, code: string, said: string]>([
  [
    18_452,
    'Login failed. The login is from an untrusted domain and cannot be used with Integrated authentication.',
    'IntegratedLoginOnly',
    '',
  ],
  [
    40_615,
    "Cannot open server 'shop' requested by the login. Client with IP address '203.0.113.9' is not allowed to access the server.",
    'FirewallDenied',
    "Client with IP address '203.0.113.9' is not allowed to access the server. (SQL Server error 40615, state 1.)",
  ],
  [40_914, "Cannot open server 'shop' requested by the login. Client is not allowed to access the server.", 'VirtualNetworkDenied', ''],
  [
    47_073,
    'An instance-specific error occurred while establishing a connection to SQL Server. …',
    'PublicAccessDenied',
    'Public network access',
  ],
  [40_532, 'Cannot open server "x" requested by the login. The login failed.', 'ServerNameUnknown', ''],
  [40_613, "Database 'shop' on server 'x' is not currently available.", 'DatabaseUnavailable', ''],
  [50_001, 'A text with a value in it: 4711', 'ServerRefused', 'error 50001'],
])('error %i is named, with its number', async ([number, text, code, said]) => {
  const last = (await tested({ refusal: { number, text } })).at(-1);
  expect([last?.name, last?.fault?.code, last?.errorNumber]).toEqual(['login', code, number]);
  expect(last?.detail).toContain(said);
  expect(last?.detail).not.toContain('4711');
  expect(last?.fault?.remedy).not.toBe(undefined);
});

test.for<[step: string, hop: string, scene: Scene]>([
  ['PRELOGIN', 'TLS', { halts: { at: 'PRELOGIN', how: 'silent' } }],
  ['TLS', 'TLS', { halts: { at: 'TLS', how: 'silent' } }],
  ['LOGIN7', 'login', { halts: { at: 'LOGIN7', how: 'silent' } }],
  ['question', 'rights', { question: { kind: 'silent' } }],
])('a server that hangs at %s is given up', async ([, hop, server]) => {
  expect(words(await tested(server, {}, 300)).at(-1)).toBe(`${hop} ServerSilent`);
});

test('a server that insists on encryption is named before anything is said in the clear', async () => {
  // To a client that says that it cannot, SQL Server says that it must, and no more.
  const payload = encodePrelogin({ version: '16.0.4135', subBuild: 0, encryption: 'required', instance: '', threadId: 0, mars: false });
  await using server = await startScripted(answering(packetsOf({ type: packetType.response, payload })));
  const steps = await testedAt(pathTo({ [`${host}:1433`]: server }), { tls: 'disable' });
  expect(words(steps)).toEqual(['TCP', 'TLS TlsRequired']);
});

test('a strict server that hangs is given up', async () => {
  expect(words(await tested({ encryption: 'strict', halts: { at: 'TLS', how: 'silent' } }, { tlsFirst: true }, 300)).at(-1)).toBe(
    'TLS ServerSilent',
  );
});

const node = 'db1.worker.example';

test('Redirect to what the path does not carry is named at the connection policy', async () => {
  const steps = await tested({ route: { host: node, port: 11_005 } });
  expect(words(steps)).toEqual(['TCP', 'TLS', 'connection policy ConnectionRedirected']);
  expect(steps.at(-1)?.detail).toContain(`${host}:1433 sends clients on to ${node}:11005 (connection policy Redirect)`);
  expect(steps.at(-1)?.fault?.remedy).toMatch(/connectionPolicies\/default .*Proxy.*proxyOverride/s);
});

test('Redirect to what the path carries too is followed, with the certificate of that host', async () => {
  const own = authority.issue({ commonName: node, dnsNames: [node] });
  await using gateway = await start({ route: { host: node, port: 11_005 } });
  await using worker = await start({ certificate: own });
  const dialer = pathTo({ [`${host}:1433`]: gateway, [`${node}:11005`]: worker });
  const steps = await testedAt(dialer);
  expect(words(steps)).toEqual(all);
  expect(steps[3]?.detail).toBe(`Redirect: ${host} sends clients on to ${node}:11005, which can be reached from here.`);
  expect(worker.loginsSeen.map(({ serverName }) => serverName)).toEqual([node]);
  expect(words(await testedAt(dialer, { password: secret('wrong') }))).toEqual(['TCP', 'TLS', 'login WrongPassword']);
});

test('a certificate of where clients are sent on to is verified against that name', async () => {
  await using gateway = await start({ route: { host: node, port: 11_005 } });
  await using worker = await start({});
  const dialer = pathTo({ [`${host}:1433`]: gateway, [`${node}:11005`]: worker });
  const steps = await testedAt(dialer);
  expect(words(steps)).toEqual(['TCP', 'TLS', 'connection policy CertificateName']);
  expect(worker.loginsSeen).toEqual([]);
});

test.for(['bad host\n', '', 'x'.repeat(300)])('a route to %j is no route', async (name) => {
  expect(words(await tested({ route: { host: name, port: 1433 } }))).toEqual(['TCP', 'TLS', 'login UnexpectedMessage']);
});

test('a server that goes away while only the login was encrypted is named', async () => {
  expect(words(await tested({ halts: { at: 'LOGIN7', how: 'cut' } }, { tls: 'prefer' })).at(-1)).toBe('login ConnectionLost');
  expect(words(await tested({ question: { kind: 'cut' } }, { tls: 'prefer' })).at(-1)).toBe('rights ConnectionLost');
});

test('what is longer than the protocol takes is refused before it is sent', async () => {
  expect(words(await tested({}, { user: 'u'.repeat(70_000) })).at(-1)).toBe('login LoginTooLong');
});

test('Redirect in a circle ends', async () => {
  await using gateway = await start({ route: { host, port: 1433 } });
  expect(words(await testedAt(pathTo({ [`${host}:1433`]: gateway })))).toEqual(['TCP', 'TLS', 'connection policy ConnectionRedirected']);
});
