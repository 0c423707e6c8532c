import type { Fault } from '#base/fault.ts';
import type { Counter } from './engine.ts';

/** One step of the way from a segment to a database. */
export interface Hop {
  readonly kind: 'name' | 'firewall' | 'endpoint' | 'service' | 'balancer' | 'backend' | 'forwarder' | 'target';
  /** The resource's id, or a host. */
  readonly id: string;
  readonly ok: boolean;
  /** One sentence for people: what it is and how it stands. */
  readonly detail: string;
  /** What passed here since the engine began; undefined: nothing is counted here. */
  readonly counts?: HopCounts | undefined;
}

export type HopCounts = Pick<Counter, 'connections' | 'open' | 'refused' | 'bytesIn' | 'bytesOut'>;

/** The way from a segment to `host:port`, or where it ends and why. What `explain` shows and every refused dial stands on. */
export interface Path {
  readonly hops: readonly Hop[];
  /** Undefined: it is open as far as the plan and the probes say. Names the resource or rule that denies, and what would mend it. */
  readonly denied: Fault | undefined;
}
