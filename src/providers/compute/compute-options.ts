import type { ResourceWriter } from '#arm/access.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { Counter } from '#fabric/engine.ts';

/** What machines work with. */
export interface ComputeOptions {
  /** Asked for when it is needed: it is made of the types, and these are among them. */
  readonly writer: () => ResourceWriter;
  /** Resolves once the network is as committed, and as `self` is about to settle. Default: nobody has to hear of it. */
  readonly plan?: { current(self?: Pick<Resource<unknown>, 'id'>, outputs?: JsonObject): Promise<void> };
  /** Of the fabric. A forwarder's rule is counted as `forward` under `{key of the machine's id}#{port}`. Default: nothing is counted. */
  readonly counters?: () => readonly Counter[];
  /** Addresses that a forwarded host is known to have at the moment. Default: none is known. */
  readonly addresses?: (host: string) => readonly string[];
}
