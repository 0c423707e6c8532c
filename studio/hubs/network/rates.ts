import type { Counted, Counters } from './topology-shape.ts';

/** What passes a node or an edge at this moment. */
export interface Rate {
  readonly inPerSecond: number;
  readonly outPerSecond: number;
  readonly open: number;
}

/** Counters are told once a second where something has moved: what moved in between two that lie farther apart moved in the last of these. */
const tellMs = 1_500;
const leastMs = 100;

/** Rates between two readings, by node and edge. Without a reading before, or after a new start, nothing passes yet. */
export function ratesBetween(before: Counters | undefined, now: Counters): ReadonlyMap<string, Rate> {
  const known = before?.began === now.began ? before : undefined;
  const spanMs = known === undefined ? tellMs : Math.max(leastMs, Math.min(tellMs, now.atMs - known.atMs));
  const earlier = new Map([...(known?.nodes ?? []), ...(known?.edges ?? [])].map((one) => [one.id, one]));
  return new Map([...now.nodes, ...now.edges].map((one) => [one.id, rateOf(known === undefined ? one : earlier.get(one.id), one, spanMs)]));
}

/** What was counted for the first time between two readings has all moved in between. */
function rateOf(before: Counted | undefined, now: Counted, spanMs: number): Rate {
  const perSecond = (after: number, first: number): number => (Math.max(0, after - first) * 1_000) / spanMs;
  return {
    inPerSecond: perSecond(now.bytesIn, before?.bytesIn ?? 0),
    outPerSecond: perSecond(now.bytesOut, before?.bytesOut ?? 0),
    open: now.open,
  };
}

/** The same with nothing passing: what is open stays. */
export function atRest(rates: ReadonlyMap<string, Rate>): ReadonlyMap<string, Rate> {
  return new Map([...rates].map(([id, rate]) => [id, { ...rate, inPerSecond: 0, outPerSecond: 0 }]));
}

/** Several edges as one. */
export function sumOf(rates: ReadonlyMap<string, Rate>, ids: readonly string[]): Rate {
  const all = ids.flatMap((id) => rates.get(id) ?? []);
  return {
    inPerSecond: all.reduce((sum, one) => sum + one.inPerSecond, 0),
    outPerSecond: all.reduce((sum, one) => sum + one.outPerSecond, 0),
    open: all.reduce((sum, one) => sum + one.open, 0),
  };
}
