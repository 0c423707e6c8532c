import { fault } from '#base/fault.ts';
import type { Connection, ConnectionRequest, Connections, ConnectionState } from '#arm/private-link.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceReader, ResourceStore, StoreTransaction } from '#arm/store.ts';
import { listed } from './alias.ts';
import { approvalPolicy, type ConnectionProperties, decided, type Decision, requested, stateAt } from './approval.ts';
import { checkLinkTarget } from './link-target-check.ts';
import { connectionWord } from './private-link-target.ts';

/** Whether a principal may approve connections to a target: holds `{type of the target}/privateEndpointConnectionsApproval/action` there. */
export type MayApprove = (principalId: string, targetId: string) => Promise<boolean>;

export interface ConnectionsOptions {
  readonly store: Pick<ResourceStore, 'write' | 'get'>;
  readonly mayApprove: MayApprove;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

export function connectionsOf({ store, mayApprove, nowMs }: ConnectionsOptions): Connections {
  return {
    ask: async (request) => {
      const target = await store.get(request.target);
      if (target === undefined || target.deleting) return undefined;
      const through = await approvedThrough(request, target, mayApprove);
      return await store.write((transaction) => ask(request, { through, at: new Date(nowMs()).toISOString() }, transaction));
    },
    withdraw: (id, consumer) => store.write((transaction) => withdraw(id, consumer, transaction)),
    check: checkLinkTarget,
    state: (id, consumer, resources) => stateOfConnection(id, { consumer, nowMs: nowMs() }, resources),
  };
}

async function approvedThrough(request: ConnectionRequest, target: Resource, mayApprove: MayApprove): Promise<'list' | 'role' | undefined> {
  const { subscription } = parseResourceId(request.consumer);
  if (listed(target, 'autoApproval', subscription)) return 'list';
  return !request.manual && (await mayApprove(request.by, target.id)) ? 'role' : undefined;
}

interface Answer {
  readonly through: 'list' | 'role' | undefined;
  readonly at: string;
}

async function ask(request: ConnectionRequest, { through, at }: Answer, transaction: StoreTransaction): Promise<Connection | undefined> {
  const target = await transaction.get(request.target);
  if (target === undefined || target.deleting) return undefined;
  const id = `${target.id}/${connectionWord}/${request.name}`;
  const before = await transaction.get(id);
  if (before?.deleting === true)
    throw fault('unreachable', 'ConnectionBeingRemoved', `The former connection ${id} is still being removed.`, {
      target: id,
      remedy: 'Wait a moment; it asks again by itself.',
    });
  const known = before && connectionOf(before);
  if (known?.approval.request === request.number && keyOf(known.privateEndpoint.id) === keyOf(request.consumer))
    return { id, linkId: Number(known.linkIdentifier) };
  const linkId = request.linkId ?? (known === undefined ? await nextLinkId(transaction) : Number(known.linkIdentifier));
  const policy = approvalPolicy(target.tags);
  const asked: ConnectionProperties = {
    privateEndpoint: { id: request.consumer },
    groupIds: request.groupIds,
    linkIdentifier: String(linkId),
    ...requested({ number: request.number, by: request.by, at, message: request.message }, policy),
  };
  const properties = through === undefined ? asked : decided(asked, automatic(request, through, at), policy);
  const type = `${target.type}/${connectionWord}`;
  await transaction.put({
    id,
    type,
    location: undefined,
    tags: {},
    envelope: {},
    properties: properties as unknown as JsonObject,
    references: [],
    principal: request.by,
    ready: false,
  });
  await audited(transaction, {
    action: `${type}/write`,
    scope: id,
    principal: request.by,
    after: properties.privateLinkServiceConnectionState.status,
  });
  return { id, linkId };
}

function automatic({ by }: ConnectionRequest, through: 'list' | 'role', at: string): Decision {
  const because = through === 'list' ? 'Approved by the list of the service.' : 'Approved: who asked may approve.';
  return { by, at, status: 'Approved', because, through };
}

async function withdraw(id: string, consumer: string, transaction: StoreTransaction): Promise<void> {
  const connection = await transaction.get(id);
  if (connection === undefined || keyOf(connectionOf(connection).privateEndpoint.id) !== keyOf(consumer)) return;
  const by = connectionOf(connection).approval.requestedBy;
  await transaction.remove(connection.id);
  await audited(transaction, { action: `${connection.type}/delete`, scope: connection.id, principal: by, after: undefined });
}

interface Noted {
  readonly action: string;
  readonly scope: string;
  readonly principal: string;
  readonly after: string | undefined;
}

async function audited(transaction: StoreTransaction, { action, scope, principal, after }: Noted): Promise<void> {
  const changes = after === undefined ? [] : [{ name: 'privateLinkServiceConnectionState.status', before: undefined, after }];
  await transaction.audit({
    action,
    scope,
    principal,
    principalName: principal,
    outcome: 'succeeded',
    code: undefined,
    correlationId: '',
    changes,
  });
}

const linkIdSetting = 'network.lastLinkId';

/** Never given before: a counter that is kept. */
async function nextLinkId(transaction: StoreTransaction): Promise<number> {
  const last = Number((await transaction.setting(linkIdSetting))?.['last'] ?? 0);
  if (last >= 2 ** 32 - 1) throw fault('bug', 'LinkIdsExhausted', 'All numbers of connections were given.');
  await transaction.putSetting(linkIdSetting, { last: last + 1 });
  return last + 1;
}

/** Of a resource of any type of connections. */
export function connectionOf({ properties }: Pick<Resource, 'properties'>): ConnectionProperties {
  return properties as unknown as ConnectionProperties;
}

/** Where a consumer's connection stands. Undefined: it is gone. */
export async function stateOfConnection(
  id: string,
  { consumer, nowMs }: { readonly consumer: string; readonly nowMs: number },
  resources: ResourceReader,
): Promise<ConnectionState | undefined> {
  const found = await resources.get(id);
  if (found === undefined || found.deleting || keyOf(connectionOf(found).privateEndpoint.id) !== keyOf(consumer)) return undefined;
  return stateAt(connectionOf(found), nowMs);
}

/** Connections of a target as they are shown inside of it. */
export async function connectionsShown(
  { id, type }: Pick<Resource<unknown>, 'id' | 'type'>,
  resources: ResourceReader,
  nowMs: number,
): Promise<JsonObject[]> {
  const found = await resources.list({ within: id, direct: true, type: `${type}/${connectionWord}` });
  return found.map((one) => ({
    id: one.id,
    name: one.name,
    type: one.type,
    properties: {
      ...one.properties,
      privateLinkServiceConnectionState: { ...stateAt(connectionOf(one), nowMs) },
      provisioningState: 'Succeeded',
    },
  }));
}
