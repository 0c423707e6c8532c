import type { Expression, ObjectName, Place, Query } from '../syntax/ast.ts';
import type { TsqlType } from '../tsql-type.ts';

/** An expression in DuckDB's SQL, with what T-SQL says of it. */
export interface Typed {
  /** Whole in itself: may stand anywhere an operand may, and gives values as `duckDbTypeOf(type)` has them. */
  readonly sql: string;
  /** Undefined: the literal NULL, or made of nothing else; takes the type of what it meets. */
  readonly type: TsqlType | undefined;
  readonly nullable: boolean;
  /** What it is worth where that is known without looking: for date literals, styles and counts. */
  readonly literal?:
    | { readonly kind: 'integer' | 'decimal' | 'string' | 'null' | 'other'; readonly text: string; readonly cast?: boolean }
    | undefined;
  /** The name that a result's column takes from it: a column's own. */
  readonly columnName?: string | undefined;
  /** Texts are compared by their bytes: the column's collation, or a COLLATE, says so. Absent: case and trailing blanks do not count. */
  readonly binaryOrder?: boolean | undefined;
}

/** What an expression's names mean where it stands. All methods throw SQL Server's errors, such as 207, 208, 209, 4104, 137. */
export interface Scope {
  column(name: ObjectName): Typed;
  /** `@x`, by any case. */
  variable(name: string, place: Place): Typed;
  /** `@@ROWCOUNT` and what else the session knows: undefined where it has none of that name. */
  global(name: string, place: Place): Typed | undefined;
  /** What the session says of itself: DB_NAME(), SUSER_SNAME(), SCOPE_IDENTITY(), OBJECT_ID('t'), …; undefined where it has none of that name. */
  sessionFunction(name: string, args: readonly Typed[], place: Place): Typed | undefined;
  /** A query within the expression, which sees this scope as its outer one. */
  query(query: Query): { readonly sql: string; readonly columns: readonly Typed[] };
  /**
   * An expression that is known as a whole: what the query is grouped by, GROUPING(x). Asked of each expression before it is taken apart.
   */
  whole(expression: Expression): Typed | undefined;
  /**
   * An aggregate that is no window: `make` writes it with the scope that its arguments see, the answer is what stands for it where it was
   * written. Throws what `refusesAggregates` says. A window's arguments, even aggregates among them, see the scope as it is.
   */
  aggregate(make: (within: Scope) => Typed, place: Place): Typed;
  /** May aggregates stand here, and may windows? Undefined: yes. Otherwise what SQL Server says (147, 157, 4108, 8120, 130 …). */
  readonly refusesAggregates: { readonly number: number; readonly text: string } | undefined;
  readonly refusesWindows: { readonly number: number; readonly text: string } | undefined;
  /** `OVER w`: the named window's clause in DuckDB's SQL, or the name itself. */
  window(name: string, place: Place): string;
  /** The session's `SET DATEFIRST` (1 to 7; 7 by default) and `SET DATEFORMAT` (`mdy`), and the moment that GETDATE() gives for this statement. */
  readonly settings: { readonly dateFirst: number; readonly dateFormat: string; readonly now: { readonly utc: string } };
}
