import { quoteIdentifier } from '#replication/schema.ts';
import { parseCopyLine } from '#wire/pg/copy-text.ts';
import { framesOf } from '#wire/pg/frames.ts';
import { headerBytes, tag } from '#wire/pg/backend.ts';
import type { PgTable } from './catalog.ts';
import { columnPlans } from './column-reasons.ts';
import type { PgConnection } from './connection.ts';

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
  /** Bytes that the source may send for them. */
  readonly mostBytes: number;
}

/** The first rows that the source finds, in no order. All of its columns, those too that do not travel. */
export async function firstRows(connection: PgConnection, table: PgTable, limits: RowLimits, signal: AbortSignal): Promise<FirstRows> {
  const columns = columnPlans(table).map(({ name, sourceType }) => ({ name, sourceType }));
  const list = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const copy = `COPY (SELECT ${list} FROM ${table.ownRows} LIMIT ${Math.trunc(limits.mostRows)}) TO STDOUT`;
  const mostValue = Math.min(limits.mostValueLength, Math.max(1, Math.floor(limits.mostLength / Math.max(1, columns.length))));
  const rows: (readonly (string | null)[])[] = [];
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let length = 0;
  let bytes = 0;
  if (columns.length === 0) return { columns, rows };
  // Left early, the copy is cancelled at the source.
  for await (const buffer of connection.copyOut(copy, signal)) {
    for (const frame of framesOf({ tag: tag.copyData, bytes: buffer })) {
      if (length > limits.mostLength || bytes > limits.mostBytes) return { columns, rows };
      const row = parseCopyLine(decoder.decode(frame.subarray(headerBytes))).map((value) => cut(value, mostValue));
      rows.push(row);
      bytes += frame.length;
      length += row.reduce((sum, value) => sum + (value?.length ?? 0), 0);
    }
  }
  return { columns, rows };
}

function cut(value: string | null, mostLength: number): string | null {
  if (value === null || value.length <= mostLength) return value;
  // Not in the midst of a surrogate pair.
  const whole = /[\uD800-\uDBFF]$/.test(value.slice(0, mostLength)) ? mostLength - 1 : mostLength;
  return `${value.slice(0, whole)}…`;
}
