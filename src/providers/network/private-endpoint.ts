import type { Connections, ConnectionState } from '#arm/private-link.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import { type CheckContext, type Outcome, type ResourceType, resourceType } from '#arm/resource-type.ts';
import type { Asked, JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import type { FabricEngine } from '#fabric/engine.ts';
import { addressAt, type AddressBook, type AddressWish } from './address-book.ts';
import { findTarget, isAlias } from './alias.ts';
import { stateOfConnection } from './connections.ts';
import { targetNames } from './endpoint-names.ts';
import { guidOfResource } from './guid.ts';
import { checkLinkTarget } from './link-target-check.ts';
import { ownInterfaceId } from './own-interface.ts';
import { applied, type PlanKeeper, type ServerName, withdrawn, withName } from './plan-keeper.ts';
import {
  type EndpointConnection,
  endpointSlot,
  type KnownConnection,
  type PrivateEndpointProperties,
  privateEndpointProperties,
  wishOf,
} from './private-endpoint-shape.ts';
import { checkRegion } from './region.ts';
import { privateEndpointType, subnetType } from './type-names.ts';

export interface PrivateEndpointOptions {
  readonly book: AddressBook;
  readonly keeper: PlanKeeper;
  readonly connections: Connections;
  readonly serverName: ServerName;
  readonly listeners?: FabricEngine['listeners'] | undefined;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

type Endpoint = Resource<PrivateEndpointProperties>;

/** An address of a subnet that leads to a service of somebody else, once that one's owner has approved. */
export function privateEndpoints(options: PrivateEndpointOptions): ResourceType<PrivateEndpointProperties> {
  const { book, keeper, nowMs } = options;
  return resourceType<PrivateEndpointProperties>({
    type: privateEndpointType,
    summary:
      'A private endpoint: an address of a subnet that leads to a private link service or a database server, once its owner has approved',
    versions: { floor: '2018-11-01', implemented: '2025-05-01' },
    properties: privateEndpointProperties,
    verbs: ['put', 'delete'],
    references: ({ properties }) => [{ id: properties.subnet.id, at: 'properties.subnet.id', types: [subnetType] }],
    check: async (asked, context) => {
      await checkTarget(asked, context);
      await checkRegion(asked, asked.properties.subnet.id, context);
      await book.check(context, [addressWish(asked.properties)]);
    },
    complete: (asked, context) => withRequest(asked, context, nowMs()),
    show: (self, resources) => shown(self, resources, options),
    reconcile: (self, { resources }) => reconcile(self, resources, options),
    remove: async (self) => {
      const known = knownOf(self);
      if (known !== undefined) await options.connections.withdraw(known.id, self.id);
      const outcome = await withdrawn(keeper);
      book.release(self.id);
      return outcome;
    },
  });
}

function addressWish({ subnet, ipConfigurations: [configuration] }: PrivateEndpointProperties): AddressWish {
  const at = 'properties.ipConfigurations[0].properties';
  return { slot: endpointSlot, subnet: subnet.id, address: configuration?.properties.privateIPAddress, at };
}

/** The connection that it has asked for. */
function knownOf({ status }: Pick<Resource<unknown>, 'status'>): KnownConnection | undefined {
  return status.outputs['connection'] as unknown as KnownConnection | undefined;
}

async function checkTarget(
  { properties }: Asked<PrivateEndpointProperties>,
  { id, before, resources }: CheckContext<PrivateEndpointProperties>,
): Promise<void> {
  const { manual, properties: wish } = wishOf(properties);
  const at = `properties.${manual ? 'manualPrivateLinkServiceConnections' : 'privateLinkServiceConnections'}[0].properties`;
  await checkLinkTarget(
    {
      consumer: id.text,
      named: wish.privateLinkServiceId,
      groupId: wish.groupIds[0] ?? '',
      kept: before !== undefined && keyOf(wishOf(before.properties).properties.privateLinkServiceId) === keyOf(wish.privateLinkServiceId),
      at: { named: `${at}.privateLinkServiceId`, groupId: `${at}.groupIds` },
    },
    resources,
  );
}

/** Notes who asks. It asks anew where what it asked for before was refused, or is gone, or something else is asked for now. */
async function withRequest(
  asked: Asked<PrivateEndpointProperties>,
  { before, resources, principal }: CheckContext<PrivateEndpointProperties>,
  nowMs: number,
): Promise<Asked<PrivateEndpointProperties>> {
  const former = before?.properties.request;
  const request =
    former !== undefined && !(await asksAnew(asked.properties, before!, resources, nowMs))
      ? former
      : { number: (former?.number ?? 0) + 1, by: principal.id };
  return { ...asked, properties: { ...asked.properties, request } };
}

async function asksAnew(
  properties: PrivateEndpointProperties,
  before: Endpoint,
  resources: ResourceReader,
  nowMs: number,
): Promise<boolean> {
  const [now, then] = [wishOf(properties), wishOf(before.properties)];
  if (keyOf(now.properties.privateLinkServiceId) !== keyOf(then.properties.privateLinkServiceId)) return true;
  const known = knownOf(before);
  // Still on its way, unless there was nothing to ask.
  if (known === undefined || known.request !== before.properties.request?.number) return before.status.settled === before.generation;
  const { status } = await stateOf(before, resources, nowMs);
  return status === 'Rejected' || status === 'Disconnected';
}

/** Where its connection stands, by what the target's side says. */
async function stateOf(self: Endpoint, resources: ResourceReader, nowMs: number): Promise<ConnectionState> {
  const known = knownOf(self);
  const asking: ConnectionState = {
    status: 'Pending',
    description: wishOf(self.properties).properties.requestMessage,
    actionsRequired: 'None',
  };
  if (self.status.settled === 0) return asking;
  const state = known && (await stateOfConnection(known.id, { consumer: self.id, nowMs }, resources));
  if (state !== undefined) return state;
  const actionsRequired = 'Write the private endpoint once more to ask again, or delete it.';
  return { status: 'Disconnected', description: 'The connection was removed by the owner of the resource it led to.', actionsRequired };
}

async function reconcile(
  self: Endpoint,
  resources: ResourceReader,
  { book, keeper, connections }: PrivateEndpointOptions,
): Promise<Outcome> {
  const addresses = await book.claim(self, [addressWish(self.properties)], resources);
  const connection = await askOnce(self, resources, connections);
  return await applied(keeper, self, {
    addresses: addresses as unknown as JsonObject,
    ...(connection === undefined ? {} : { connection: connection as unknown as JsonObject }),
  });
}

/** Each request is made once: a connection that was removed since stays so until it is asked for again. */
async function askOnce(self: Endpoint, resources: ResourceReader, connections: Connections): Promise<KnownConnection | undefined> {
  const known = knownOf(self);
  const { number, by } = self.properties.request ?? { number: 1, by: self.createdBy };
  if (known?.request === number) return known;
  const wish = wishOf(self.properties);
  const target = await findTarget(wish.properties.privateLinkServiceId, resources);
  if (known !== undefined && (target === undefined || keyOf(parseResourceId(known.id).parent!) !== keyOf(target.id)))
    await connections.withdraw(known.id, self.id);
  const asked =
    target &&
    (await connections.ask({
      consumer: self.id,
      name: `${self.name}.${guidOfResource(self)}`,
      target: target.id,
      groupIds: wish.properties.groupIds,
      message: wish.properties.requestMessage,
      manual: wish.manual || isAlias(wish.properties.privateLinkServiceId),
      by,
      number,
      linkId: known?.linkId,
    }));
  if (asked !== undefined) return { ...asked, request: number };
  return known && { ...known, request: number };
}

async function shown(
  self: Endpoint,
  resources: ResourceReader,
  { nowMs, serverName, listeners }: PrivateEndpointOptions,
): Promise<JsonObject> {
  const state = await stateOf(self, resources, nowMs());
  const show = (word: 'privateLinkServiceConnections' | 'manualPrivateLinkServiceConnections'): JsonObject[] =>
    self.properties[word].map((one: EndpointConnection) => ({
      name: one.name,
      id: `${self.id}/${word}/${one.name}`,
      type: `${self.type}/${word}`,
      etag: `W/"${self.etag}"`,
      properties: {
        ...one.properties,
        groupIds: [...one.properties.groupIds],
        provisioningState: 'Succeeded',
        privateLinkServiceConnectionState: { ...state },
      },
    }));
  const address = addressAt(self, endpointSlot, self.properties.subnet.id);
  const target = await findTarget(wishOf(self.properties).properties.privateLinkServiceId, resources);
  const names = [
    ...self.properties.customDnsConfigs.map(({ fqdn }) => fqdn),
    ...(target === undefined ? [] : targetNames(await withName(target, serverName))),
  ];
  return {
    resourceGuid: guidOfResource(self),
    networkInterfaces: [{ id: ownInterfaceId(self, self.properties.customNetworkInterfaceName) }],
    privateLinkServiceConnections: show('privateLinkServiceConnections'),
    manualPrivateLinkServiceConnections: show('manualPrivateLinkServiceConnections'),
    customDnsConfigs: [...new Set(names)].map((fqdn) => ({ fqdn, ipAddresses: address === undefined ? [] : [address] })),
    // Ours: where programs of this host reach it, while it is approved.
    ...(listeners && { listeners: listeners(keyOf(self.id)).map(({ port, at }) => ({ port, host: at.host, hostPort: at.port })) }),
  };
}
