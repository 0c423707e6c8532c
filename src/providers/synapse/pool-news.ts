import type { FaultText } from '#base/fault-text.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { LiveChanges } from '#arm/live-changes.ts';
import type { ResourceStore } from '#arm/store.ts';
import type { PoolHost, PoolLinkReport, PoolReport, PoolTableReport } from './pool-host.ts';

export interface PoolNewsOptions {
  readonly pools: Pick<PoolHost, 'report'>;
  readonly store: Pick<ResourceStore, 'get'>;
  readonly ring: LiveChanges['ring'];
}

/** Rings for SQL pools whose reads show something else. */
export class PoolNews {
  readonly #options: PoolNewsOptions;
  readonly #shown = new Map<string, Pick<PoolReport, 'online' | 'trouble'> | undefined>();

  constructor(options: PoolNewsOptions) {
    this.#options = options;
  }

  /** It has told something. */
  reported(pool: string): void {
    const key = keyOf(pool);
    const now = this.#options.pools.report(key);
    const before = this.#shown.get(key);
    if (now?.online === before?.online && sameTrouble(now?.trouble, before?.trouble)) return;
    if (now === undefined) this.#shown.delete(key);
    else this.#shown.set(key, now);
    this.moved(pool);
  }

  /** It runs, or runs no more, or cannot be had. */
  moved(pool: string): void {
    const { store, ring } = this.#options;
    void store.get(pool).then(
      (known) => known && ring(known.id, known.type),
      // Closed: nobody looks on any more.
      () => undefined,
    );
  }
}

/** Whether what a read of the link shows of its pool is the same. */
export function sameReport(a: PoolLinkReport | undefined, b: PoolLinkReport | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.changes === b.changes &&
    a.changesPerSecond === b.changesPerSecond &&
    a.lagMs === b.lagMs &&
    a.committedAtUs === b.committedAtUs &&
    a.applying === b.applying &&
    a.waitingSegments === b.waitingSegments &&
    a.waitingBytes === b.waitingBytes &&
    sameTrouble(a.trouble, b.trouble) &&
    a.alterations?.at(-1)?.atMs === b.alterations?.at(-1)?.atMs &&
    a.tables.length === b.tables.length &&
    a.tables.every((table, at) => sameTable(table, b.tables[at]!))
  );
}

function sameTable(a: PoolTableReport, b: PoolTableReport): boolean {
  return (
    a.table === b.table &&
    a.state === b.state &&
    a.processedRows === b.processedRows &&
    a.processedBytes === b.processedBytes &&
    a.lastProcessedMs === b.lastProcessedMs &&
    a.lastCommitMs === b.lastCommitMs &&
    a.rows === b.rows &&
    a.target?.schema === b.target?.schema &&
    a.target?.name === b.target?.name &&
    sameTrouble(a.fault, b.fault)
  );
}

type Trouble = Pick<FaultText, 'code' | 'message'> | undefined;

function sameTrouble(a: Trouble, b: Trouble): boolean {
  return a?.code === b?.code && a?.message === b?.message;
}
