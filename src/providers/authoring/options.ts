import type { Dialer } from '#base/dialer.ts';
import type { Sealer } from '#arm/access.ts';
import type { Connections } from '#arm/private-link.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceStore } from '#arm/store.ts';
import type { FabricEngine } from '#fabric/engine.ts';

/** What the types of all homes work with. */
export interface AuthoringOptions {
  readonly store: Pick<ResourceStore, 'setting' | 'write'>;
  readonly sealer: Pick<Sealer, 'open'>;
  /** Of whoever serves private endpoints. */
  readonly connections: Connections;
  /** Resolves once the network is as committed, and as `self` is about to settle. */
  readonly plan: { current(self?: Pick<Resource<unknown>, 'id'>, outputs?: JsonObject): Promise<void> };
  /** Opens connections from inside a managed virtual network. */
  readonly dialer: (segment: string) => Dialer;
  readonly explain: FabricEngine['explain'];
  /** Of the installation, for identities. */
  readonly tenant?: string;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}
