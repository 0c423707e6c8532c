import type { BackendHealth } from './engine.ts';
import { mix } from './hash.ts';
import type { Backend, BalancerRule } from './plan.ts';
import type { RuleTable, Tables } from './tables.ts';

/** What the choice of a way depends on beside the plan. */
export interface RouteState {
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  health(probe: string, backend: string): BackendHealth;
}

/** What a choice stands on. */
interface Ground {
  readonly tables: Tables;
  readonly state: RouteState;
}

/** Those that new connections on a port go to, by the rule's health and the administrator's word: see `backendOf`. */
export function preferredBackends({ tables, state }: Ground, { rule, backends }: RuleTable, port: number): RuleTable['backends'] {
  let best: RuleTable['backends'][number][] = [];
  let bestRank = 0;
  for (const one of backends) {
    const standing = standingOf({ state }, rule, one.backend);
    const rank = standing === 0 ? 0 : rankOf(standing, passesOn(tables, one.backend, port));
    if (rank === 0 || rank < bestRank) continue;
    if (rank > bestRank) best = [];
    bestRank = rank;
    best.push(one);
  }
  return best;
}

/** The one that a connection with this key goes to. */
export function backendOf(backends: RuleTable['backends'], key: number): Backend | undefined {
  let best: Backend | undefined;
  let bestScore = -1;
  for (const { backend, seed } of backends) {
    const score = mix(key, seed);
    if (score <= bestScore) continue;
    best = backend;
    bestScore = score;
  }
  return best;
}

/** 3: up; 2: not yet probed; 1: down, but taken where all are; 0: not taken. */
export function standingOf(walk: Pick<Ground, 'state'>, rule: BalancerRule, { id, admin }: Backend): 0 | 1 | 2 | 3 {
  if (admin !== 'None') return admin === 'Up' ? 3 : 0;
  switch (healthOf(walk, rule, id)?.state) {
    case undefined:
    case 'up':
      return 3;
    case 'unknown':
      return 2;
    case 'down':
      return rule.whenNoneHealthy === 'AllProbedUp' ? 1 : 0;
  }
}

function rankOf(standing: 1 | 2 | 3, passes: boolean): number {
  if (standing === 1) return passes ? 2 : 1;
  return (passes ? 10 : 4) + standing;
}

export function healthOf(walk: Pick<Ground, 'state'>, rule: BalancerRule, backend: string): BackendHealth | undefined {
  return rule.probe === undefined ? undefined : walk.state.health(rule.probe, backend);
}

function passesOn(tables: Tables, backend: Backend, port: number): boolean {
  const table = backend.forwarder === undefined ? undefined : tables.forwarders.get(backend.forwarder);
  return table !== undefined && table.forwarder.running && table.rules.has(port);
}
