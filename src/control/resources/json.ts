import { fault } from '#base/fault.ts';
import type { Json, JsonObject } from '#arm/resource.ts';

/** No body of a client nests deeper. */
const maxDepth = 100;

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The value without its nulls, which mean absent, and without members that would be taken for a prototype. The very same value where there is
 * nothing to drop. Fault: `InvalidRequestContent` (invalid) where it nests too deeply.
 */
export function withoutNulls<T extends Json>(value: T, depth = 0): T {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > maxDepth) throw tooDeep();
  return (Array.isArray(value) ? listWithoutNulls(value, depth) : objectWithoutNulls(value as JsonObject, depth)) as T;
}

function listWithoutNulls(list: readonly Json[], depth: number): readonly Json[] {
  const kept: Json[] = [];
  let same = true;
  for (const item of list) {
    if (item === null) {
      same = false;
      continue;
    }
    const inner = withoutNulls(item, depth + 1);
    if (inner !== item) same = false;
    kept.push(inner);
  }
  return same ? list : kept;
}

function objectWithoutNulls(object: JsonObject, depth: number): JsonObject {
  let kept: Record<string, Json> | undefined;
  for (const name of Object.keys(object)) {
    const before = object[name]!;
    const dropped = before === null || name === '__proto__';
    const after = dropped ? null : withoutNulls(before, depth + 1);
    if (after === before && !dropped) {
      if (kept !== undefined) kept[name] = before;
      continue;
    }
    kept ??= copyUpTo(object, name);
    if (after !== null) kept[name] = after;
  }
  return kept ?? object;
}

function copyUpTo(object: JsonObject, end: string): Record<string, Json> {
  const copy: Record<string, Json> = {};
  for (const name of Object.keys(object)) {
    if (name === end) break;
    copy[name] = object[name]!;
  }
  return copy;
}

function tooDeep(): Error {
  return fault('invalid', 'InvalidRequestContent', `The body nests deeper than ${maxDepth} levels.`, {
    remedy: `Send a body of at most ${maxDepth} levels.`,
  });
}

/** `over` laid over `under`: objects member by member, everything else (lists too) as a whole. Neither is changed. */
export function merged(under: JsonObject, over: JsonObject): JsonObject {
  const result: Record<string, Json> = { ...under };
  for (const name of Object.keys(over)) {
    if (name === '__proto__') continue;
    const below = Object.hasOwn(under, name) ? under[name] : undefined;
    const above = over[name]!;
    result[name] = isObject(below) && isObject(above) ? merged(below, above) : above;
  }
  return result;
}

/** The order of members does not count. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => sameJson(item as Json, b[i] as Json));
  }
  const [one, other] = [a as JsonObject, b as JsonObject];
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length && names.every((name) => Object.hasOwn(other, name) && sameJson(one[name], other[name]))
  );
}
