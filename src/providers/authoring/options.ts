import type { Sealer } from '#arm/access.ts';
import type { EgressReporter } from '#arm/egress-report.ts';
import type { Connections } from '#arm/private-link.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceStore } from '#arm/store.ts';
import type { FabricEngine } from '#fabric/engine.ts';
import type { RuntimeHost } from '#runtime/runtime.ts';
import type { InteractiveAuthoring } from './interactive-authoring.ts';
import type { InteractiveJobs } from './interactive-jobs.ts';

/** What the types of all homes work with. */
export interface AuthoringOptions {
  readonly store: Pick<ResourceStore, 'setting' | 'write'>;
  readonly sealer: Pick<Sealer, 'open'>;
  /** Of whoever serves private endpoints. */
  readonly connections: Connections;
  /** Resolves once the network is as committed, and as `self` is about to settle. */
  readonly plan: { current(self?: Pick<Resource<unknown>, 'id'>, outputs?: JsonObject): Promise<void> };
  /** Workers of integration runtimes. */
  readonly runtimes: Pick<RuntimeHost, 'isolation'>;
  /** One for all homes: they share the managed networks' workers. */
  readonly interactive: InteractiveAuthoring;
  readonly jobs: InteractiveJobs;
  readonly explain: FabricEngine['explain'];
  /** Tells what left a managed virtual network; without it networks have no `egressReport`. */
  readonly egressReport?: EgressReporter;
  /** Of the installation, for identities. */
  readonly tenant?: string;
}
