import type { AuditEntry } from '#arm/store.ts';
import type { Asked, Json, JsonObject } from '#arm/resource.ts';
import { isObject, sameJson } from './json.ts';
import { isSealed } from './secrets.ts';

type Change = AuditEntry['changes'][number];

const maxChanges = 100;
const maxLength = 256;
const sealedText = '***';
/** A second net: members that are named like secrets are never written out. */
const secretName = /password|secret|token|connectionstring|privatekey|credential/i;

/** Whether the two ask for the same. */
export function sameAsked(before: Asked, after: Asked): boolean {
  return (
    before.location === after.location &&
    sameJson(before.tags, after.tags) &&
    sameJson(before.envelope, after.envelope) &&
    sameJson(before.properties, after.properties)
  );
}

/** What differs, member by member, for the audit log. Lists are compared as a whole. */
export function changesOf(before: Asked | undefined, after: Asked | undefined): readonly Change[] {
  const changes: Change[] = [];
  collect('', membersOf(before), membersOf(after), changes);
  return changes;
}

function membersOf(asked: Asked | undefined): JsonObject {
  if (asked === undefined) return {};
  const { location, tags, envelope, properties } = asked;
  return { ...(location === undefined ? {} : { location }), ...envelope, tags, properties };
}

function collect(at: string, before: JsonObject, after: JsonObject, into: Change[]): void {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (into.length >= maxChanges) return;
    const [old, now] = [Object.hasOwn(before, name) ? before[name] : undefined, Object.hasOwn(after, name) ? after[name] : undefined];
    if (sameJson(old, now)) continue;
    const path = at === '' ? name : `${at}.${name}`;
    if (isGroup(old) && isGroup(now)) collect(path, old ?? {}, now ?? {}, into);
    else into.push({ name: path.slice(0, maxLength), before: textOf(path, old), after: textOf(path, now) });
  }
}

/** Objects are taken apart, also where one of both is not there, unless they are empty or sealed. */
function isGroup(value: Json | undefined): value is JsonObject | undefined {
  return value === undefined || (isObject(value) && !isSealed(value) && Object.keys(value).length > 0);
}

function textOf(path: string, value: Json | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (isSealed(value) || secretName.test(path)) return sealedText;
  const text = typeof value === 'string' ? value : JSON.stringify(value, (key, inner: Json) => (hides(key, inner) ? sealedText : inner));
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}…`;
}

function hides(name: string, value: Json): boolean {
  return isSealed(value) || (secretName.test(name) && typeof value === 'string');
}
