import { expect, test } from 'vitest';
import { parseSnapshot, sees, TakenTransactions } from './visibility.ts';

test('a snapshot sees what was over when it was taken', () => {
  const snapshot = parseSnapshot('100:110:103,107');
  expect([99, 100, 103, 107, 109, 110, 111].map((xid) => sees(snapshot, xid))).toEqual([true, true, false, false, true, false, false]);
  expect(parseSnapshot('5:5:').running.size).toBe(0);
});

test('ids without epoch are read near the snapshot, over a wrap-around too', () => {
  const epoch = 1n << 32n;
  const snapshot = parseSnapshot(`${epoch - 3n}:${epoch + 5n}:${epoch - 2n}`);
  expect(sees(snapshot, 0xffff_fffe)).toBe(false);
  expect(sees(snapshot, 0xffff_ffff)).toBe(true);
  expect(sees(snapshot, 2)).toBe(true);
  expect(sees(snapshot, 6)).toBe(false);
});

test('a page waits until every transaction already taken is seen', () => {
  const taken = new TakenTransactions();
  for (const xid of [10, 11, 12]) taken.add(xid);
  expect(taken.allSeenBy(parseSnapshot('10:13:11'))).toBe(false);
  expect(taken.allSeenBy(parseSnapshot('13:13:'))).toBe(true);
  expect(taken.allSeenBy(parseSnapshot('1:1:'))).toBe(true);
});

test('text that is no snapshot is refused', () => {
  expect(() => parseSnapshot('1:2')).toThrow('snapshot');
});
