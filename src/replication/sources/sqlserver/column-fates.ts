import type { Fidelity } from '#replication/schema.ts';
import type { SqlServerShape } from './catalog.ts';

export interface ColumnFate {
  readonly name: string;
  readonly sourceType: string;
  readonly fidelity: Fidelity;
  /** Why it is changed or left out, in one sentence. */
  readonly reason: string | null;
}

/** What becomes of each column of a table, in the source's order. */
export function columnFates({ columns, leftOut }: Pick<SqlServerShape, 'columns' | 'leftOut'>): readonly ColumnFate[] {
  const travelling = columns.map(({ schema: { id, name, sourceType, fidelity }, plan: { reason } }) => ({
    id,
    name,
    sourceType,
    fidelity,
    reason,
  }));
  const staying = leftOut.map(({ id, name, sourceType, reason }) => ({ id, name, sourceType, fidelity: 'refused' as const, reason }));
  return [...travelling, ...staying]
    .toSorted((a, b) => a.id - b.id)
    .map(({ name, sourceType, fidelity, reason }) => ({ name, sourceType, fidelity, reason }));
}
