import { quoteIdentifier } from '#replication/schema.ts';
import type { Query } from '../syntax/ast.ts';
import { onClock } from '../translate/offset-moment.ts';
import type { Scope, Typed } from '../translate/typed.ts';
import type { TsqlType } from '../tsql-type.ts';
import type { ColumnFacts, PlanContext, TableFacts } from './plan.ts';

/** One column of a query's rows. In its SQL it is called `c1`, `c2`, … by its place. */
export interface Column {
  /** Empty: it has none. */
  readonly name: string;
  /** Undefined: nothing but NULL. */
  readonly type: TsqlType | undefined;
  readonly nullable: boolean;
  readonly binaryOrder?: boolean | undefined;
  readonly isJson?: boolean | undefined;
}

/** A query in DuckDB's SQL. */
export interface Selected {
  /** Whole; gives columns `c1`, `c2`, … */
  readonly sql: string;
  readonly columns: readonly Column[];
}

/** A table that a WITH has named. */
export interface NamedQuery {
  /** As the SQL's own WITH calls it. */
  readonly reference: string;
  readonly columns: readonly Column[];
  /** Hears of each use, with the alias that it has there: the recursive part must use its own name once. */
  readonly used?: ((alias: string) => void) | undefined;
}

/** Names of WITHs by lower case, the innermost last. */
export type NamedQueries = ReadonlyMap<string, NamedQuery>;

/** What a query stands in. */
export interface Around {
  readonly writing: Writing;
  /** The query around it, whose columns it may use. */
  readonly outer: Scope | undefined;
  readonly named: NamedQueries;
  /** ORDER BY means nothing there but with TOP: it is a derived table, a subquery, a view. */
  readonly nested: boolean;
  /** The views that it is written out of, from the outermost. */
  readonly views?: readonly TableFacts[] | undefined;
}

/** The work on one statement. */
export interface Writing {
  readonly context: PlanContext;
  /** A name that nothing else of the statement has. */
  fresh(letter: string): string;
  query(query: Query, around: Around): Selected;
  /** `OPTION (MAXRECURSION n)`: 100 by default; 0 is no limit. */
  readonly maxRecursion: number;
}

/** Case does not count in names. */
export function foldName(name: string): string {
  return name.toLowerCase();
}

/** The name of a query's column in its SQL, by its place from 0. */
export function placeName(place: number): string {
  return `c${place + 1}`;
}

/** A column of a query that stands in FROM under `alias`. */
export function columnOf(alias: string, place: number, column: Column): Typed {
  return {
    sql: `${alias}.${placeName(place)}`,
    type: column.type,
    nullable: column.nullable,
    columnName: column.name,
    binaryOrder: column.binaryOrder,
  };
}

/** A table's column as its type has its values. */
export function readColumn(sql: string, { type, readAs }: ColumnFacts): string {
  if (readAs === undefined) return sql;
  return type.name === 'datetimeoffset' ? onClock(sql, 0) : `CAST(${sql} AS ${readAs})`;
}

export function quoted(name: string): string {
  return quoteIdentifier(name);
}
