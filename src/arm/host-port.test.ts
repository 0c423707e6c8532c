import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readHost, readHostPort } from './host-port.ts';

test.each([
  ['db.example.net:5432', { host: 'db.example.net', port: 5432 }],
  [' DB.Example.net.:1433 ', { host: 'db.example.net', port: 1433 }],
  ['10.0.0.9:1', { host: '10.0.0.9', port: 1 }],
  ['localhost:65535', { host: 'localhost', port: 65_535 }],
  ['[::1]:5432', { host: '::1', port: 5432 }],
  ['[FD00::1:2]:5432', { host: 'fd00::1:2', port: 5432 }],
  ['my_db-1:5432', { host: 'my_db-1', port: 5432 }],
])('%j', (text, expected) => {
  expect(readHostPort(text)).toEqual(expected);
});

test.each([
  '',
  'db',
  'db:',
  ':1',
  'db:0',
  'db:65536',
  'db:05432',
  'db:1:2',
  '::1:5432',
  '[db]:5432',
  'a..b:1',
  '-a:1',
  'a-:1',
  'a b:1',
  'a/b:1',
  'user@db:1',
  'postgres://db:1',
  '10.0.0:1',
  '256.0.0.1:1',
  '010.0.0.1:1',
  '0.0.0.0:1',
  '224.0.0.1:1',
  '255.255.255.255:1',
  `${'a'.repeat(64)}:1`,
])('%j is no host with a port', (text) => {
  expect(readHostPort(text)).toBeUndefined();
});

test('what is read is read again as the same', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.domain(), fc.ipV4()), (text) => {
      const host = readHost(text);
      fc.pre(host !== undefined);
      expect([readHost(host!), readHostPort(`${host}:7`)]).toEqual([host, { host, port: 7 }]);
    }),
  );
});
