import type { Fault } from '#base/fault.ts';
import { faultText } from '#base/fault-text.ts';
import type { PoolLinkReport } from '#providers/synapse/pool-host.ts';
import type { ControlReport, DemoReport, LinkReport, SourceAccess } from './channel.ts';
import type { LinkStatus, ShownFault, UpStatus } from './status.ts';

/** A trouble this young is not shown: what a killed process held is free again by then. */
const quietMs = 2_000;

interface ProcessNote {
  /** Since when it has been failing; undefined while it is well. */
  troubledSinceMs: number | undefined;
  trouble: ShownFault | undefined;
}

/** The latest that the processes of one `up` told. */
export class Board {
  /** Undefined: there is none. */
  readonly #link: string | undefined;
  readonly #now: () => number;
  readonly #processes = new Map<string, ProcessNote>();
  control: ControlReport | undefined;
  demo: DemoReport | undefined;
  /** Where the demo's database was last; it may be starting again. */
  lastSource: SourceAccess | undefined;
  worker: LinkReport | undefined;
  pool: PoolLinkReport | undefined;

  constructor(link: string | undefined, now: () => number = () => performance.now()) {
    this.#link = link;
    this.#now = now;
  }

  /** The process is well. */
  note(process: string): void {
    this.#processes.set(process, { troubledSinceMs: undefined, trouble: undefined });
  }

  /** The process ended by itself and will be started again. */
  trouble(process: string, fault: Fault): void {
    const since = this.#processes.get(process)?.troubledSinceMs ?? this.#now();
    this.#processes.set(process, { troubledSinceMs: since, trouble: faultText(fault) });
  }

  /** Requests are answered; where there is a link, its source is followed, and every table that the worker knows is Replicating in the pool. */
  get ready(): boolean {
    const { worker, pool } = this;
    if (!this.control) return false;
    if (this.#link === undefined) return true;
    if (!worker?.following || !pool || worker.tables.length === 0) return false;
    const states = new Map(pool.tables.map((one) => [one.table, one.state]));
    return worker.tables.every((table) => states.get(table) === 'Replicating');
  }

  status(about: Pick<UpStatus, 'pid' | 'data' | 'metrics'>): UpStatus {
    return {
      ...about,
      ready: this.ready,
      arm: this.control?.url ?? null,
      links: this.#link !== undefined && (this.worker || this.pool) ? [this.#linkStatus(this.#link)] : [],
      processes: [...this.#processes].map(([name, one]) => ({
        name,
        running: one.trouble === undefined,
        trouble: this.#isLasting(one) ? one.trouble! : null,
      })),
      step: this.#step(),
    };
  }

  #isLasting({ troubledSinceMs }: ProcessNote): boolean {
    return troubledSinceMs !== undefined && this.#now() - troubledSinceMs >= quietMs;
  }

  #step(): string | null {
    if (this.#link === undefined) return this.control ? null : 'starting';
    if (this.demo === undefined) return 'starting';
    if (this.demo.source === undefined) return this.demo.step;
    return this.worker?.following === true ? null : 'connecting the link';
  }

  #linkStatus(name: string): LinkStatus {
    const { worker, pool } = this;
    return {
      name,
      following: worker?.following ?? false,
      lagMs: pool?.lagMs ?? null,
      changesPerSecond: pool?.changesPerSecond ?? 0,
      heldBytes: worker?.heldBytes === undefined ? null : Number(worker.heldBytes),
      waitingSegments: pool?.waitingSegments ?? 0,
      waitingBytes: pool?.waitingBytes ?? 0,
      copiedRows: worker?.copiedRows ?? 0,
      estimatedRows: worker?.estimatedRows ?? 0,
      tables: (pool?.tables ?? [])
        .map(({ table, state, rows, processedRows, fault }) => ({ table, state, rows, processedRows, fault: fault ?? null }))
        .toSorted((a, b) => (a.table < b.table ? -1 : 1)),
      trouble: worker?.trouble ?? pool?.trouble ?? null,
    };
  }
}
