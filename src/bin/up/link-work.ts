import { mkdir } from 'node:fs/promises';
import { directDialer } from '#base/dialer.ts';
import type { Log } from '#base/log.ts';
import { gauge } from '#base/metrics.ts';
import { secret } from '#base/secret.ts';
import { delay, retryLevel } from '#base/service.ts';
import { LandingZone } from '#replication/landing-zone/landing-zone.ts';
import type { LinkBook } from '#replication/link-book.ts';
import { runSession } from '#replication/run-session.ts';
import type { ChangeSource, Finding } from '#replication/source.ts';
import { PostgresSource, type PostgresSourceOptions } from '#replication/sources/postgres/postgres-source.ts';
import { parseTablePatterns } from '#replication/sources/postgres/table-patterns.ts';
import { parsePgUrl } from '#replication/sources/postgres/url.ts';
import { faultText } from '#base/fault-text.ts';
import type { LinkJob, LinkReport } from './channel.ts';
import type { ChildWork } from './child.ts';

/** Disk space that segments may take while the pool is away: then the source keeps its log instead. */
const landingBytes = 2 * 1024 ** 3;
const healthEveryMs = 2_000;

/** Reads one source into one landing zone until the signal aborts. What waiting can mend is tried again; faults are what a human must mend. */
export async function runLinkJob(job: LinkJob, { signal, log, report }: ChildWork<LinkReport>): Promise<void> {
  await mkdir(job.spool, { recursive: true, mode: 0o700 });
  const state = new LinkState(report);
  measure(job.name, state);
  await runSession({
    name: job.name,
    connect: (aborted) => PostgresSource.connect(sourceOptions(job), aborted),
    handover: () => LandingZone.open({ folder: job.landing, maxBytes: landingBytes, signal }),
    signal,
    once: false,
    resync: job.resync ? 'everything' : undefined,
    reachesPool: false,
    events: {
      onFollow: (book) => {
        log.info({ link: job.name, position: book.position }, 'following the source');
        state.set({ following: true, trouble: undefined });
        state.take(book);
      },
      onPut: (_draft, book) => state.take(book),
      onDurable: (_draft, book) => {
        if (!state.now.moved) state.set({ moved: true });
        state.take(book);
      },
    },
    onFindings: (findings) => {
      logFindings(log, findings);
      state.set({ findings: findings.filter((one) => one.severity !== 'info') });
    },
    onConnected: async (source) => {
      state.estimated(await source.estimate());
      state.watch(source, signal);
    },
    onWaiting: (trouble, retryMs) => {
      log[retryLevel(trouble, retryMs)]({ err: trouble, retryMs }, 'link waits');
      state.set({ following: false, trouble: faultText(trouble) });
    },
  });
}

function sourceOptions(job: LinkJob): PostgresSourceOptions {
  return {
    address: { ...parsePgUrl(job.source.url), password: secret(job.source.password), dialer: directDialer },
    slot: job.slot,
    catalog: { patterns: parseTablePatterns(job.tables), asText: new Set() },
    failover: false,
    // A segment costs a few writes and a commit of the pool whatever its size: under load a tenth of a second is gathered in one.
    follow: { spoolFolder: job.spool, lingerMs: 100 },
  };
}

function logFindings(log: Log, findings: readonly Finding[]): void {
  for (const { severity, code, message, target } of findings) {
    if (severity !== 'info') log.warn({ code, target, finding: message }, 'finding');
  }
}

function measure(link: string, state: LinkState): void {
  const attributes = { link };
  const held = { unit: 'By', description: 'Log that the source keeps because of the link' };
  gauge('link.source.held_log', held, () =>
    state.now.heldBytes === undefined ? [] : [{ value: Number(state.now.heldBytes), attributes }],
  );
  gauge('link.following', { unit: '1', description: '1 while the source is followed' }, () => [
    { value: state.now.following ? 1 : 0, attributes },
  ]);
}

const unknown: LinkReport = {
  following: false,
  tables: [],
  estimatedRows: 0,
  copiedRows: 0,
  position: undefined,
  heldBytes: undefined,
  headroomBytes: undefined,
  findings: [],
  moved: false,
  trouble: undefined,
};

/** What is told of the link. */
class LinkState {
  now: LinkReport = unknown;
  readonly #report: (now: () => LinkReport) => void;
  #book: LinkBook | undefined;
  #estimates: ReadonlyMap<string, number> = new Map();
  #watched: ChangeSource | undefined;

  constructor(report: (now: () => LinkReport) => void) {
    this.#report = report;
  }

  set(change: Partial<LinkReport>): void {
    this.now = { ...this.now, ...change };
    this.#report(() => this.#whole());
  }

  take(book: LinkBook): void {
    this.#book = book;
    this.#report(() => this.#whole());
  }

  /** About how many rows the tables have. */
  estimated(rows: ReadonlyMap<string, number>): void {
    this.#estimates = rows;
  }

  #whole(): LinkReport {
    const { position, tables = [] } = this.#book ?? { position: undefined };
    return {
      ...this.now,
      position,
      tables: tables.map((one) => one.table),
      copiedRows: sumOf(tables, (one) => one.rowsCopied),
      estimatedRows: sumOf(tables, (one) => Math.max(one.rowsCopied, one.copied ? 0 : (this.#estimates.get(one.table) ?? 0))),
    };
  }

  /** Asks the source how its log stands, until another source is watched. */
  watch(source: ChangeSource, signal: AbortSignal): void {
    this.#watched = source;
    const ask = async (): Promise<void> => {
      while (this.#watched === source) {
        await delay(healthEveryMs, signal);
        if (this.#watched !== source || !this.now.following) continue;
        const { heldBytes, headroomBytes } = await source.health();
        this.set({ heldBytes, headroomBytes });
      }
    };
    // What ends the asking ends the link's run too, and is told there.
    ask().catch(() => undefined);
  }
}

function sumOf<T>(all: readonly T[], count: (one: T) => number): number {
  return all.reduce((sum, one) => sum + count(one), 0);
}
