import type { AnyType } from '#arm/resource-type.ts';
import { linkConnections } from './link-connection.ts';
import { LinkKeeper } from './link-keeper.ts';
import type { SynapseLinkOptions } from './link-options.ts';
import { sqlPools } from './sql-pool.ts';

export interface SynapseLinks {
  readonly types: readonly AnyType[];
  readonly keeper: LinkKeeper;
}

/** SQL pools and link connections, and the service that makes them true, which must run. */
export function synapseLinks(options: SynapseLinkOptions): SynapseLinks {
  const keeper = new LinkKeeper(options);
  return { types: [sqlPools(options, keeper.orders), linkConnections({ options, keeper })], keeper };
}
