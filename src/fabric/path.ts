import type { Fault } from '#base/fault.ts';

/** One step of the way from a segment to a database. */
export interface Hop {
  readonly kind: 'name' | 'firewall' | 'endpoint' | 'service' | 'balancer' | 'backend' | 'forwarder' | 'target';
  /** The resource's id, or a host. */
  readonly id: string;
  readonly ok: boolean;
  /** One sentence for people: what it is and how it stands. */
  readonly detail: string;
}

/** The way from a segment to `host:port`, or where it ends and why. What `explain` shows and every refused dial stands on. */
export interface Path {
  readonly hops: readonly Hop[];
  /** Undefined: it is open as far as the plan and the probes say. Names the resource or rule that denies, and what would mend it. */
  readonly denied: Fault | undefined;
}
