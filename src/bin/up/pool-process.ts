import { join } from 'node:path';
import { fault, policies, type Fault } from '#base/fault.ts';
import { faultFrom, faultText, type FaultText } from '#base/fault-text.ts';
import type { Log } from '#base/log.ts';
import { delay, supervise } from '#base/service.ts';
import type { PoolLoginAsked, PoolLoginVerdict, PoolOrder, PoolReport } from '#providers/synapse/pool-host.ts';
import type { PoolJob, PoolTdsJob, PoolTold } from './channel.ts';
import { childService, type ChildService } from './child-service.ts';

export interface PoolProcessOptions {
  readonly program: string;
  readonly logFile: string;
  readonly log: Log;
  readonly tds: () => Omit<PoolTdsJob, 'serverName' | 'database'>;
  readonly onLogin: (asked: PoolLoginAsked) => Promise<PoolLoginVerdict>;
  /** Told after each report, and when the process ends by itself. */
  readonly onReport: () => void;
}

/** The pool's file in its folder. */
const fileName = 'pool.duckdb';
/** Statements that run hold one each: enough for those that admission lets in, links' applies, questions of the control plane, and logins beside them. */
const poolThreads = 64;
/** For an orderly end: less than whoever started us gives ourselves. */
const stopMs = 7_000;

/** The process of one SQL pool: started again whenever it ends by itself, until it is stopped. */
export class PoolProcess {
  readonly #options: PoolProcessOptions;
  readonly #child: ChildService<PoolJob>;
  readonly #end = new AbortController();
  readonly #done: Promise<void>;
  readonly #waiting = new Set<() => void>();
  #order: PoolOrder;
  #revision = 1;
  #told: PoolTold | undefined;
  /** Why it ended last; undefined while it runs. */
  #ended: Fault | undefined;

  constructor(order: PoolOrder, options: PoolProcessOptions) {
    this.#order = order;
    this.#options = options;
    this.#child = childService<PoolJob, PoolTold>({
      name: `pool ${order.name}`,
      program: options.program,
      logFile: options.logFile,
      job: async () => this.#job(),
      onReport: (told) => this.#note(told, undefined),
      // Only the pool's own program asks, and only this.
      onAsk: (asked) => options.onLogin(asked as PoolLoginAsked),
      onTrouble: (trouble) => this.#note(this.#told && { ...this.#told, online: false, revision: 0 }, trouble),
      stopMs,
      threads: poolThreads,
    });
    this.#done = supervise([this.#child], { signal: this.#end.signal, log: options.log });
  }

  /** `workspace.pool`. */
  get name(): string {
    return this.#order.name;
  }

  /** Changes the links of a pool that is the same otherwise. False: it must be stopped and started anew. */
  takes(order: PoolOrder): boolean {
    const { folder, memoryMb, links, keepsOthers = false } = this.#order;
    if (order.memoryMb !== memoryMb || order.name !== this.#order.name || folder !== order.folder) return false;
    if (JSON.stringify(order.links) === JSON.stringify(links) && (order.keepsOthers ?? false) === keepsOthers) return true;
    this.#order = order;
    this.#revision += 1;
    this.#child.change(this.#job());
    return true;
  }

  /** Its certificate is another one. */
  renew(): void {
    this.#child.change(this.#job());
  }

  /** Resolves once it is online with the links that are ordered now. Throws why it is not: at once what no waiting mends, else after this long. */
  async online(patienceMs: number): Promise<void> {
    const revision = this.#revision;
    const late = new AbortController();
    const timer = delay(patienceMs, late.signal).then(
      () => true,
      () => false,
    );
    try {
      while (!this.#isOnline(revision)) {
        if (this.#end.signal.aborted) throw fault('cancelled', 'PoolStopped', 'The pool was stopped before it was online.');
        if (this.#ended && isHopeless(this.#ended)) throw this.#ended;
        if (await Promise.race([timer, this.#changed()])) throw this.#why();
      }
    } finally {
      late.abort();
    }
  }

  /** Ends it in good order. Idempotent. */
  async stop(): Promise<void> {
    this.#end.abort();
    this.#wake();
    await this.#done;
  }

  report(): PoolReport {
    const trouble: FaultText | undefined = this.#ended ? faultText(this.#ended) : this.#told?.trouble;
    return {
      online: this.#told?.online ?? false,
      links: this.#told?.links ?? new Map(),
      trouble,
      tds: this.#ended ? undefined : this.#told?.tds,
    };
  }

  metrics(withinMs: number): Promise<string> {
    return this.#child.metrics(withinMs);
  }

  #job(): PoolJob {
    const { name, folder, memoryMb, links, keepsOthers = false } = this.#order;
    const { serverName, database } = this.#order;
    const tds = { ...this.#options.tds(), serverName, database };
    return { name, file: join(folder, fileName), memoryMb, links, keepsOthers, revision: this.#revision, tds };
  }

  #note(told: PoolTold | undefined, ended: Fault | undefined): void {
    this.#told = told;
    this.#ended = ended;
    this.#wake();
    this.#options.onReport();
  }

  #isOnline(revision: number): boolean {
    return this.#told?.online === true && this.#told.revision >= revision;
  }

  #why(): Fault {
    if (this.#ended) return this.#ended;
    if (this.#told?.trouble) return faultFrom(this.#told.trouble);
    return fault('timeout', 'PoolNotOnline', `The pool ${this.#order.name} is not online yet.`, {
      target: this.#order.name,
      remedy: 'Ask again; its log says what it does.',
    });
  }

  /** Resolves to false with the next report or end. */
  #changed(): Promise<false> {
    return new Promise((settle) => this.#waiting.add(() => settle(false)));
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

/** What held the file, when it was another process, is gone soon: one that lost its parent ends by itself. */
function isHopeless({ kind, code }: Fault): boolean {
  return policies[kind].retry === 'never' && code !== 'PoolInUse';
}
