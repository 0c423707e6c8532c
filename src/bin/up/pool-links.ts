import { toFault } from '#base/fault.ts';
import { faultText, type FaultText } from '#base/fault-text.ts';
import type { Log } from '#base/log.ts';
import { backoffMs, delay, retryLevel } from '#base/service.ts';
import type { DuckDbPool } from '#pool/engines/duckdb/pool.ts';
import type { PoolLink } from '#providers/synapse/pool-host.ts';
import type { PoolTold } from './channel.ts';
import { LinkIntake } from './link-intake.ts';
import type { TableSizes } from './pool-sizes.ts';

export interface PoolLinksOptions {
  readonly pool: DuckDbPool;
  readonly name: string;
  readonly sizes: TableSizes;
  readonly log: Log;
  /** Something is to be told at once. */
  readonly onChange: () => void;
  /** A transaction is committed. */
  readonly onCommit: () => void;
}

/** Which links fill a pool, as it was ordered. */
export interface LinksOrder {
  readonly revision: number;
  readonly links: readonly PoolLink[];
  readonly keepsOthers: boolean;
}

interface Running {
  readonly link: PoolLink;
  readonly intake: LinkIntake;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/** The links of a running pool: they come and go as ordered, and none disturbs another. */
export class PoolLinks implements AsyncDisposable {
  readonly #options: PoolLinksOptions;
  readonly #running = new Map<string, Running>();
  readonly #end = new AbortController();
  #order: LinksOrder = { revision: 0, links: [], keepsOthers: true };
  #settling: Promise<void> | undefined;
  /** The order that is carried out. */
  #settled = 0;
  #trouble: FaultText | undefined;
  /** What was committed when rows were counted last. */
  #countedAt = '';

  constructor(options: PoolLinksOptions) {
    this.#options = options;
  }

  /**
   * All links from now on. What is known of the progress of others is forgotten; a run that comes waits for that: it may fill the same tables.
   * An order older than the last one is none: by it a run that came since would be forgotten.
   */
  order(order: LinksOrder): void {
    if (order.revision < this.#order.revision) return;
    this.#order = order;
    this.#settling ??= this.#settle().finally(() => {
      this.#settling = undefined;
    });
  }

  get intakes(): readonly LinkIntake[] {
    return [...this.#running.values()].map(({ intake }) => intake);
  }

  report(): PoolTold {
    return {
      revision: this.#settled,
      online: true,
      links: new Map([...this.#running].map(([run, { intake }]) => [run, intake.report()])),
      trouble: this.#trouble,
    };
  }

  /** Looks at what changes without a segment being applied. */
  async look(signal: AbortSignal): Promise<void> {
    const all = [...this.#running.values()];
    for (const { intake } of all) await intake.look().catch(() => undefined);
    const now = all.map(({ link, intake }) => `${link.run} ${intake.number}`).join();
    if (now !== this.#countedAt && (await this.#options.sizes.count(signal))) this.#countedAt = now;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#settling;
    await Promise.all([...this.#running.values()].map((one) => this.#stop(one)));
  }

  async #settle(): Promise<void> {
    const { signal } = this.#end;
    for (let attempt = 0; !signal.aborted && this.#settled !== this.#order.revision;) {
      const order = this.#order;
      try {
        await this.#carryOut(order);
        this.#settled = order.revision;
        this.#trouble = undefined;
        attempt = 0;
      } catch (error) {
        const trouble = toFault(error);
        const retryMs = backoffMs(attempt++, Math.random());
        this.#options.log[retryLevel(trouble, retryMs)]({ err: trouble, retryMs }, 'links of the pool wait');
        this.#trouble = faultText(trouble);
        this.#options.onChange();
        await delay(retryMs, signal).catch(() => undefined);
      }
    }
    this.#options.onChange();
  }

  async #carryOut({ links, keepsOthers }: LinksOrder): Promise<void> {
    const { pool, log } = this.#options;
    const wanted = new Map(links.map((link) => [link.run, link]));
    const leaving = [...this.#running.values()].filter(({ link }) => wanted.get(link.run)?.landing !== link.landing);
    await Promise.all(leaving.map((one) => this.#stop(one)));
    for (const run of keepsOthers ? [] : await pool.runs()) {
      if (wanted.has(run)) continue;
      await pool.forget(run);
      log.info({ run }, 'progress of a link forgotten');
    }
    for (const link of wanted.values()) if (!this.#running.has(link.run)) this.#start(link);
  }

  #start(link: PoolLink): void {
    const { pool, name, sizes, log, onChange, onCommit } = this.#options;
    const intake = new LinkIntake({
      pool,
      poolName: name,
      link,
      sizes,
      log: log.child({ link: link.name, run: link.run }),
      onChange,
      onCommit,
    });
    const stop = new AbortController();
    this.#running.set(link.run, { link, intake, stop, done: intake.run(stop.signal) });
    log.info({ link: link.name, run: link.run }, 'link fills the pool');
  }

  async #stop({ link, stop, done }: Running): Promise<void> {
    stop.abort();
    await done;
    this.#running.delete(link.run);
  }
}
