import { delay, type Service } from '#base/service.ts';
import type { LiveChanges } from '#arm/live-changes.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { ResourceStore } from '#arm/store.ts';
import type { FabricEngine } from '#fabric/engine.ts';
import type { ConnectionProperties } from './approval.ts';
import { connectionWord, privateLinkTargets } from './private-link-target.ts';

export interface SessionNewsOptions {
  readonly store: Pick<ResourceStore, 'list'>;
  readonly engine: Pick<FabricEngine, 'counters'>;
  /** Whoever looks at a connection is to look again. */
  readonly ring: LiveChanges['ring'];
  /** Least time between two looks. Given by tests. */
  readonly pauseMs?: number;
}

const usualPauseMs = 1_000;
const types = privateLinkTargets.map(({ type }) => `${type}/${connectionWord}`);

/** Rings once a second for each connection whose live sessions came, went, or carried something since. */
export function sessionNews({ store, engine, ring, pauseMs = usualPauseMs }: SessionNewsOptions): Service {
  return {
    name: 'session-news',
    run: async (signal) => {
      let before = look(engine);
      while (!signal.aborted) {
        await delay(pauseMs, signal).catch(() => undefined);
        const now = look(engine);
        const moved = new Set([...now].flatMap(([endpoint, text]) => (before.get(endpoint) === text ? [] : [endpoint])));
        before = now;
        for (const { id, type } of moved.size === 0 ? [] : await connectionsOf(moved, store)) ring(id, type);
      }
    },
  };
}

async function connectionsOf(
  endpoints: ReadonlySet<string>,
  store: SessionNewsOptions['store'],
): Promise<readonly Resource<ConnectionProperties>[]> {
  const lists = await Promise.all(types.map((type) => store.list({ within: '', type })));
  const all = lists.flat() as unknown as readonly Resource<ConnectionProperties>[];
  return all.filter(({ properties }) => endpoints.has(keyOf(properties.privateEndpoint.id)));
}

/** What its sessions are known by, of each endpoint. */
function look(engine: Pick<FabricEngine, 'counters'>): ReadonlyMap<string, string> {
  const ofEndpoints = engine.counters().filter((one) => one.of === 'endpoint');
  return new Map(ofEndpoints.map((one) => [keyOf(one.id), `${one.connections} ${one.open} ${one.bytesIn} ${one.bytesOut}`]));
}
