import type { MetricSource } from '#arm/metric.ts';
import type { AnyType } from '#arm/resource-type.ts';
import { checkTurns, preflightOfDraft } from './link-checks.ts';
import { linkConnections } from './link-connection.ts';
import { LinkKeeper } from './link-keeper.ts';
import type { SynapseLinkOptions } from './link-options.ts';
import { linkSeries } from './link-series.ts';
import { sqlPools } from './sql-pool.ts';
import type { WorkspaceOptions } from './workspace.ts';

export interface SynapseLinks {
  readonly types: readonly AnyType[];
  readonly keeper: LinkKeeper;
  /** What is asked of workspaces about links. */
  readonly ofWorkspaces: WorkspaceOptions['ofLinks'];
  /** What is measured of links. */
  readonly measured: MetricSource;
}

/** SQL pools and link connections, and the service that makes them true, which must run. */
export function synapseLinks(options: SynapseLinkOptions): SynapseLinks {
  const keeper = new LinkKeeper(options);
  const tools = { options, keeper, turns: checkTurns() };
  return {
    types: [sqlPools(options, keeper.orders), linkConnections(tools)],
    keeper,
    ofWorkspaces: { preflight: preflightOfDraft(tools) },
    measured: linkSeries({ links: keeper }),
  };
}
