import { tmpdir } from 'node:os';
import { fault } from '#base/fault.ts';
import { quoteIdentifier, quoteLiteral } from '#replication/schema.ts';
import type { Draft, Position, Step } from '#replication/segment.ts';
import type { FollowedTables } from '#replication/source.ts';
import type { StreamCommitMessage } from '#wire/pgoutput/messages.ts';
import { adoptRelation } from './adoption.ts';
import type { CatalogOptions } from './catalog.ts';
import { CatalogWatch, WriteGuard } from './catalog-watch.ts';
import type { PgConnection } from './connection.ts';
import { sqlstateOf } from './faults.ts';
import { formatLsn, logOf, lsnOf, toPosition, witnessOf } from './log-place.ts';
import type { Holds } from './pages.ts';
import { PendingChanges } from './pending-changes.ts';
import { publicationNames } from './publications.ts';
import { ReplicationFeed } from './replication-feed.ts';
import { Spool } from './spool.ts';
import type { Sql } from './sql-session.ts';
import { StreamDecoder, type Stop } from './stream-decoder.ts';
import type { TakenTransactions } from './visibility.ts';

export interface FollowSettings {
  /** Values of a draft, in bytes as the source sends them. */
  readonly maxBytes: number;
  /** While changes keep coming, drafts are yielded at most this often. */
  readonly lingerMs: number;
  /** Without changes, an empty draft comes this often. */
  readonly idleMs: number;
  /** A transaction of our own is written this often while none comes, so that the log can be forgotten. 0: never. */
  readonly heartbeatMs: number;
  /** How long the socket rests after a busy read. */
  readonly paceMs: number;
  /** Let the source send large transactions before they are committed (14+); they are spooled here instead of there. */
  readonly streaming: boolean;
  readonly spoolFolder: string;
  /** How often the catalog is looked at for what the log does not tell. */
  readonly watchMs: number;
  /** How often it is made sure that no write fails at the source because of us. */
  readonly guardMs: number;
  /** How long the source may be silent; undefined: see `silenceMs`. */
  readonly silenceMs: number | undefined;
}

const defaultFollowSettings: FollowSettings = {
  maxBytes: 8 * 1024 * 1024,
  lingerMs: 25,
  idleMs: 1000,
  heartbeatMs: 10_000,
  paceMs: 20,
  streaming: true,
  spoolFolder: tmpdir(),
  watchMs: 10_000,
  guardMs: 2000,
  silenceMs: undefined,
};

/** How soon it is noticed that the last draft has been applied. */
const busyWaitMs = 2;

export interface FollowedSource {
  /** A walsender on the database, free. */
  readonly connection: PgConnection;
  /** A connection for questions. */
  readonly sql: () => Promise<Sql>;
  readonly catalog: CatalogOptions;
  readonly slot: string;
  /** The link's tables' names by oid, kept current. */
  readonly chosen: ReadonlyMap<string, string>;
  readonly taken: TakenTransactions;
  readonly holds: Holds;
  readonly confirmed: () => bigint;
  readonly onConfirm: (listener: (() => void) | undefined) => void;
  /** Given the stream that is read, and undefined when it ends. */
  readonly onFeed: (feed: Pick<ReplicationFeed, 'heardMs'> | undefined) => void;
  readonly settings: Partial<FollowSettings>;
  readonly questionTimeoutMs: number;
}

interface Following {
  readonly from: Position;
  readonly tables: FollowedTables;
  readonly signal: AbortSignal;
}

/** Follows the slot from a position: see `ChangeSource.follow`. */
export async function* follow(source: FollowedSource, run: Following): AsyncGenerator<Draft> {
  const settings = { ...defaultFollowSettings, ...source.settings };
  let from = run.from;
  try {
    for await (const draft of followOnce(source, { ...run, from }, settings)) {
      yield draft;
      if (draft.position !== undefined) from = draft.position;
    }
  } catch (error) {
    // PostgreSQL cannot stream a transaction in which a part that altered a table was rolled back ("could not map filenumber", an internal
    // error of 14 to 18). At its commit it can.
    if (!settings.streaming || sqlstateOf(error) !== 'XX000') throw error;
    yield* followOnce(source, { ...run, from }, { ...settings, streaming: false });
  }
}

async function* followOnce(source: FollowedSource, run: Following, settings: FollowSettings): AsyncGenerator<Draft> {
  const { tables } = run;
  const fromLsn = lsnOf(run.from);
  const witness = witnessOf(run.from);
  const startLsn = witness?.commitLsn ?? fromLsn;
  const watched = { sql: source.sql, names: publicationNames(source.slot), asText: source.catalog.asText, chosen: source.chosen, tables };
  using spool = new Spool(settings.spoolFolder, source.slot);
  using _guard = new WriteGuard(watched, settings.guardMs);
  const watch = new CatalogWatch(watched, settings.watchMs);
  const pending = new PendingChanges(tables);
  const log = logOf(run.from);
  const decoder = new StreamDecoder({
    tables,
    chosen: source.chosen,
    pending,
    taken: source.taken,
    holds: source.holds,
    spool,
    fromLsn,
    witness,
    toPosition: (lsn, last) => toPosition(log, lsn, last),
    maxBytes: settings.maxBytes,
  });
  await using feed = await ReplicationFeed.open(
    {
      connection: source.connection,
      sql: source.sql,
      paceMs: settings.paceMs,
      heartbeatMs: settings.heartbeatMs,
      silenceMs: settings.silenceMs,
      questionTimeoutMs: source.questionTimeoutMs,
      signal: run.signal,
    },
    { command: startCommand(source, startLsn, settings.streaming), confirmed: source.confirmed, fromLsn: startLsn },
  );
  source.onConfirm(() => feed.confirm());
  source.onFeed(feed);
  const reader = new ChangeReader({ source, spool, decoder, pending, watch });
  try {
    let yieldedAt = Number.NEGATIVE_INFINITY;
    /** Since the last draft the source was asked for more. */
    let asked = false;
    for (;;) {
      const whole = !decoder.inTransaction && !pending.isEmpty;
      const idle = !whole && !decoder.inTransaction && !decoder.isUnproven;
      if (idle && watch.isDue(decoder.readTo)) yield* reader.put(await watch.look(decoder.readTo));
      const lullMs = whole || tables.impatient ? settings.lingerMs : settings.idleMs;
      const restMs = lullMs - (performance.now() - yieldedAt);
      // While earlier drafts are being applied, more is collected: a flush costs nearly the same whatever its size. And a source may send
      // without end what is of no concern to us: the loop must turn all the same.
      if (restMs <= 0 && (whole ? !tables.busy : idle && asked)) {
        yieldedAt = performance.now();
        asked = false;
        yield reader.take();
        continue;
      }
      const waitMs = whole ? Math.max(restMs, busyWaitMs) : !idle ? settings.idleMs : tables.impatient ? 0 : Math.max(restMs, 0);
      const bytes = await feed.next(waitMs);
      asked = true;
      if (bytes === 'ended')
        throw fault('unreachable', 'StreamEnded', 'The source ended the replication stream.', {
          remedy: 'It probably shuts down; the link goes on when it is back.',
        });
      if (bytes !== 'nothing') {
        decoder.feed(bytes);
        yield* reader.read(() => feed.reply());
      } else if (idle) yieldedAt = Number.NEGATIVE_INFINITY;
    }
  } finally {
    source.onConfirm(undefined);
    source.onFeed(undefined);
  }
}

function startCommand(source: FollowedSource, fromLsn: bigint, streaming: boolean): string {
  const names = publicationNames(source.slot);
  const version = source.connection.serverVersion;
  const publications = [names.changes, names.appends].map((name) => quoteIdentifier(name)).join(',');
  const options = [`proto_version '${version >= 140_000 ? 2 : 1}'`, `publication_names ${quoteLiteral(publications)}`];
  if (version >= 140_000) options.push("messages 'true'");
  if (version >= 140_000 && streaming) options.push("streaming 'on'");
  return `START_REPLICATION SLOT ${quoteIdentifier(source.slot)} LOGICAL ${formatLsn(fromLsn)} (${options.join(', ')})`;
}

interface ReaderParts {
  readonly source: FollowedSource;
  readonly spool: Spool;
  readonly decoder: StreamDecoder;
  readonly pending: PendingChanges;
  readonly watch: CatalogWatch;
}

/** Runs the decoder over bytes and does what it stops for. */
class ChangeReader {
  readonly #parts: ReaderParts;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  /** Yields what becomes full; what is left is pending. */
  async *read(reply: () => void): AsyncGenerator<Draft> {
    for (let stop = this.#parts.decoder.run(); stop.kind !== 'end'; stop = this.#parts.decoder.run()) yield* this.#do(stop, reply);
  }

  async *#do(stop: Stop, reply: () => void): AsyncGenerator<Draft> {
    const { source, decoder } = this.#parts;
    switch (stop.kind) {
      case 'end':
        return;
      case 'reply':
        reply();
        return;
      case 'full':
        yield this.take();
        return;
      case 'relation': {
        const { binding, steps, drifted } = await adoptRelation(await source.sql(), source.catalog, stop.relation, stop.known);
        if (drifted) this.#parts.watch.hurry();
        if (binding || steps.length === 0) decoder.bound(stop.relation, binding ?? null);
        yield* this.put(steps);
        return;
      }
      case 'replay':
        yield* this.#replay(stop.commit, reply);
    }
  }

  async *#replay(commit: StreamCommitMessage, reply: () => void): AsyncGenerator<Draft> {
    const { decoder, spool } = this.#parts;
    const rest = decoder.rest();
    decoder.beginReplay(commit, spool.aborted(commit.xid));
    for await (const bytes of spool.read(commit.xid)) {
      decoder.feed(bytes);
      yield* this.read(reply);
    }
    decoder.endReplay(commit);
    spool.drop(commit.xid);
    decoder.feed(rest);
  }

  /** Yields steps at this very place. */
  *put(steps: readonly Step[]): Generator<Draft> {
    if (steps.length === 0) return;
    this.#parts.pending.push(steps);
    yield this.take();
  }

  /** What is pending. */
  take(): Draft {
    const { decoder, pending } = this.#parts;
    const draft = pending.take(decoder.inTransaction, decoder.position);
    decoder.taken();
    return draft;
  }
}
