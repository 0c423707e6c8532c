import { randomUUID } from 'node:crypto';
import { fault } from '#base/fault.ts';
import { Ledger } from '../counters.ts';
import { sessionCut } from '../denial.ts';
import type { Session } from '../engine.ts';
import { noteBytes } from '../metrics.ts';
import type { Way } from '../route.ts';
import { Flow, type FlowOrigin, type FlowSetting } from './flow.ts';

interface BookSetting extends FlowSetting {
  readonly tick: { now: number };
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** The live connections of an engine, by what let them in. Keeps their counters, and ends those that are idle for too long. */
export class FlowBook {
  readonly ledger: Ledger = new Ledger();
  readonly #flows = new Map<string, Set<Flow>>();
  /** Dropped without a word; their sockets may be taken back at any time. */
  readonly #dropped = new Set<Flow>();
  readonly #setting: BookSetting;
  readonly #tickMs: number;
  /** In front of the numbers of connections. */
  readonly #edition: string = randomUUID().slice(0, 8);
  #begun = 0;
  #size = 0;

  constructor(setting: BookSetting, tickMs: number) {
    this.#setting = setting;
    this.#tickMs = tickMs;
  }

  get size(): number {
    return this.#size;
  }

  /** A connection that is let in, and has not reached the database yet. */
  begin(way: Way, from: FlowOrigin = {}): Flow {
    this.#begun += 1;
    const birth = { ...from, number: this.#begun, sinceMs: this.#setting.nowMs() };
    const flow = new Flow(way, { tally: this.ledger.along(way, from.asker), birth }, this.#setting, this);
    const its = this.#flows.get(flow.owner);
    if (its === undefined) this.#flows.set(flow.owner, new Set([flow]));
    else its.add(flow);
    this.#size += 1;
    return flow;
  }

  /** It has reached the database. */
  established(flow: Flow, connectMs: number): void {
    for (const counter of flow.tally) {
      counter.connections += 1;
      counter.open += 1;
      counter.connects += 1;
      counter.connectMs += connectMs;
    }
  }

  readonly moved = (flow: Flow, bytesIn: number, bytesOut: number): void => {
    for (const counter of flow.tally) {
      counter.bytesIn += bytesIn;
      counter.bytesOut += bytesOut;
    }
    noteBytes(bytesIn, bytesOut);
  };

  readonly closed = (flow: Flow): void => {
    const its = this.#flows.get(flow.owner);
    if (its?.delete(flow) !== true) return;
    if (its.size === 0) this.#flows.delete(flow.owner);
    this.#dropped.delete(flow);
    this.#size -= 1;
    if (flow.established) for (const counter of flow.tally) counter.open -= 1;
  };

  /** Who has live connections. */
  owners(): readonly string[] {
    return [...this.#flows.keys()];
  }

  of(owner: string): readonly Flow[] {
    return [...(this.#flows.get(owner) ?? [])];
  }

  sessions(endpoint: string): readonly Session[] {
    const { now } = this.#setting.tick;
    const live = this.of(endpoint).filter(({ dropped, way }) => !dropped && way.endpoint !== undefined);
    return live.map((flow) => flow.session(this.#idOf(flow), (now - flow.touchedTick) * this.#tickMs));
  }

  /** Returns how many there were. */
  cut(endpoint: string, session: string | undefined): number {
    const meant = this.of(endpoint).filter(
      (flow) => flow.way.endpoint !== undefined && (session === undefined || session === this.#idOf(flow)),
    );
    const seen = meant.filter(({ dropped }) => !dropped).length;
    for (const flow of meant) flow.abort(sessionCut({ id: endpoint }));
    return seen;
  }

  #idOf({ birth }: Flow): string {
    return `${this.#edition}-${birth.number}`;
  }

  /** Makes room for one more, if that can be had from connections that were dropped. */
  makeRoom(): void {
    for (const flow of this.#dropped) return flow.abort();
  }

  /** A tick of the coarse clock: counts what passed, ends what is idle. */
  tick(): void {
    this.#setting.tick.now += 1;
    const { now } = this.#setting.tick;
    for (const flows of this.#flows.values()) {
      for (const flow of flows) {
        flow.count();
        flow.settleIn();
        const rule = flow.way.rule;
        if (rule === undefined || rule.idleMs <= 0 || !flow.established || flow.dropped) continue;
        if ((now - flow.touchedTick) * this.#tickMs > rule.idleMs) this.#expire(flow, rule.tcpReset);
      }
    }
  }

  countAll(): void {
    for (const flows of this.#flows.values()) for (const flow of flows) flow.count();
  }

  abortAll(): void {
    for (const owner of this.owners()) for (const flow of this.of(owner)) flow.abort();
  }

  /** Callers of a dialer are told in any case: silence within a process would help nobody. */
  #expire(flow: Flow, tcpReset: boolean): void {
    if (tcpReset || flow.isHandedOut) {
      flow.abort(
        fault('unreachable', 'IdleTimeout', `The connection was idle for ${(flow.way.rule?.idleMs ?? 0) / 1_000} s.`, {
          target: flow.way.rule?.id,
          remedy: 'Send keepalives more often than that, or raise the idle timeout of the load balancing rule.',
        }),
      );
      return;
    }
    flow.drop();
    this.#dropped.add(flow);
  }
}
