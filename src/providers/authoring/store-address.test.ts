import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toFault } from '#base/fault.ts';
import { secret } from '#base/secret.ts';
import type { JsonObject } from '#arm/resource.ts';
import { readConnectionString, splitPassword } from './connection-string.ts';
import { linkedServiceProperties } from './linked-service-shape.ts';
import { storeAddress } from './store-address.ts';

const sealer = { open: (text: string) => secret(text.slice('sealed:'.length)) };

function address(type: string, typeProperties: JsonObject): ReturnType<typeof storeAddress> {
  return storeAddress(linkedServiceProperties.parse({ type, typeProperties }), sealer);
}

const secure = { type: 'SecureString', value: 'p;"w' };

test.for<[type: string, typeProperties: JsonObject, expected: string]>([
  [
    'AzureSqlMI',
    { connectionString: 'Data Source=tcp:mi.x.example,1434;Initial Catalog=shop;User ID=sa;Password="p;""w"' },
    'mi.x.example:1434 shop sa verify-full',
  ],
  [
    'AzureSqlDatabase',
    { server: 'db.example', database: 'shop', authenticationType: 'SQL', userName: 'sa', password: secure, encrypt: 'optional' },
    'db.example:1433 shop sa prefer',
  ],
  [
    'SqlServer',
    { connectionString: { type: 'SecureString', value: 'Server=a.b;Database=d;UID=u;PWD={p;"w}' } },
    'a.b:1433 d u verify-full',
  ],
  [
    'AzureSqlDW',
    { server: 'dw.example,1433', database: 'd', userName: 'u', password: secure, trustServerCertificate: true },
    'dw.example:1433 d u require',
  ],
  [
    'AzurePostgreSql',
    { connectionString: 'host=pg.example;port=6432;database=shop;uid=u', password: secure },
    'pg.example:6432 shop u prefer',
  ],
  [
    'PostgreSqlV2',
    { server: 'PG.example', port: 5433, database: 'shop', username: 'u', sslMode: 5, password: secure },
    'pg.example:5433 shop u verify-full',
  ],
  ['AzureMySql', { connectionString: 'Server=my.example;Port=3307;Database=d;UID=u;PWD={p;"w}' }, 'my.example:3307 d u prefer'],
  ['MySql', { server: 'my.example', database: 'd', username: 'u', sslMode: 2, password: secure }, 'my.example:3306 d u require'],
  ['MariaDB', { server: 'ma.example', database: 'd', username: 'u', password: secure }, 'ma.example:3306 d u prefer'],
])('%s', ([type, typeProperties, expected]) => {
  const { host, port, database, user, tls, password } = address(type, typeProperties);
  expect(`${host}:${port} ${database} ${user} ${tls}`).toBe(expected);
  expect(password?.reveal()).toBe('p;"w');
});

test('encrypt=strict has TLS come first, and is verified', () => {
  const strict = address('SqlServer', { server: 'a.b', encrypt: 'Strict', trustServerCertificate: true, password: secure });
  expect([strict.tlsFirst, address('SqlServer', { server: 'a.b', encrypt: 'mandatory', password: secure }).tlsFirst]).toEqual([
    true,
    undefined,
  ]);
});

test('what is sealed is opened, a mask is no password', () => {
  const sealed = { type: 'SecureString', value: { $sealed: 'sealed:pw' } };
  expect(address('PostgreSqlV2', { server: 'a.b', password: sealed }).password?.reveal()).toBe('pw');
  expect(address('PostgreSqlV2', { server: 'a.b', password: { type: 'SecureString', value: '**********' } }).password).toBeUndefined();
});

test.for<[typeProperties: JsonObject, code: string]>([
  [{}, 'InvalidLinkedService'],
  [{ server: '10.0.0.4' }, 'LinkedServiceHostNotName'],
  [{ connectionString: 'Host=10.0.0.4,5432;' }, 'LinkedServiceHostNotName'],
  [{ server: '::1' }, 'LinkedServiceHostNotName'],
  [{ server: 'a.b', port: 70_000 }, 'InvalidLinkedService'],
  [{ server: 'a b' }, 'InvalidLinkedService'],
  [{ server: 'a.b', sslMode: 'sometimes' }, 'InvalidLinkedService'],
  [{ server: 'a.b', password: { type: 'AzureKeyVaultSecret', secretName: 's' } }, 'LinkedServiceSecretNotSupported'],
  [{ server: { type: 'Expression', value: '@{linkedService().x}' } }, 'LinkedServiceParameter'],
  [{ connectionString: { type: 'SecureString', value: 'Host="a.b' } }, 'InvalidConnectionString'],
])('%j is refused: %s', ([typeProperties, code]) => {
  expect(() => address('PostgreSqlV2', typeProperties)).toThrow(expect.objectContaining({ code, remedy: expect.any(String) }));
});

test('whatever stands in quotes is read back; the password leaves the text', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.constantFrom('"', "'"), (value, quote) => {
      const text = `Host=a.b;Password=${quote}${value.replaceAll(quote, quote + quote)}${quote};Database=d`;
      expect(readConnectionString(text).map((pair) => pair.value)).toEqual(['a.b', value, 'd']);
      expect(splitPassword(text)).toEqual({ open: 'Host=a.b;Database=d;', password: value });
    }),
  );
});

function outcomeOf(text: string): string {
  try {
    readConnectionString(text);
    return 'read';
  } catch (error) {
    return toFault(error).code;
  }
}

test('no text makes the reader do anything but read or refuse', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(outcomeOf(text)).toMatch(/^(read|InvalidConnectionString)$/);
    }),
  );
});
