import type { AnyType, TypeCatalog } from '#arm/resource-type.ts';
import { provisioningState, type Json, type JsonObject, type Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { merged } from './json.ts';
import { etagOf } from './preconditions.ts';
import { partNamed, type partOwner } from './references.ts';
import { isSealed, secretPaths, withoutSecrets } from './secrets.ts';

/** What presenting reads from. */
export interface Shelf {
  readonly catalog: TypeCatalog;
  readonly reader: ResourceReader;
}

/** A resource in the form in which clients get it. No secret is in it. */
export async function present(resource: Resource, type: AnyType, shelf: Shelf): Promise<JsonObject> {
  const properties = await presentProperties(resource, type, shelf);
  const usual: Record<string, Json> = { id: resource.id, name: resource.name, type: resource.type };
  if (resource.location !== undefined) usual['location'] = resource.location;
  if (type.hasTags && hasMembers(resource.tags)) usual['tags'] = resource.tags;
  if (type.shows.etag) usual['etag'] = etagOf(resource);
  Object.assign(usual, resource.envelope);
  usual['properties'] = properties;
  usual['systemData'] = authorship(resource);
  return type.shape === undefined ? usual : type.shape(resource, usual);
}

async function presentProperties(resource: Resource, type: AnyType, shelf: Shelf): Promise<JsonObject> {
  const { outputs } = resource.status;
  const asked = withoutSecrets(resource.properties, secretPaths(type.secrets));
  let properties: Record<string, Json> = hasMembers(outputs) ? { ...merged(asked, withoutSealed(outputs)) } : { ...asked };
  if (type.show !== undefined) properties = { ...merged(properties, await type.show(resource, shelf.reader)) };
  if (type.inline !== undefined) await addInline(properties, resource, type.inline, shelf);
  if (type.shows.provisioningState) addState(properties, resource);
  return properties;
}

/** How it stands, and where it is not at rest, why: `waitingFor` and `provisioningError` are ours. */
function addState(into: Record<string, Json>, resource: Resource): void {
  const state = provisioningState(resource);
  const { waitingFor, fault } = resource.status;
  into['provisioningState'] = state;
  if (waitingFor !== undefined && state !== 'Succeeded' && state !== 'Failed') into['waitingFor'] = waitingFor;
  if (fault === undefined || state !== 'Failed') return;
  const { code, message, target, remedy } = fault;
  into['provisioningError'] = { code, message, ...(target === undefined ? {} : { target }), ...(remedy === undefined ? {} : { remedy }) };
}

async function addInline(
  into: Record<string, Json>,
  resource: Resource,
  inline: NonNullable<AnyType['inline']>,
  shelf: Shelf,
): Promise<void> {
  for (const [member, { type: name }] of Object.entries(inline)) {
    const type = shelf.catalog.get(name);
    if (type === undefined) continue;
    const children = await shelf.reader.list({ within: resource.id, direct: true, type: type.type });
    into[member] = await Promise.all(children.map((child) => present(child, type, shelf)));
  }
}

/** A part as it is read by its own id. */
export function presentPart(whole: Resource, owner: NonNullable<ReturnType<typeof partOwner>>, part: JsonObject): JsonObject {
  const name = typeof part['name'] === 'string' ? part['name'] : '';
  const etag = owner.type.shows.etag ? { etag: etagOf(whole) } : {};
  return { id: `${whole.id}/${owner.part}/${name}`, name, type: `${owner.type.type}/${owner.part}`, ...etag, ...part };
}

/** One part, or undefined. */
export function findPart(whole: Resource, owner: NonNullable<ReturnType<typeof partOwner>>, name: string): JsonObject | undefined {
  const part = partNamed(owner.list(whole), name);
  return part === undefined ? undefined : presentPart(whole, owner, part);
}

/** What lists of resources of all types show: no properties. */
export function presentBriefly(resource: Resource, type: AnyType): JsonObject {
  const brief: Record<string, Json> = { id: resource.id, name: resource.name, type: resource.type };
  if (resource.location !== undefined) brief['location'] = resource.location;
  if (hasMembers(resource.tags)) brief['tags'] = resource.tags;
  for (const name of ['kind', 'managedBy', 'sku', 'plan', 'identity', 'zones', 'extendedLocation']) {
    const value = resource.envelope[name];
    if (value !== undefined) brief[name] = value;
  }
  brief['createdTime'] = resource.createdAt;
  brief['changedTime'] = resource.changedAt;
  if (type.shows.provisioningState) brief['provisioningState'] = provisioningState(resource);
  return brief;
}

function authorship({ createdBy, createdAt, changedBy, changedAt }: Resource): JsonObject {
  return {
    createdBy,
    createdByType: 'Application',
    createdAt,
    lastModifiedBy: changedBy,
    lastModifiedByType: 'Application',
    lastModifiedAt: changedAt,
  };
}

/** Outputs are the loop's own; a sealed one is a secret that it keeps for itself. */
function withoutSealed(outputs: JsonObject): JsonObject {
  let kept: Record<string, Json> | undefined;
  for (const name of Object.keys(outputs)) {
    if (!isSealed(outputs[name])) continue;
    kept ??= { ...outputs };
    delete kept[name];
  }
  return kept ?? outputs;
}

function hasMembers(object: object): boolean {
  for (const _ in object) return true;
  return false;
}
