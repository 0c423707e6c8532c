import type { Json, JsonObject } from '#arm/resource.ts';
import { type Arguments, same, shown, taking, whole } from './arguments.ts';
import { isArray, isObject, memberName, type TemplateFunction } from './scope.ts';

/** https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-array and …-object */
export const collectionFunctions: Readonly<Record<string, TemplateFunction>> = {
  array: taking(1, 1, ({ all }) => (isArray(all[0]) ? all[0] : [all[0]!])),
  createarray: taking(0, 10_000, ({ all }) => all),
  createobject: taking(0, 10_000, (args) => {
    if (args.all.length % 2 === 1) throw args.wrong(args.all.length, 'there: names and values come in pairs');
    return Object.fromEntries(args.all.flatMap((_, i) => (i % 2 === 0 ? [[args.text(i), args.all[i + 1]!] as const] : [])));
  }),
  contains: taking(2, 2, contains),
  empty: taking(1, 1, ({ all }) => isEmpty(all[0]!)),
  first: taking(1, 1, (args) => listed(args, 0).at(0) ?? emptyOf(args)),
  last: taking(1, 1, (args) => listed(args, 0).at(-1) ?? emptyOf(args)),
  length: taking(1, 1, (args) => (isObject(args.all[0]) ? Object.keys(args.all[0]).length : listed(args, 0).length)),
  skip: taking(2, 2, (args) => part(args, (list, count) => list.slice(Math.max(0, count)))),
  take: taking(2, 2, (args) => part(args, (list, count) => list.slice(0, Math.max(0, count)))),
  union: taking(2, 256, (args) =>
    isArray(args.all[0]) ? unionOfArrays(args) : args.all.reduce((all, _, i) => merged(all, args.object(i))),
  ),
  intersection: taking(2, 256, (args) => (isArray(args.all[0]) ? commonOfArrays(args) : commonOfObjects(args))),
  indexof: taking(2, 2, (args) => position(args, 'first')),
  lastindexof: taking(2, 2, (args) => position(args, 'last')),
  items: taking(1, 1, (args) => {
    const object = args.object(0);
    const keys = Object.keys(object).toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
    return keys.map((key) => ({ key, value: object[key]! }));
  }),
  objectkeys: taking(1, 1, (args) => Object.keys(args.object(0)).toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))),
  shallowmerge: taking(1, 1, (args) => Object.assign({}, ...args.array(0).filter(isObject)) as JsonObject),
  flatten: taking(1, 1, (args) => args.array(0).flatMap((one) => one as Json[])),
  tryget: taking(2, 256, (args) => args.all.slice(1).reduce(tried, args.all[0]!)),
  min: taking(1, 10_000, (args) => Math.min(...numbers(args))),
  max: taking(1, 10_000, (args) => Math.max(...numbers(args))),
  range: taking(2, 2, (args) => {
    const count = args.int(1);
    if (count < 0 || count > 10_000) throw args.wrong(1, 'between 0 and 10000');
    return Array.from({ length: count }, (_, i) => whole(args.int(0) + i, args));
  }),
};

function tried(of: Json, index: Json): Json {
  if (isArray(of) && typeof index === 'number') return of[index] ?? null;
  if (!isObject(of) || typeof index !== 'string') return null;
  const name = memberName(of, index);
  return name === undefined ? null : of[name]!;
}

function contains(args: Arguments): boolean {
  const [container, item = null] = args.all;
  if (isArray(container)) return container.some((one) => same(one, item));
  if (isObject(container)) return memberName(container, args.text(1)) !== undefined;
  return args.text(0).includes(args.text(1));
}

function isEmpty(value: Json): boolean {
  if (value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function listed(args: Arguments, i: number): readonly Json[] {
  const value = args.all[i];
  if (typeof value === 'string') return value.split('');
  if (isArray(value)) return value;
  throw args.wrong(i, 'an array or a text');
}

/** The first of nothing: an empty text of a text, null of an array. */
function emptyOf({ all }: Arguments): Json {
  return typeof all[0] === 'string' ? '' : null;
}

function part(args: Arguments, cut: (list: readonly Json[], count: number) => readonly Json[]): Json {
  const list = cut(listed(args, 0), args.int(1));
  return typeof args.all[0] === 'string' ? list.map(shown).join('') : list;
}

function keyOf(value: Json): string {
  return `${typeof value}:${typeof value === 'object' ? sorted(value) : shown(value)}`;
}

/** JSON with members in one order, so that equal values are equal texts. */
function sorted(value: Json): string {
  if (isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const names = Object.keys(value).toSorted();
  return `{${names.map((name) => `${JSON.stringify(name)}:${sorted(value[name]!)}`).join(',')}}`;
}

function unionOfArrays(args: Arguments): Json {
  const found = new Map<string, Json>();
  for (const one of args.all.flatMap((_, i) => args.array(i))) if (!found.has(keyOf(one))) found.set(keyOf(one), one);
  return [...found.values()];
}

function merged(a: Json, b: Json): Json {
  if (!isObject(a) || !isObject(b)) return b;
  const members = new Map(Object.entries(a));
  for (const [name, value] of Object.entries(b)) {
    const before = members.get(name);
    members.set(name, before === undefined ? value : merged(before, value));
  }
  return Object.fromEntries(members);
}

function commonOfArrays(args: Arguments): Json {
  const others = args.all.slice(1).map((_, i) => new Set(args.array(i + 1).map(keyOf)));
  const found = new Map<string, Json>();
  for (const one of args.array(0)) if (others.every((other) => other.has(keyOf(one)))) found.set(keyOf(one), one);
  return [...found.values()];
}

function commonOfObjects(args: Arguments): Json {
  const others = args.all.slice(1).map((_, i) => args.object(i + 1));
  const kept = Object.entries(args.object(0)).filter(([name, value]) =>
    others.every((other) => Object.hasOwn(other, name) && same(other[name]!, value)),
  );
  return Object.fromEntries(kept);
}

function position(args: Arguments, which: 'first' | 'last'): number {
  const value = args.all[0];
  if (isArray(value)) {
    const matches = (one: Json): boolean => same(one, args.all[1]!);
    return which === 'first' ? value.findIndex(matches) : value.findLastIndex(matches);
  }
  const text = args.text(0).toLowerCase();
  const wanted = args.text(1).toLowerCase();
  return which === 'first' ? text.indexOf(wanted) : text.lastIndexOf(wanted);
}

function numbers(args: Arguments): readonly number[] {
  const all = args.all.length === 1 && isArray(args.all[0]) ? args.all[0] : args.all;
  if (all.length === 0) throw args.wrong(0, 'an array that is not empty');
  return all.map((one, i) => (typeof one === 'number' ? one : refuseNumber(args, i)));
}

function refuseNumber(args: Arguments, i: number): never {
  throw args.wrong(Math.min(i, args.all.length - 1), 'a whole number, or an array of them');
}
