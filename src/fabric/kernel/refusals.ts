import type { Fault } from '#base/fault.ts';
import type { RouteState } from '../choose.ts';
import { denialOf, noEndpoint, notItsOwnAddress, targetUnreachable, tooManyConnections } from '../denial.ts';
import type { FabricEvent } from '../engine.ts';
import { explainSource } from '../explain.ts';
import { noteRefused } from '../metrics.ts';
import { noWay, routeFromSegment, type Way } from '../route.ts';
import type { Tables } from '../tables.ts';
import type { KernelFlows } from './kernel-flows.ts';
import type { WorkerNetworks, WorkerNic } from './networks.ts';
import { mostConnections } from './ruleset.ts';
import type { Refused, RefusedTry } from './refused-tries.ts';

/** Events of one look: whoever tries a whole network is counted, and need not be told of place by place. */
const mostTold = 256;

export interface RefusalsOptions {
  readonly networks: WorkerNetworks;
  readonly flows: KernelFlows;
  readonly state: RouteState;
}

/**
 * Gives what the kernel refused to attached networks its reason, counts it as theirs, and makes events of it: one for each place. `plans` are those
 * in force since the look before, the latest first: what it lets through was refused by one before it.
 */
export function refusalsOf({ tries, byNic }: Refused, plans: readonly Tables[], options: RefusalsOptions): readonly FabricEvent[] {
  const { networks, flows } = options;
  for (const [name, count] of byNic) {
    const nic = networks.named(name);
    if (nic !== undefined && count > 0) flows.refused({ ...noWay, segment: nic.of, port: 0 }, count, nic.asker);
  }
  return tries.flatMap((one, at): readonly FabricEvent[] => {
    const nic = networks.named(one.nic);
    // It is parted: nobody is left to tell of.
    if (nic === undefined) return [];
    const { way, denied } = reasonOf(one, nic, plans, options.state);
    flows.refused(way, one.count);
    noteRefused(denied.code, one.count);
    if (at >= mostTold) return [];
    const attempt = { segment: nic.of, host: one.host, port: one.port, asker: nic.asker };
    return [{ kind: 'refused', endpoint: way.endpoint?.id, ...attempt, ...denialOf(denied) }];
  });
}

interface Reason {
  /** As far as it came. */
  readonly way: Omit<Way, 'target'>;
  readonly denied: Fault;
}

function reasonOf({ kind, host, port }: RefusedTry, { of, address }: WorkerNic, plans: readonly Tables[], state: RouteState): Reason {
  const nowhere = { ...noWay, segment: of, port };
  if (kind === 'strayed') return { way: nowhere, denied: notItsOwnAddress(of, address) };
  const ways = plans.map((tables) => routeFromSegment(tables, state, { segment: of, host, port, source: explainSource, egress: 'none' }));
  const refused = ways.find((way) => way.target === undefined);
  if (refused !== undefined) return { way: refused, denied: refused.denied };
  const [way] = ways;
  if (kind === 'crowded' && way !== undefined) return { way, denied: tooManyConnections(of, mostConnections) };
  if (kind === 'unbacked' && way?.target !== undefined)
    return { way, denied: targetUnreachable(way.target, 'it could not be reached at that moment') };
  return { way: nowhere, denied: noEndpoint(of, host, port) };
}
