import { expect, test } from 'vitest';
import { newRowChange, tupleKind } from '#wire/pgoutput/tuple.ts';
import { TupleRow, type TupleMap } from './event-row.ts';
import { TextValueDecoder } from './types/text-value-decoder.ts';

function keyOf(text: string, numericKey: boolean): unknown {
  const { new: tuple } = newRowChange();
  const buffer = Buffer.from(`..${text}..`, 'latin1');
  tuple.count = 1;
  tuple.kind[0] = tupleKind.text;
  tuple.start[0] = 2;
  tuple.end[0] = 2 + text.length;
  const map: TupleMap = { places: Int32Array.of(0), key: [0], numericKey, text: new TextValueDecoder([], 't') };
  return new TupleRow(tuple).aim(map, buffer).key();
}

test('a key of one whole number is that number, as far as numbers are exact', () => {
  expect(keyOf('0', true)).toBe(0);
  expect(keyOf('2147483647', true)).toBe(2147483647);
  expect(keyOf('999999999999999', true)).toBe(999_999_999_999_999);
  expect(keyOf('9007199254740993', true)).toBe('9007199254740993');
  expect(keyOf('-1', true)).toBe('-1');
  expect(keyOf('42', false)).toBe('42');
});
