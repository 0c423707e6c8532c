import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hasReached } from '#replication/position.ts';
import type { Position } from '#replication/segment.ts';
import { formatLsn, logOf, lsnOf, parseLsn, toPosition, witnessOf } from './log-place.ts';

const log = { system: '7412345678901234567', timeline: 3, slot: 'isthmus_x' };
const lsn = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

test('positions sort like the log, with a witness or without', () => {
  fc.assert(
    fc.property(lsn, lsn, fc.boolean(), (a, b, witnessed) => {
      const witness = witnessed ? { commitLsn: b, xid: 7, committedAtUs: -5n } : undefined;
      const position = toPosition(log, a, witness);
      expect([lsnOf(position), witnessOf(position), logOf(position)]).toEqual([a, witness, log]);
      expect(hasReached(position, toPosition(log, b))).toBe(a >= b);
      expect(parseLsn(formatLsn(a))).toBe(a);
    }),
  );
});

test('a position of another kind of source, and a text that is no log position', () => {
  expect(() => logOf('mysql/one/1' as Position)).toThrow(expect.objectContaining({ kind: 'lost-history', code: 'OtherSource' }));
  expect(() => parseLsn('16/B374D848/1')).toThrow(expect.objectContaining({ kind: 'corrupt' }));
});
