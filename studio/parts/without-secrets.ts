import type { Json, JsonObject } from '#arm/resource.ts';

const secretName = /password|secret|token|credential|accountKey|accessKey|encryptedCredential|connectionString$/i;
const secretPart = /((?:password|pwd|accountkey|sharedaccesskey|sig)\s*=\s*)(?:"[^"]*"|'[^']*'|[^;&"']+)/gi;
/** Members that are named for secrets and hold references, sizes or ways instead. */
const plainName = /^(?:.*(?:type|name|id|url|uri|mode|expiry|expires|policy|enabled|days))$/i;

/**
 * A body to be shown or copied: in place of each secret stands its name in angle brackets. `more`: names of members that are secrets by the type's
 * schema.
 */
export function withoutSecrets(value: Json, more: readonly string[] = []): Json {
  const hidden = new Set(more.map((name) => name.toLowerCase()));
  const each = (one: Json, name: string): Json => {
    if (typeof one === 'string') return shownText(one, name, hidden);
    if (Array.isArray(one)) return (one as readonly Json[]).map((item) => each(item, name));
    if (typeof one !== 'object' || one === null) return one;
    const object = one as JsonObject;
    if (object['type'] === 'SecureString') return { ...object, value: placeholder(name) };
    return Object.fromEntries(Object.entries(object).map(([key, member]) => [key, each(member, key)]));
  };
  return each(value, '');
}

function shownText(text: string, name: string, hidden: ReadonlySet<string>): string {
  if (text === '' || /^<[\w ]+>$/.test(text)) return text;
  if (hidden.has(name.toLowerCase())) return placeholder(name);
  if (/connectionString$/i.test(name)) return text.replaceAll(secretPart, '$1<password>');
  if (secretName.test(name) && !plainName.test(name)) return placeholder(name);
  return text.replaceAll(secretPart, '$1<password>');
}

function placeholder(name: string): string {
  return `<${name.replaceAll(/[^\w]/g, '') || 'secret'}>`;
}
