import { fault } from '#base/fault.ts';
import { ChosenTables } from '#replication/chosen-tables.ts';
import { tableName } from '#replication/schema.ts';
import type { Finding } from '#replication/source.ts';
import { readTables, type SqlServerTable } from '#replication/sources/sqlserver/catalog.ts';
import { columnFates } from '#replication/sources/sqlserver/column-fates.ts';
import { readDatabase } from '#replication/sources/sqlserver/database.ts';
import { firstRows, type FirstRows, type RowLimits } from '#replication/sources/sqlserver/first-rows.ts';
import { tableRefusals } from '#replication/sources/sqlserver/preflight.ts';
import { SqlServerSession } from '#replication/sources/sqlserver/session.ts';
import { SqlServerSource } from '#replication/sources/sqlserver/sqlserver-source.ts';
import type { BrowsedTable, ColumnPlan, JobOf } from '../job.ts';
import type { JobContext } from '../job-work.ts';
import { jobFinding } from './job-finding.ts';
import { sqlServerAddress } from './store-login.ts';
import { inTime, type StoreAsk } from './store-session.ts';

type Ask = Pick<StoreAsk, 'store' | 'purpose' | 'timeoutMs'>;
type Context = Pick<JobContext, 'dialer' | 'signal'>;

/** Asks a SQL Server something, which is over in time whatever it does. Faults: `StoreSilent` (timeout), those of the session, and of `work`. */
async function asking<T>(ask: Ask, { dialer, signal }: Context, work: (session: SqlServerSession) => Promise<T>): Promise<T> {
  const { store, timeoutMs, purpose } = ask;
  const address = sqlServerAddress(store, { dialer, purpose, connectTimeoutMs: timeoutMs });
  return await inTime(ask, signal, async (ends) => {
    await using session = await SqlServerSession.connect({ ...address, questionTimeoutMs: timeoutMs }, ends);
    return await work(session);
  });
}

/** Every table that the login sees, and what stands against choosing it. That its changes are not told yet does not: a check says how to. */
export async function browseSqlServer(
  ask: Pick<JobOf<'browse'>, 'store' | 'timeoutMs'>,
  context: Context,
): Promise<readonly BrowsedTable[]> {
  return await asking({ ...ask, purpose: 'browse' }, context, async (session) => {
    const database = await readDatabase(session);
    const tables = await readTables(session, { matches: () => true });
    const captured = new Set(tables.filter(({ facts }) => facts.captured).map(({ facts }) => facts.objectId));
    return tables.map((table): BrowsedTable => {
      const { facts, shape } = table;
      const capture = facts.captured && facts.begun === undefined ? 'cdc' : 'change-tracking';
      const refusals = tableRefusals(table, { capture, database, user: ask.store.user, captured, jobRuns: true });
      const refusal = refusals.find((one) => one.code !== 'NotTracked' && one.code !== 'NoTrackingRight');
      return {
        schema: facts.schema,
        name: facts.name,
        estimatedRows: facts.estimatedRows,
        hasKey: shape.schema.identity === 'key',
        refusal: refusal ? jobFinding(refusal) : null,
      };
    });
  });
}

export interface Checked {
  readonly findings: readonly Finding[];
  readonly plans: readonly ColumnPlan[];
}

/** Whether a link of these tables could start, and what becomes of each of their columns. */
export async function checkSqlServer(job: JobOf<'check'>, { dialer, signal }: Context): Promise<Checked> {
  const { store, tables, timeoutMs, capture = 'change-tracking' } = job;
  const { applicationName, ...address } = sqlServerAddress(store, { dialer, purpose: 'check', connectTimeoutMs: timeoutMs });
  const filter = new ChosenTables(tables);
  return await inTime(job, signal, async (ends) => {
    const options = {
      address,
      dialer,
      applicationName,
      capture,
      tables: filter,
      connectTimeoutMs: timeoutMs,
      questionTimeoutMs: timeoutMs,
    };
    await using source = await SqlServerSource.connect(options, ends);
    const { findings, tables: found } = await source.inspect();
    return { findings, plans: found.map(planOf) };
  });
}

function planOf({ facts: { schema, name }, shape }: SqlServerTable): ColumnPlan {
  return { schema, name, columns: columnFates(shape) };
}

/** The first rows of a table. Fault: `TableMissing`. */
export async function previewSqlServer(
  { store, table, timeoutMs }: JobOf<'preview'>,
  limits: RowLimits,
  context: Context,
): Promise<FirstRows> {
  return await asking({ store, purpose: 'preview', timeoutMs }, context, async (session) => {
    const [found] = await readTables(session, { matches: (schema, name) => schema === table.schema && name === table.name });
    if (found) return await firstRows(session, found.shape, limits);
    const target = tableName(table.schema, table.name);
    throw fault('missing', 'TableMissing', `There is no table ${target} in the database ${store.database} that ${store.user} sees.`, {
      target,
      remedy: 'Check schema and name, in capitals too, and what the user may see; views cannot be chosen.',
    });
  });
}
