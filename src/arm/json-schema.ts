import { z } from 'zod';
import type { Json, JsonObject } from './resource.ts';

/** What a schema takes, as JSON Schema 2020-12. What cannot be said there (a transformation) is anything. */
export function jsonSchema(schema: z.ZodType): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return JSON.parse(JSON.stringify(rest)) as JsonObject;
}

export const tagsOf: JsonObject = { type: 'object', additionalProperties: { type: 'string', maxLength: 256 }, maxProperties: 50 };

/**
 * A schema whose definitions may stand anywhere with all of them at its root, where references to them look for them. Definitions of the same
 * name in several places get names of their own.
 */
export function withDefinitionsAtRoot(schema: JsonObject): JsonObject {
  const definitions: Record<string, Json> = {};
  const hoisted = hoist(schema, new Map(), definitions);
  return isObject(hoisted) && Object.keys(definitions).length > 0 ? { ...hoisted, $defs: definitions } : schema;
}

function hoist(value: Json, names: ReadonlyMap<string, string>, into: Record<string, Json>): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map((one) => hoist(one, names, into));
  if (!isObject(value)) return value;
  const { $defs: own, ...rest } = value;
  let known = names;
  if (isObject(own)) {
    const first = Object.keys(into).length;
    known = new Map([...names, ...Object.keys(own).map((name, at) => [`#/$defs/${name}`, `definition${first + at + 1}`] as const)]);
    for (const name of Object.keys(own)) into[known.get(`#/$defs/${name}`)!] = {};
    for (const [name, one] of Object.entries(own)) into[known.get(`#/$defs/${name}`)!] = hoist(one, known, into);
  }
  return Object.fromEntries(
    Object.entries(rest).map(([name, one]) => {
      const to = name === '$ref' && typeof one === 'string' ? known.get(one) : undefined;
      return [name, to === undefined ? hoist(one, known, into) : `#/$defs/${to}`];
    }),
  );
}

/**
 * The schema with `more` laid over what stands at a path: words are members' names, `*` any member, `[]` the items of an array. What the schema
 * does not describe stays as it is.
 */
export function markedAt(schema: Json, path: readonly string[], more: JsonObject): Json {
  if (!isObject(schema)) return schema;
  const [word, ...rest] = path;
  if (word === undefined) return { ...schema, ...more };
  const result: Record<string, Json> = { ...schema };
  for (const either of ['anyOf', 'oneOf', 'allOf']) {
    const branches = schema[either];
    if (Array.isArray(branches)) result[either] = (branches as readonly Json[]).map((one) => markedAt(one, path, more));
  }
  const { items, properties } = schema;
  if (word === '[]' && items !== undefined) result['items'] = markedAt(items, rest, more);
  if (isObject(properties)) {
    const inside = Object.entries(properties).map(
      ([name, one]) => [name, word === '*' || name === word ? markedAt(one, rest, more) : one] as const,
    );
    result['properties'] = Object.fromEntries(inside);
  }
  return result;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
