import { must } from '#base/fault.ts';
import { Ledger, type Tally } from '../counters.ts';
import type { Counter, Session } from '../engine.ts';
import type { Way } from '../route.ts';
import { parseTracked, trackedOf, type Tracked } from './conntrack.ts';

/** A live connection that the kernel carries, with the way that it was let in by. */
export interface KernelFlow {
  readonly tracked: Tracked;
  way: Way;
}

interface Known extends KernelFlow {
  tracked: Tracked;
  readonly tally: Tally;
  readonly sinceMs: number;
  touchedMs: number;
}

export interface KernelFlowsOptions {
  /** The kernel's list, as text. */
  readonly read: () => string;
  /** The way of a connection that was let in; undefined: by nothing that is known here. */
  readonly wayOf: (tracked: Tracked) => Way | undefined;
  readonly nowMs: () => number;
}

/** The connections that the kernel carries: looked at when somebody asks, and told of when they end. */
export class KernelFlows {
  readonly ledger: Ledger = new Ledger();
  readonly #options: KernelFlowsOptions;
  readonly #known = new Map<string, Known>();
  /** Over, and still in the kernel's list for a while: counted. */
  readonly #finished = new Set<string>();

  constructor(options: KernelFlowsOptions) {
    this.#options = options;
  }

  /** Those whose rule has them ended by now: silent for longer than it allows. */
  idle(): readonly KernelFlow[] {
    const nowMs = this.#options.nowMs();
    return this.look().filter(({ tracked, way }) => {
      const idleMs = way.rule?.idleMs ?? 0;
      const known = this.#known.get(tracked.key);
      return idleMs > 0 && known !== undefined && nowMs - known.touchedMs > idleMs;
    });
  }

  /** Connections that found no backend. */
  refused(way: Parameters<Ledger['along']>[0], count: number): void {
    for (const counter of this.ledger.along(way)) counter.refused += count;
  }

  /** Looks at the kernel's list. */
  look(): readonly KernelFlow[] {
    const seen = new Set<string>();
    for (const tracked of parseTracked(this.#options.read())) {
      seen.add(tracked.key);
      if (tracked.isOpen) this.#note(tracked);
      else if (!this.#finished.has(tracked.key)) this.#finish(tracked);
    }
    for (const [key, known] of this.#known) if (!seen.has(key)) this.#over(key, known);
    for (const key of this.#finished) if (!seen.has(key)) this.#finished.delete(key);
    return [...this.#known.values()];
  }

  /** A line that says that a connection is no more. */
  ended(line: string): void {
    const tracked = trackedOf(line);
    if (tracked === undefined) return;
    if (!this.#finished.has(tracked.key)) this.#finish(tracked);
    this.#finished.delete(tracked.key);
  }

  counters(): readonly Counter[] {
    this.look();
    return this.ledger.all();
  }

  sessions(endpoint: string): readonly Session[] {
    const nowMs = this.#options.nowMs();
    return this.look()
      .filter(({ way }) => way.endpoint?.id === endpoint)
      .map(({ tracked, way }) => {
        const { sinceMs, touchedMs } = must(this.#known.get(tracked.key), 'a session that is known');
        return {
          id: sessionId(tracked),
          state: 'open',
          sinceMs,
          asker: undefined,
          client: { host: tracked.client.address, port: tracked.client.port },
          port: way.port,
          service: way.service?.id,
          backend: way.backend?.id,
          target: way.target,
          bytesIn: tracked.bytesIn,
          bytesOut: tracked.bytesOut,
          idleMs: nowMs - touchedMs,
        };
      });
  }

  /** Perhaps one that began since the last look, too. What was never open on both sides was no connection. */
  #finish(tracked: Tracked): void {
    if (!tracked.isAssured && !this.#known.has(tracked.key)) return;
    const flow = this.#note(tracked);
    if (flow === undefined) return;
    this.#finished.add(tracked.key);
    this.#over(tracked.key, flow);
  }

  #note(tracked: Tracked): Known | undefined {
    this.#finished.delete(tracked.key);
    const known = this.#known.get(tracked.key);
    if (known !== undefined) {
      this.#count(known, tracked);
      return known;
    }
    const way = this.#options.wayOf(tracked);
    if (way === undefined) return undefined;
    const nowMs = this.#options.nowMs();
    const sinceMs = nowMs - (tracked.ageSeconds ?? 0) * 1_000;
    const flow: Known = { tracked: { ...tracked, bytesIn: 0, bytesOut: 0 }, way, tally: this.ledger.along(way), sinceMs, touchedMs: nowMs };
    this.#known.set(tracked.key, flow);
    for (const counter of flow.tally) {
      counter.connections += 1;
      counter.connects += 1;
      counter.open += 1;
    }
    this.#count(flow, tracked);
    return flow;
  }

  #count(flow: Known, tracked: Tracked): void {
    // A number may go back by a packet that was counted in between: totals do not.
    const bytesIn = Math.max(flow.tracked.bytesIn, tracked.bytesIn);
    const bytesOut = Math.max(flow.tracked.bytesOut, tracked.bytesOut);
    for (const counter of flow.tally) {
      counter.bytesIn += bytesIn - flow.tracked.bytesIn;
      counter.bytesOut += bytesOut - flow.tracked.bytesOut;
    }
    if (tracked.packets !== flow.tracked.packets) flow.touchedMs = this.#options.nowMs();
    flow.tracked = { ...tracked, bytesIn, bytesOut };
  }

  #over(key: string, flow: Known): void {
    this.#known.delete(key);
    for (const counter of flow.tally) counter.open -= 1;
  }
}

export function sessionId({ key }: Tracked): string {
  return `k-${key.replaceAll(' ', '-')}`;
}
