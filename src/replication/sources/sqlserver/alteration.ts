import { fault, type Fault } from '#base/fault.ts';
import { copySteps, failed, recopied } from '#replication/link-book.ts';
import { sameKey, sameShape, type TableSchema } from '#replication/schema.ts';
import type { Step, TableProgress } from '#replication/segment.ts';

/** The table is copied from the start, in the given shape: what was read of its changes has a gap. */
export function anewSteps(now: TableSchema, known: TableSchema): readonly Step[] {
  return copySteps(now, known, undefined);
}

/**
 * What the pool must do where a table has another shape than it is known in. Nothing tells what the source did to rows that are there (a default
 * of a column that was added, another type), so that they are copied again, over themselves, while their changes go on. A column that was taken
 * away or renamed changes no row. Under another key the table is copied from the start.
 */
export function alterSteps(now: TableSchema, known: TableSchema, progress: TableProgress): readonly Step[] {
  if (sameShape(now, known)) return [];
  if (!sameKey(now, known)) return anewSteps(now, known);
  const shape: Step = { kind: 'schema', schema: now, fills: [] };
  const before = new Map(known.columns.map((column) => [column.id, column]));
  const keepsRows = now.columns.every((column) => before.get(column.id)?.sourceType === column.sourceType);
  return keepsRows && progress.state === 'Replicating' ? [shape] : [shape, { kind: 'progress', progress: recopied(progress) }];
}

/** The table goes no further; once it is found again it is copied anew. */
export function lostSteps(progress: TableProgress): readonly Step[] {
  return [
    {
      kind: 'progress',
      progress: failed(
        progress,
        fault(
          'missing',
          'TableGone',
          `Changes of ${progress.table} are not told any more: it is no longer there under this name, no longer tracked, or no longer ours to read. Its rows stay as they are.`,
          { remedy: 'See what a check finds; once the table is tracked and may be read again, it is copied anew.' },
        ),
      ),
    },
  ];
}

/** The table goes no further, for this reason. */
export function refusedSteps(progress: TableProgress, why: Fault): readonly Step[] {
  return [{ kind: 'progress', progress: failed(progress, why) }];
}
