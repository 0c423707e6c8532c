import { delay, type Service } from '#base/service.ts';
import type { Counter, FabricEngine } from '#fabric/engine.ts';
import type { FabricPlan } from '#fabric/plan.ts';
import type { RuntimeHost } from '#runtime/runtime.ts';
import type { PlanKeeper } from '../plan-keeper.ts';
import { counterKey } from './graph.ts';
import { fabricNamespace } from './topology.ts';

export interface TopologyNewsOptions {
  readonly keeper: Pick<PlanKeeper, 'inForce'>;
  readonly engine: Pick<FabricEngine, 'counters' | 'onEvent'>;
  readonly runtimes: Pick<RuntimeHost, 'running'>;
  /** Tells that a read of this id shows something else now. */
  readonly ring: (id: string, type: string) => void;
  /** Least time between two looks. Given by tests. */
  readonly pauseMs?: number;
}

/** What is looked at, and told under `{group or subscription}/providers/Isthmus.Fabric/{word}`. */
type Word = 'topology' | 'counters';

const usualPauseMs = 1_000;

/** Tells once a second, and only where something has changed since, that the topology or its counters in a group or subscription are others now. */
export function topologyNews({ keeper, engine, runtimes, ring, pauseMs = usualPauseMs }: TopologyNewsOptions): Service {
  const tell = (word: Word, places: Iterable<string>): void => {
    for (const place of places) ring(`${place}/providers/${fabricNamespace}/${word}`, `${fabricNamespace}/${word}`);
  };
  return {
    name: 'fabric-news',
    run: async (signal) => {
      let changed = false;
      const stop = engine.onEvent(({ kind }) => {
        if (kind === 'applied' || kind === 'health') changed = true;
      });
      try {
        let before = look(engine, runtimes);
        let places = placesOf(keeper.inForce()?.plan);
        while (!signal.aborted) {
          await delay(pauseMs, signal).catch(() => undefined);
          const now = look(engine, runtimes);
          tell('counters', movedPlaces(before.sums, now.sums));
          if (changed || now.workers !== before.workers) {
            changed = false;
            const after = placesOf(keeper.inForce()?.plan);
            tell('topology', new Set([...places, ...after]));
            places = after;
          }
          before = now;
        }
      } finally {
        stop();
      }
    },
  };
}

interface Look {
  /** By counter: grows with whatever it counts, and changes with how many are open. */
  readonly sums: ReadonlyMap<string, { readonly id: string; readonly sum: number; readonly open: number }>;
  /** Who runs, and for whom connections are open. */
  readonly workers: string;
}

function look(engine: Pick<FabricEngine, 'counters'>, runtimes: Pick<RuntimeHost, 'running'>): Look {
  const all = engine.counters();
  const working = runtimes.running().map(({ segment, name, sinceMs }) => `${segment}#${name} ${sinceMs}`);
  const asking = all.filter(({ of, open }) => of === 'asker' && open > 0).map(({ id }) => id);
  return {
    sums: new Map(all.map((one) => [counterKey(one.of, one.id), { id: one.id, sum: sumOf(one), open: one.open }])),
    workers: [...working, ...asking].join('\n'),
  };
}

function sumOf({ connections, refused, bytesIn, bytesOut }: Counter): number {
  return connections + refused + bytesIn + bytesOut;
}

function movedPlaces(before: Look['sums'], now: Look['sums']): Set<string> {
  const places = new Set<string>();
  for (const [key, { id, sum, open }] of now) {
    const known = before.get(key);
    if (known?.sum !== sum || known.open !== open) for (const place of placesOfId(id)) places.add(place);
  }
  return places;
}

function placesOf(plan: FabricPlan | undefined): ReadonlySet<string> {
  const { segments = [], endpoints = [], services = [], balancers = [], forwarders = [], publicServers = [] } = plan ?? {};
  const all = [segments, endpoints, services, balancers, forwarders, publicServers].flat();
  return new Set(all.flatMap(({ id }) => placesOfId(id)));
}

/** The subscription and the group in which something lies. */
function placesOfId(id: string): readonly string[] {
  const [, subscriptions, subscription, groups, group] = id.split('/');
  if (subscriptions !== 'subscriptions' || subscription === undefined) return [];
  const outer = `/subscriptions/${subscription}`;
  return groups === 'resourcegroups' && group !== undefined ? [outer, `${outer}/resourcegroups/${group}`] : [outer];
}
