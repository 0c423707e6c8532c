import { wordOf } from '#arm/client-answer.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { isObject } from './documents.ts';

/** One member that is asked to be other than it is. */
export interface FieldDifference {
  /** `properties.addressSpace.addressPrefixes[0]` */
  readonly name: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
  /** It is never shown, so that nobody can say whether it differs. */
  readonly isHidden: boolean;
}

const secretName = /password|passphrase|secret$|privateKey|accessKey|sharedKey|token$/i;
const masked = /^\*{3,}$/;

/**
 * Where what is asked differs from what is shown. Only what is asked is compared, since the server shows more than was asked for; tags are
 * compared whole, since they are replaced whole.
 */
export function differences(asked: JsonObject, shown: JsonObject): readonly FieldDifference[] {
  const found: FieldDifference[] = [];
  for (const [name, value] of Object.entries(asked)) {
    if (name === 'tags') continue;
    if (name === 'location' && sameLocation(value, shown[name])) continue;
    compare(found, name, { asked: value, shown: shown[name] });
  }
  compareTags(found, asked['tags'], shown['tags']);
  return found;
}

function sameLocation(a: Json | undefined, b: Json | undefined): boolean {
  const plain = (value: Json | undefined): string => wordOf(value).toLowerCase().replaceAll(/\s/g, '');
  return plain(a) === plain(b);
}

function compareTags(found: FieldDifference[], asked: Json | undefined, shown: Json | undefined): void {
  const wanted = isObject(asked) ? asked : {};
  const there = isObject(shown) ? shown : {};
  for (const name of new Set([...Object.keys(wanted), ...Object.keys(there)])) {
    const before = there[name];
    const after = wanted[name] ?? undefined;
    if (before !== after) found.push({ name: `tags.${name}`, before, after, isHidden: false });
  }
}

interface Pair {
  readonly asked: Json | undefined;
  readonly shown: Json | undefined;
}

function compare(found: FieldDifference[], name: string, { asked, shown }: Pair): void {
  if (asked === null || asked === undefined) return;
  if (isObject(asked)) {
    const inside = isObject(shown) ? shown : undefined;
    if (inside === undefined && Object.keys(asked).length === 0) return;
    for (const [member, value] of Object.entries(asked))
      compare(found, `${name}.${member}`, { asked: value, shown: memberOf(inside, member) });
    return;
  }
  if (Array.isArray(asked) && Array.isArray(shown) && asked.length === shown.length) {
    const there = shown as readonly Json[];
    (asked as readonly Json[]).forEach((value, i) => compare(found, `${name}[${i}]`, { asked: value, shown: there[i] }));
    return;
  }
  if (sameText(asked, shown) || (Array.isArray(asked) && asked.length === 0 && shown === undefined)) return;
  const isHidden = (shown === undefined || isMasked(shown)) && (secretName.test(name) || isMasked(shown));
  found.push({ name, before: shown, after: asked, isHidden });
}

function memberOf(shown: JsonObject | undefined, name: string): Json | undefined {
  if (shown === undefined || Object.hasOwn(shown, name)) return shown?.[name];
  return Object.entries(shown).find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1];
}

function isMasked(value: Json | undefined): boolean {
  return typeof value === 'string' && masked.test(value);
}

/** Ids are the same in any case. */
function sameText(a: Json, b: Json | undefined): boolean {
  if (a === b) return true;
  return typeof a === 'string' && typeof b === 'string' && a.startsWith('/') && a.toLowerCase() === b.toLowerCase();
}
