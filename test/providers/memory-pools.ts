import { fault } from '#base/fault.ts';
import type { PoolHost, PoolLinkReport, PoolOrder, PoolReport } from '#providers/synapse/pool-host.ts';

/** Pools without processes: they are what was ordered last. */
export class MemoryPools implements PoolHost {
  readonly orders: Map<string, PoolOrder> = new Map();
  readonly removed: string[] = [];
  /** Pools that cannot be opened. */
  broken = false;
  /** What each run's report says. */
  readonly reports: Map<string, PoolLinkReport> = new Map();
  /** Runs that were ordered again after they had been forgotten: never, since their landing zones may have gaps by then. */
  readonly returned: string[] = [];
  /** By pool, as its file has them. */
  readonly #known = new Map<string, Set<string>>();
  readonly #forgotten = new Set<string>();
  readonly #listeners = new Set<(id: string) => void>();

  async run(order: PoolOrder): Promise<void> {
    if (this.broken) throw fault('unreachable', 'PoolBroken', 'The pool cannot be opened.', { remedy: 'Mend it.' });
    this.orders.set(order.id, order);
    this.#note(order);
    for (const listener of this.#listeners) listener(order.id);
  }

  #note({ id, links, keepsOthers }: PoolOrder): void {
    const runs = new Set(links.map(({ run }) => run));
    for (const run of runs) if (this.#forgotten.has(run)) this.returned.push(run);
    if (keepsOthers === true) return;
    for (const run of this.#known.get(id) ?? []) if (!runs.has(run)) this.#forgotten.add(run);
    this.#known.set(id, runs);
  }

  async stop(id: string): Promise<void> {
    this.orders.delete(id);
  }

  async remove(id: string, folder: string): Promise<void> {
    this.orders.delete(id);
    this.removed.push(folder);
  }

  report(id: string): PoolReport | undefined {
    const order = this.orders.get(id);
    if (order === undefined) return undefined;
    const links = new Map(order.links.map(({ run }) => [run, this.reports.get(run) ?? quiet]));
    return { online: true, links, trouble: undefined };
  }

  /** What the pool tells of a run from now on. */
  tell(run: string, report: PoolLinkReport): void {
    this.reports.set(run, report);
    for (const { id, links } of this.orders.values())
      if (links.some((link) => link.run === run)) for (const listener of this.#listeners) listener(id);
  }

  decideLogins(): void {
    // Nobody logs in to them.
  }

  onReport(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export const quiet: PoolLinkReport = {
  tables: [],
  changes: 0,
  changesPerSecond: 0,
  lagMs: undefined,
  committedAtUs: undefined,
  applying: false,
  waitingSegments: 0,
  waitingBytes: 0,
  trouble: undefined,
};
