import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json, JsonObject } from '#arm/resource.ts';
import { merged, sameJson, withoutNulls } from './json.ts';

const anyJson = fc.jsonValue({ maxDepth: 5 }) as fc.Arbitrary<Json>;
const anyObject = fc.dictionary(fc.string(), anyJson) as fc.Arbitrary<JsonObject>;

test('nulls go, everything else stays, and the value given is not changed', () => {
  fc.assert(
    fc.property(anyJson, (value) => {
      const before = JSON.stringify(value);
      const after = withoutNulls(value);
      expect(JSON.stringify(value)).toBe(before);
      expect(JSON.stringify(after ?? 0)).not.toMatch(/(?<=[[,:])null(?=[\],}])/);
      expect(withoutNulls(after)).toBe(after);
    }),
  );
  expect(withoutNulls({ a: null, b: [null, { c: null, d: 1 }], e: 'x' })).toEqual({ b: [{ d: 1 }], e: 'x' });
});

test('too deep is refused, however deep it is', () => {
  expect(() => withoutNulls(JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as Json)).toThrow(
    expect.objectContaining({ code: 'InvalidRequestContent' }),
  );
});

test('laying a thing over itself, or nothing over it, changes nothing; laid over, it shows', () => {
  fc.assert(
    fc.property(anyObject, anyObject, (under, over) => {
      expect(sameJson(merged(under, {}), under)).toBe(true);
      expect(sameJson(merged(merged(under, over), over), merged(under, over))).toBe(true);
    }),
  );
  expect(merged({ a: { b: 1, c: [1] }, d: 1 }, { a: { c: [2] }, e: 2 })).toEqual({ a: { b: 1, c: [2] }, d: 1, e: 2 });
});

test('the order of members does not count', () => {
  expect(sameJson({ a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 })).toBe(true);
  expect(sameJson({ a: 1 }, { a: 1, b: 2 })).toBe(false);
  expect(sameJson([1, 2], [2, 1])).toBe(false);
  expect(sameJson([], {})).toBe(false);
  expect(sameJson({ toString: 1 }, { a: 1 })).toBe(false);
});
