import type { Fault } from '#base/fault.ts';
import { nameNotFoundAnywhere, targetNotFound, targetUnreachable } from './denial.ts';
import type { Counter, PathAsk } from './engine.ts';
import { localDenial } from './forbidden.ts';
import { shortName } from './names.ts';
import type { Hop, Path } from './path.ts';
import type { FabricPlan, HostPort } from './plan.ts';
import type { RouteState } from './choose.ts';
import { routeFromSegment, type Source, type Way } from './route.ts';
import { compileTables, type Tables } from './tables.ts';

/** What is true at a moment, beside the plan. */
export interface LivePath extends RouteState {
  /** What the name of a target resolves to now, and what went wrong if the last try did. */
  addresses(host: string): { readonly addresses: readonly string[]; readonly problem: string | undefined };
  /** Why the target does not answer; undefined: it does, or nobody has tried. */
  unreachable(target: HostPort): string | undefined;
  /** Where an endpoint listens on this host. */
  listening(endpoint: string, port: number): HostPort | undefined;
}

/** `explain` dials from a port that nobody has: of several backends it names one that such a connection may take. */
export const explainSource: Source = { address: '127.0.0.1', port: 0 };

/** The way from a segment to a host and port hop by hop, by the evaluation that stands behind every connection. Faults: `PlanWrong` (bug). */
export function explainPath(plan: FabricPlan, live: LivePath, ask: PathAsk): Path {
  return explainTables(compileTables(plan), live, ask);
}

/** The same, of a plan that is compiled. */
export function explainTables(tables: Tables, live: LivePath, ask: PathAsk): Path {
  const hops: Hop[] = [];
  const way = routeFromSegment(tables, live, { ...ask, source: explainSource }, (hop) => hops.push(withListener(hop, live, ask.port)));
  if (way.target === undefined) return { hops, denied: way.denied };
  const denied = targetDenial(live, way);
  const { host, port } = way.target;
  const { addresses, problem } = live.addresses(host);
  const where =
    addresses.length === 0 || addresses[0] === host
      ? ''
      : ` (${addresses.join(', ')}${problem === undefined ? '' : `; asked again: ${problem}`})`;
  hops.push({
    kind: 'target',
    id: `${host}:${port}`,
    ok: denied === undefined,
    detail: denied?.message ?? `${host}:${port}${where} answers.`,
  });
  return { hops, denied };
}

const counted: Readonly<Partial<Record<Hop['kind'], Counter['of']>>> = {
  endpoint: 'endpoint',
  service: 'service',
  balancer: 'rule',
  backend: 'backend',
};

/** The same way, with what passed each hop so far. */
export function withCounts({ hops, denied }: Path, counters: readonly Counter[]): Path {
  const known = new Map(counters.map((counter) => [`${counter.of} ${counter.id}`, counter]));
  return {
    hops: hops.map((hop) => {
      const counter = known.get(`${counted[hop.kind]} ${hop.id}`);
      if (counter === undefined) return hop;
      const { connections, open, refused, bytesIn, bytesOut } = counter;
      return { ...hop, counts: { connections, open, refused, bytesIn, bytesOut } };
    }),
    denied,
  };
}

function targetDenial(live: LivePath, way: Way): Path['denied'] {
  const { target } = way;
  const { addresses, problem } = live.addresses(target.host);
  if (addresses.length === 0) return noAddress(way, problem ?? 'DNS gives none');
  const local = localDenial(way, addresses);
  if (local !== undefined) return local;
  const unreachable = live.unreachable(target);
  return unreachable === undefined ? undefined : targetUnreachable(target, unreachable);
}

/** A target without address: a database's, or where nothing but the network was passed, any name. */
export function noAddress({ segment, outside, publicServer, target }: Way, problem: string): Fault {
  if (outside !== undefined && publicServer === undefined) return nameNotFoundAnywhere(segment, target.host, problem);
  return targetNotFound(target, problem);
}

function withListener(hop: Hop, live: LivePath, port: number): Hop {
  if (hop.kind !== 'endpoint' || !hop.ok) return hop;
  const at = live.listening(hop.id, port);
  return at === undefined ? hop : { ...hop, detail: `${hop.detail} On this host ${shortName(hop.id)} listens at ${at.host}:${at.port}.` };
}
