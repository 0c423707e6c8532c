/** What a batch must answer, from what is documented of SQL Server. */
export interface TsqlCase {
  readonly sql: string;
  /** Batches before it in the same session; what they answer is not looked at, but must not fail. */
  readonly setup?: readonly string[] | undefined;
  /** Of the first result: names (empty: none) and types as T-SQL spells them. */
  readonly columns?: readonly (readonly [name: string, type: string])[] | undefined;
  /** Of all results, one after the other; NULL is null, bit `1` or `0`, binary `0x0A`. */
  readonly rows?: readonly (readonly (string | null)[])[] | undefined;
  /** The number of the first error. Without it nothing may fail. */
  readonly error?: number | undefined;
  /** Texts of what is merely said, as by PRINT. */
  readonly said?: readonly string[] | undefined;
}

/** Cases of a subject, as docs/tsql.md lists them. */
export interface CaseArea {
  readonly area: string;
  readonly cases: readonly TsqlCase[];
}

type Row = readonly (string | null)[];

/** A query of one value, `SELECT` left out; with its type where that is documented. */
export function value(expression: string, expected: string | null, type?: string): TsqlCase {
  return { sql: `SELECT ${expression}`, rows: [[expected]], columns: type === undefined ? undefined : [['', type]] };
}

/** Whether a condition holds: `true`, `false`, or null where it is neither. */
export function holds(condition: string, expected: boolean | null): TsqlCase {
  const sql = `SELECT CASE WHEN ${condition} THEN 'true' WHEN NOT (${condition}) THEN 'false' END`;
  return { sql, rows: [[expected === null ? null : String(expected)]] };
}

export function rows(sql: string, ...expected: readonly Row[]): TsqlCase {
  return { sql, rows: expected };
}

/** Rows after other batches of the same session. */
export function rowsAfter(setup: string | readonly string[], sql: string, ...expected: readonly Row[]): TsqlCase {
  return { sql, setup: typeof setup === 'string' ? [setup] : setup, rows: expected };
}

export function error(number: number, sql: string, setup?: string): TsqlCase {
  return { sql, error: number, setup: setup === undefined ? undefined : [setup] };
}
