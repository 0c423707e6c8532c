import { readTables, type PgTable } from '#replication/sources/postgres/catalog.ts';
import { tableRefusals } from '#replication/sources/postgres/preflight.ts';
import type { BrowsedTable, JobOf } from '../job.ts';
import type { JobContext } from '../job-work.ts';
import { jobFinding } from './job-finding.ts';
import { browseSqlServer } from './sqlserver-questions.ts';
import { askStore } from './store-session.ts';

/** The channel takes only so much, and nobody chooses from more. */
const mostTables = 10_000;

const everything = { matches: () => true, exact: [] };

/** Tells every table that the login sees, in the order of schema and name, and what stands against choosing it. Changes nothing. */
export async function browse({ store, timeoutMs }: JobOf<'browse'>, context: JobContext): Promise<void> {
  if (store.kind === 'sqlserver') return tellTables(await browseSqlServer({ store, timeoutMs }, context), context);
  await askStore({ store, purpose: 'browse', timeoutMs, readOnly: true }, context, async ({ sql }) => {
    const tables = await readTables(sql, { patterns: everything, asText: new Set() });
    tellTables(
      tables.map((table) => browsed(table, store.user)),
      context,
    );
  });
}

function tellTables(tables: readonly BrowsedTable[], { log, tell }: Pick<JobContext, 'log' | 'tell'>): void {
  if (tables.length > mostTables) log.warn({ tables: tables.length, told: mostTables }, 'store has more tables than are shown');
  tell({ kind: 'tables', tables: tables.slice(0, mostTables) });
}

function browsed(table: PgTable, user: string): BrowsedTable {
  const [refusal] = tableRefusals(table, user);
  return {
    schema: table.schema.schema,
    name: table.schema.name,
    estimatedRows: table.estimatedRows < 0 ? null : table.estimatedRows,
    hasKey: table.schema.identity === 'key',
    refusal: refusal ? jobFinding(refusal) : null,
  };
}
