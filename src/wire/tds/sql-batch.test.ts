import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packetsOf, packetType } from './packets.ts';
import { decodeSqlBatch, encodeSqlBatch } from './sql-batch.ts';
import { allowedOutcomes, outcomeOf } from './test-outcome.ts';

/** The sample of MS-TDS section 4.6. */
const sample = Buffer.from(
  [
    '0101005c00000100', // header: SQLBatch, end of message, 92 bytes
    '16000000', // ALL_HEADERS: 22 bytes
    '12000000', // a header of 18 bytes
    '0200', // transaction descriptor
    '0000000000000001', // the transaction
    '00000000', // requests outstanding
    '0a00', // a line end
    '730065006c006500630074002000', // select
    '270066006f006f0027002000', // 'foo'
    '610073002000', // as
    '2700620061007200270', // 'bar'
    '00a00', // a line end
    '20002000200020002000200020002000', // eight blanks
  ].join(''),
  'hex',
);
const batch = { sql: "\nselect 'foo' as 'bar'\n        ", transaction: 1n << 56n };

test("the document's sample is what we send and read", () => {
  expect(decodeSqlBatch(sample.subarray(8))).toEqual(batch);
  expect(Buffer.from(packetsOf({ type: packetType.sqlBatch, payload: encodeSqlBatch(batch) }))).toEqual(sample);
});

test('what is encoded is decoded', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (sql, transaction) => {
      expect(decodeSqlBatch(encodeSqlBatch({ sql, transaction }))).toEqual({ sql, transaction });
    }),
  );
});

test('random bytes are refused as corrupt', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(40), (bytes, kept) => {
      expect(allowedOutcomes).toContain(outcomeOf(() => decodeSqlBatch(Uint8Array.from([...sample.subarray(8, 8 + kept), ...bytes]))));
    }),
  );
});
