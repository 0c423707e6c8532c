import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startMariaDb, type TestMariaDb } from '#test/servers/mariadb.ts';
import { directDialer, type Dialer } from '#base/dialer.ts';
import { secret } from '#base/secret.ts';
import { makeAuthority } from '#replication/sources/postgres/test-certificates.ts';
import { testConnection } from './test-connection-job.ts';
import type { DatabaseAddress, TestStep } from './test-connection.ts';

const host = 'shop.mysql.example';
const password = 'kept-to-itself-7';
const authority = makeAuthority('MySQL test authority');
const certificate = authority.issue({ commonName: host, dnsNames: [host] });
const usualTrust = getCACertificates('default');

const user = (name: string, more = ''): string => `CREATE USER ${name}@'%' IDENTIFIED BY '${password}'${more}`;
/** A shop, and who may follow it. */
const shop = [
  'CREATE DATABASE shop',
  'CREATE TABLE shop.orders (id INT PRIMARY KEY)',
  'CREATE TABLE shop.items (id INT PRIMARY KEY, note TEXT)',
  user('follower'),
  "GRANT SELECT ON shop.* TO follower@'%'",
  "GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO follower@'%'",
];
const others = [
  user('reader'),
  "GRANT SELECT ON shop.orders TO reader@'%'",
  "GRANT INSERT ON shop.items TO reader@'%'",
  user('writer'),
  "GRANT INSERT ON shop.orders TO writer@'%'",
  user('locked', ' ACCOUNT LOCK'),
  user('expired', ' PASSWORD EXPIRE'),
  user('encrypted', ' REQUIRE SSL'),
  'CREATE ROLE analysts',
  'GRANT SELECT ON shop.* TO analysts',
  user('member'),
  "GRANT analysts TO member@'%'",
  "SET DEFAULT ROLE analysts FOR member@'%'",
  "CREATE USER elliptic@'%' IDENTIFIED VIA ed25519 USING PASSWORD('x')",
  "CREATE USER elsewhere@'192.0.2.1' IDENTIFIED BY 'x'",
];

let secured: TestMariaDb;
let plain: TestMariaDb;
beforeAll(async () => {
  setDefaultCACertificates([...usualTrust, authority.certificate]);
  const settings = { plugin_load_add: 'auth_ed25519', disconnect_on_expired_password: 'ON' };
  secured = await startMariaDb({ certificate, settings, statements: [...shop, ...others] });
  plain = await startMariaDb({ statements: shop, settings: { binlog_format: 'MIXED', binlog_row_image: 'MINIMAL' } });
});
afterAll(async () => {
  setDefaultCACertificates(usualTrust);
  await secured[Symbol.asyncDispose]();
  await plain[Symbol.asyncDispose]();
});

function pathTo({ port }: TestMariaDb): Dialer {
  return { dial: (_host, _port, signal) => directDialer.dial('127.0.0.1', port, signal) };
}

async function tested(server: TestMariaDb, more: Partial<DatabaseAddress> = {}): Promise<readonly TestStep[]> {
  const login = { database: 'shop', user: 'follower', password: secret(password), tls: 'verify-full' as const, certificateName: undefined };
  const steps = await testConnection(
    { address: { kind: 'mysql', host, port: 3306, ...login, ...more }, dialer: pathTo(server), timeoutMs: 10_000 },
    AbortSignal.timeout(20_000),
  );
  expect(JSON.stringify(steps)).not.toContain(password);
  return steps;
}

function words(steps: readonly TestStep[]): readonly string[] {
  return steps.map(({ name, ok, fault }) => (ok ? name : `${name} ${fault?.code}`));
}

const all = ['TCP', 'TLS', 'login', 'rights'];

test.for<[tls: DatabaseAddress['tls'], said: string]>([
  ['verify-full', `Encrypted; the certificate is for ${host}.`],
  ['verify-ca', 'Encrypted.'],
  ['require', 'Encrypted.'],
  ['prefer', 'Encrypted.'],
  ['disable', 'Not encrypted: none is asked for.'],
])('up to the rights with %s', async ([tls, said]) => {
  const steps = await tested(secured, { tls });
  expect(words(steps)).toEqual(all);
  expect(steps[1]?.detail).toBe(said);
  expect(steps[2]?.detail).toMatch(/^follower is logged in to the database shop \(version .*MariaDB.*\)\.$/);
  expect(steps[3]?.detail).toBe(
    'follower may SELECT from 2 of 2 tables and follow the binary log, which holds ROW changes with FULL rows.',
  );
});

test('what a link would need is said', async () => {
  expect((await tested(secured, { user: 'reader' })).at(-1)?.detail).toBe(
    'reader may SELECT from 1 of 2 tables and not follow the binary log, for want of REPLICATION SLAVE and REPLICATION CLIENT, which holds ROW changes with FULL rows. A link would need: GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO the user.',
  );
  expect((await tested(plain, { tls: 'prefer' })).at(-1)?.detail).toBe(
    'follower may SELECT from 2 of 2 tables and follow the binary log, which holds MIXED changes with MINIMAL rows. A link would need: binlog_format = ROW; binlog_row_image = FULL.',
  );
});

test('rights through a role count', async () => {
  expect((await tested(secured, { user: 'member' })).at(-1)?.detail).toMatch(/^member may SELECT from 2 of 2 tables/);
});

test('without a database', async () => {
  const steps = await tested(secured, { database: '' });
  expect(words(steps)).toEqual(all);
  expect(steps[2]?.detail).toContain('without choosing a database');
});

test.for<[what: string, more: Partial<DatabaseAddress>, expected: string, number: number | undefined]>([
  ['the wrong password', { password: secret('wrong') }, 'login WrongPassword', 1045],
  ['no password', { password: undefined }, 'login WrongPassword', 1045],
  ['the wrong user', { user: 'nobody' }, 'login WrongPassword', 1045],
  ['a database that is not there', { user: 'administrator', database: 'nowhere' }, 'login DatabaseMissing', 1049],
  ['a database that is not allowed', { database: 'mysql' }, 'login DatabaseDenied', 1044],
  ['a user of another host', { user: 'elsewhere' }, 'login WrongPassword', 1045],
  ['a locked account', { user: 'locked' }, 'login LoginDisabled', 4151],
  ['an expired password', { user: 'expired' }, 'login PasswordExpired', 1862],
  ['an authentication that is not known', { user: 'elliptic' }, 'login AuthenticationMethod', undefined],
  ['a user that must encrypt', { user: 'encrypted', tls: 'disable' }, 'login WrongPassword', 1045],
  ['no table that may be read', { user: 'writer' }, 'rights NoReadableTable', undefined],
  ['a certificate for another name', { certificateName: 'other.example' }, 'TLS CertificateName', undefined],
])('%s is named', async ([, more, expected, number]) => {
  const given = more.user === 'administrator' ? { ...more, password: secret(secured.password) } : more;
  const steps = await tested(secured, given);
  expect(words(steps).at(-1)).toBe(expected);
  expect(steps.at(-1)?.errorNumber).toBe(number);
  expect(steps.slice(0, -1).map(({ name }) => name)).toEqual(all.slice(0, all.indexOf(expected.split(' ')[0]!)));
});

test('TLS that the server has not is named', async () => {
  expect(words(await tested(plain))).toEqual(['TCP', 'TLS TlsRefused']);
  expect(words(await tested(plain, { tls: 'prefer' }))).toEqual(all);
});

test.for<[what: string, named: { commonName: string; dnsNames: string[]; validForDays?: number }, expected: string]>([
  ['of nobody that is known', { commonName: host, dnsNames: [host] }, 'TLS UnknownAuthority'],
  ['that has expired', { commonName: host, dnsNames: [host], validForDays: -1 }, 'TLS CertificateExpired'],
])('a certificate %s is named', async ([, named, expected]) => {
  await using server = await startMariaDb({ certificate: makeAuthority('unknown').issue(named), statements: shop });
  expect(words(await tested(server)).at(-1)).toBe(expected);
  expect(words(await tested(server, { tls: 'require' }))).toEqual(all);
});

test('a server that takes TLS only looks like a wrong password, and that is said', async () => {
  await using server = await startMariaDb({ certificate, statements: shop, settings: { require_secure_transport: 'ON' } });
  const refused = (await tested(server, { tls: 'disable' })).at(-1);
  expect([refused?.fault?.code, refused?.errorNumber, refused?.fault?.remedy]).toEqual([
    'WrongPassword',
    1045,
    expect.stringContaining('sslMode=required'),
  ]);
  expect(words(await tested(server))).toEqual(all);
});
