import { toFault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import { keyOf } from '#arm/resource-id.ts';
import { wantedOf } from '#replication/link-state.ts';
import { happened, type LinkRecord, type LinkRecords, type RecordChange } from './link-record.ts';
import { tableNews } from './link-table-news.ts';
import { poolIdOf } from './link-target.ts';
import type { LinkSeen } from './link-view.ts';
import type { PoolHost } from './pool-host.ts';

export interface LinkNewsOptions {
  /** All that is known of the link now; undefined: it was not looked at yet. */
  readonly seen: () => LinkSeen | undefined;
  readonly records: Pick<LinkRecords, 'change'>;
  readonly pools: Pick<PoolHost, 'report'>;
  readonly log: Log;
}

type PoolStands = 'online' | 'paused' | 'away';

const said: Readonly<Record<PoolStands, string>> = {
  online: 'The SQL pool runs again.',
  paused: 'The SQL pool is paused: what is read waits in the landing zone.',
  away: 'The SQL pool does not run: what is read waits in the landing zone.',
};

/** Writes into a link's timeline what its worker and its pool tell of its tables and of the pool, one look after the other. */
export class LinkNews implements AsyncDisposable {
  readonly #options: LinkNewsOptions;
  /** As this process saw the pool last. */
  #stands: PoolStands | undefined;
  #looking: Promise<void> | undefined;
  #again = false;
  #over = false;

  constructor(options: LinkNewsOptions) {
    this.#options = options;
  }

  /** Something was told. */
  note(): void {
    this.#again = true;
    if (!this.#over) this.#looking ??= this.#lookAll();
  }

  async #lookAll(): Promise<void> {
    try {
      while (this.#again && !this.#over) {
        this.#again = false;
        await this.#look();
      }
    } catch (error) {
      const trouble = toFault(error);
      // Whatever happens to one that is to go is not told any more.
      if (trouble.code !== 'ResourceBeingDeleted') this.#options.log.warn({ err: trouble }, 'timeline of a link is not written');
    } finally {
      this.#looking = undefined;
    }
  }

  async #look(): Promise<void> {
    const seen = this.#options.seen();
    if (seen === undefined) return;
    const at = new Date(seen.nowMs).toISOString();
    for (const change of [this.#ofPool(seen, at), tableNews(seen, at)]) {
      // Most of what is told is nothing new: the store is not asked to write then.
      if (change(seen.record) !== undefined) await this.#options.records.change(seen.link.id, change, true);
    }
  }

  #ofPool({ link, pool }: LinkSeen, at: string): RecordChange {
    const report = this.#options.pools.report(keyOf(poolIdOf(link)));
    const before = this.#stands;
    const now = pool.standing === 'paused' ? 'paused' : report?.online === true ? 'online' : 'away';
    // It is away until it has begun.
    if (before !== undefined || now !== 'away') this.#stands = now;
    const code = now === 'away' ? (pool.trouble?.code ?? null) : null;
    const isNew = before !== undefined && before !== now;
    return (record) => (isNew && isFilling(record) ? happened(record, at, said[now], code) : undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await this.#looking;
  }
}

function isFilling({ run, state }: LinkRecord): boolean {
  const wanted = wantedOf(state);
  return run !== null && (wanted === 'run' || wanted === 'rest');
}
