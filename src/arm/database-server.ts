import { fault } from '#base/fault.ts';
import { readHostPort, type HostPort } from './host-port.ts';
import { keyOf } from './resource-id.ts';
import type { AnyType, CheckContext, NameRule } from './resource-type.ts';
import { provisioningState, type Asked, type Json, type JsonObject, type Resource } from './resource.ts';
import type { ResourceReader } from './store.ts';

/** What types of database servers are made with. */
export interface DatabaseServerOptions {
  /** The type of the private endpoint connections of servers of a type. Asked for when it is needed. Default: they are shown as they are kept. */
  readonly connections?: (parentType: string) => AnyType | undefined;
  /** What server names end with. Default: `isthmus.localhost`. */
  readonly suffix?: string;
}

export const defaultSuffix = 'isthmus.localhost';

/** Says which existing database a server stands for: `host:port`. None is ever created. */
const backendTag = 'hidden-backend';

/** Server names are parts of host names, and not in use twice. */
export const serverName: NameRule = {
  pattern: /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/,
  maxLength: 63,
  says: "small letters, digits and '-', not at the ends",
};

/** The database that a server stands for. Undefined: its tag is missing. */
export function backendOf(tags: Readonly<Record<string, string>>): HostPort | undefined {
  const text = tagText(tags);
  return text === undefined ? undefined : readHostPort(text);
}

function tagText(tags: Readonly<Record<string, string>>): string | undefined {
  const name = Object.keys(tags).find((tag) => tag.toLowerCase() === backendTag);
  return name === undefined ? undefined : tags[name];
}

/** For `check`. Faults: `InvalidHiddenBackend` (invalid), `NameAlreadyExists` (conflict). */
export async function checkServer(asked: Asked<unknown>, { id, before, resources }: CheckContext<unknown>): Promise<void> {
  const text = tagText(asked.tags);
  if (text !== undefined && readHostPort(text) === undefined) {
    throw fault('invalid', 'InvalidHiddenBackend', `The tag ${backendTag} does not name a database.`, {
      target: `tags.${backendTag}`,
      remedy: 'Write host:port, such as db.example.net:5432 or 10.0.0.9:1433.',
    });
  }
  if (before !== undefined) return;
  const servers = await resources.list({ within: '', type: id.type });
  const other = servers.find((one) => one.name.toLowerCase() === id.name.toLowerCase());
  if (other === undefined) return;
  throw fault('conflict', 'NameAlreadyExists', `The server name '${id.name}' is in use by ${other.id}.`, {
    target: id.text,
    remedy: 'Take another name: servers are reached by it.',
  });
}

/** For `show`: whether it stands for anything, and who connects to it. */
export async function serverShown(
  self: Resource<unknown>,
  resources: ResourceReader,
  { connections }: DatabaseServerOptions,
): Promise<JsonObject> {
  const found = await resources.list({ within: self.id, direct: true, type: `${self.type}/privateEndpointConnections` });
  const type = connections?.(self.type);
  const privateEndpointConnections = await Promise.all(found.map((one) => connectionShown(one, resources, type)));
  return { ...stateShown(self), privateEndpointConnections };
}

function stateShown({ tags }: Resource<unknown>): JsonObject {
  const backend = backendOf(tags);
  if (backend !== undefined) return { state: 'Ready', backend: { host: backend.host, port: backend.port } };
  const reason = 'This server stands for no database: nothing answers behind it.';
  return { state: 'Disabled', backend: { reason, remedy: `Give it the tag ${backendTag} with host:port of an existing database.` } };
}

/** Only what Azure shows of them there. */
async function connectionShown(self: Resource, resources: ResourceReader, type: AnyType | undefined): Promise<JsonObject> {
  const all = { ...self.properties, ...self.status.outputs, ...(await type?.show?.(self, resources)) };
  const properties: Record<string, Json> = {};
  for (const name of ['privateEndpoint', 'groupIds', 'privateLinkServiceConnectionState']) {
    const value = all[name];
    if (value !== undefined) properties[name] = value;
  }
  return { id: self.id, name: self.name, type: self.type, properties: { ...properties, provisioningState: provisioningState(self) } };
}

/** For `parts`: what of a server private endpoints may lead to. */
export function linkResource(groupId: string, zone: string): JsonObject {
  return { name: groupId, properties: { groupId, requiredMembers: [groupId], requiredZoneNames: [zone] } };
}

/** The server in which a child lies. */
export async function serverOf(child: { readonly parent: string | undefined }, resources: ResourceReader): Promise<Resource | undefined> {
  return child.parent === undefined ? undefined : await resources.get(keyOf(child.parent));
}
