import type { Counter, Passed } from './engine.ts';
import type { Way } from './route.ts';

type Growing = { -readonly [K in keyof Counter]: Counter[K] };

/** So many askers are kept. */
const mostAskers = 1_000;

/** Totals of endpoints, services, rules, backends and forwarders' rules since it was made. They outlive what they count. */
export class Ledger {
  readonly #counters = new Map<string, Growing>();
  /** Longest silent first. */
  readonly #askers = new Map<string, Growing>();
  /** By asker, then by endpoint; `''`: out of the network. */
  readonly #ways = new Map<string, Map<string, Growing>>();

  /** Those of everything on a way, or on as much of it as a refused connection came. */
  along(way: Omit<Way, 'target'>, asker?: string): readonly Growing[] {
    const on: Growing[] = [];
    if (way.endpoint !== undefined) on.push(this.#of('endpoint', way.endpoint.id));
    if (way.service !== undefined) on.push(this.#of('service', way.service.id));
    if (way.rule !== undefined) on.push(this.#of('rule', way.rule.id));
    if (way.backend !== undefined) on.push(this.#of('backend', way.backend.id));
    if (way.forwarder !== undefined && way.forward !== undefined) on.push(this.#of('forward', `${way.forwarder.id}#${way.forward.port}`));
    if (asker === undefined) return on;
    const id = `${way.segment}#${asker}`;
    on.push(this.#ofAsker(id), this.#ofWay(id, way.endpoint?.id ?? ''));
    return on;
  }

  /** Of one asker: see `FabricEngine.passed`. */
  passed(segment: string, asker: string): Passed {
    const id = `${segment}#${asker}`;
    const ways = [...(this.#ways.get(id)?.values() ?? [])]
      .filter(({ connections }) => connections > 0)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map(({ id: endpoint, connections, open, bytesIn, bytesOut }) => ({
        endpoint: endpoint === '' ? undefined : endpoint,
        connections,
        open,
        bytesIn,
        bytesOut,
      }));
    return { ways, refused: this.#askers.get(id)?.refused ?? 0 };
  }

  /** As they stand. */
  all(): readonly Counter[] {
    return [...this.#counters.values(), ...this.#askers.values()].map((counter) => ({ ...counter }));
  }

  #ofAsker(id: string): Growing {
    const found = this.#askers.get(id) ?? begun('asker', id);
    // At the end again: those that ask no more go first.
    this.#askers.delete(id);
    this.#askers.set(id, found);
    if (this.#askers.size > mostAskers) {
      for (const [other, { open }] of this.#askers) {
        if (open > 0 || other === id) continue;
        this.#askers.delete(other);
        this.#ways.delete(other);
        break;
      }
    }
    return found;
  }

  #ofWay(asker: string, endpoint: string): Growing {
    const ways = this.#ways.get(asker) ?? new Map<string, Growing>();
    this.#ways.set(asker, ways);
    const found = ways.get(endpoint) ?? begun('endpoint', endpoint);
    ways.set(endpoint, found);
    return found;
  }

  #of(of: Counter['of'], id: string): Growing {
    const key = `${of} ${id}`;
    const found = this.#counters.get(key);
    if (found !== undefined) return found;
    const made = begun(of, id);
    this.#counters.set(key, made);
    return made;
  }
}

function begun(of: Counter['of'], id: string): Growing {
  return { of, id, connections: 0, open: 0, refused: 0, bytesIn: 0, bytesOut: 0, connects: 0, connectMs: 0 };
}

/** A set of counters that one connection moves. */
export type Tally = readonly Growing[];

/** What two parts of an engine counted. */
export function together(one: readonly Counter[], other: readonly Counter[]): readonly Counter[] {
  const sums = new Map(one.map((counter) => [`${counter.of} ${counter.id}`, { ...counter }]));
  for (const counter of other) {
    const sum = sums.get(`${counter.of} ${counter.id}`);
    if (sum === undefined) sums.set(`${counter.of} ${counter.id}`, { ...counter });
    else
      for (const name of ['connections', 'open', 'refused', 'bytesIn', 'bytesOut', 'connects', 'connectMs'] as const)
        sum[name] += counter[name];
  }
  return [...sums.values()];
}

export function passedTogether(one: Passed, other: Passed): Passed {
  const ways = new Map(one.ways.map((way) => [way.endpoint ?? '', { ...way }]));
  for (const way of other.ways) {
    const sum = ways.get(way.endpoint ?? '');
    if (sum === undefined) ways.set(way.endpoint ?? '', { ...way });
    else for (const name of ['connections', 'open', 'bytesIn', 'bytesOut'] as const) sum[name] += way[name];
  }
  return {
    ways: [...ways].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, way]) => way),
    refused: one.refused + other.refused,
  };
}
