import type { Json, JsonObject } from '#arm/resource.ts';
import { isList, isObject } from './json-schema.ts';

/** Where something is in a body: names of members, places in lists. */
export type FormPath = readonly (string | number)[];

/** `properties.subnets[2].name`: as the server's refusals say it. */
export function pathText(path: FormPath): string {
  return path.map((word, i) => (typeof word === 'number' ? `[${word}]` : `${i === 0 ? '' : '.'}${word}`)).join('');
}

export function valueAt(body: Json | undefined, path: FormPath): Json | undefined {
  let found: Json | undefined = body;
  for (const word of path) {
    if (typeof word === 'number') found = isList(found) ? found[word] : undefined;
    else found = isObject(found) && Object.hasOwn(found, word) ? found[word] : undefined;
  }
  return found;
}

/** The body with another value there; undefined: without it. What else is in it stays as it is, and in its order. */
export function withValueAt(body: JsonObject, path: FormPath, value: Json | undefined): JsonObject {
  return (changed(body, path, value) ?? {}) as JsonObject;
}

function changed(at: Json | undefined, [word, ...rest]: FormPath, value: Json | undefined): Json | undefined {
  if (word === undefined) return value;
  if (typeof word === 'number') {
    const list = isList(at) ? at : [];
    const inner = changed(list[word], rest, value);
    return inner === undefined ? list.filter((_, i) => i !== word) : Object.assign([...list], { [word]: inner });
  }
  const object = isObject(at) ? at : {};
  const inner = changed(Object.hasOwn(object, word) ? object[word] : undefined, rest, value);
  if (inner !== undefined) return { ...object, [word]: inner };
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== word));
}
