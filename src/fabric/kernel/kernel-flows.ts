import { Ledger, type Tally } from '../counters.ts';
import type { Counter, Passed, Session } from '../engine.ts';
import type { Way } from '../route.ts';
import { lastingPart, trackedOf, type Tracked } from './conntrack.ts';

/** A live connection that the kernel carries, with the way that it was let in by. */
export interface KernelFlow {
  readonly tracked: Tracked;
  way: Way;
  /** Undefined: a program of the host. */
  readonly asker: string | undefined;
}

interface Known extends KernelFlow {
  tracked: Tracked;
  readonly tally: Tally;
  readonly sinceMs: number;
  touchedMs: number;
  /** Both ends have closed it, or one has reset it. The kernel keeps it for a while, and what still passes is counted. */
  isOver: boolean;
  /** Since when it is not in the kernel's list any more. */
  goneMs: number | undefined;
  /** The last look that found it. */
  seenBy: number;
}

export interface KernelFlowsOptions {
  /** The kernel's list, as text. */
  readonly read: () => string;
  /** The way of a connection that was let in; undefined: by nothing that is known here. */
  readonly wayOf: (tracked: Tracked) => Way | undefined;
  /** Whose it is that begins now. */
  readonly askerOf: (tracked: Tracked) => string | undefined;
  /** A connection was found that somebody asked for. */
  readonly onBegun: (flow: KernelFlow) => void;
  readonly nowMs: () => number;
}

/** So many connections that are not counted are remembered. */
const mostUncounted = 1_000;
/** So long the last word of a connection that is gone is waited for. */
const lastWordMs = 60_000;

/** The connections that the kernel carries: looked at when somebody asks, and told of when they end. */
export class KernelFlows {
  readonly ledger: Ledger = new Ledger();
  readonly #options: KernelFlowsOptions;
  readonly #known = new Map<string, Known>();
  /** Their ports were taken again before their last word came. Oldest first. */
  readonly #replaced = new Map<string, Known[]>();
  #strangers: Tracked[] = [];
  #looks = 0;
  /** By what their lines said at the last look: most say the same at the next. */
  #said = new Map<string, Known>();
  /** By key. Oldest first. */
  readonly #uncounted = new Set<string>();

  constructor(options: KernelFlowsOptions) {
    this.#options = options;
  }

  /** Those whose rule has them ended by now: silent for longer than it allows. */
  idle(): readonly KernelFlow[] {
    const nowMs = this.#options.nowMs();
    return this.#look().filter(({ way, touchedMs }) => {
      const idleMs = way.rule?.idleMs ?? 0;
      return idleMs > 0 && nowMs - touchedMs > idleMs;
    });
  }

  /** A connection that only tries the way is nobody's, and not counted. Told before it begins. */
  leaveOut(key: string): void {
    this.#uncounted.add(key);
    for (const oldest of this.#uncounted) {
      if (this.#uncounted.size <= mostUncounted) break;
      this.#uncounted.delete(oldest);
    }
  }

  /** What found no way. */
  refused(way: Parameters<Ledger['along']>[0], count: number, asker?: string): void {
    for (const counter of this.ledger.along(way, asker)) counter.refused += count;
  }

  /** Those that the last look found and knows nothing of: not open yet or any more, or let in by what is not known here. */
  get strangers(): readonly Tracked[] {
    return this.#strangers;
  }

  /** Looks at the kernel's list. */
  look(): readonly KernelFlow[] {
    return this.#look();
  }

  /** A line that says that a connection is no more. */
  ended(line: string): void {
    const tracked = trackedOf(line);
    if (tracked === undefined || this.#uncounted.delete(tracked.key)) return;
    const [older, ...others] = this.#replaced.get(tracked.key) ?? [];
    if (older !== undefined) {
      if (others.length > 0) this.#replaced.set(tracked.key, others);
      else this.#replaced.delete(tracked.key);
      this.#count(older, tracked);
      return;
    }
    // What was never open on both sides was no connection.
    const flow = this.#known.get(tracked.key) ?? (tracked.isAssured ? this.#begin(tracked) : undefined);
    if (flow === undefined) return;
    this.#count(flow, tracked);
    this.#over(flow);
    this.#known.delete(tracked.key);
  }

  counters(): readonly Counter[] {
    this.#look();
    return this.ledger.all();
  }

  passed(segment: string, asker: string): Passed {
    this.#look();
    return this.ledger.passed(segment, asker);
  }

  sessions(endpoint: string): readonly Session[] {
    const nowMs = this.#options.nowMs();
    return this.#look()
      .filter(({ way }) => way.endpoint?.id === endpoint)
      .map(({ tracked, way, asker, sinceMs, touchedMs }) => ({
        id: sessionId(tracked),
        state: 'open',
        sinceMs,
        asker,
        client: asker === undefined ? { host: tracked.client.address, port: tracked.client.port } : undefined,
        port: way.port,
        service: way.service?.id,
        backend: way.backend?.id,
        target: way.target,
        bytesIn: tracked.bytesIn,
        bytesOut: tracked.bytesOut,
        idleMs: nowMs - touchedMs,
      }));
  }

  #look(): readonly Known[] {
    const look = (this.#looks += 1);
    const before = this.#said;
    this.#said = new Map();
    this.#strangers = [];
    for (const line of this.#options.read().split('\n')) {
      const part = lastingPart(line);
      const flow = this.#unchanged(before.get(part)) ?? this.#noteLine(line);
      if (flow === undefined) continue;
      flow.seenBy = look;
      this.#said.set(part, flow);
    }
    const nowMs = this.#options.nowMs();
    for (const [key, flow] of this.#known) {
      if (flow.seenBy === look) continue;
      this.#over(flow);
      flow.goneMs ??= nowMs;
      // Its last word was lost.
      if (nowMs - flow.goneMs > lastWordMs) this.#known.delete(key);
    }
    return [...this.#known.values()].filter(({ isOver }) => !isOver);
  }

  /** Where that line is of the same connection still. */
  #unchanged(flow: Known | undefined): Known | undefined {
    return flow !== undefined && this.#known.get(flow.tracked.key) === flow ? flow : undefined;
  }

  #noteLine(line: string): Known | undefined {
    const tracked = trackedOf(line);
    if (tracked === undefined) return undefined;
    this.#note(tracked);
    const flow = this.#known.get(tracked.key);
    if (flow === undefined) this.#strangers.push(tracked);
    return flow;
  }

  #note(tracked: Tracked): void {
    let flow = this.#known.get(tracked.key);
    if (flow !== undefined && ((flow.isOver && tracked.isOpen) || tracked.packets < flow.tracked.packets)) {
      this.#over(flow);
      this.#replaced.set(tracked.key, [...(this.#replaced.get(tracked.key) ?? []), flow]);
      flow = undefined;
    }
    flow ??= tracked.isOpen || tracked.isAssured ? this.#begin(tracked) : undefined;
    if (flow === undefined) return;
    this.#count(flow, tracked);
    if (!tracked.isOpen) this.#over(flow);
  }

  #begin(tracked: Tracked): Known | undefined {
    const way = this.#uncounted.has(tracked.key) ? undefined : this.#options.wayOf(tracked);
    if (way === undefined) return undefined;
    const nowMs = this.#options.nowMs();
    const asker = this.#options.askerOf(tracked);
    const flow: Known = {
      tracked: { ...tracked, bytesIn: 0, bytesOut: 0 },
      way,
      asker,
      tally: this.ledger.along(way, asker),
      sinceMs: nowMs - (tracked.ageSeconds ?? 0) * 1_000,
      touchedMs: nowMs,
      isOver: false,
      goneMs: undefined,
      seenBy: this.#looks,
    };
    this.#known.set(tracked.key, flow);
    for (const counter of flow.tally) {
      counter.connections += 1;
      counter.connects += 1;
      counter.open += 1;
    }
    if (asker !== undefined) this.#options.onBegun(flow);
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

  #over(flow: Known): void {
    if (flow.isOver) return;
    flow.isOver = true;
    for (const counter of flow.tally) counter.open -= 1;
  }
}

export function sessionId({ key }: Tracked): string {
  return `k-${key.replaceAll(' ', '-')}`;
}
