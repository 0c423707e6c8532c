import type { Fault } from '#base/fault.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { refuse } from './refusal.ts';
import { isArray, isObject, type Scope, type TemplateFunction, typeName } from './scope.ts';

/** The arguments of one call of a function, read as what the function needs. */
export interface Arguments {
  readonly all: readonly Json[];
  readonly scope: Scope;
  text(i: number): string;
  int(i: number): number;
  array(i: number): readonly Json[];
  object(i: number): JsonObject;
  bool(i: number): boolean;
  /** The argument that is wrong: what was expected instead. */
  wrong(i: number, expected: string): Fault;
}

/** A function of a template, with how many arguments it takes. */
export function taking(least: number, most: number, run: (args: Arguments) => Json): TemplateFunction {
  return { least, most, run: (args, scope) => run(argumentsOf(args, scope)) };
}

function argumentsOf(all: readonly Json[], scope: Scope): Arguments {
  const wrong = (i: number, expected: string): Fault =>
    refuse(
      scope.at,
      `Argument ${i + 1} of a function must be ${expected}, and is of type ${typeName(all[i] ?? null)}`,
      'Give it a value of that type; int(), string(), bool(), array() and json() convert.',
    );
  return {
    all,
    scope,
    wrong,
    text: (i) => {
      const value = all[i];
      if (typeof value === 'string') return value;
      if (typeof value === 'number' || typeof value === 'boolean') return shown(value);
      throw wrong(i, 'a text');
    },
    int: (i) => {
      const value = all[i];
      if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
      throw wrong(i, 'a whole number');
    },
    array: (i) => {
      const value = all[i];
      if (isArray(value)) return value;
      throw wrong(i, 'an array');
    },
    object: (i) => {
      const value = all[i];
      if (isObject(value)) return value;
      throw wrong(i, 'an object');
    },
    bool: (i) => {
      const value = all[i];
      if (typeof value === 'boolean') return value;
      throw wrong(i, 'true or false');
    },
  };
}

/** A value as `string()` and `concat()` write it: truths as .NET does, arrays and objects as JSON. */
export function shown(value: Json): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (value === null) return '';
  return JSON.stringify(value);
}

/** Equal in type and content; order of members does not count. */
export function same(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (isArray(a) && isArray(b)) return a.length === b.length && a.every((one, i) => same(one, b[i]!));
  if (!isObject(a) || !isObject(b)) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && same(a[name]!, b[name]!));
}

/** A whole number that JSON can carry exactly. */
export function whole(value: number, { scope }: Arguments): number {
  if (Number.isSafeInteger(value)) return value;
  throw refuse(scope.at, 'A number is too large', 'Numbers in templates are whole and less than 9007199254740992.');
}
