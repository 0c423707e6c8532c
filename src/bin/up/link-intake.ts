import { toFault, type Fault } from '#base/fault.ts';
import { faultText, type FaultText } from '#base/fault-text.ts';
import type { Log } from '#base/log.ts';
import { counter, histogram } from '#base/metrics.ts';
import { backoffMs, delay, retryLevel } from '#base/service.ts';
import type { Ledger, TableRecord } from '#pool/engines/duckdb/ledger.ts';
import type { DuckDbPool } from '#pool/engines/duckdb/pool.ts';
import { ingest } from '#pool/ingest.ts';
import type { PoolLink, PoolLinkReport, PoolTableReport } from '#providers/synapse/pool-host.ts';
import { LandingReader } from '#replication/landing-zone/landing-reader.ts';
import { listSegments, readManifest, spaceOf } from '#replication/landing-zone/zone-folder.ts';
import { lagMs, noteLag } from '#replication/metrics.ts';
import type { PoolWriter } from '#replication/pool-writer.ts';
import type { Segment } from '#replication/segment.ts';
import type { TableSizes } from './pool-sizes.ts';
import { Alterations } from './alterations.ts';
import { RateMeter } from './rate-meter.ts';

export interface LinkIntakeOptions {
  readonly pool: DuckDbPool;
  readonly poolName: string;
  readonly link: PoolLink;
  readonly sizes: TableSizes;
  readonly log: Log;
  readonly onChange: () => void;
  readonly onCommit: () => void;
}

/** Manifests read to know how much waits; of more than these the size is estimated. */
const mostManifests = 200;
/** A run that lasted this long was well: its failure counts as the first. */
const steadyMs = 60_000;

const intakeMetrics = {
  segments: counter('pool.segments', { unit: '{segment}', description: 'Segments applied' }),
  changes: counter('pool.changes', { unit: '{row}', description: 'Row changes applied' }),
  apply: histogram(
    'pool.apply.duration',
    { unit: 'ms', description: 'Time that applying one segment takes, with the wait for transactions of other links' },
    [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000],
  ),
};

/** Brings the landing zone of one link into the pool. Whatever is wrong with it, it is told and tried again: no fault of one link is another's. */
export class LinkIntake {
  readonly #options: LinkIntakeOptions;
  readonly #writer: ReturnType<DuckDbPool['writer']>;
  readonly #rate = new RateMeter();
  readonly #alterations = new Alterations(Date.now);
  #ledger: Ledger | undefined;
  #changes = 0;
  #lagMs: number | undefined;
  #waitingSegments = 0;
  #waitingBytes = 0;
  #trouble: FaultText | undefined;
  #isRunning = false;

  constructor(options: LinkIntakeOptions) {
    this.#options = options;
    this.#writer = options.pool.writer(options.link.run);
  }

  /** The last segment committed. */
  get number(): number {
    return this.#ledger?.number ?? 0;
  }

  /** Until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    this.#isRunning = true;
    for (let attempt = 0; !signal.aborted;) {
      const begunMs = performance.now();
      try {
        await this.#ingest(signal);
      } catch (error) {
        if (signal.aborted) break;
        if (performance.now() - begunMs > steadyMs) attempt = 0;
        const retryMs = backoffMs(attempt++, Math.random());
        this.#waits(toFault(error), retryMs);
        await delay(retryMs, signal).catch(() => undefined);
      }
    }
    this.#isRunning = false;
  }

  async #ingest(signal: AbortSignal): Promise<void> {
    this.#ledger = await this.#writer.ledger();
    await ingest({
      reader: new LandingReader({ folder: this.#options.link.landing, whole: true }),
      writer: this.#watched(),
      signal,
      onApplied: (segment) => this.#applied(segment),
      onRetry: (trouble, retryMs) => this.#waits(trouble, retryMs),
    });
  }

  #waits(trouble: Fault, retryMs: number): void {
    this.#options.log[retryLevel(trouble, retryMs)]({ err: trouble, retryMs }, 'pool waits');
    this.#trouble = faultText(trouble);
    this.#options.onChange();
  }

  #watched(): PoolWriter {
    const writer = this.#writer;
    return {
      progress: () => writer.progress(),
      apply: async (segment) => {
        const begunMs = performance.now();
        await writer.apply(segment);
        intakeMetrics.apply.record(performance.now() - begunMs, this.attributes);
        this.#alterations.applied(segment);
        if (!segment.last) return;
        const before = this.#ledger;
        this.#ledger = await writer.ledger();
        this.#noteRejections(before, this.#ledger);
        this.#alterations.committed(before?.tables, this.#ledger.tables);
      },
      [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
    };
  }

  #noteRejections(before: Ledger | undefined, now: Ledger): void {
    for (const [table, { rejected }] of now.tables) {
      if (rejected && before?.tables.get(table)?.rejected !== rejected)
        this.#options.log.warn({ table, code: rejected.code }, 'table is not filled');
    }
  }

  #applied(segment: Segment): void {
    this.#trouble = undefined;
    intakeMetrics.segments.add(1, this.attributes);
    if (segment.changes > 0) {
      this.#changes += segment.changes;
      this.#rate.add(segment.changes, performance.now());
      intakeMetrics.changes.add(segment.changes, this.attributes);
    }
    if (!segment.last) return;
    if (segment.committedAt !== undefined) {
      this.#lagMs = lagMs(segment.committedAt, Date.now());
      noteLag(this.#lagMs, this.attributes);
    }
    this.#options.onCommit();
  }

  /** In what is measured of it. */
  get attributes(): { readonly pool: string; readonly link: string } {
    const { name, run } = this.#options.link;
    return { pool: this.#options.poolName, link: name ?? run };
  }

  /** Looks how much waits in the landing zone. */
  async look(): Promise<void> {
    const { landing } = this.#options.link;
    const waiting = (await listSegments(landing)).filter((number) => number > this.number);
    const looked = waiting.slice(0, mostManifests);
    let bytes = 0;
    for (const number of looked) {
      const found = await readManifest(landing, number);
      if (found) bytes += spaceOf(found.manifest, found.size);
    }
    this.#waitingSegments = waiting.length;
    this.#waitingBytes = looked.length === 0 ? 0 : Math.round((bytes / looked.length) * waiting.length);
  }

  report(): PoolLinkReport {
    return {
      tables: [...(this.#ledger?.tables ?? [])].map(([table, record]) => this.#table(table, record)),
      changes: this.#changes,
      changesPerSecond: this.#rate.perSecond(performance.now()),
      lagMs: this.#lagMs,
      committedAtUs: this.#ledger?.committedAt,
      applying: this.#isRunning && this.#trouble === undefined,
      waitingSegments: this.#waitingSegments,
      waitingBytes: this.#waitingBytes,
      alterations: this.#alterations.told,
      trouble: this.#trouble,
    };
  }

  #table(table: string, { target, progress, rejected, processed }: TableRecord): PoolTableReport {
    return {
      table,
      target,
      state: rejected ? 'Failed' : (progress?.state ?? 'Waiting'),
      processedRows: processed.rows,
      processedBytes: processed.bytes,
      lastProcessedMs: processed.atMs,
      lastCommitMs: processed.committedMs,
      rows: (target && this.#options.sizes.of(target)) ?? (rejected ? 0 : (progress?.rowsCopied ?? 0)),
      fault: rejected ?? progress?.fault,
    };
  }
}
