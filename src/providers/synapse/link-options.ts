import type { Log } from '#base/log.ts';
import type { ResourceWriter } from '#arm/access.ts';
import type { LiveChanges } from '#arm/live-changes.ts';
import type { Resource } from '#arm/resource.ts';
import type { ResourceReader, ResourceStore } from '#arm/store.ts';
import type { FabricEngine } from '#fabric/engine.ts';
import type { StoreLogin } from '#runtime/job.ts';
import type { RuntimeHost } from '#runtime/runtime.ts';
import type { PoolHost } from './pool-host.ts';

/** What linked services lead to, from whoever serves them. */
export interface LinkStores {
  /** Where a linked service leads and how it logs in, with its secrets open. Faults: those of the linked service. */
  login(service: Resource): StoreLogin;
  /** The segment of the managed virtual network from which it is reached. Faults: of a runtime that is not there or stands in no network. */
  segment(service: Resource, resources: ResourceReader): Promise<string>;
}

/** Who counts what connections move, and how. */
export type PathCounter = Pick<FabricEngine, 'kind' | 'passed'>;

/** Time, as an argument. */
export interface LinkClock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Milliseconds that only grow. */
  monotonicMs(): number;
  /** Calls `wake` after so many ms, unless what it answers is called before. */
  timer(ms: number, wake: () => void): () => void;
}

/** What SQL pools and link connections work with. */
export interface SynapseLinkOptions {
  readonly store: ResourceStore;
  readonly writer: () => ResourceWriter;
  readonly runtimes: RuntimeHost;
  readonly pools: PoolHost;
  readonly stores: LinkStores;
  readonly explain: FabricEngine['explain'];
  /** Counts what the connections of workers move. */
  readonly counter: PathCounter;
  /** The data folder. */
  readonly folder: string;
  /** What the machine has. */
  readonly hostMemoryMb: number;
  /** Whoever looks at a link or a pool is to look again. */
  readonly ring: LiveChanges['ring'];
  readonly log: Log;
  readonly clock: LinkClock;
  /** A GUID that nobody can guess. */
  readonly newId: () => string;
  /** Between 0 and 1. */
  readonly random: () => number;
}
