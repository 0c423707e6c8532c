import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Json } from '#arm/resource.ts';
import type { Schema } from './json-schema.ts';
import { issuesOf, issueText, meantBranch } from './validate.ts';

/** A schema of the kind that the server sends, and values that may or may not be of it. */
const leaf: fc.Arbitrary<Schema> = fc.oneof(
  fc.record({ type: fc.constant('string' as const), minLength: fc.nat(2), maxLength: fc.integer({ min: 2, max: 4 }) }),
  fc.record({ type: fc.constant('string' as const), pattern: fc.constantFrom('^[a-c]+$', String.raw`^\d{2}`) }),
  fc.record({ type: fc.constant('integer' as const), minimum: fc.integer({ min: -2, max: 1 }), maximum: fc.integer({ min: 1, max: 3 }) }),
  fc.constant<Schema>({ type: 'number' }),
  fc.constant<Schema>({ type: 'boolean' }),
  fc.constant<Schema>({ type: 'string', enum: ['a', 'bb'] }),
  fc.constant<Schema>({ type: 'string', const: 'a' }),
);
const names = fc.constantFrom('a', 'b', 'c');
const schemas = fc.letrec<{ schema: Schema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    leaf,
    fc
      .record({ properties: fc.dictionary(names, tie('schema'), { maxKeys: 3 }), required: fc.uniqueArray(names, { maxLength: 2 }) })
      .map(({ properties, required }): Schema => ({ type: 'object', properties, required: required.filter((name) => name in properties) })),
    fc
      .record({ items: tie('schema'), minItems: fc.nat(1), maxItems: fc.integer({ min: 1, max: 3 }) })
      .map((one): Schema => ({ type: 'array', ...one })),
    fc.array(leaf, { minLength: 1, maxLength: 2 }).map((anyOf): Schema => ({ anyOf })),
  ),
})).schema;
const small = fc.constantFrom<Json>('a', 'bb', 'abc', '12', '', 0, 1, 2.5, -3, 7, true, false, null);
const values = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    small,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(names, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

test('takes exactly what a schema takes', () => {
  fc.assert(
    fc.property(schemas, values, (schema, value) => {
      const reference = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
      expect(issuesOf(value, schema).length === 0).toBe(reference.safeParse(value).success);
    }),
    { numRuns: 500 },
  );
});

const network: Schema = {
  type: 'object',
  required: ['location', 'properties'],
  properties: {
    location: { type: 'string' },
    tags: { type: 'object', additionalProperties: { type: 'string', maxLength: 5 }, maxProperties: 2 },
    properties: {
      type: 'object',
      required: ['prefixes'],
      properties: {
        prefixes: { type: 'array', minItems: 1, items: { type: 'string', maxLength: 20 } },
        minutes: { type: 'integer', minimum: 4, maximum: 30 },
        id: { type: 'string', format: 'uuid', pattern: '^[0-9a-f-]{36}$' },
      },
    },
  },
};

describe('what is wrong is said in plain sentences, where it is', () => {
  const said = (value: Json): readonly string[] => issuesOf(value, network).map(issueText);
  test('what is missing', () => {
    expect(said({ properties: {} })).toEqual(['location: This is needed.', 'properties.prefixes: This is needed.']);
    expect(said({ location: 'x', properties: { prefixes: [] } })).toEqual(['properties.prefixes: At least 1 of these is needed.']);
  });
  test('what is of the wrong size, kind or form', () => {
    const properties = { prefixes: ['x'.repeat(21), 3], minutes: 31, id: 'no' };
    expect(said({ location: 'x', properties })).toEqual([
      'properties.prefixes[0]: This can have at most 20 characters; it has 21.',
      'properties.prefixes[1]: This must be a text.',
      'properties.minutes: This can be at most 30.',
      'properties.id: This must be a GUID, such as 0f8fad5b-d9cb-469f-a165-70867728950e.',
    ]);
    expect(said({ location: 'x', properties: { prefixes: ['x'], minutes: '4' } })).toEqual([
      'properties.minutes: This must be a whole number.',
    ]);
  });
  test('what there is too much of', () => {
    expect(said({ location: 'x', tags: { a: 'x', b: 'y', c: 'too long' }, properties: { prefixes: ['x'] } })).toEqual([
      'tags: There can be at most 2 of these.',
      'tags.c: This can have at most 5 characters; it has 8.',
    ]);
  });
});

test('of several forms the one is meant that its word tells', () => {
  const forms: readonly Schema[] = [
    { type: 'object', properties: { kind: { const: 'file' }, path: { type: 'string' } }, required: ['kind', 'path'] },
    { type: 'object', properties: { kind: { const: 'host' }, port: { type: 'integer' } }, required: ['kind', 'port'] },
    { type: 'string' },
  ];
  expect(meantBranch({ kind: 'host' }, forms, {})).toBe(1);
  expect(meantBranch('x', forms, {})).toBe(2);
  expect(issuesOf({ kind: 'host', port: 'x' }, { anyOf: forms }).map(issueText)).toEqual(['port: This must be a whole number.']);
});

test('definitions are followed, also round and round', () => {
  const root: Schema = {
    $ref: '#/$defs/tree',
    $defs: {
      tree: { type: 'object', properties: { name: { type: 'string' }, below: { type: 'array', items: { $ref: '#/$defs/tree' } } } },
    },
  };
  expect(issuesOf({ name: 'x', below: [{ name: 'y', below: [{ name: 3 }] }] }, root).map(issueText)).toEqual([
    'below[0].below[0].name: This must be a text.',
  ]);
});
