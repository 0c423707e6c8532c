import type { Json, JsonObject } from '#arm/resource.ts';
import { pathText, withValueAt, type FormPath } from './form-path.ts';
import { isList, isObject, resolved, type Schema } from './json-schema.ts';

/** One place at which somebody has changed something. Undefined: nothing is there. */
export interface ThreeWay {
  readonly path: FormPath;
  readonly had: Json | undefined;
  readonly now: Json | undefined;
  readonly want: Json | undefined;
}

/** What two people have changed of the same body, place by place; lists are looked at as a whole where their lengths differ. */
export function threeWay(had: Json | undefined, now: Json | undefined, want: Json | undefined, path: FormPath = []): readonly ThreeWay[] {
  if (isSame(had, now) && isSame(had, want)) return [];
  const all = [had, now, want];
  if (all.every((one) => isObject(one))) {
    const names = new Set(all.flatMap((one) => Object.keys(one as JsonObject)));
    return [...names].flatMap((name) => threeWay(at(had, name), at(now, name), at(want, name), [...path, name]));
  }
  const lists = all.filter(isList);
  if (lists.length === 3 && lists.every(({ length }) => length === lists[0]!.length))
    return lists[0]!.flatMap((one, i) => threeWay(one, lists[1]![i], lists[2]![i], [...path, i]));
  return [{ path, had, now, want }];
}

/** Whether no place was changed by both, to different ends. */
export function canKeepBoth(differences: readonly ThreeWay[]): boolean {
  return differences.every(({ had, now, want }) => isSame(had, now) || isSame(had, want) || isSame(now, want));
}

/** What is there now, with what one wants where one has changed it. */
export function keepingBoth(now: JsonObject, differences: readonly ThreeWay[]): JsonObject {
  const mine = differences.filter(({ had, want, path }) => path.length > 0 && !isSame(had, want));
  // From the end, so that items that go leave the places of others.
  return mine.toReversed().reduce((body, { path, want }) => withValueAt(body, path, want), now);
}

function at(value: Json | undefined, name: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Texts are equal whatever the order of members. */
function isSame(a: Json | undefined, b: Json | undefined): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: Json | undefined): string {
  return (
    JSON.stringify(value, (_, one: Json) =>
      isObject(one) ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1))) : one,
    ) ?? ''
  );
}

/** Members that say where a resource is, or that only the server says. */
const serverOnly = new Set(['id', 'name', 'type', 'etag', 'systemData']);

/** What a PUT sends of a resource as it is shown: the rest of it, with all members that no schema knows, stays. */
export function bodyOf(shown: JsonObject): JsonObject {
  const body = Object.fromEntries(Object.entries(shown).filter(([name]) => !serverOnly.has(name)));
  return ['provisioningState', 'provisioningError', 'waitingFor'].reduce(
    (rest, name) => withValueAt(rest, ['properties', name], undefined),
    body as JsonObject,
  );
}

/** Only what the schema says that can be written: what the server adds of itself is no change of anybody's. */
export function writablePart(value: Json, given: Schema, root: Schema): Json | undefined {
  const schema = resolved(given, root);
  if (schema.readOnly === true) return undefined;
  const { properties, items } = schema;
  if (isObject(value) && properties !== undefined && Object.keys(properties).length > 0) {
    const kept = Object.entries(value).flatMap(([name, member]): [string, Json][] => {
      const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
      const inner = known === undefined ? undefined : writablePart(member, known, root);
      return inner === undefined ? [] : [[name, inner]];
    });
    return Object.fromEntries(kept);
  }
  if (isList(value) && items !== undefined) return value.map((one) => writablePart(one, items, root) ?? null);
  return value;
}

/** `properties.subnet.id`, or that it is about the whole. */
export function placeText({ path }: ThreeWay): string {
  return path.length === 0 ? 'all of it' : pathText(path);
}
