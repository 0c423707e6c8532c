import type { Json, JsonObject } from '#arm/resource.ts';
import { resolved, type Schema } from './json-schema.ts';

/** What a new one begins with: what can be only one thing, and the objects and lists that are needed. Defaults are left to the server. */
export function starterOf(given: Schema, root: Schema): Json | undefined {
  const schema = resolved(given, root);
  if (schema.const !== undefined) return schema.const;
  const [first] = schema.anyOf ?? schema.oneOf ?? [];
  if (first !== undefined) return starterOf(first, root);
  if (schema.type === 'array') return (schema.minItems ?? 0) > 0 && schema.items !== undefined ? [itemStarterOf(schema.items, root)] : [];
  if (schema.type !== 'object') return undefined;
  return objectStarterOf(schema, root);
}

export function objectStarterOf(given: Schema, root: Schema): JsonObject {
  const { properties = {}, required = [] } = resolved(given, root);
  const members = required.flatMap((name): [string, Json][] => {
    const member = properties[name];
    const value = member === undefined ? undefined : starterOf(member, root);
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(members);
}

/** One more of a list. */
export function itemStarterOf(items: Schema, root: Schema): Json {
  const { type } = resolved(items, root);
  const made = starterOf(items, root);
  if (made !== undefined) return made;
  return type === 'integer' || type === 'number' ? 0 : type === 'boolean' ? false : '';
}
