import type { z } from 'zod';
import { fault, type Fault } from '#base/fault.ts';
import type { Sealer } from '#arm/access.ts';
import { groupType } from '#arm/resource-id.ts';
import type { AnyType } from '#arm/resource-type.ts';
import type { Asked, Json, JsonObject, Resource } from '#arm/resource.ts';
import { isObject, merged, withoutNulls } from './json.ts';
import { clip } from './places.ts';
import { sealed, secretPaths, withoutMasked } from './secrets.ts';
import { readTags } from './tags.ts';

/** A body, taken apart, before it is known what is there already. */
export interface Draft {
  readonly location: string | undefined;
  readonly tags: Readonly<Record<string, string>> | undefined;
  /** Members beside `properties`. */
  readonly envelope: JsonObject;
  /** Without nulls, without inline children, and without secrets that are only masks. */
  readonly properties: JsonObject;
  /** Children that were sent inside: member of `properties` → what it held. */
  readonly inline: ReadonlyMap<string, readonly InlineChild[]>;
}

/** A child that was sent inside of its parent. */
export interface InlineChild {
  readonly name: string;
  readonly body: JsonObject;
}

/** Members that the product writes itself, or reads elsewhere. */
const ownMembers = new Set(['id', 'name', 'type', 'location', 'tags', 'etag', 'eTag', 'properties', 'systemData']);
const maxIssues = 20;

/** Faults (invalid): `InvalidRequestContent`, those of tags and locations. */
export function readDraft(type: AnyType, body: Json): Draft {
  const given = withoutNulls(body);
  if (!isObject(given)) {
    throw fault('invalid', 'InvalidRequestContent', 'The request content was invalid: the body is not a JSON object.', {
      remedy: 'Send the resource as {"location": …, "properties": {…}}.',
    });
  }
  const envelope: Record<string, Json> = {};
  for (const name of Object.keys(given)) if (!ownMembers.has(name)) envelope[name] = given[name]!;
  const { properties, inline } = readProperties(type, given['properties']);
  return {
    location: type.location === 'none' ? undefined : readLocation(given['location']),
    tags: !type.hasTags || given['tags'] === undefined ? undefined : readTags(given['tags']),
    envelope,
    properties,
    inline,
  };
}

function readProperties(type: AnyType, given: Json | undefined): Pick<Draft, 'properties' | 'inline'> {
  if (given !== undefined && !isObject(given)) throw badFormat([issueOf('properties', 'must be an object')]);
  const properties = withoutMasked(given ?? {}, secretPaths(type.secrets));
  const inline = new Map<string, readonly InlineChild[]>();
  if (type.inline === undefined) return { properties, inline };
  const rest: Record<string, Json> = { ...properties };
  for (const name of Object.keys(type.inline)) {
    if (!Object.hasOwn(rest, name)) continue;
    inline.set(name, readChildren(rest[name]!, `properties.${name}`));
    delete rest[name];
  }
  return { properties: rest, inline };
}

function readChildren(given: Json, at: string): readonly InlineChild[] {
  if (!Array.isArray(given)) throw badFormat([issueOf(at, 'must be a list')]);
  const seen = new Set<string>();
  return (given as readonly Json[]).map((child, i) => {
    const name = isObject(child) ? child['name'] : undefined;
    if (!isObject(child) || typeof name !== 'string') throw badFormat([issueOf(`${at}[${i}].name`, 'must be a text')]);
    if (seen.has(name.toLowerCase())) throw badFormat([issueOf(`${at}[${i}].name`, `'${clip(name, 80)}' is in the list twice`)]);
    seen.add(name.toLowerCase());
    return { name, body: child };
  });
}

function readLocation(given: Json | undefined): string | undefined {
  if (given === undefined) return undefined;
  const location = typeof given === 'string' ? normalLocation(given) : '';
  if (/^[a-z0-9-]{1,64}$/.test(location)) return location;
  throw fault('invalid', 'InvalidLocation', 'The location is not the name of a place.', {
    target: 'location',
    remedy: 'Write it with letters, digits and blanks, such as westeurope.',
  });
}

/** `West Europe` and `westeurope` are the same place. */
function normalLocation(text: string): string {
  return text.replace(/ /g, '').toLowerCase();
}

/** What a PATCH leads to: the draft laid over what is there. Inline children that it does not name stay. */
export function patched(draft: Draft, before: Resource, type: AnyType): Draft {
  return {
    location: draft.location ?? before.location,
    tags: draft.tags ?? before.tags,
    envelope: merged(before.envelope, draft.envelope),
    properties: merged(withoutMasked(before.properties, secretPaths(type.secrets)), draft.properties),
    inline: draft.inline,
  };
}

/**
 * What the draft asks for, by the type's schemas, its secrets not sealed yet. Faults (invalid): `InvalidRequestFormat` with a detail for each
 * member that is wrong.
 */
export async function parsed(type: AnyType, draft: Draft): Promise<Asked> {
  const properties = await read(type.properties, draft.properties, 'properties');
  const envelope = await read(type.envelope, draft.envelope, '');
  return { location: draft.location, tags: draft.tags ?? {}, envelope, properties: withoutNulls(properties) };
}

async function read(schema: z.ZodType, given: JsonObject, at: string): Promise<JsonObject> {
  const result = await schema.safeParseAsync(given);
  if (!result.success) throw badFormat(issuesOf(result.error, at));
  return definedOnly(result.data as JsonObject);
}

/** Optional members come out of schemas as undefined: JSON has none. */
function definedOnly(object: JsonObject): JsonObject {
  for (const name of Object.keys(object)) if (object[name] === undefined) return JSON.parse(JSON.stringify(object)) as JsonObject;
  return object;
}

/** Seals what is secret, and keeps what was not sent again. */
export function sealedAsked(type: AnyType, asked: Asked, before: Resource | undefined, sealer: Sealer): Asked {
  if (type.secrets.length === 0) return asked;
  return { ...asked, properties: sealed(asked.properties, before?.properties, secretPaths(type.secrets), sealer) };
}

/** The location's rules. Faults: `LocationRequired` (invalid), `InvalidResourceLocation`, `InvalidResourceGroupLocation` (conflict). */
export function settledLocation(type: AnyType, asked: Asked, name: string, before: Resource | undefined): Asked {
  const { location } = asked;
  if (location === undefined) {
    if (type.location !== 'required') return before === undefined ? asked : { ...asked, location: before.location };
    throw fault('invalid', 'LocationRequired', 'The location property is required for this definition.', {
      target: 'location',
      remedy: 'Give the resource a location.',
    });
  }
  if (before?.location === undefined || before.location === location) return asked;
  throw fault(
    'conflict',
    type.type === groupType ? 'InvalidResourceGroupLocation' : 'InvalidResourceLocation',
    `The resource '${clip(name)}' already exists in location '${before.location}'. A resource with the same name cannot be created in location '${location}'.`,
    { target: 'location', remedy: `Leave the location at ${before.location}, or take another name.` },
  );
}

/** What an action's input must be. Fault: `InvalidRequestFormat` (invalid). */
export async function readInput<I>(schema: z.ZodType<I>, body: Json | undefined): Promise<I> {
  const result = await schema.safeParseAsync(body === undefined ? {} : withoutNulls(body));
  if (result.success) return result.data;
  const bare = body === undefined ? await schema.safeParseAsync(undefined) : undefined;
  if (bare?.success === true) return bare.data;
  throw badFormat(issuesOf(result.error, ''));
}

function issuesOf(error: z.ZodError, at: string): readonly Fault[] {
  return error.issues.slice(0, maxIssues).map((issue) => issueOf(pathText(at, issue.path), issue.message));
}

function pathText(at: string, path: readonly PropertyKey[]): string {
  let text = at;
  for (const word of path) text += typeof word === 'number' ? `[${word}]` : `${text === '' ? '' : '.'}${clip(String(word), 80)}`;
  return text;
}

function issueOf(at: string, message: string): Fault {
  return fault('invalid', 'InvalidRequestFormat', `${at === '' ? 'the body' : at}: ${clip(message)}`, { target: at });
}

function badFormat(issues: readonly Fault[]): Fault {
  const first = issues[0];
  return fault('invalid', 'InvalidRequestFormat', `The request content does not fit: ${first?.message ?? 'it is not what was expected'}.`, {
    target: first?.target,
    details: issues,
    remedy: 'Correct the members named in the details; /openapi.json has the shape of every body.',
  });
}
