import { expect, test } from 'vitest';
import { fault } from '#base/fault.ts';
import { type JsonObject, newStatus, type Resource } from '#arm/resource.ts';
import type { ResourceChange, ResourceStore } from '#arm/store.ts';
import type { FabricPlan } from '#fabric/plan.ts';
import { applied, createPlanKeeper } from './plan-keeper.ts';

const network = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v';
const endpointId = (n: number): string => `/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateEndpoints/e${n}`;

function made(id: string, type: string, properties: object = {}): Resource {
  const asked = { location: 'eastus', tags: {}, envelope: {}, properties: properties as JsonObject };
  const at = '2026-01-01T00:00:00.000Z';
  return {
    ...asked,
    id,
    type,
    name: id.split('/').at(-1)!,
    generation: 1,
    etag: '1',
    deleting: false,
    status: newStatus,
    createdAt: at,
    changedAt: at,
    createdBy: 'p',
    changedBy: 'p',
  };
}

const endpoint = (n: number): Resource =>
  made(endpointId(n), 'Microsoft.Network/privateEndpoints', {
    subnet: { id: `${network}/subnets/s` },
    privateLinkServiceConnections: [{ name: 'c', properties: { privateLinkServiceId: '/x' } }],
    manualPrivateLinkServiceConnections: [],
    customDnsConfigs: [],
  });

const outputs = (n: number): JsonObject => ({
  addresses: { endpoint: { subnet: `${network}/subnets/s`.toLowerCase(), address: `10.0.0.${n}` } },
  connection: {
    id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/x/privateEndpointConnections/c',
    linkId: n,
    request: 1,
  },
});

/** What is in the store; each change counts for all types. */
function shelf(all: Resource[]) {
  let revision = 1;
  const listeners = new Set<(change: ResourceChange) => void>();
  const store: Pick<ResourceStore, 'list' | 'revision' | 'onChange'> = {
    list: async ({ type }) => all.filter((one) => one.type === type),
    revision: () => revision,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    store,
    listeners,
    put: (resource: Resource) => {
      all.push(resource);
      revision += 1;
      for (const listener of listeners) listener({ id: resource.id, type: resource.type, kind: 'written' });
    },
  };
}

const networks = (): Resource[] => [made(network, 'Microsoft.Network/virtualNetworks')];
const serverName = async (): Promise<undefined> => undefined;
const addresses = (plan: FabricPlan | undefined): readonly string[] => plan?.endpoints.map(({ address }) => address) ?? [];

test('many that ask together cost one apply, and each finds its outputs in it', async () => {
  const plans: FabricPlan[] = [];
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const engine = {
    apply: async (plan: FabricPlan) => {
      await opened;
      plans.push(plan);
    },
  };
  const keeper = createPlanKeeper({ store: shelf([...networks(), ...[4, 5, 6, 7].map(endpoint)]).store, engine, serverName });
  const first = keeper.current({ id: endpointId(4) }, outputs(4));
  const rest = [5, 6, 7].map((n) => keeper.current({ id: endpointId(n) }, outputs(n)));
  open();
  await Promise.all([first, ...rest]);
  expect(plans.length).toBeLessThanOrEqual(2);
  expect(addresses(plans.at(-1))).toEqual(['10.0.0.4', '10.0.0.5', '10.0.0.6', '10.0.0.7']);
  await keeper.current();
  expect(plans.length).toBeLessThanOrEqual(2);
});

test('what cannot listen waits, and stops nothing else; it goes in as soon as it can', async () => {
  let applied4: FabricPlan | undefined;
  let taken = true;
  const about = fault('conflict', 'EndpointCannotListen', 'It cannot.', { target: endpointId(4).toLowerCase() });
  const engine = {
    apply: async (plan: FabricPlan) => {
      if (taken && addresses(plan).includes('10.0.0.4'))
        throw fault('conflict', 'PortInUse', 'Another program listens there.', { details: [about] });
      applied4 = plan;
    },
  };
  const keeper = createPlanKeeper({ store: shelf([...networks(), endpoint(4), endpoint(5)]).store, engine, serverName });
  expect(await applied(keeper, { id: endpointId(4) }, outputs(4))).toMatchObject({
    kind: 'waiting',
    for: 'Another program listens there.',
  });
  expect(await applied(keeper, { id: endpointId(5) }, outputs(5))).toEqual({ kind: 'ready', outputs: outputs(5) });
  expect(addresses(applied4)).toEqual(['10.0.0.5']);
  taken = false;
  expect(await applied(keeper, { id: endpointId(4) }, outputs(4))).toMatchObject({ kind: 'ready' });
  expect(addresses(applied4)).toEqual(['10.0.0.4', '10.0.0.5']);
});

test('a plan that is refused as a whole is tried again, and nobody is told that it is in force', async () => {
  let down = true;
  const plans: FabricPlan[] = [];
  const engine = {
    apply: async (plan: FabricPlan) => {
      if (down) throw fault('unreachable', 'EngineDown', 'It is down.');
      plans.push(plan);
    },
  };
  const keeper = createPlanKeeper({ store: shelf([...networks(), endpoint(4)]).store, engine, serverName });
  await expect(keeper.current({ id: endpointId(4) }, outputs(4))).rejects.toMatchObject({ code: 'EngineDown' });
  down = false;
  await keeper.current();
  expect(addresses(plans.at(-1))).toEqual(['10.0.0.4']);
});

test('as a service it applies at first and after changes, until it is told to stop', async () => {
  const plans: FabricPlan[] = [];
  const on = shelf(networks());
  const keeper = createPlanKeeper({ store: on.store, engine: { apply: async (plan) => void plans.push(plan) }, serverName });
  const stop = new AbortController();
  const ended = keeper.run(stop.signal);
  await expect.poll(() => plans.length).toBe(1);
  on.put(made(`${network}2`, 'Microsoft.Network/virtualNetworks'));
  await expect.poll(() => plans.at(-1)!.segments.length).toBe(2);
  stop.abort();
  await ended;
  expect(on.listeners.size).toBe(0);
});
