import type { Sealer } from '#arm/access.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { isObject, sameJson } from './json.ts';

const shownMask = '**********';

/** Where secrets of a type lie, as words: `['typeProperties', 'password']`. A `*` stands for every member. */
export type SecretPath = readonly string[];

const paths = new WeakMap<readonly string[], readonly SecretPath[]>();

/** The paths of a type, taken apart once. */
export function secretPaths(secrets: readonly string[]): readonly SecretPath[] {
  let found = paths.get(secrets);
  if (found === undefined) {
    found = secrets.map((path) => path.split('.'));
    paths.set(secrets, found);
  }
  return found;
}

/** Whether it is what a sealed member looks like in the store. */
export function isSealed(value: Json | undefined): value is { readonly $sealed: string } {
  return isObject(value) && typeof value['$sealed'] === 'string';
}

/** Members that a client wrote back as they were shown to it are as absent: what is stored stays. So are those that pretend to be sealed. */
export function withoutMasked(properties: JsonObject, all: readonly SecretPath[]): JsonObject {
  return eachSecret(properties, all, (value) => {
    if (isSealed(value) || isMask(value) || (isSecureString(value) && !isOpen(value['value']))) return undefined;
    return value;
  });
}

/**
 * The properties with every secret sealed; those that are absent are kept from before. What was sent keeps its seal only where nothing else has
 * changed: a seal that is the same beside something new was not sent again.
 */
export function sealed(properties: JsonObject, before: JsonObject | undefined, all: readonly SecretPath[], sealer: Sealer): JsonObject {
  if (all.length === 0) return properties;
  const isSame = before !== undefined && sameJson(withoutSecrets(properties, all), withoutSecrets(before, all));
  const sealing: Sealing = { sealer, isSame };
  let result = properties;
  for (const path of all) result = sealedAt(result, before, path, sealing) ?? result;
  return result;
}

interface Sealing {
  readonly sealer: Sealer;
  /** All that is not secret is as before. */
  readonly isSame: boolean;
}

function sealedAt(now: JsonObject, before: JsonObject | undefined, path: SecretPath, sealing: Sealing): JsonObject | undefined {
  const [word, ...rest] = path;
  if (word === undefined) return undefined;
  const names = word === '*' ? new Set([...Object.keys(now), ...Object.keys(before ?? {})]) : [word];
  const result: Record<string, Json> = { ...now };
  for (const name of names) {
    const [value, stored] = [own(now, name), own(before, name)];
    const made = rest.length === 0 ? sealedValue(value, stored, sealing) : sealedInside(value, stored, rest, sealing);
    if (made !== undefined) result[name] = made;
  }
  return result;
}

/** What is not there any more takes its secrets with it. */
function sealedInside(value: Json | undefined, stored: Json | undefined, rest: SecretPath, sealing: Sealing): Json | undefined {
  return isObject(value) ? sealedAt(value, isObject(stored) ? stored : undefined, rest, sealing) : value;
}

function sealedValue(value: Json | undefined, stored: Json | undefined, sealing: Sealing): Json | undefined {
  if (value === undefined || isSealed(value)) return value ?? stored;
  if (isSecureString(value)) {
    const inner = sealedValue(value['value'], isObject(stored) ? stored['value'] : undefined, sealing);
    return inner === undefined ? value : { ...value, value: inner };
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const { sealer, isSame } = sealing;
  if (isSame && isSealed(stored) && sealer.open(stored.$sealed).reveal() === text) return stored;
  return { $sealed: sealer.seal(text) };
}

/** For showing: without its secrets, except that a SecureString stays one, whose value is a mask. */
export function withoutSecrets(properties: JsonObject, all: readonly SecretPath[]): JsonObject {
  return eachSecret(properties, all, (value) => (isSecureString(value) ? { ...value, value: shownMask } : undefined));
}

/** The properties with each secret replaced by what `change` makes of it; undefined: left out. The same object where nothing changes. */
function eachSecret(properties: JsonObject, all: readonly SecretPath[], change: (value: Json) => Json | undefined): JsonObject {
  let result = properties;
  for (const path of all) result = changedAt(result, path, change);
  return result;
}

function changedAt(object: JsonObject, path: SecretPath, change: (value: Json) => Json | undefined): JsonObject {
  const [word, ...rest] = path;
  let result: Record<string, Json> | undefined;
  for (const name of word === '*' ? Object.keys(object) : [word ?? '']) {
    const value = own(object, name);
    if (value === undefined) continue;
    const inner = rest.length === 0 ? change(value) : isObject(value) ? changedAt(value, rest, change) : value;
    if (inner !== undefined && sameJson(inner, value)) continue;
    result ??= { ...object };
    if (inner === undefined) delete result[name];
    else result[name] = inner;
  }
  return result ?? object;
}

function own(object: JsonObject | undefined, name: string): Json | undefined {
  return object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined;
}

function isSecureString(value: Json): value is JsonObject {
  return isObject(value) && value['type'] === 'SecureString';
}

function isOpen(value: Json | undefined): boolean {
  return typeof value === 'string' && !isMask(value);
}

function isMask(value: Json): boolean {
  return typeof value === 'string' && /^\*{3,}$/.test(value);
}
