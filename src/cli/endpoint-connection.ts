import { textOf } from '#arm/client-answer.ts';
import { byUrgency, connectionShown, nameOf, type EndpointConnection } from '#arm/endpoint-connection.ts';
import { keyOf, parsePlace, segmentsOf } from '#arm/resource-id.ts';
import type { JsonObject } from '#arm/resource.ts';
import { fault, type Fault } from '#base/fault.ts';
import { readable } from './readable.ts';
import { pathOf, placeOf } from './resource-paths.ts';
import type { Session } from './session.ts';

/** What private endpoints may lead to. Rule: https://learn.microsoft.com/azure/private-link/private-endpoint-overview#private-link-resource */
const targetTypes = [
  'Microsoft.Network/privateLinkServices',
  'Microsoft.Sql/servers',
  'Microsoft.Sql/managedInstances',
  'Microsoft.DBforPostgreSQL/flexibleServers',
  'Microsoft.DBforMySQL/flexibleServers',
];
const connectionWord = 'privateEndpointConnections';

/** Where connections are looked for. */
export interface ConnectionPlace {
  readonly group: string | undefined;
  readonly scope: string | undefined;
}

/** All that the caller may read, those that wait first, then the latest request first. Faults: those of the server. */
export async function listConnections(place: ConnectionPlace, session: Session): Promise<readonly EndpointConnection[]> {
  const lists = await Promise.all((await listTargets(place, session)).map((target) => connectionsOf(target, session)));
  return lists.flat().toSorted(byUrgency);
}

async function listTargets({ group, scope }: ConnectionPlace, session: Session): Promise<readonly string[]> {
  if (scope !== undefined && scope !== '/' && placeOf(scope).kind === 'resource' && isTarget(scope)) return [scope];
  const where = { subscription: await session.subscription(), group, scope };
  const found = await Promise.all(targetTypes.map((type) => readable(() => session.arm.list(pathOf(type, [], where)))));
  const refusal = found.find((one) => !Array.isArray(one)) as Fault | undefined;
  const targets = found.flatMap((one) => (Array.isArray(one) ? (one as readonly JsonObject[]) : []));
  // Who may read none of the types is told so; who may read some sees those.
  if (refusal !== undefined && found.every((one) => !Array.isArray(one))) throw refusal;
  return targets.flatMap(({ id }) => textOf(id) ?? []);
}

function isTarget(id: string): boolean {
  const place = parsePlace(segmentsOf(id));
  return place?.kind === 'resource' && targetTypes.some((type) => keyOf(type) === keyOf(place.id.type));
}

async function connectionsOf(target: string, { arm }: Session): Promise<readonly EndpointConnection[]> {
  const found = await readable(() => arm.list(`${target}/${connectionWord}`));
  return Array.isArray(found) ? (found as readonly JsonObject[]).map((one) => connectionShown(one, Date.now())) : [];
}

/**
 * The one connection that a name or id means: of the connection, or of the private endpoint. Faults: `EndpointConnectionNotFound` (missing),
 * `WhichEndpointConnection` (invalid): several are meant; they are listed.
 */
export async function findConnection(name: string, place: ConnectionPlace, session: Session): Promise<EndpointConnection> {
  if (name.startsWith('/') && segmentsOf(name).some((word) => keyOf(word) === keyOf(connectionWord)))
    return connectionShown(await session.arm.get(name), Date.now());
  const all = await listConnections(place, session);
  const found = all.filter((one) => isMeant(one, name));
  if (found.length === 1) return found[0]!;
  throw found.length === 0 ? notFound(name, all) : several(name, found);
}

function isMeant({ name, endpoint }: EndpointConnection, word: string): boolean {
  const key = keyOf(word);
  return keyOf(name) === key || keyOf(endpoint) === key || keyOf(nameOf(endpoint)) === key;
}

function notFound(name: string, all: readonly EndpointConnection[]): Fault {
  const waiting = all.filter(({ status }) => status === 'Pending').map((one) => nameOf(one.endpoint));
  const remedy = waiting.length === 0 ? 'isthmus endpoint list shows those there are.' : `These wait: ${waiting.slice(0, 8).join(', ')}.`;
  return fault('missing', 'EndpointConnectionNotFound', `No private endpoint '${name}' asks for anything that you may read.`, {
    target: name,
    remedy,
  });
}

function several(name: string, found: readonly EndpointConnection[]): Fault {
  const list = found.map(({ id, status }) => `${id} (${status})`).join(', ');
  return fault('invalid', 'WhichEndpointConnection', `'${name}' may mean several connections: ${list}.`, {
    target: name,
    remedy: 'Give the whole id of one of them, or narrow the search with --group or --scope.',
  });
}
