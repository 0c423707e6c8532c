import { expect, test } from 'vitest';
import { checkedEndpoints, hostsText } from './endpoint.ts';

const shop = { address: '10.0.9.5', port: 5432, names: ['Shop.postgres.database.azure.com'] };

test('hosts have one name a line, in lower case, each once', () => {
  const more = [
    shop,
    { ...shop, port: 6432 },
    { address: 'fd00::5', port: 1433, names: ['sql.internal', 'sql2.internal'] },
    { ...shop, names: [] },
  ];
  expect(hostsText(more)).toBe(
    '127.0.0.1\tlocalhost\n10.0.9.5\tshop.postgres.database.azure.com\nfd00::5\tsql.internal\nfd00::5\tsql2.internal\n',
  );
});

test('an endpoint is its address and port', () => {
  expect([...checkedEndpoints([shop, { ...shop, names: [] }, { ...shop, port: 1433 }]).keys()]).toEqual(['10.0.9.5#5432', '10.0.9.5#1433']);
});

test('nothing but addresses and names gets into files and commands', () => {
  const addresses = [
    '127.0.0.1',
    '::1',
    '0.0.0.0',
    '::',
    '224.0.0.1',
    '255.255.255.255',
    'ff02::1',
    'fe80::1%lo',
    '10.0.0.5/8',
    'host',
    '',
  ];
  for (const address of addresses) expect(() => checkedEndpoints([{ ...shop, address }])).toThrow(/no address/);
  for (const port of [0, -1, 65_536, 1.5, Number.NaN]) expect(() => checkedEndpoints([{ ...shop, port }])).toThrow(/no port/);
  for (const name of ['a b', 'a\n10.0.0.1 b', '-a.b', '', 'a..b', '#', 'ä.de', 'a'.repeat(260)]) {
    expect(() => checkedEndpoints([{ ...shop, names: [name] }])).toThrow(/no host name/);
  }
});
