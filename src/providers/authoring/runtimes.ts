import { builtIn } from '#arm/built-in.ts';
import { keyOf, parseResourceId, type ResourceId } from '#arm/resource-id.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { type AuthoringHome, autoResolve, onlyNetwork, partTypes } from './home.ts';

export interface RuntimeProperties {
  readonly type: 'Managed';
  readonly description?: string | undefined;
  readonly typeProperties: JsonObject;
  /** The managed virtual network that it stands in. */
  readonly managedVirtualNetwork?: { readonly type: 'ManagedVirtualNetworkReference'; readonly referenceName: string } | undefined;
}

export const usualCompute = { computeProperties: { location: 'AutoResolve' } };

/** Every home has it; it stands in the managed virtual network as soon as there is one. */
export async function findAutoResolve(
  id: ResourceId,
  home: AuthoringHome,
  resources: ResourceReader,
): Promise<Resource<RuntimeProperties> | undefined> {
  const isMeant = [autoResolve, ...home.runtimeAliases].some((name) => keyOf(name) === keyOf(id.name));
  const owner = isMeant ? await resources.get(id.parent!) : undefined;
  if (owner === undefined || owner.type !== home.type) return undefined;
  // By another name, what was written under the usual one is meant.
  const kept = await resources.get(`${owner.id}/integrationRuntimes/${autoResolve}`);
  if (kept !== undefined) return kept as unknown as Resource<RuntimeProperties>;
  const types = partTypes(home);
  const network = await resources.get(`${owner.id}/managedVirtualNetworks/${onlyNetwork}`);
  return builtIn<RuntimeProperties>(
    {
      id: `${owner.id}/integrationRuntimes/${autoResolve}`,
      type: types.runtime,
      properties: {
        type: 'Managed',
        typeProperties: usualCompute,
        ...(network?.type === types.network && {
          managedVirtualNetwork: { type: 'ManagedVirtualNetworkReference', referenceName: onlyNetwork },
        }),
      },
    },
    owner,
  );
}

export interface RuntimeName {
  readonly home: AuthoringHome;
  /** The home's id. */
  readonly id: string;
  readonly name: string;
}

/** A runtime by its name, the built-in one too. */
export async function findRuntime(
  { home, id: owner, name }: RuntimeName,
  resources: ResourceReader,
): Promise<Resource<RuntimeProperties> | undefined> {
  const id = `${owner}/integrationRuntimes/${name}`;
  const found = await resources.get(id);
  if (found !== undefined) return found as unknown as Resource<RuntimeProperties>;
  return await findAutoResolve(parseResourceId(id), home, resources);
}

/** Undefined: it stands in none. */
export function networkOf({ id, properties }: Pick<Resource<RuntimeProperties>, 'id' | 'properties'>): string | undefined {
  const network = properties.managedVirtualNetwork?.referenceName;
  return network === undefined ? undefined : keyOf(`${id.split('/').slice(0, -2).join('/')}/managedVirtualNetworks/${network}`);
}
