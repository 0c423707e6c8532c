import { fault, toFault, type Fault } from '#base/fault.ts';
import { standbyStatus } from '#wire/pgoutput/outer.ts';
import type { PgConnection } from './connection.ts';
import type { CopyBoth } from './copy-both.ts';
import type { Sql } from './sql-session.ts';

export interface FeedOptions {
  readonly connection: PgConnection;
  readonly sql: () => Promise<Sql>;
  readonly paceMs: number;
  readonly heartbeatMs: number;
  /** Undefined: see `silenceMs`. */
  readonly silenceMs: number | undefined;
  readonly questionTimeoutMs: number;
  readonly signal: AbortSignal;
}

export interface FeedStart {
  readonly command: string;
  /** Everything before this is durable with us. */
  readonly confirmed: () => bigint;
  readonly fromLsn: bigint;
}

const statusMs = 10_000;
const confirmMs = 200;
const leastSilenceMs = 30_000;
const unwatchedSilenceMs = 600_000;
/** A source in the midst of a large transaction ends the stream when that is sent; it is not waited for so long. */
const endMs = 1000;

/**
 * How long the source may be silent before the connection counts as half open. It answers our status updates, and asks us after half of
 * `wal_sender_timeout`; 0 there means that it watches nothing, and then we wait for long: in the midst of a large transaction of which nothing is
 * ours, older releases do not answer.
 */
export function silenceMs(walSenderTimeoutMs: number): number {
  return walSenderTimeoutMs > 0 ? Math.max(leastSilenceMs, walSenderTimeoutMs * 1.5) : unwatchedSilenceMs;
}

/** How often we speak, so that the source does not give us up while we are busy. */
export function speakMs(walSenderTimeoutMs: number): number {
  return walSenderTimeoutMs > 0 ? Math.max(100, Math.min(statusMs, walSenderTimeoutMs / 3)) : statusMs;
}

/** The replication stream with its two-way talk: status updates, heartbeats, a watchdog. */
export class ReplicationFeed implements AsyncDisposable {
  readonly #options: FeedOptions;
  readonly #start: FeedStart;
  readonly #stream: CopyBoth;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #silenceMs: number;
  #reading: Promise<Uint8Array | undefined> | undefined;
  /** Since when somebody waits for bytes. */
  #waitingFromMs = Number.POSITIVE_INFINITY;
  #confirmTimer: NodeJS.Timeout | undefined;
  #fault: Fault | undefined;
  #heartbeats = 0;
  #beating = false;
  #heartbeatFault: Fault | undefined;

  private constructor(options: FeedOptions, start: FeedStart, opened: { readonly stream: CopyBoth; readonly timeoutMs: number }) {
    this.#options = options;
    this.#start = start;
    this.#stream = opened.stream;
    this.#silenceMs = options.silenceMs ?? silenceMs(opened.timeoutMs);
    this.#timers.push(setInterval(() => this.#tick(), Math.min(speakMs(opened.timeoutMs), this.#silenceMs / 3)));
    if (options.heartbeatMs > 0) this.#timers.push(setInterval(() => void this.#beat(), options.heartbeatMs));
  }

  static async open(options: FeedOptions, start: FeedStart): Promise<ReplicationFeed> {
    const { connection, questionTimeoutMs: timeoutMs } = options;
    const [row] = await connection.query("SELECT setting::bigint FROM pg_catalog.pg_settings WHERE name = 'wal_sender_timeout'", {
      signal: options.signal,
      timeoutMs,
    });
    const late = new AbortController();
    const timer = setTimeout(
      () =>
        late.abort(
          fault('timeout', 'StreamNotStarted', `The source did not start the replication stream within ${timeoutMs / 1000} s.`, {
            remedy: 'Check the network between, and the load of the source. It is tried again.',
          }),
        ),
      timeoutMs,
    );
    try {
      const stream = await connection.copyBoth(start.command, {
        signal: AbortSignal.any([options.signal, late.signal]),
        paceMs: options.paceMs,
      });
      return new ReplicationFeed(options, start, { stream, timeoutMs: Number(row?.[0] ?? 0) });
    } finally {
      clearTimeout(timer);
    }
  }

  /** When the source was last heard of, milliseconds since 1970; now, where nobody listens because what came is still being worked on. */
  get heardMs(): number {
    const agoMs = this.#waitingFromMs === Number.POSITIVE_INFINITY ? 0 : performance.now() - this.#stream.lastReceivedAtMs;
    return Date.now() - agoMs;
  }

  /** Transactions of our own that were written. */
  get heartbeats(): number {
    return this.#heartbeats;
  }

  /** The next whole messages; `nothing` when none came in time; `ended` when the source closed the stream. */
  async next(waitMs: number): Promise<Uint8Array | 'nothing' | 'ended'> {
    if (this.#fault) throw this.#fault;
    if (!this.#reading) {
      this.#reading = this.#stream.read();
      this.#waitingFromMs = performance.now();
      // It may end while nobody waits for it; the next call reports that.
      this.#reading.then(
        () => (this.#waitingFromMs = Number.POSITIVE_INFINITY),
        () => undefined,
      );
    }
    const bytes = await within(this.#reading, waitMs);
    if (bytes === 'nothing') return bytes;
    this.#reading = undefined;
    return bytes ?? 'ended';
  }

  /** More is durable: tell the source, soon. */
  confirm(): void {
    this.#confirmTimer ??= setTimeout(() => {
      this.#confirmTimer = undefined;
      this.reply();
    }, confirmMs);
  }

  /** A status update at once. */
  reply(wantsAnswer = false): void {
    const confirmed = this.#start.confirmed();
    const lsn = confirmed > this.#start.fromLsn ? confirmed : this.#start.fromLsn;
    this.#stream.write(
      standbyStatus({ written: lsn, flushed: lsn, applied: lsn, sentAtUs: BigInt(Date.now()) * 1000n, replyRequested: wantsAnswer }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#confirmTimer);
    if (!this.#fault && this.#start.confirmed() > 0n) this.reply();
    await this.#stream.end(endMs);
  }

  #tick(): void {
    // While nobody reads, nothing need come: a large transaction may be busy in the pool.
    const silentMs = performance.now() - Math.max(this.#stream.lastReceivedAtMs, this.#waitingFromMs);
    if (silentMs > this.#silenceMs) {
      this.#fault = fault(
        'unreachable',
        'SourceSilent',
        `The source has sent nothing for ${Math.round(silentMs / 1000)} s, not even an answer.`,
        { remedy: 'The network between probably lost the connection; the link connects anew.' },
      );
      this.#options.connection.destroy(this.#fault);
      return;
    }
    this.reply(true);
  }

  /** Writes a transaction without rows, so that the place of an idle link moves on. One at a time; a source that cannot is left alone. */
  async #beat(): Promise<void> {
    if (this.#beating) return;
    this.#beating = true;
    try {
      const sql = await this.#options.sql();
      await sql.query("SELECT pg_catalog.pg_logical_emit_message(true, 'isthmus', 'heartbeat') WHERE NOT pg_catalog.pg_is_in_recovery()", {
        timeoutMs: 10_000,
        signal: this.#options.signal,
      });
      this.#heartbeats++;
    } catch (error) {
      // Keepalives move the place on too; if the connection is lost, the stream will say so.
      this.#heartbeatFault = toFault(error);
    } finally {
      this.#beating = false;
    }
  }

  /** Why the last heartbeat could not be written. */
  get heartbeatFault(): Fault | undefined {
    return this.#heartbeatFault;
  }
}

async function within<T>(promise: Promise<T>, waitMs: number): Promise<T | 'nothing'> {
  const { promise: late, resolve } = Promise.withResolvers<'nothing'>();
  const timer = setTimeout(() => resolve('nothing'), waitMs);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
