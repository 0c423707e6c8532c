import { mkdir } from 'node:fs/promises';
import { fault, toFault } from '#base/fault.ts';
import { delay, retryLevel } from '#base/service.ts';
import { ChosenTables } from '#replication/chosen-tables.ts';
import { LandingZone, type LandingZoneOptions } from '#replication/landing-zone/landing-zone.ts';
import { LinkWishes } from '#replication/link-wishes.ts';
import { runSession } from '#replication/run-session.ts';
import { tableName } from '#replication/schema.ts';
import type { ChangeSource } from '#replication/source.ts';
import type { JobOf } from '../job.ts';
import type { JobContext } from '../job-work.ts';
import { LinkReporter } from './link-reporter.ts';
import { sourceOf, type LinkPatience } from './link-source.ts';

/** Disk space that segments may take while the pool is away: then the source keeps its log instead. */
const landingBytes = 2 * 1024 ** 3;
const usualPatience: LinkPatience = {
  connectTimeoutMs: 15_000,
  questionTimeoutMs: 60_000,
  copySilenceMs: 120_000,
  streamSilenceMs: undefined,
};
const healthEveryMs = 2_000;
const takenMs = 15_000;
const takenPollMs = 100;
/** How often it is asked what stands against tables that the link does not have. */
const checkEveryMs = 10_000;

/**
 * Reads the chosen tables of a store into a landing zone, until it is stopped or, with `once`, has all that the store held at the start.
 * What waiting can mend is waited out and told as `trouble`. Throws what somebody must mend, and `lost-history` where the tables must be
 * copied anew: nothing is taken up again behind a gap.
 */
export async function link({ link: order }: JobOf<'link'>, context: JobContext, patience: LinkPatience = usualPatience): Promise<void> {
  const { signal, log } = context;
  const choice = new ChosenTables(order.tables);
  const connect = sourceOf(order, { context, patience, choice });
  const wishes = new LinkWishes();
  using reporter = new LinkReporter(choice, wishes, context.tell);
  using watch = new SourceWatch(reporter, signal);
  await mkdir(order.spool, { recursive: true, mode: 0o700 });
  context.onMessage((message) => {
    if (message.kind === 'tables') {
      choice.replace(message.tables);
      wishes.lookAgain();
      watch.hurry();
    } else wishes.recopy(message.tables.map((one) => tableName(one.schema, one.name)));
    log.info({ link: order.name, asked: message.kind, tables: message.tables.length }, 'link is changed');
    reporter.touch();
  });
  reporter.touch();
  await runSession({
    name: order.name,
    connect,
    handover: () =>
      openZone({
        folder: order.landing,
        maxBytes: landingBytes,
        signal,
        onForeign: (segments) =>
          log.error({ link: order.name, segments }, 'segments that do not continue those before them are taken away'),
        onWait: (waits) => reporter.poolIsBehind(waits ? poolBehind() : undefined),
      }),
    signal,
    once: order.once,
    resync: undefined,
    choice,
    wishes,
    reachesPool: false,
    events: {
      onFollow: (book) => {
        log.info({ link: order.name, position: book.position }, 'following the source');
        reporter.follows(book);
      },
      onPut: (_draft, book) => reporter.take(book),
      onDurable: (_draft, book) => reporter.take(book),
      onDeferred: (table, why) => reporter.deferred(table, why),
    },
    onFindings: (findings) => {
      for (const { severity, code, message, target } of findings)
        if (severity !== 'info') log.warn({ link: order.name, code, target, finding: message }, 'finding');
      reporter.found(findings);
    },
    onConnected: async (source) => {
      reporter.estimated(await source.estimate());
      watch.begin(source);
    },
    onWaiting: (trouble, retryMs) => {
      log[retryLevel(trouble, retryMs)]({ link: order.name, err: trouble, retryMs }, 'link waits');
      reporter.waits(trouble);
    },
  });
  reporter.flush();
}

/** A worker of this link that was killed a moment ago may still hold the zone. */
async function openZone(options: LandingZoneOptions & { readonly signal: AbortSignal }): Promise<LandingZone> {
  for (const begunMs = performance.now(); ; await delay(takenPollMs, options.signal)) {
    try {
      return await LandingZone.open(options);
    } catch (error) {
      if (toFault(error).code !== 'LandingZoneTaken' || performance.now() - begunMs > takenMs) throw error;
    }
  }
}

function poolBehind(): ReturnType<typeof fault> {
  return fault('throttled', 'PoolBehind', `The landing zone holds ${landingBytes / 1024 ** 3} GB that the pool has not taken yet.`, {
    remedy: 'Resume the pool, or see why it does not take them; meanwhile the source keeps its log.',
  });
}

/** Asks a connected source how it is, beside the link. What goes wrong meanwhile is told by the link itself. */
class SourceWatch implements Disposable {
  readonly #reporter: LinkReporter;
  readonly #signal: AbortSignal;
  #asking: AbortController | undefined;
  #checkedMs = Number.NEGATIVE_INFINITY;

  constructor(reporter: LinkReporter, signal: AbortSignal) {
    this.#reporter = reporter;
    this.#signal = signal;
  }

  /** Watches this source from now on, and no other. */
  begin(source: ChangeSource): void {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    this.#checkedMs = performance.now();
    void this.#watch(source, AbortSignal.any([asking.signal, this.#signal]));
  }

  /** The chosen tables are others now. */
  hurry(): void {
    this.#checkedMs = Number.NEGATIVE_INFINITY;
  }

  [Symbol.dispose](): void {
    this.#asking?.abort();
  }

  async #watch(source: ChangeSource, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await delay(healthEveryMs, signal);
        await this.#ask(source);
      } catch (error) {
        if (toFault(error).kind === 'cancelled') return;
      }
    }
  }

  async #ask(source: ChangeSource): Promise<void> {
    const sinceMs = performance.now() - this.#checkedMs;
    if (sinceMs === Infinity || (sinceMs > checkEveryMs && this.#reporter.absent)) {
      this.#checkedMs = performance.now();
      this.#reporter.found(await source.check());
      this.#reporter.estimated(await source.estimate());
    }
    this.#reporter.felt(await source.health());
  }
}
