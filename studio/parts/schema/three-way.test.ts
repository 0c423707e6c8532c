import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '#arm/resource.ts';
import { withValueAt } from './form-path.ts';
import { bodyOf, canKeepBoth, keepingBoth, placeText, threeWay, writablePart } from './three-way.ts';

describe('two people and one body', () => {
  test('what each of them changed is told at its place', () => {
    const had = { tags: { a: '1' }, properties: { port: 1, list: ['x', 'y'], same: { deep: true } } };
    const now = { properties: { same: { deep: true }, list: ['x', 'z'], port: 1 } };
    const want = { tags: { a: '1' }, properties: { port: 2, list: ['x', 'y'], same: { deep: true } } };
    expect(threeWay(had, now, want)).toEqual([
      { path: ['tags'], had: { a: '1' }, now: undefined, want: { a: '1' } },
      { path: ['properties', 'port'], had: 1, now: 1, want: 2 },
      { path: ['properties', 'list', 1], had: 'y', now: 'z', want: 'y' },
    ]);
    expect(threeWay({ a: [1] }, { a: [1, 2] }, { a: [1] }).map(placeText)).toEqual(['a']);
  });

  test('putting what one wants where it differs makes it theirs, and nothing is told of what is the same', () => {
    const bodies = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.jsonValue({ maxDepth: 2 }), { noNullPrototype: true });
    fc.assert(
      fc.property(bodies, bodies, bodies, (one, two, three) => {
        const [had, now, want] = [one, two, three] as [JsonObject, JsonObject, JsonObject];
        expect(threeWay(had, had, had)).toEqual([]);
        const differences = threeWay(had, now, want);
        // Items that go are taken from the end, so that the places of others stay.
        const mended = differences.toReversed().reduce<Json>((body, { path, want: wanted }) => put(body, path, wanted), now);
        expect(mended).toEqual(want);
      }),
    );
  });
});

test('what two people have changed in different places is kept of both', () => {
  const had = { properties: { port: 1, list: ['x'] } };
  const now = { tags: { who: 'other' }, properties: { port: 1, list: ['x'] } };
  const want = { properties: { port: 2 } };
  const differences = threeWay(had, now, want);
  expect(canKeepBoth(differences)).toBe(true);
  expect(keepingBoth({ ...now, odd: 1 }, differences)).toEqual({ tags: { who: 'other' }, odd: 1, properties: { port: 2 } });
  expect(canKeepBoth(threeWay(had, { properties: { port: 3, list: ['x'] } }, want))).toBe(false);
});

function put(body: Json, path: readonly (string | number)[], value: Json | undefined): Json {
  return path.length === 0 ? (value ?? {}) : withValueAt(body as JsonObject, path, value);
}

test('a body is what is sent: without what only the server says, with what no schema knows', () => {
  const shown = {
    id: '/x',
    name: 'x',
    type: 'T',
    etag: 'e',
    systemData: {},
    location: 'here',
    odd: [1],
    properties: { port: 1, provisioningState: 'Succeeded', unknown: 'kept' },
  };
  expect(bodyOf(shown)).toEqual({ location: 'here', odd: [1], properties: { port: 1, unknown: 'kept' } });
});

test('what the server adds of itself is no change', () => {
  const schema = {
    type: 'object',
    properties: {
      port: { type: 'integer' },
      state: { type: 'string', readOnly: true },
      list: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } },
      any: { type: 'object', additionalProperties: {} },
    },
  } as const;
  const value = { port: 1, state: 'x', address: '10.0.0.4', list: [{ name: 'a', etag: 'e' }], any: { x: 1 } };
  expect(writablePart(value, schema, schema)).toEqual({ port: 1, list: [{ name: 'a' }], any: { x: 1 } });
});
