import { expect, test } from 'vitest';
import { ruleListing, type ListedRule } from './rule-listing.ts';

const rule: ListedRule = {
  device: 'eth0',
  port: 1433,
  host: 'sql.example.net',
  toPort: 1434,
  address: undefined,
  connections: 3,
  bytes: 180,
};
const plain = { chain: 'PREROUTING', verbose: false, numbered: false, exact: false } as const;

test('as iptables prints it', () => {
  expect(ruleListing([rule], plain)).toBe(
    `Chain PREROUTING (policy ACCEPT)
target     prot opt source               destination         
DNAT       tcp  --  0.0.0.0/0            0.0.0.0/0            tcp dpt:1433 to:sql.example.net:1434
`,
  );
  expect(ruleListing([{ ...rule, address: '10.0.0.9' }], { ...plain, verbose: true, exact: true })).toBe(
    `Chain PREROUTING (policy ACCEPT 0 packets, 0 bytes)
    pkts      bytes target     prot opt in     out     source               destination         
       3        180 DNAT       tcp  --  eth0   *       0.0.0.0/0            0.0.0.0/0            tcp dpt:1433 /* sql.example.net */ to:10.0.0.9:1434
`,
  );
});

test('all chains of the table: what goes out is masked, once for each interface', () => {
  const text = ruleListing([rule, { ...rule, port: 1, bytes: 20 }], { chain: undefined, verbose: true, numbered: true, exact: false });
  expect(text.split('\n').filter((line) => line.startsWith('Chain'))).toEqual([
    'Chain PREROUTING (policy ACCEPT 0 packets, 0 bytes)',
    'Chain INPUT (policy ACCEPT 0 packets, 0 bytes)',
    'Chain OUTPUT (policy ACCEPT 0 packets, 0 bytes)',
    'Chain POSTROUTING (policy ACCEPT 0 packets, 0 bytes)',
  ]);
  expect(text).toContain('1        6   200 MASQUERADE  all  --  *      eth0    0.0.0.0/0            0.0.0.0/0           \n');
});

test.each([
  [0, '    0'],
  [99_999, '99999'],
  [100_000, ' 100K'],
  [9_999_499, '9999K'],
  [9_999_500, '  10M'],
  [12_345_678_901, '  12G'],
  [9_007_199_254_740_991, '9007T'],
])('%d is written %j', (bytes, written) => {
  expect(ruleListing([{ ...rule, bytes }], { ...plain, verbose: true })).toContain(`    3 ${written} DNAT`);
});
