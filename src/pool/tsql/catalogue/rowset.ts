import { quoteIdentifier } from '#replication/schema.ts';
import type { ResultColumn, SqlValue } from '../session.ts';
import { duckDbTypeOf } from '../translate/duckdb-type.ts';
import { ticks } from '../translate/datetime-ticks.ts';
import type { TsqlType } from '../tsql-type.ts';
import { textLiteral } from '../translate/sql-text.ts';

/** What a column of the catalogue holds. `true` at the end: it may be null. */
export type RowsetColumn = readonly [name: string, type: TsqlType, nullable?: boolean];

/** Rows of the catalogue, made here and not by the engine. */
export interface Rowset {
  readonly columns: readonly RowsetColumn[];
  readonly rows: readonly (readonly SqlValue[])[];
}

export const int: TsqlType = { name: 'int' };
export const smallint: TsqlType = { name: 'smallint' };
export const tinyint: TsqlType = { name: 'tinyint' };
export const bigint: TsqlType = { name: 'bigint' };
export const bit: TsqlType = { name: 'bit' };
export const datetime: TsqlType = { name: 'datetime' };
export const sysname: TsqlType = { name: 'nvarchar', length: 128 };

export function nvarchar(length: number | 'max'): TsqlType {
  return { name: 'nvarchar', length };
}

export function varchar(length: number | 'max'): TsqlType {
  return { name: 'varchar', length };
}

export function char(length: number): TsqlType {
  return { name: 'char', length };
}

export function columnsOf({ columns }: Rowset): readonly ResultColumn[] {
  return columns.map(([name, type, nullable = false]) => ({ name, type, nullable }));
}

/** The rows as a query of DuckDB's SQL, in order, its columns under their names. */
export function queryOf({ columns, rows }: Rowset): string {
  if (rows.length === 0) {
    const empty = columns.map(([name, type]) => `CAST(NULL AS ${duckDbTypeOf(type)}) AS ${quoteIdentifier(name)}`);
    return `SELECT ${empty.join(', ')} WHERE FALSE`;
  }
  // A text for each column: DuckDB reads it many times faster than VALUES or lists.
  const lists = columns.map(([name, type], place) => {
    const texts = rows.map((row) => plainText(row[place] ?? null));
    const values = `unnest(from_json(${textLiteral(JSON.stringify(texts))}, '["VARCHAR"]'))`;
    const engineType = duckDbTypeOf(type);
    if (type.name === 'datetime') return `${ticks(`CAST(${values} AS TIMESTAMP)`)} AS ${quoteIdentifier(name)}`;
    return `${engineType === 'BLOB' ? `unhex(${values})` : `CAST(${values} AS ${engineType})`} AS ${quoteIdentifier(name)}`;
  });
  return `SELECT ${lists.join(', ')}`;
}

function plainText(value: SqlValue): string | null {
  if (value === null) return null;
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
}
