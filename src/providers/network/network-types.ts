import type { AnyType } from '#arm/resource-type.ts';
import type { FabricEngine } from '#fabric/engine.ts';
import { AddressBook } from './address-book.ts';
import { backendAddressPools } from './backend-address-pool.ts';
import type { Connections } from '#arm/private-link.ts';
import type { MayApprove } from './connections.ts';
import { networkLocations } from './link-visibility.ts';
import { loadBalancers } from './load-balancer.ts';
import { networkInterfaces } from './network-interface.ts';
import type { PlanKeeper, ServerName } from './plan-keeper.ts';
import { privateDnsZoneGroups } from './private-dns-zone-group.ts';
import { privateDnsTypes } from './private-dns-zone.ts';
import { privateEndpointConnections } from './private-endpoint-connection.ts';
import { privateEndpoints } from './private-endpoint.ts';
import { privateLinkServices } from './private-link-service.ts';
import { privateLinkTargets } from './private-link-target.ts';
import type { LiveSessions } from './sessions.ts';
import { subnets } from './subnet.ts';
import { virtualNetworks } from './virtual-network.ts';

export interface NetworkOptions {
  readonly connections: Connections;
  readonly keeper: PlanKeeper;
  readonly mayApprove: MayApprove;
  readonly serverName: ServerName;
  /** What probes know; without it no health is shown. */
  readonly health?: FabricEngine['health'];
  /** Answers how a connection from a network would go; without it networks have no `explain`. */
  readonly explain?: FabricEngine['explain'];
  /** Where endpoints listen on this host; without it that is not shown. */
  readonly listeners?: FabricEngine['listeners'];
  /** Live connections of endpoints; without it nothing is shown of them. */
  readonly live?: LiveSessions;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/**
 * Everything of Microsoft.Network that is served, and the private endpoint connections of every type that private endpoints lead to (of
 * `Microsoft.Sql/servers` too, whoever serves those).
 */
export function networkTypes({
  connections,
  keeper,
  mayApprove,
  serverName,
  health,
  explain,
  listeners,
  live,
  nowMs,
}: NetworkOptions): readonly AnyType[] {
  const book = new AddressBook();
  return [
    virtualNetworks({ explain }),
    subnets(),
    networkInterfaces({ book, keeper }),
    loadBalancers({ book, keeper, health }),
    backendAddressPools({ keeper }),
    privateLinkServices({ book, keeper, nowMs }),
    privateEndpoints({ book, keeper, connections, serverName, listeners, nowMs }),
    privateDnsZoneGroups({ keeper, serverName }),
    ...privateDnsTypes({ keeper }),
    networkLocations(),
    ...privateLinkTargets.map((target) => privateEndpointConnections(target, { keeper, mayApprove, nowMs, live })),
  ];
}
