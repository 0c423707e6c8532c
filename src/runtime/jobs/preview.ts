import { fault } from '#base/fault.ts';
import { ChosenTables } from '#replication/chosen-tables.ts';
import { tableName } from '#replication/schema.ts';
import { readTables } from '#replication/sources/postgres/catalog.ts';
import { firstRows } from '#replication/sources/postgres/first-rows.ts';
import type { JobOf } from '../job.ts';
import type { JobContext } from '../job-work.ts';
import { previewSqlServer } from './sqlserver-questions.ts';
import { askStore } from './store-session.ts';

const limits = { mostValueLength: 10_000, mostLength: 500_000, mostBytes: 32 * 1024 * 1024 };
const maxRowBytes = 16 * 1024 * 1024;
const mostRows = 1_000;

/**
 * Tells the first rows of a table, as the store writes their values. Changes nothing.
 * Faults: `TableMissing`; `ValueTooLarge` (unsupported) for a row above 16 MB; what the store refuses.
 */
export async function preview(job: JobOf<'preview'>, context: JobContext): Promise<void> {
  const { store, table, timeoutMs } = job;
  const rowsWanted = Math.max(1, Math.min(mostRows, job.mostRows));
  if (store.kind === 'sqlserver')
    return context.tell({ kind: 'rows', ...(await previewSqlServer(job, { ...limits, mostRows: rowsWanted }, context)) });
  await askStore({ store, purpose: 'preview', timeoutMs, readOnly: true, maxRowBytes }, context, async ({ sql, connection, signal }) => {
    const patterns = new ChosenTables([{ ...table, placement: { ...table, onExisting: 'fail-if-not-empty' } }]);
    const [found] = await readTables(sql, { patterns, asText: new Set() });
    const target = tableName(table.schema, table.name);
    if (!found)
      throw fault('missing', 'TableMissing', `There is no table ${target} in the database ${sql.database}.`, {
        target,
        remedy: 'Check schema and name; views, foreign tables and single partitions cannot be chosen.',
      });
    const { columns, rows } = await firstRows(connection, found, { ...limits, mostRows: rowsWanted }, signal);
    context.tell({ kind: 'rows', columns, rows });
  });
}
