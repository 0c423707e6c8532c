import { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { sqlErrorOfEngine } from '#pool/tsql/translate/engine-errors.ts';
import { sqlError, sqlMessageOf } from '#pool/tsql/sql-error.ts';
import { parseCondition, parseExpression } from '#pool/tsql/syntax/parse.ts';
import { duckDbTypeOf } from '#pool/tsql/translate/duckdb-type.ts';
import { translateCondition, translateExpression } from '#pool/tsql/translate/expression.ts';
import type { Scope, Typed } from '#pool/tsql/translate/typed.ts';
import { type TsqlType, tsqlTypeText } from '#pool/tsql/tsql-type.ts';

/** A connection to a DuckDB of its own, as the pool's engine sets it up. */
export async function connectEngine(): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(':memory:', { autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' });
  const connection = await instance.connect();
  await connection.run(`SET TimeZone = 'UTC'`);
  return connection;
}

export interface Column {
  readonly name: string;
  readonly type: TsqlType;
}

/** A scope with the columns of one table, and nothing around it. */
export function scopeOf(columns: readonly Column[], settings: Partial<Scope['settings']> = {}): Scope {
  const scope: Scope = {
    column: (name): Typed => {
      const found = columns.find((column) => column.name.toLowerCase() === name.parts.at(-1)?.toLowerCase());
      if (!found) throw sqlError(207, `Invalid column name '${name.parts.join('.')}'.`, { place: name });
      return { sql: `"${found.name}"`, type: found.type, nullable: true, columnName: found.name };
    },
    variable: (name, place) => {
      throw sqlError(137, `Must declare the scalar variable "${name}".`, { place });
    },
    global: () => undefined,
    sessionFunction: () => undefined,
    query: (query) => {
      const items = query.body.kind === 'select' ? query.body.items : [];
      const values = items.flatMap((item) => (item.kind === 'expression' ? [translateExpression(item.value, scope)] : []));
      const from = query.body.kind === 'select' && query.body.from.length > 0 ? ' FROM t' : '';
      return { sql: `SELECT ${values.map((value) => value.sql).join(', ')}${from}`, columns: values };
    },
    whole: () => undefined,
    aggregate: (make) => make(scope),
    refusesAggregates: undefined,
    refusesWindows: undefined,
    window: (name) => `"${name}"`,
    settings: { dateFirst: 7, dateFormat: 'mdy', now: { utc: '2024-02-01 10:11:12.123456' }, ...settings },
  };
  return scope;
}

/** What an expression is worth, as DuckDB writes it, with its type: `3 int`; or the number and text of its error: `8134: Divide …`. */
export async function evaluate(
  text: string,
  connection: DuckDBConnection,
  of: { readonly scope?: Scope; readonly from?: string; readonly by?: string } = {},
): Promise<string> {
  try {
    const { sql, type } = translateExpression(parseExpression(text), of.scope ?? scopeOf([]));
    const from = of.from === undefined ? '' : ` FROM ${of.from}`;
    const key = of.by === undefined ? '' : `, ${of.by} AS k`;
    const order = of.by === undefined ? '' : ' ORDER BY k NULLS FIRST';
    const engineType = type === undefined ? '' : duckDbTypeOf(type);
    const rows = (
      await connection.runAndReadAll(`SELECT CAST(v AS VARCHAR), typeof(v) FROM (SELECT ${sql} AS v${key}${from})${order}`)
    ).getRows();
    const types = new Set(rows.map((row) => String(row[1])));
    if (type !== undefined && rows.length > 0 && (types.size > 1 || !types.has(engineType)))
      return `${[...types].join(', ')} in place of ${engineType}: ${sql}`;
    return `${rows.map((row) => (row[0] === null ? 'NULL' : String(row[0]))).join(',')} ${type === undefined ? 'NULL' : tsqlTypeText(type)}`;
  } catch (error) {
    return told(error);
  }
}

/** `true`, `false` or `NULL`; or the error. */
export async function evaluateCondition(text: string, connection: DuckDBConnection, scope: Scope = scopeOf([])): Promise<string> {
  try {
    const sql = translateCondition(parseCondition(text), scope);
    const rows = (await connection.runAndReadAll(`SELECT CAST(${sql} AS VARCHAR)`)).getRows();
    return rows.map((row) => (row[0] === null ? 'NULL' : String(row[0]))).join(',');
  } catch (error) {
    return told(error);
  }
}

function told(error: unknown): string {
  const message = sqlErrorOfEngine(error) ?? sqlMessageOf(error);
  return `${message.number}: ${message.text}`;
}
