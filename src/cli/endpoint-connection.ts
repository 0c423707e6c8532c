import { objectOf, textOf } from '#arm/client-answer.ts';
import { keyOf, parsePlace, segmentsOf } from '#arm/resource-id.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
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

/** A connection that a private endpoint asks for, as its owner sees it. */
export interface EndpointConnection {
  readonly id: string;
  readonly name: string;
  /** The id of the private endpoint, or of whatever else asks. */
  readonly endpoint: string;
  /** The id of what it leads to. */
  readonly target: string;
  readonly status: string;
  readonly description: string;
  /** Undefined: nothing is to be done. */
  readonly actionsRequired: string | undefined;
  readonly message: string | undefined;
  readonly requestedBy: string | undefined;
  readonly requestedAt: string | undefined;
  /** The latest decision, if there is any. */
  readonly decision: { readonly by: string; readonly at: string; readonly because: string } | undefined;
  readonly expiresAt: string | undefined;
  /** People who have approved this request, and how many must. */
  readonly approvals: { readonly given: number; readonly needed: number };
}

/** Where connections are looked for. */
export interface ConnectionPlace {
  readonly group: string | undefined;
  readonly scope: string | undefined;
}

/** All that the caller may read, those that wait first, then the latest request first. Faults: those of the server. */
export async function listConnections(place: ConnectionPlace, session: Session): Promise<readonly EndpointConnection[]> {
  const lists = await Promise.all((await listTargets(place, session)).map((target) => connectionsOf(target, session)));
  return lists.flat().toSorted((a, b) => rank(a) - rank(b) || (b.requestedAt ?? '').localeCompare(a.requestedAt ?? ''));
}

function rank({ status }: EndpointConnection): number {
  const place = ['Pending', 'Approved', 'Rejected', 'Disconnected'].indexOf(status);
  return place < 0 ? 4 : place;
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
  return Array.isArray(found) ? (found as readonly JsonObject[]).map(connectionShown) : [];
}

/** A connection as an answer of the server shows it. */
export function connectionShown(body: JsonObject): EndpointConnection {
  const id = textOf(body['id']) ?? '';
  const properties = objectOf(body['properties']);
  const state = objectOf(properties['privateLinkServiceConnectionState']);
  const approval = objectOf(properties['approval']);
  const decisions = listOf(approval['decisions']);
  const actionsRequired = textOf(state['actionsRequired']);
  return {
    id,
    name: textOf(body['name']) ?? nameOf(id),
    endpoint: textOf(objectOf(properties['privateEndpoint'])['id']) ?? '',
    target: id.split('/').slice(0, -2).join('/'),
    status: textOf(state['status']) ?? 'Pending',
    description: textOf(state['description']) ?? '',
    actionsRequired: actionsRequired === 'None' ? undefined : actionsRequired,
    message: textOf(approval['requestMessage']),
    requestedBy: textOf(approval['requestedBy']),
    requestedAt: textOf(approval['requestedAt']),
    decision: decisionOf(decisions.at(-1)),
    expiresAt: textOf(approval['expiresAt']),
    approvals: { given: approversOf(decisions, approval), needed: Number(approval['approversNeeded'] ?? 1) },
  };
}

function listOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly Json[]).map(objectOf) : [];
}

function decisionOf(decision: JsonObject | undefined): EndpointConnection['decision'] {
  if (decision === undefined) return undefined;
  return { by: textOf(decision['by']) ?? '', at: textOf(decision['at']) ?? '', because: textOf(decision['because']) ?? '' };
}

/** Different people who approved this request. What was approved for an approval that has ended does not count. */
function approversOf(decisions: readonly JsonObject[], approval: JsonObject): number {
  const ended = textOf(approval['expiresAt']);
  const isOver = ended !== undefined && Date.parse(ended) <= Date.now();
  const since = Date.parse((isOver ? ended : textOf(approval['requestedAt'])) ?? '') || 0;
  const counted = decisions.filter(({ status, at }) => status === 'Approved' && Date.parse(textOf(at) ?? '') >= since);
  return new Set(counted.map(({ by }) => textOf(by))).size;
}

export function nameOf(id: string): string {
  return id.split('/').at(-1) ?? id;
}

/**
 * The one connection that a name or id means: of the connection, or of the private endpoint. Faults: `EndpointConnectionNotFound` (missing),
 * `WhichEndpointConnection` (invalid): several are meant; they are listed.
 */
export async function findConnection(name: string, place: ConnectionPlace, session: Session): Promise<EndpointConnection> {
  if (name.startsWith('/') && segmentsOf(name).some((word) => keyOf(word) === keyOf(connectionWord)))
    return connectionShown(await session.arm.get(name));
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
