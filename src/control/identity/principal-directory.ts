import type { Resource } from '#arm/resource.ts';
import type { Principal } from '#arm/resource-type.ts';
import type { ResourceStore } from '#arm/store.ts';
import { principalType } from './principals.ts';

/** A service principal that is there and not being deleted. */
export interface KnownPrincipal {
  /** The resource's id. */
  readonly resource: string;
  readonly appId: string;
  readonly principal: Principal;
}

/** Finds principals in memory. What it says is as new as the store: it is read again when the store says that one was written. */
export interface PrincipalDirectory {
  /** Grows when anything that the directory says may have changed. */
  revision(): number;
  /** By `client_id`, in any casing. */
  byAppId(appId: string): Promise<KnownPrincipal | undefined>;
  /** By `oid`. */
  byPrincipalId(id: string): Promise<KnownPrincipal | undefined>;
  /** By the resource's name, in any casing. */
  byName(name: string): Promise<KnownPrincipal | undefined>;
}

interface Index {
  readonly revision: number;
  readonly byAppId: ReadonlyMap<string, KnownPrincipal>;
  readonly byPrincipalId: ReadonlyMap<string, KnownPrincipal>;
  readonly byName: ReadonlyMap<string, KnownPrincipal>;
}

export function principalDirectory(store: ResourceStore, tenant: string): PrincipalDirectory {
  let index: Promise<Index> | undefined;
  let current = -1;
  const fresh = async (): Promise<Index> => {
    const revision = store.revision(principalType);
    if (index === undefined || current !== revision) {
      current = revision;
      index = readIndex(store, tenant, revision);
      // A read that failed is not kept: the next one who asks reads again.
      index.catch(() => {
        if (current === revision) index = undefined;
      });
    }
    return index;
  };
  return {
    revision: () => store.revision(principalType),
    byAppId: async (appId) => (await fresh()).byAppId.get(appId.toLowerCase()),
    byPrincipalId: async (id) => (await fresh()).byPrincipalId.get(id.toLowerCase()),
    byName: async (name) => (await fresh()).byName.get(name.toLowerCase()),
  };
}

async function readIndex(store: ResourceStore, tenant: string, revision: number): Promise<Index> {
  const resources = await store.list({ within: '', type: principalType });
  const known = resources.flatMap((one) => knownPrincipal(one, tenant));
  return {
    revision,
    byAppId: new Map(known.map((one) => [one.appId, one])),
    byPrincipalId: new Map(known.map((one) => [one.principal.id, one])),
    byName: new Map(known.map((one) => [one.principal.name.toLowerCase(), one])),
  };
}

function knownPrincipal({ id, name, deleting, status }: Resource, tenant: string): readonly KnownPrincipal[] {
  const { appId, principalId } = status.outputs;
  if (deleting || typeof appId !== 'string' || typeof principalId !== 'string') return [];
  return [{ resource: id, appId, principal: { id: principalId, name, tenant } }];
}
