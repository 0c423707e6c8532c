import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BulkLoadReader, encodeBulkLoad } from './bulk-load.ts';
import { packetsOf, packetType } from './packets.ts';
import { allowedOutcomes, outcomeOf } from './test-outcome.ts';
import { typesAndValues } from './test-types.ts';
import type { Column } from './token-rows.ts';
import type { TdsValue } from './types/tds-type.ts';
import { tdsVersion, type TdsVersion } from './version.ts';

const mostRowBytes = 1_000_000;

/** The sample of MS-TDS section 4.12. */
const sample = Buffer.from(
  [
    '0701002600000100', // header: bulk load, end of message, 38 bytes
    '81', // COLMETADATA
    '0100', // one column
    '00000000', // no user type
    '0500', // flags: nullable, updatable
    '32', // bit
    '02', // its name has 2 characters
    '63003100', // c1
    'd1', // ROW
    '00', // 0
    'fd', // DONE
    '0000', // the last
    '0000', // no command
    '0000000000000000', // no count
  ].join(''),
  'hex',
);
const c1: Column = { name: 'c1', userType: 0, flags: 5, type: { name: 'bit', fixed: true } };

test("the document's sample is what we send and read", () => {
  const reader = new BulkLoadReader('7.4', mostRowBytes);
  expect(reader.push(sample.subarray(8))).toEqual([[false]]);
  expect(reader.columns).toEqual([c1]);
  expect(reader.end()).toEqual([]);
  expect(Buffer.from(packetsOf({ type: packetType.bulkLoad, payload: encodeBulkLoad([c1], [[false]]) }))).toEqual(sample);
});

interface Load {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly TdsValue[])[];
}

function loads(version: TdsVersion): fc.Arbitrary<Load> {
  return fc.tuple(fc.array(typesAndValues(version), { minLength: 1, maxLength: 6 }), fc.nat(4)).map(([cells, rows]) => ({
    columns: cells.map(([type], index) => {
      const isLong = type.name === 'text' || type.name === 'ntext' || type.name === 'image';
      return { name: `c${index}`, userType: 0, flags: 9, type, ...(isLong && { table: ['t'] }) };
    }),
    rows: Array.from({ length: rows }, () => cells.map(([, value]) => value)),
  }));
}

function readAll(bytes: Uint8Array, cuts: readonly number[], version: TdsVersion): Load {
  const reader = new BulkLoadReader(version, mostRowBytes);
  const rows: (readonly TdsValue[])[] = [];
  let from = 0;
  for (const end of [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)) {
    rows.push(...reader.push(bytes.subarray(from, end)));
    from = end;
  }
  rows.push(...reader.end());
  return { columns: reader.columns!, rows };
}

const versions = Object.keys(tdsVersion) as readonly TdsVersion[];

test.for(versions)('any split of the bytes gives the same rows, in TDS %s', (version) => {
  fc.assert(
    fc.property(loads(version), fc.array(fc.nat(), { maxLength: 12 }), (load, cuts) => {
      expect(readAll(encodeBulkLoad(load.columns, load.rows, version), cuts, version)).toEqual(load);
    }),
    { numRuns: 150 },
  );
});

test.for(versions)('changed, cut and random bytes are refused, or are other rows, in TDS %s', (version) => {
  fc.assert(
    fc.property(loads(version), fc.nat(), fc.nat(255), fc.uint8Array({ maxLength: 120 }), (load, at, byte, random) => {
      const changed = encodeBulkLoad(load.columns, load.rows, version);
      const place = at % changed.length;
      changed[place] = byte;
      for (const payload of [changed, changed.subarray(0, place), random])
        expect(allowedOutcomes).toContain(outcomeOf(() => readAll(payload, [at, byte], version)));
    }),
    { numRuns: 150 },
  );
});

test('a row larger than any may be is given up', () => {
  const reader = new BulkLoadReader('7.4', 1000);
  const column: Column = { name: 'b', userType: 0, flags: 9, type: { name: 'varbinary', length: 'max' } };
  const bytes = encodeBulkLoad([column], [[new Uint8Array(2000)]]);
  expect(() => {
    for (let at = 0; at < bytes.length; at += 100) reader.push(bytes.subarray(at, at + 100));
  }).toThrow('a row of more than 1000 bytes');
});

test('a load that ends early is refused', () => {
  const reader = new BulkLoadReader('7.4', mostRowBytes);
  expect(reader.push(sample.subarray(8, -14))).toEqual([]);
  expect(() => reader.end()).toThrow('ends within a row');
});
