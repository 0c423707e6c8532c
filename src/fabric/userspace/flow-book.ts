import { fault } from '#base/fault.ts';
import { Ledger } from '../counters.ts';
import { noteBytes } from '../metrics.ts';
import type { Way } from '../route.ts';
import { Flow, type FlowSetting } from './flow.ts';

/** The live connections of an engine, by what let them in. Keeps their counters, and ends those that are idle for too long. */
export class FlowBook {
  readonly ledger: Ledger = new Ledger();
  readonly #flows = new Map<string, Set<Flow>>();
  /** Dropped without a word; their sockets may be taken back at any time. */
  readonly #dropped = new Set<Flow>();
  readonly #setting: FlowSetting & { readonly tick: { now: number } };
  readonly #tickMs: number;
  #size = 0;

  constructor(setting: FlowSetting & { readonly tick: { now: number } }, tickMs: number) {
    this.#setting = setting;
    this.#tickMs = tickMs;
  }

  get size(): number {
    return this.#size;
  }

  /** A connection that is let in, and has not reached the database yet. */
  begin(way: Way, asker?: string): Flow {
    const flow = new Flow(way, this.ledger.along(way, asker), this.#setting, this);
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
