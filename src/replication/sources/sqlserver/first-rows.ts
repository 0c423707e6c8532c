import type { SqlServerShape } from './catalog.ts';
import type { SqlServerSession } from './session.ts';
import { previewStatement } from './statements.ts';

export interface FirstRows {
  readonly columns: readonly { readonly name: string; readonly sourceType: string }[];
  /** As the source writes each value; one that is longer than allowed is cut and ends in `…`. */
  readonly rows: readonly (readonly (string | null)[])[];
}

export interface RowLimits {
  readonly mostRows: number;
  readonly mostValueLength: number;
  /** Rows end once these many characters are there; no row has more. */
  readonly mostLength: number;
}

/** The first rows that the source finds, in no order: of its columns those that travel, as they do. */
export async function firstRows(
  session: SqlServerSession,
  { schema, columns, statement }: SqlServerShape,
  limits: RowLimits,
): Promise<FirstRows> {
  const shown = columns.map((column) => ({ name: column.schema.name, sourceType: column.schema.sourceType }));
  const rows: (readonly (string | null)[])[] = [];
  if (columns.length === 0) return { columns: shown, rows };
  const mostValue = Math.min(limits.mostValueLength, Math.max(1, Math.floor(limits.mostLength / columns.length)));
  let length = 0;
  for await (const some of session.rows(
    previewStatement({ schema: schema.schema, name: schema.name, columns: statement.columns }, limits.mostRows),
  )) {
    for (const row of some) {
      if (length > limits.mostLength) return { columns: shown, rows };
      const texts = columns.map(({ plan }, place) => (row[place] === null ? null : cut(plan.text(row[place]), mostValue)));
      rows.push(texts);
      length += texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
    }
  }
  return { columns: shown, rows };
}

function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  // Not in the midst of a surrogate pair.
  const whole = /[\uD800-\uDBFF]$/.test(text.slice(0, most)) ? most - 1 : most;
  return `${text.slice(0, whole)}…`;
}
