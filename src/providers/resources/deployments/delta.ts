import type { Json, JsonObject } from '#arm/resource.ts';
import { isArray, isObject } from './template/scope.ts';
import { same } from './template/arguments.ts';

/** One member that differs, in the form of Azure's what-if. `path` is dotted; in the children of an array it is the index. */
export interface PropertyChange {
  readonly path: string;
  readonly propertyChangeType: 'Create' | 'Delete' | 'Modify' | 'Array';
  readonly before?: Json;
  readonly after?: Json;
  readonly children?: readonly PropertyChange[];
}

/** What differs, member by member, in the order of the names. */
export function deltaOf(before: JsonObject, after: JsonObject, under = ''): readonly PropertyChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return names.flatMap((name) => {
    const old = Object.hasOwn(before, name) ? before[name] : undefined;
    const now = Object.hasOwn(after, name) ? after[name] : undefined;
    return changeOf(under === '' ? name : `${under}.${name}`, old, now);
  });
}

function changeOf(path: string, old: Json | undefined, now: Json | undefined): readonly PropertyChange[] {
  if (old === undefined) return now === undefined ? [] : [{ path, propertyChangeType: 'Create', after: now }];
  if (now === undefined) return [{ path, propertyChangeType: 'Delete', before: old }];
  if (same(old, now)) return [];
  if (isObject(old) && isObject(now)) return deltaOf(old, now, path);
  if (!isArray(old) || !isArray(now)) return [{ path, propertyChangeType: 'Modify', before: old, after: now }];
  const length = Math.max(old.length, now.length);
  const children = Array.from({ length }, (_, i) => elementChange(i, old[i], now[i])).flat();
  return [{ path, propertyChangeType: 'Array', before: old, after: now, children }];
}

/** An element keeps its index as the path of all that differs in it. */
function elementChange(i: number, old: Json | undefined, now: Json | undefined): readonly PropertyChange[] {
  if (!isObject(old) || !isObject(now)) return changeOf(String(i), old, now);
  const children = deltaOf(old, now);
  return children.length === 0 ? [] : [{ path: String(i), propertyChangeType: 'Modify', before: old, after: now, children }];
}

/** Only what `wanted` names, at any depth: what a template says nothing of does not count. Arrays count as a whole. */
export function namedOf(present: JsonObject, wanted: JsonObject): JsonObject {
  const kept = Object.entries(wanted).flatMap(([name, value]): readonly (readonly [string, Json])[] => {
    const own = Object.hasOwn(present, name) ? present[name] : undefined;
    if (own === undefined) return [];
    return [[name, isObject(own) && isObject(value) ? namedOf(own, value) : own]];
  });
  return Object.fromEntries(kept);
}
