import { toFault, type Fault } from '#base/fault.ts';
import type { Service } from '#base/service.ts';
import type { ManagedNetworks } from '#arm/private-link.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Outcome } from '#arm/resource-type.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceStore } from '#arm/store.ts';
import type { FabricEngine } from '#fabric/engine.ts';
import type { FabricPlan } from '#fabric/plan.ts';
import { sameValue } from '#fabric/same-value.ts';
import { compile, planTypes } from './compile.ts';
import { privateLinkTarget } from './private-link-target.ts';

/**
 * Keeps the plan that is applied that of the resources. As a service it applies it when it begins, and again whenever a resource changed that
 * asks for nothing itself: a server's tag, a network.
 */
export interface PlanKeeper extends Service {
  /**
   * Resolves when a plan is applied that holds all that was committed before the call. `self`: who needs it, with the outputs that it is about to
   * settle with, which the plan takes in place of those in the store. Calls that come together cost one apply. Faults: those of `apply`,
   * where it is about `self`.
   */
  current(self?: Pick<Resource<unknown>, 'id'>, outputs?: JsonObject): Promise<void>;
  /** What is applied; undefined: nothing yet. */
  inForce(): NetworkInForce | undefined;
}

/** A plan that is applied, with the resources that it was made of. */
export interface NetworkInForce {
  readonly plan: FabricPlan;
  readonly resources: readonly Resource[];
  /** Endpoints of the plan that could not be, by key, and why. */
  readonly leftOut: ReadonlyMap<string, Fault>;
}

export interface PlanKeeperOptions {
  readonly store: Pick<ResourceStore, 'list' | 'revision' | 'onChange'>;
  readonly engine: Pick<FabricEngine, 'apply'>;
  readonly serverName: ServerName;
  /** Networks of other providers that are part of the plan. */
  readonly managed?: readonly ManagedNetworks[];
  /** What connections of this host are seen as coming from, outside; asked for each plan. */
  readonly publicAddresses?: () => readonly string[];
}

/** The host name that a database server shows, which its own type makes; undefined: it has none. */
export type ServerName = (server: Resource) => Promise<string | undefined>;

interface Round {
  readonly done: Promise<void>;
}

/** Parts of a plan that an engine may refuse by themselves. */
const mostLeftOut = 1_000;

export function createPlanKeeper({ store, engine, serverName, managed = [], publicAddresses = () => [] }: PlanKeeperOptions): PlanKeeper {
  const types = [...planTypes, ...managed.flatMap((one) => [...one.types, ...(one.neededBy ?? [])])];
  const shelf = new Shelf(store, types, serverName);
  let inForce: NetworkInForce | undefined;
  let running: Promise<void> = Promise.resolve();
  let next: Round | undefined;

  const apply = async (): Promise<void> => {
    next = undefined;
    const resources = await shelf.all();
    const plan = compile(resources, managed, publicAddresses());
    const isSame = inForce !== undefined && inForce.leftOut.size === 0 && sameValue(plan, inForce.plan);
    const { leftOut } = isSame ? { leftOut: new Map<string, Fault>() } : await applyWhatGoes(plan, engine);
    inForce = { plan, resources, leftOut };
  };
  const round = (): Round => {
    next ??= { done: running.then(apply) };
    running = next.done.catch(() => undefined);
    return next;
  };
  return {
    name: 'fabric-plan',
    run: (signal) => followChanges({ store, types }, signal, () => round().done),
    current: async (self, outputs) => {
      if (self !== undefined) shelf.lay(keyOf(self.id), outputs);
      await round().done;
      const trouble = self && inForce?.leftOut.get(keyOf(self.id));
      if (trouble !== undefined) throw trouble;
    },
    inForce: () => inForce,
  };
}

/** Calls `apply` at first, and after each change of a resource that plans are made of. */
async function followChanges(
  { store, types: named }: { readonly store: Pick<ResourceStore, 'onChange'>; readonly types: readonly string[] },
  signal: AbortSignal,
  apply: () => Promise<void>,
): Promise<void> {
  const types = new Set(named.map(keyOf));
  let due = true;
  let wake = (): void => undefined;
  const rouse = (): void => wake();
  const ignoreChanges = store.onChange(({ type }) => {
    if (!types.has(keyOf(type))) return;
    due = true;
    wake();
  });
  signal.addEventListener('abort', rouse);
  try {
    while (!signal.aborted) {
      if (due) {
        due = false;
        await apply();
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    ignoreChanges();
    signal.removeEventListener('abort', rouse);
  }
}

/** Applies the plan. What cannot be, because its port is taken on this host, is left out, and the rest goes on. */
async function applyWhatGoes(
  plan: FabricPlan,
  engine: Pick<FabricEngine, 'apply'>,
): Promise<{ readonly leftOut: ReadonlyMap<string, Fault> }> {
  const leftOut = new Map<string, Fault>();
  for (;;) {
    const endpoints = leftOut.size === 0 ? plan.endpoints : plan.endpoints.filter(({ id }) => !leftOut.has(id));
    try {
      await engine.apply({ ...plan, endpoints });
      return { leftOut };
    } catch (error) {
      const trouble = toFault(error);
      const named = new Set((trouble.details ?? []).map(({ target }) => target));
      const concerned = isAboutPort(trouble) ? endpoints.find(({ id }) => named.has(id)) : undefined;
      if (concerned === undefined || leftOut.size >= mostLeftOut) throw trouble;
      leftOut.set(concerned.id, trouble);
    }
  }
}

function isAboutPort({ code }: Fault): boolean {
  return code === 'PortInUse' || code === 'PortNotAllowed';
}

/** All resources that the plan is made of, each type read again only where something of it was written. */
class Shelf {
  readonly #store: Pick<ResourceStore, 'list' | 'revision'>;
  readonly #types: readonly string[];
  readonly #serverName: ServerName;
  readonly #lists = new Map<string, { readonly revision: number; readonly resources: readonly Resource[] }>();
  /** Outputs that are not in the store yet. */
  readonly #laid = new Map<string, JsonObject>();

  constructor(store: Pick<ResourceStore, 'list' | 'revision'>, types: readonly string[], serverName: ServerName) {
    this.#store = store;
    this.#types = types;
    this.#serverName = serverName;
  }

  lay(key: string, outputs: JsonObject | undefined): void {
    if (outputs === undefined) this.#laid.delete(key);
    else this.#laid.set(key, outputs);
  }

  /** As they are about to be. */
  async all(): Promise<readonly Resource[]> {
    const all: Resource[] = [];
    for (const type of this.#types) all.push(...(await this.#list(type)));
    if (this.#laid.size === 0) return all;
    const there = new Set(all.map(({ id }) => keyOf(id)));
    for (const key of this.#laid.keys()) if (!there.has(key)) this.#laid.delete(key);
    return all.map((resource) => this.#latest(resource));
  }

  async #list(type: string): Promise<readonly Resource[]> {
    // Before the list: what is written meanwhile is read once more.
    const revision = this.#store.revision(type);
    const known = this.#lists.get(type);
    if (known?.revision === revision) return known.resources;
    const resources = await withNames(type, await this.#store.list({ within: '', type }), this.#serverName);
    this.#lists.set(type, { revision, resources });
    return resources;
  }

  #latest(resource: Resource): Resource {
    const key = keyOf(resource.id);
    const outputs = this.#laid.get(key);
    if (outputs === undefined) return resource;
    if (resource.deleting || JSON.stringify(resource.status.outputs) === JSON.stringify(outputs)) {
      this.#laid.delete(key);
      return resource;
    }
    return { ...resource, status: { ...resource.status, outputs } };
  }
}

async function withNames(type: string, servers: readonly Resource[], serverName: ServerName): Promise<readonly Resource[]> {
  if (privateLinkTarget(type)?.port === undefined) return servers;
  return await Promise.all(servers.map((server) => withName(server, serverName)));
}

/** A server with its host name where the compiler looks for it. */
export async function withName(server: Resource, serverName: ServerName): Promise<Resource> {
  const fullyQualifiedDomainName = await serverName(server);
  if (fullyQualifiedDomainName === undefined) return server;
  return { ...server, status: { ...server.status, outputs: { ...server.status.outputs, fullyQualifiedDomainName } } };
}

const portRetryMs = 2_000;

/** The outcome of a resource that is true once the plan that holds it is applied. */
export async function applied(keeper: PlanKeeper, self: Pick<Resource<unknown>, 'id'>, outputs: JsonObject = {}): Promise<Outcome> {
  try {
    await keeper.current(self, outputs);
    return { kind: 'ready', outputs };
  } catch (error) {
    const trouble = toFault(error);
    if (!isAboutPort(trouble)) throw trouble;
    return { kind: 'waiting', for: trouble.message, retryMs: portRetryMs, outputs };
  }
}

/** The outcome of a resource that is gone once the plan without it is applied. */
export async function withdrawn(keeper: PlanKeeper): Promise<Outcome> {
  await keeper.current();
  return { kind: 'ready' };
}
