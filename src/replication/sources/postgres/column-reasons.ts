import type { Fidelity } from '#replication/schema.ts';
import type { PgTable } from './catalog.ts';
import type { ColumnPlan } from './types/column-plan.ts';
import type { SourceType } from './types/source-type.ts';

export interface ColumnFate {
  readonly name: string;
  readonly sourceType: string;
  readonly fidelity: Fidelity;
  /** Why it is changed or left out, in one sentence. */
  readonly reason: string | null;
}

/** What becomes of each column of a table, in the source's order. */
export function columnPlans({ columns, leftOut }: Pick<PgTable, 'columns' | 'leftOut'>): readonly ColumnFate[] {
  const travelling = columns.map(({ schema: { id, name, sourceType, fidelity }, reason }) => ({ id, name, sourceType, fidelity, reason }));
  const staying = leftOut.map(({ id, name, sourceType, why }) => ({
    id,
    name,
    sourceType,
    fidelity: 'refused' as const,
    reason:
      why === 'generated'
        ? 'It is left out: the source computes it and does not log it; compute it in a view over the pool.'
        : 'It is left out: its type has no value to send.',
  }));
  return [...travelling, ...staying]
    .toSorted((x, y) => x.id - y.id)
    .map(({ name, sourceType, fidelity, reason }) => ({ name, sourceType, fidelity, reason }));
}

const numericOid = 1700;
const reasons: ReadonlyMap<number, string> = new Map([
  [1042, 'Blanks at its end are kept, and the pool compares them, which PostgreSQL does not.'],
  [19, 'It arrives as text without the limit of 63 bytes.'],
  [114, 'It arrives as the text of the document, byte for byte.'],
  [3802, 'It arrives as the text of the document, as PostgreSQL writes it.'],
  [790, 'It arrives as text with currency and separators, as -$1,234.56.'],
]);
const ofKind: Partial<Record<SourceType['kind'], string>> = {
  enum: 'The label arrives as text; renaming one later is not in the log.',
  composite: 'It arrives as the text of a row, such as (1,"a b").',
  range: 'It arrives as the text of a range, such as [1,5).',
  multirange: 'It arrives as the text of its ranges, such as {[1,5),[8,9)}.',
};

/** Why a column that travels is not the same in the pool; null where it is. */
export function reasonOf(type: SourceType, plan: ColumnPlan): string | null {
  if (plan.fidelity === 'exact') return null;
  const known = reasons.get(type.oid) ?? ofKind[type.kind];
  if (known !== undefined) return known;
  if (type.oid === numericOid)
    return type.typmod < 4
      ? 'It arrives as text, since its number of digits is not declared: declare up to 38, as numeric(18,4), to get a decimal.'
      : 'It arrives as text: the pool has decimals of up to 38 digits, all or some of them before the point.';
  if (type.name.endsWith('[]')) return 'It arrives as the text of an array, such as {1,NULL,"a b"}.';
  return 'It arrives as the text that PostgreSQL writes for it.';
}
