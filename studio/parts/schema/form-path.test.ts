import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject } from '#arm/resource.ts';
import { pathText, valueAt, withValueAt, type FormPath } from './form-path.ts';

const paths = fc.array(fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.nat(1)), { minLength: 1, maxLength: 4 }).map((path): FormPath => {
  return ['a', ...path.slice(1)];
});
const bodies = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'other'), fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true });

test('what is put somewhere is there, and everything beside it is as it was', () => {
  fc.assert(
    fc.property(bodies, (given) => {
      const body = given as JsonObject;
      const after = withValueAt(body, ['a'], 'new');
      expect(valueAt(after, ['a'])).toBe('new');
      for (const name of Object.keys(body).filter((one) => one !== 'a')) expect(after[name]).toBe(body[name]);
      expect(withValueAt(after, ['a'], body['a'])).toEqual(body);
    }),
  );
});

test('a place that is not there yet is made', () => {
  fc.assert(
    fc.property(paths, (given) => {
      const path = given.map(first);
      expect(valueAt(withValueAt({}, path, 1), path)).toBe(1);
    }),
  );
});

function first(word: string | number): string | number {
  return typeof word === 'number' ? 0 : word;
}

test('members go, items of lists close up', () => {
  const body: JsonObject = { properties: { prefixes: ['a', 'b', 'c'], other: 1 } };
  expect(withValueAt(body, ['properties', 'prefixes', 1], undefined)).toEqual({ properties: { prefixes: ['a', 'c'], other: 1 } });
  expect(withValueAt(body, ['properties', 'prefixes'], undefined)).toEqual({ properties: { other: 1 } });
  expect(pathText(['properties', 'subnets', 2, 'name'])).toBe('properties.subnets[2].name');
});
