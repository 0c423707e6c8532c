import type { Log } from '#base/log.ts';
import type { Service } from '#base/service.ts';
import type { ResourceWriter, Sealer } from '#arm/access.ts';
import type { LiveChanges } from '#arm/live-changes.ts';
import type { MetricSource } from '#arm/metric.ts';
import type { OwnProvider } from '#arm/own-provider.ts';
import type { AnyType } from '#arm/resource-type.ts';
import type { ResourceStore } from '#arm/store.ts';
import type { FabricEngine } from '#fabric/engine.ts';
import { computeTypes } from '#providers/compute/compute-types.ts';
import { InteractiveAuthoring } from '#providers/authoring/interactive-authoring.ts';
import { InteractiveJobs } from '#providers/authoring/interactive-jobs.ts';
import type { AuthoringOptions } from '#providers/authoring/options.ts';
import { factoryHome } from '#providers/data-factory/factory-home.ts';
import { partTypes } from '#providers/authoring/home.ts';
import { factoryTypes } from '#providers/data-factory/factory-types.ts';
import { mysqlTypes } from '#providers/mysql/mysql-types.ts';
import { approvalSeries } from '#providers/network/approval-series.ts';
import { connectionsOf, type MayApprove } from '#providers/network/connections.ts';
import { EgressLog } from '#providers/network/egress-log.ts';
import { endpointSeries } from '#providers/network/endpoint-series.ts';
import { networkTypes } from '#providers/network/network-types.ts';
import type { PlanKeeper, ServerName } from '#providers/network/plan-keeper.ts';
import { sessionNews } from '#providers/network/session-news.ts';
import { topologyNews } from '#providers/network/topology/topology-news.ts';
import { fabricProvider } from '#providers/network/topology/topology.ts';
import { postgresqlTypes } from '#providers/postgresql/postgresql-types.ts';
import { sqlTypes } from '#providers/sql/sql-types.ts';
import { workspaceHome } from '#providers/synapse/workspace-home.ts';
import { workspaceTypes } from '#providers/synapse/workspace-types.ts';
import type { RuntimeHost } from '#runtime/runtime.ts';
import type { PoolHost } from '#providers/synapse/pool-host.ts';
import { knownAddresses } from './known-addresses.ts';
import { linkParts } from './link-parts.ts';

export interface ProviderParts {
  readonly store: ResourceStore;
  readonly sealer: Sealer;
  readonly engine: FabricEngine;
  /** Starts workers in these networks. */
  readonly runtimes: RuntimeHost;
  readonly pools: PoolHost;
  readonly keeper: PlanKeeper;
  readonly mayApprove: MayApprove;
  readonly serverName: ServerName;
  readonly writer: () => ResourceWriter;
  readonly tenant: string;
  /** The data folder. */
  readonly folder: string;
  readonly log: Log;
  /** Whoever looks at a resource is to look again. */
  readonly live: Pick<LiveChanges, 'ring'>;
  /** The type of the private endpoint connections of resources of a type. */
  readonly connections: (parentType: string) => AnyType | undefined;
}

/** What providers are: types, what has to run beside the reconcile loop, and what is answered that is no resource. */
export interface Providers {
  readonly types: readonly AnyType[];
  readonly services: readonly Service[];
  readonly measured: readonly MetricSource[];
  readonly ownProviders: readonly OwnProvider[];
}

/** Everything that the network joins. Providers do not know one another: what one needs of another is handed over here. */
export function providersOf(parts: ProviderParts): Providers {
  const { store, sealer, engine, runtimes, keeper, mayApprove, serverName, writer, tenant, connections, live, log } = parts;
  const nowMs = Date.now;
  const { ring } = live;
  const links = connectionsOf({ store, mayApprove, nowMs });
  const explain: FabricEngine['explain'] = (ask) => engine.explain(ask);
  const interactive = new InteractiveAuthoring({ store, runtimes, homes: [factoryHome, workspaceHome], nowMs, ring, log });
  const egress = new EgressLog({ store, engine, nowMs, onNews: (segment) => ringOf(segment, parts) });
  const authoring: AuthoringOptions = {
    store,
    sealer,
    connections: links,
    plan: keeper,
    runtimes,
    interactive,
    jobs: new InteractiveJobs(runtimes),
    explain,
    egressReport: (segment) => egress.report(segment),
    tenant,
  };
  const ofLinks = { store, writer, runtimes, pools: parts.pools, explain, counter: engine, folder: parts.folder, ring, log };
  const kept = linkParts(ofLinks, sealer);
  const types: readonly AnyType[] = [
    ...networkTypes({
      connections: links,
      keeper,
      mayApprove,
      serverName,
      health: (probe, backend) => engine.health(probe, backend),
      explain,
      listeners: (endpoint) => engine.listeners(endpoint),
      live: engine,
      nowMs,
    }),
    ...computeTypes({ writer, plan: keeper, counters: () => engine.counters(), addresses: knownAddresses(engine) }),
    ...sqlTypes({ connections, tenant }),
    ...postgresqlTypes({ connections }),
    ...mysqlTypes({ connections }),
    ...factoryTypes(authoring),
    ...workspaceTypes({ ...authoring, writer, ofLinks: kept.ofWorkspaces, sqlAddresses: kept.sqlAddresses }),
    ...kept.types,
  ];
  const managed = [factoryHome, workspaceHome].map((home) => partTypes(home).endpoint);
  const measured = [kept.measured, ...endpointSeries(() => engine.counters(), managed), approvalSeries(store)];
  const fabric = fabricProvider({ keeper, engine, runtimes, nowMs, steadyMs: () => performance.now() });
  const news = [topologyNews({ keeper, engine, runtimes, ring }), sessionNews({ store, engine, ring })];
  return { types, services: [interactive, egress, kept.keeper, ...news], measured, ownProviders: [fabric] };
}

/** Whatever is there under the key of an id. */
function ringOf(key: string, { store, live }: Pick<ProviderParts, 'store' | 'live'>): void {
  void store.get(key).then(
    (known) => known && live.ring(known.id, known.type),
    // Closed: nobody looks on any more.
    () => undefined,
  );
}
