import { fault } from '#base/fault.ts';
import { PgConnection } from '#replication/sources/postgres/connection.ts';
import { limited, type Sql } from '#replication/sources/postgres/sql-session.ts';
import type { StoreLogin } from '../job.ts';
import type { JobContext } from '../job-work.ts';
import { postgresAddress } from './store-login.ts';

export interface StoreAsk {
  readonly store: StoreLogin;
  readonly purpose: string;
  /** For all of it, logging in included. */
  readonly timeoutMs: number;
  /** What is asked changes nothing, and the server sees to that. */
  readonly readOnly: boolean;
  /** The longest row that is taken. */
  readonly maxRowBytes?: number;
}

export interface StoreSession {
  readonly sql: Sql;
  readonly connection: PgConnection;
  /** Aborts when the time is over. */
  readonly signal: AbortSignal;
}

/**
 * Asks a store something, which is over in time whatever the store does: here the connection is given up, and there the server's own limit
 * ends what it is at. Faults: `StoreSilent` (timeout), `StoreNotReplicated` (unsupported), those of connecting, and of `work`.
 */
export async function askStore<T>(
  ask: StoreAsk,
  { dialer, signal }: Pick<JobContext, 'dialer' | 'signal'>,
  work: (session: StoreSession) => Promise<T>,
): Promise<T> {
  const { store, timeoutMs, purpose } = ask;
  const address = postgresAddress(store, { dialer, purpose, connectTimeoutMs: timeoutMs });
  const settings = {
    statement_timeout: String(timeoutMs),
    lock_timeout: String(Math.ceil(timeoutMs / 2)),
    ...(ask.readOnly ? { default_transaction_read_only: 'on' } : {}),
  };
  return await inTime(ask, signal, async (ends) => {
    const limits = ask.maxRowBytes === undefined ? {} : { maxFrameBytes: ask.maxRowBytes };
    await using connection = await PgConnection.connect({ ...address, settings, ...limits }, ends);
    return await work({ connection, sql: limited(connection, { signal: ends }), signal: ends });
  });
}

/** The work, with a signal that aborts when the time is over. Fault: `StoreSilent` (timeout). */
export async function inTime<T>(
  { store, timeoutMs }: Pick<StoreAsk, 'store' | 'timeoutMs'>,
  signal: AbortSignal,
  work: (ends: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(storeSilent(store, timeoutMs)), timeoutMs);
  const ends = AbortSignal.any([signal, late.signal]);
  try {
    return await work(ends);
  } catch (error) {
    // Whoever is cut off by the end of the time says so in words of its own.
    if (late.signal.aborted && !signal.aborted) throw late.signal.reason;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function storeSilent({ host, port }: StoreLogin, timeoutMs: number): ReturnType<typeof fault> {
  return fault('timeout', 'StoreSilent', `${host}:${port} did not answer all that was asked within ${timeoutMs / 1000} s.`, {
    target: `${host}:${port}`,
    remedy: 'Check that the server answers a client of your own, its load, and whether a lock is held there.',
  });
}
