import { keyOf } from '#arm/resource-id.ts';
import type { MetricSource } from '#arm/metric.ts';
import type { AnyType } from '#arm/resource-type.ts';
import { checkTurns, preflightOfDraft } from './link-checks.ts';
import { linkConnections } from './link-connection.ts';
import { LinkKeeper } from './link-keeper.ts';
import type { SynapseLinkOptions } from './link-options.ts';
import { linkSeries } from './link-series.ts';
import { serverText } from './sql-endpoint.ts';
import { sqlPools } from './sql-pool.ts';
import { sqlPoolType } from './type-names.ts';
import type { WorkspaceOptions } from './workspace.ts';

export interface SynapseLinks {
  readonly types: readonly AnyType[];
  readonly keeper: LinkKeeper;
  /** What is asked of workspaces about links. */
  readonly ofWorkspaces: WorkspaceOptions['ofLinks'];
  readonly sqlAddresses: WorkspaceOptions['sqlAddresses'];
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
    sqlAddresses: (workspace) => sqlAddresses(workspace, options),
    ofWorkspaces: { preflight: preflightOfDraft(tools) },
    measured: linkSeries({ links: keeper }),
  };
}

async function sqlAddresses(workspace: string, { store, pools }: SynapseLinkOptions): Promise<ReadonlyMap<string, string>> {
  const all = await store.list({ within: workspace, direct: true, type: sqlPoolType });
  return new Map(
    all.flatMap(({ id, name }) => {
      const tds = pools.report(keyOf(id))?.tds;
      return tds === undefined ? [] : [[name, serverText(tds)] as const];
    }),
  );
}
