import { fault } from '#base/fault.ts';
import type { Sealer } from '#arm/access.ts';
import { parseResourceId } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import type { StoreLogin } from '#runtime/job.ts';
import { findBuiltInService } from './built-in-services.ts';
import { type AuthoringHome, autoResolve, onlyNetwork, partTypes } from './home.ts';
import { findRuntime, networkOf, type RuntimeProperties } from './runtimes.ts';
import type { LinkedServiceProperties } from './linked-service-shape.ts';
import { storeAddress } from './store-address.ts';

/** How a data store is reached: as what, and from where. */
export interface StoreAccess {
  readonly service: LinkedServiceProperties;
  /** With the password in clear: for a job's channel, and nowhere else. */
  readonly login: StoreLogin;
  readonly runtime: Resource<RuntimeProperties>;
  /** The managed virtual network that the runtime stands in: a segment of the plan. */
  readonly segment: string;
}

/** A home by its id, and what in it is meant. */
export interface InHome<T> {
  readonly home: AuthoringHome;
  readonly id: string;
  readonly of: T;
}

/**
 * The access of a linked service. Faults: (invalid) `InvalidResourceReference`, `ManagedVirtualNetworkRequired`, and those of `storeAddress`.
 */
export async function storeAccess(
  { home, id, of: service }: InHome<LinkedServiceProperties>,
  resources: ResourceReader,
  sealer: Pick<Sealer, 'open'>,
): Promise<StoreAccess> {
  const login = loginOf(service, sealer);
  const runtime = await runtimeOf({ home, id, of: service }, resources);
  return { service, login, runtime, segment: segmentOf(runtime, { home, id }) };
}

function loginOf(service: LinkedServiceProperties, sealer: Pick<Sealer, 'open'>): StoreLogin {
  const { password, certificateName, ...address } = storeAddress(service, sealer);
  return { ...address, password: password?.reveal() ?? null, certificateName: certificateName ?? null };
}

async function runtimeOf(
  { home, id, of: service }: InHome<LinkedServiceProperties>,
  resources: ResourceReader,
): Promise<Resource<RuntimeProperties>> {
  const name = service.connectVia?.referenceName ?? autoResolve;
  const runtime = await findRuntime({ home, id, name }, resources);
  if (runtime === undefined)
    throw fault('invalid', 'InvalidResourceReference', `There is no integration runtime '${name}'.`, {
      target: 'linkedService.properties.connectVia.referenceName',
      remedy: 'Create it first, or leave connectVia out.',
    });
  return runtime;
}

/** By its name. Undefined: there is none. */
export async function savedLinkedService(
  { home, id, of: name }: InHome<string>,
  resources: ResourceReader,
): Promise<Resource<LinkedServiceProperties> | undefined> {
  if (name === '' || name.includes('/')) return undefined;
  const found = await resources.get(`${id}/linkedservices/${name}`);
  if (found === undefined) return await findBuiltInService(home, { name, parent: id }, resources);
  return found.type === partTypes(home).linkedService ? (found as unknown as Resource<LinkedServiceProperties>) : undefined;
}

/** For whoever works on stores of a home by their resources. */
export interface HomeStores {
  /** With the password in clear. Faults: those of `storeAddress`. */
  login(service: Resource): StoreLogin;
  /** Faults: `InvalidResourceReference`, `ManagedVirtualNetworkRequired`. */
  segment(service: Resource, resources: ResourceReader): Promise<string>;
}

export function storesOf(home: AuthoringHome, sealer: Pick<Sealer, 'open'>): HomeStores {
  return {
    login: ({ properties }) => loginOf(properties as unknown as LinkedServiceProperties, sealer),
    segment: async ({ id, properties }, resources) => {
      const runtime = await runtimeOf(
        { home, id: parseResourceId(id).parent!, of: properties as unknown as LinkedServiceProperties },
        resources,
      );
      return segmentOf(runtime, { home, id: parseResourceId(id).parent! });
    },
  };
}

function segmentOf(runtime: Resource<RuntimeProperties>, { home, id }: Omit<InHome<unknown>, 'of'>): string {
  const segment = networkOf(runtime);
  if (segment !== undefined) return segment;
  throw fault(
    'invalid',
    'ManagedVirtualNetworkRequired',
    `The integration runtime '${runtime.name}' stands in no managed virtual network, so that nothing can be reached from it.`,
    {
      target: runtime.id,
      remedy:
        home.networkBy === 'users'
          ? `PUT ${id}/managedVirtualNetworks/${onlyNetwork}, and for a runtime of your own give it managedVirtualNetwork.`
          : `Only a ${home.noun} that was created with managedVirtualNetwork 'default' has one: create another.`,
    },
  );
}
