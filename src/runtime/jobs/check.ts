import { ChosenTables } from '#replication/chosen-tables.ts';
import type { Finding } from '#replication/source.ts';
import { readTables, type PgTable } from '#replication/sources/postgres/catalog.ts';
import { columnPlans } from '#replication/sources/postgres/column-reasons.ts';
import { readHeldLog } from '#replication/sources/postgres/held-log.ts';
import { preflight } from '#replication/sources/postgres/preflight.ts';
import { publicationNames } from '#replication/sources/postgres/publications.ts';
import type { ColumnPlan, JobOf } from '../job.ts';
import type { JobContext } from '../job-work.ts';
import { jobFindings } from './job-finding.ts';
import { checkSqlServer } from './sqlserver-questions.ts';
import { askStore } from './store-session.ts';

/** Tells whether a link of these tables could start, and what becomes of each of their columns. Changes nothing. */
export async function check(job: JobOf<'check'>, context: JobContext): Promise<void> {
  const { store, slot, tables: chosen, timeoutMs } = job;
  if (store.kind === 'sqlserver') {
    const { findings, plans } = await checkSqlServer(job, context);
    return context.tell({ kind: 'checked', findings: jobFindings(findings), tables: fewColumns(plans), held: null });
  }
  await askStore({ store, purpose: 'check', timeoutMs, readOnly: true }, context, async ({ sql }) => {
    const patterns = new ChosenTables(chosen);
    const tables = await readTables(sql, { patterns, asText: new Set() });
    const held = await readHeldLog(sql, slot);
    const found = await preflight(sql, { tables, patterns, names: publicationNames(slot), slotExists: held !== undefined });
    const findings = held?.lost === true ? [slotLost(slot), ...found] : found;
    context.tell({
      kind: 'checked',
      findings: jobFindings(findings),
      tables: plansOf(tables),
      held: held
        ? { heldBytes: String(held.heldBytes), headroomBytes: held.headroomBytes === undefined ? null : String(held.headroomBytes) }
        : null,
    });
  });
}

/** The channel takes only so much: of very many columns only those are told that do not arrive as they are. */
const mostColumns = 30_000;

function plansOf(tables: readonly PgTable[]): readonly ColumnPlan[] {
  return fewColumns(tables.map((table) => ({ schema: table.schema.schema, name: table.schema.name, columns: columnPlans(table) })));
}

function fewColumns(plans: readonly ColumnPlan[]): readonly ColumnPlan[] {
  const count = plans.reduce((sum, one) => sum + one.columns.length, 0);
  if (count <= mostColumns) return plans;
  let left = mostColumns;
  return plans.map((one) => {
    const columns = one.columns.filter((column) => column.fidelity !== 'exact').slice(0, left);
    left -= columns.length;
    return { ...one, columns };
  });
}

function slotLost(slot: string): Finding {
  return {
    severity: 'error',
    code: 'SlotInvalidated',
    message: `The source has invalidated the replication slot ${slot}: it kept more log than max_slot_wal_keep_size allows, or was idle for too long.`,
    target: slot,
    remedy:
      'Stop the link and start it again: its tables are copied anew. Raise max_slot_wal_keep_size if the link is often paused for long.',
  };
}
