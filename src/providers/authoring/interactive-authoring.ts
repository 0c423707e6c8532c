import { fault, must } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import type { Service } from '#base/service.ts';
import type { LiveChanges } from '#arm/live-changes.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { Json, JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceStore, StoreTransaction } from '#arm/store.ts';
import type { RuntimeHost, Warmth } from '#runtime/runtime.ts';
import { type AuthoringHome, onlyNetwork, partTypes } from './home.ts';
import { findRuntime, networkOf, type RuntimeProperties } from './runtimes.ts';

/** While it is enabled, an integration runtime does what people ask for while they author: test a connection, browse, preview. */
export interface Interactive {
  /** It ends so long after the last interactive operation. */
  readonly autoTerminationMinutes: number;
  /** When it ends, if nothing is asked for until then; milliseconds since 1970. */
  readonly untilMs: number;
}

interface Kept extends Interactive {
  readonly id: string;
  /** Of the runtime: one that is created anew under the same id is another. */
  readonly createdAt: string;
}

export interface InteractiveOptions {
  readonly store: Pick<ResourceStore, 'get' | 'list' | 'referrers' | 'setting' | 'write' | 'onChange'>;
  readonly runtimes: Pick<RuntimeHost, 'warm' | 'warmth' | 'onWarmth'>;
  readonly homes: readonly AuthoringHome[];
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Whoever looks at a runtime is to look again. */
  readonly ring: LiveChanges['ring'];
  readonly log: Log;
}

type Runtime = Resource<RuntimeProperties>;

export const usualMinutes = 60;
const minuteMs = 60_000;
/** Networks and runtimes come and go: so often it is looked at again in any case. */
const longestWaitMs = 60_000;
const settingName = 'authoring.interactive';

/**
 * Which integration runtimes are enabled for interactive authoring, kept over restarts. While one is, a worker is held ready in its managed virtual
 * network; running this sees to it, and to its end.
 */
export class InteractiveAuthoring implements Service {
  readonly name = 'interactive authoring';
  readonly #options: InteractiveOptions;
  /** Segments that are held ready. */
  #held: ReadonlySet<string> = new Set();
  /** Those that were enabled when it was looked last, each with the segment in which it stands. */
  #enabled: readonly (Kept & { readonly segment: string | undefined })[] = [];
  #wake: () => void = () => undefined;

  constructor(options: InteractiveOptions) {
    this.#options = options;
  }

  /** Undefined: it is not enabled, or its time has run out. */
  async of(runtime: Runtime): Promise<Interactive | undefined> {
    const all = keptOf(await this.#options.store.setting(settingName));
    return all.find((one) => isOf(one, runtime) && one.untilMs > this.#options.nowMs());
  }

  /** Its time begins. Fault: `ManagedVirtualNetworkRequired` (invalid). */
  async enable(runtime: Runtime, autoTerminationMinutes: number): Promise<void> {
    if (networkOf(runtime) === undefined)
      throw fault(
        'invalid',
        'ManagedVirtualNetworkRequired',
        `The integration runtime '${runtime.name}' stands in no managed virtual network.`,
        {
          target: runtime.id,
          remedy: `Interactive authoring goes on in a managed virtual network: give ${parseResourceId(runtime.id).parent} one, named ${onlyNetwork}.`,
        },
      );
    const untilMs = this.#options.nowMs() + autoTerminationMinutes * minuteMs;
    await this.#change(runtime, { id: runtime.id, createdAt: runtime.createdAt, autoTerminationMinutes, untilMs });
  }

  async disable(runtime: Runtime): Promise<void> {
    await this.#change(runtime, undefined);
  }

  /** Something is asked for: its time begins anew. Faults (invalid): `InteractiveAuthoringNotEnabled`. */
  async use(runtime: Runtime): Promise<void> {
    const interactive = await this.of(runtime);
    if (interactive !== undefined) return await this.enable(runtime, interactive.autoTerminationMinutes);
    throw fault(
      'invalid',
      'InteractiveAuthoringNotEnabled',
      `Interactive authoring is not enabled on the integration runtime '${runtime.name}', or its time has run out.`,
      { target: runtime.id, remedy: `Enable it: POST ${runtime.id}/enableInteractiveQuery` },
    );
  }

  /** As `getStatus` shows it. `worker` is ours. */
  async shown(runtime: Runtime): Promise<JsonObject> {
    const interactive = await this.of(runtime);
    const segment = networkOf(runtime);
    if (interactive === undefined || segment === undefined) return { status: 'Disabled', autoTerminationMinutes: usualMinutes };
    const { autoTerminationMinutes, untilMs } = interactive;
    const warmth = this.#options.runtimes.warmth(segment);
    return {
      status: warmth.state === 'warm' ? 'Enabled' : 'Enabling',
      autoTerminationMinutes,
      autoTerminationTime: new Date(untilMs).toISOString(),
      worker: workerShown(warmth),
    };
  }

  /** Holds workers ready where they are wanted now, and lets the others go. Answers when it has to be done again, in ms. */
  async refresh(): Promise<number> {
    const { store, runtimes, nowMs } = this.#options;
    const now = nowMs();
    const active = keptOf(await store.setting(settingName)).filter(({ untilMs }) => untilMs > now);
    const enabled = await Promise.all(active.map(async (one) => ({ ...one, segment: await this.#segmentOf(one) })));
    this.#tell(enabled);
    const wanted = new Set(enabled.flatMap(({ segment }) => segment ?? []));
    for (const segment of new Set([...this.#held, ...wanted])) runtimes.warm(segment, wanted.has(segment));
    this.#held = wanted;
    return Math.min(longestWaitMs, ...active.map(({ untilMs }) => untilMs - now));
  }

  /** Whoever looks at a runtime that was enabled, used, or whose time ran out sees that. */
  #tell(enabled: readonly (Kept & { readonly segment: string | undefined })[]): void {
    const before = new Map(this.#enabled.map((one) => [keyOf(one.id), one]));
    this.#enabled = enabled;
    for (const one of enabled) {
      if (before.get(keyOf(one.id))?.untilMs !== one.untilMs) this.#ring(one.id);
      before.delete(keyOf(one.id));
    }
    for (const { id } of before.values()) this.#ring(id);
  }

  #ring(id: string): void {
    const { type } = parseResourceId(id);
    const home = this.#options.homes.find((one) => keyOf(type).startsWith(`${keyOf(one.type)}/`));
    this.#options.ring(id, home === undefined ? type : partTypes(home).runtime);
  }

  async run(signal: AbortSignal): Promise<void> {
    const ignoreWarmth = this.#options.runtimes.onWarmth((segment) => {
      for (const one of this.#enabled) if (one.segment === segment) this.#ring(one.id);
    });
    const stop = this.#options.store.onChange(({ type }) => {
      if (/\/(?:managedVirtualNetworks|integrationRuntimes)$/.test(type)) this.#wake();
    });
    try {
      while (!signal.aborted) {
        let again = false;
        const woken = Promise.withResolvers<void>();
        this.#wake = () => {
          again = true;
          woken.resolve();
        };
        const ms = await this.refresh();
        if (!again) await waited(woken.promise, ms, signal);
      }
    } finally {
      stop();
      ignoreWarmth();
    }
  }

  /** The segment in which a runtime stands that is there still. */
  async #segmentOf({ id, createdAt }: Kept): Promise<string | undefined> {
    const { store, homes } = this.#options;
    const { parent, name, type } = parseResourceId(id);
    const home = homes.find((one) => keyOf(type).startsWith(`${keyOf(one.type)}/`));
    const runtime = home && (await findRuntime({ home, id: must(parent, 'a home'), name }, store));
    if (runtime === undefined || runtime.deleting || runtime.createdAt !== createdAt) return undefined;
    const segment = networkOf(runtime);
    return segment !== undefined && (await store.get(segment))?.deleting === false ? segment : undefined;
  }

  async #change(runtime: Runtime, next: Kept | undefined): Promise<void> {
    const now = this.#options.nowMs();
    await this.#options.store.write(async (transaction: StoreTransaction) => {
      const others = keptOf(await transaction.setting(settingName)).filter(
        (one) => one.untilMs > now && keyOf(one.id) !== keyOf(runtime.id),
      );
      const all = next === undefined ? others : [...others, next];
      await transaction.putSetting(settingName, { runtimes: all as unknown as readonly Json[] });
    });
    // Whoever enables it sees at once that a worker starts.
    await this.refresh();
    this.#wake();
  }
}

function keptOf(setting: JsonObject | undefined): readonly Kept[] {
  return (setting?.['runtimes'] ?? []) as unknown as readonly Kept[];
}

function isOf(kept: Kept, { id, createdAt }: Runtime): boolean {
  return keyOf(kept.id) === keyOf(id) && kept.createdAt === createdAt;
}

function workerShown({ state, sinceMs }: Warmth): JsonObject {
  return { state, ...(sinceMs !== undefined && { since: new Date(sinceMs).toISOString() }) };
}

async function waited(until: Promise<void>, ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = (): void => resolve();
  const timer = setTimeout(stop, Math.max(1, ms));
  signal.addEventListener('abort', stop);
  try {
    await Promise.race([until, promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
