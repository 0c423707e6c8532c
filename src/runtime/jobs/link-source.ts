import type { ChosenTables } from '#replication/chosen-tables.ts';
import type { ChangeSource } from '#replication/source.ts';
import type { LinkOrder } from '../job.ts';
import type { JobContext } from '../job-work.ts';
import { postgresAddress, sqlServerAddress } from './store-login.ts';

/** How long a store is waited for; after that the link connects anew. */
export interface LinkPatience {
  readonly connectTimeoutMs: number;
  /** For an answer to a question, and for the stream of changes to begin. */
  readonly questionTimeoutMs: number;
  /** For anything at all of a copy that runs. */
  readonly copySilenceMs: number;
  /** For any sign of life on the stream of changes; undefined: by what the store itself waits, see `silenceMs`. */
  readonly streamSilenceMs: number | undefined;
}

export interface LinkSourceParts {
  readonly context: Pick<JobContext, 'dialer'>;
  readonly patience: LinkPatience;
  readonly choice: ChosenTables;
}

type Connect = (signal: AbortSignal) => Promise<ChangeSource>;

/** What connects a link to its source, by the kind of its store. Fault: `StoreNotReplicated` (unsupported). */
export function sourceOf(order: LinkOrder, parts: LinkSourceParts): Connect {
  return order.store.kind === 'sqlserver' ? sqlServerOf(order, parts) : postgresOf(order, parts);
}

function postgresOf(order: LinkOrder, { context: { dialer }, patience, choice }: LinkSourceParts): Connect {
  const { connectTimeoutMs, questionTimeoutMs, copySilenceMs, streamSilenceMs } = patience;
  const options = {
    address: postgresAddress(order.store, { dialer, purpose: 'link', connectTimeoutMs }),
    slot: order.slot,
    toleratesMissing: true,
    failover: false,
    questionTimeoutMs,
    pages: { silenceMs: copySilenceMs },
    // A segment costs a few writes and a commit of the pool whatever its size: under load a tenth of a second is gathered in one.
    follow: { spoolFolder: order.spool, lingerMs: 100, silenceMs: streamSilenceMs },
    catalog: { patterns: choice, asText: new Set<string>() },
  };
  return async (signal) => {
    // A worker has one job, with one database.
    const { PostgresSource } = await import('#replication/sources/postgres/postgres-source.ts');
    return await PostgresSource.connect(options, signal);
  };
}

function sqlServerOf(order: LinkOrder, { context: { dialer }, patience, choice }: LinkSourceParts): Connect {
  const { connectTimeoutMs, questionTimeoutMs } = patience;
  const {
    applicationName,
    dialer: _dialer,
    connectTimeoutMs: _timeout,
    ...address
  } = sqlServerAddress(order.store, { dialer, purpose: 'link', connectTimeoutMs });
  return async (signal) => {
    const { SqlServerSource } = await import('#replication/sources/sqlserver/sqlserver-source.ts');
    return await SqlServerSource.connect(
      {
        address,
        dialer,
        applicationName,
        capture: order.capture ?? 'change-tracking',
        tables: choice,
        toleratesMissing: true,
        connectTimeoutMs,
        questionTimeoutMs,
      },
      signal,
    );
  };
}
