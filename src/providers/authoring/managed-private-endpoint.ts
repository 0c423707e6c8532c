import { z } from 'zod';
import { must, toFault } from '#base/fault.ts';
import type { Connection, ConnectionState } from '#arm/private-link.ts';
import { keyOf, parseResourceId, type ResourceId } from '#arm/resource-id.ts';
import { type CheckContext, type Outcome, resourceType, type ResourceType } from '#arm/resource-type.ts';
import type { Asked, JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { guidOf } from './guid.ts';
import { managedName } from './managed-virtual-network.ts';
import type { AuthoringOptions } from './options.ts';
import { type AuthoringHome, partTypes, planeOf } from './home.ts';

export interface ManagedEndpointProperties {
  readonly privateLinkResourceId: string;
  /** Empty for a private link service. */
  readonly groupId: string;
  /** Names that mean this endpoint inside of the network; `name,port` where only that port is meant. */
  readonly fqdns: readonly string[];
  /** Ours: the latest time that it asked. */
  readonly request?: { readonly number: number; readonly by: string } | undefined;
}

type Endpoint = Resource<ManagedEndpointProperties>;

/** The connection that it has, and the request that this answers. */
interface KnownConnection extends Connection {
  readonly request: number;
}

/** Rule: https://learn.microsoft.com/rest/api/datafactory/managed-private-endpoints/create-or-update */
const properties: z.ZodType<ManagedEndpointProperties> = z.object({
  privateLinkResourceId: z.string().min(1).max(2_000),
  groupId: z.string().max(80).default(''),
  fqdns: z
    .array(
      z
        .string()
        .max(260)
        .regex(/^[A-Za-z0-9_](?:[\w.-]*\w)?(?:,\d{1,5})?$/, 'must be a host name, with ,port where only that port is meant'),
    )
    .max(100)
    .default([]),
});

/** A way out of a managed virtual network. Its connection always waits for the owner of what it leads to, unless that one's own list approves. */
export function managedPrivateEndpoints(home: AuthoringHome, options: AuthoringOptions): ResourceType<ManagedEndpointProperties> {
  const { connections, plan } = options;
  return resourceType<ManagedEndpointProperties>({
    type: partTypes(home).endpoint,
    summary:
      'A managed private endpoint: a way from a managed virtual network to a private link service or database server, once its owner has approved',
    versions: home.versions,
    ...planeOf(home, 'endpoint'),
    location: 'none',
    hasTags: false,
    name: managedName,
    verbs: ['put', 'delete'],
    properties,
    answers: home.answers,
    check: async (asked, context) => {
      await connections.check(wishOf(asked, context), context.resources);
      await home.targets?.check(asked.properties.privateLinkResourceId, await homeOf(context.id, context.resources), context.resources);
    },
    complete: (asked, context) => withRequest(asked, context, options),
    show: async (self, resources) => ({
      connectionState: { ...(await stateOf(self, resources, options)) },
      isReserved: false,
      ...(await compliance(self, home, resources)),
    }),
    reconcile: (self, { resources }) => reconcile(self, resources, options),
    remove: async (self, { resources }) => {
      const waits = await givingBack(self, home, resources);
      if (waits !== undefined)
        return {
          kind: 'waiting',
          for: `${waits} is being deleted and gives back over this endpoint what it made at its source.`,
          retryMs: giveBackRetryMs,
        };
      const known = knownOf(self);
      if (known !== undefined) await connections.withdraw(known.id, self.id);
      await plan.current();
      return { kind: 'ready' };
    },
  });
}

const giveBackRetryMs = 1_000;

async function homeOf(endpoint: Pick<ResourceId, 'parent'>, resources: ResourceReader): Promise<Resource> {
  const id = parseResourceId(endpoint.parent!).parent!;
  return must(await resources.get(id), 'the home of an endpoint');
}

async function compliance(
  { id, properties: { privateLinkResourceId } }: Endpoint,
  { targets }: AuthoringHome,
  resources: ResourceReader,
): Promise<JsonObject> {
  if (targets === undefined) return {};
  return { isCompliant: await targets.isCompliant(privateLinkResourceId, await homeOf(parseResourceId(id), resources), resources) };
}

/** The id of something in the home that is being deleted and still needs the endpoint. */
async function givingBack({ id }: Endpoint, { givesBack }: AuthoringHome, resources: ResourceReader): Promise<string | undefined> {
  if (givesBack === undefined) return undefined;
  const within = parseResourceId(parseResourceId(id).parent!).parent!;
  return (await resources.list({ within, type: givesBack })).find(({ deleting }) => deleting)?.id;
}

function wishOf(
  { properties: asked }: Asked<ManagedEndpointProperties>,
  { id, before }: CheckContext<ManagedEndpointProperties>,
): Parameters<AuthoringOptions['connections']['check']>[0] {
  return {
    consumer: id.text,
    named: asked.privateLinkResourceId,
    groupId: asked.groupId,
    kept: before !== undefined && keyOf(before.properties.privateLinkResourceId) === keyOf(asked.privateLinkResourceId),
    at: { named: 'properties.privateLinkResourceId', groupId: 'properties.groupId' },
  };
}

function knownOf({ status }: Pick<Resource<unknown>, 'status'>): KnownConnection | undefined {
  return status.outputs['connection'] as unknown as KnownConnection | undefined;
}

/** Notes who asks. It asks anew where what it asked for before was refused, or is gone, or something else is asked for now. */
async function withRequest(
  asked: Asked<ManagedEndpointProperties>,
  { before, resources, principal }: CheckContext<ManagedEndpointProperties>,
  options: AuthoringOptions,
): Promise<Asked<ManagedEndpointProperties>> {
  const former = before?.properties.request;
  const anew = before === undefined || former === undefined || (await asksAnew(asked.properties, before, resources, options));
  const request = anew ? { number: (former?.number ?? 0) + 1, by: principal.id } : former;
  return { ...asked, properties: { ...asked.properties, request } };
}

async function asksAnew(
  now: ManagedEndpointProperties,
  before: Endpoint,
  resources: ResourceReader,
  options: AuthoringOptions,
): Promise<boolean> {
  if (keyOf(now.privateLinkResourceId) !== keyOf(before.properties.privateLinkResourceId)) return true;
  const known = knownOf(before);
  // Still on its way, unless there was nothing to ask.
  if (known === undefined || known.request !== before.properties.request?.number) return before.status.settled === before.generation;
  const { status } = await stateOf(before, resources, options);
  return status === 'Rejected' || status === 'Disconnected';
}

async function stateOf(self: Endpoint, resources: ResourceReader, { connections }: AuthoringOptions): Promise<ConnectionState> {
  const asking: ConnectionState = { status: 'Pending', description: '', actionsRequired: 'None' };
  if (self.status.settled === 0) return asking;
  const known = knownOf(self);
  const state = known && (await connections.state(known.id, self.id, resources));
  if (state !== undefined) return state;
  const actionsRequired = 'Write the managed private endpoint once more to ask again, or delete it.';
  return { status: 'Disconnected', description: 'The connection was removed by the owner of the resource it led to.', actionsRequired };
}

async function reconcile(self: Endpoint, resources: ResourceReader, options: AuthoringOptions): Promise<Outcome> {
  const connection = await askOnce(self, resources, options);
  const outputs: JsonObject = connection === undefined ? {} : { connection: connection as unknown as JsonObject };
  try {
    await options.plan.current(self, outputs);
    return { kind: 'ready', outputs };
  } catch (error) {
    const trouble = toFault(error);
    // A port of this host that is taken; the plan holds the endpoint as soon as it is free.
    if (trouble.kind !== 'conflict') throw trouble;
    return { kind: 'waiting', for: trouble.message, retryMs: portRetryMs, outputs };
  }
}

const portRetryMs = 2_000;

/** Each request is made once: a connection that was removed since stays so until it is asked for again. */
async function askOnce(self: Endpoint, resources: ResourceReader, { connections }: AuthoringOptions): Promise<KnownConnection | undefined> {
  const known = knownOf(self);
  const { number, by } = self.properties.request ?? { number: 1, by: self.createdBy };
  if (known?.request === number) return known;
  const target = await resources.get(self.properties.privateLinkResourceId);
  if (known !== undefined && (target === undefined || keyOf(parseResourceId(known.id).parent!) !== keyOf(target.id)))
    await connections.withdraw(known.id, self.id);
  const { groupId } = self.properties;
  const asked =
    target &&
    (await connections.ask({
      consumer: self.id,
      name: `${self.name}.${guidOf(self, 'connection')}`,
      target: target.id,
      groupIds: groupId === '' ? [] : [groupId],
      message: `Asked for by the managed private endpoint ${self.name} of ${self.id.split('/').at(-5)}.`.slice(0, 140),
      // In Azure it is another tenant's network that asks, so nobody's own rights approve it.
      manual: true,
      by,
      number,
      linkId: known?.linkId,
    }));
  if (asked !== undefined) return { ...asked, request: number };
  return known && { ...known, request: number };
}
