import type { DuckDBValue } from '@duckdb/node-api';
import type { ResultColumn, StatementCommand } from '../session.ts';
import type { Expression, Query } from '../syntax/ast.ts';
import type { Scope } from '../translate/typed.ts';
import type { TsqlType } from '../tsql-type.ts';

/** A column of a table or view, as T-SQL sees it. */
export interface ColumnFacts {
  readonly name: string;
  /** Declared (`isthmus.declared_columns`), or what stands for the pool's own type: `tsqlTypeOf`. */
  readonly type: TsqlType;
  readonly nullable: boolean;
  /** `duckDbTypeOf(type)` where the table keeps it as another type, such as INTERVAL or moments without a clock: `readColumn` reads it. */
  readonly readAs?: string | undefined;
  /** Compared by its bytes: its collation is a binary one. */
  readonly binaryOrder?: boolean | undefined;
  /** Values come from `sequence`, as DuckDB's `nextval` names it. Written in digits. */
  readonly identity?: { readonly seed: string; readonly increment: string; readonly sequence: string } | undefined;
  /** The default's expression, as T-SQL text. */
  readonly default?: string | undefined;
}

export interface TableFacts {
  readonly kind: 'table' | 'view' | 'temporary' | 'table-variable' | 'system';
  /** As created; empty for table variables. */
  readonly schema: string;
  readonly name: string;
  /** What stands for it in DuckDB's FROM, whole and quoted: `isthmus_pool."dbo"."t"`, `temp.main."#t"`. Empty for a view of T-SQL. */
  readonly reference: string;
  readonly columns: readonly ColumnFacts[];
  /** Why T-SQL may not write it, as a sentence: a link fills it, it is a view, it is the system's. */
  readonly readOnly?: string | undefined;
  /** Of a view that T-SQL made: its query as it was written, and the names of its columns where they were given. */
  readonly view?: { readonly text: string; readonly columns: readonly string[] | undefined } | undefined;
}

/** What is in the database, at one moment. Names are found without regard to case. */
export interface Names {
  /** The pool's name, as in `pool.dbo.t`. */
  readonly database: string;
  readonly defaultSchema: string;
  /** Tables, views and system views. `#t` is asked for with an empty schema; so are what the session calls `@t`. */
  table(schema: string, name: string): TableFacts | undefined;
  /** The schema's name as it was created. */
  schema(name: string): string | undefined;
}

/** What a statement is planned in. */
export interface PlanContext extends Pick<Scope, 'variable' | 'global' | 'sessionFunction' | 'settings'> {
  readonly names: Names;
  /** `SET IDENTITY_INSERT t ON`. */
  readonly identityInsert?: { readonly schema: string; readonly name: string } | undefined;
  /** `SET ROWCOUNT n`, in digits; undefined: no limit. */
  readonly rowCount?: string | undefined;
  /** The query of a view's text, which begins at its SELECT or WITH. */
  parseQuery(text: string): Query;
  /** An expression of its own: a column's default. */
  parseExpression(text: string): Expression;
}

/** Done in order, in one transaction: the session's, or one of its own. */
export type Step =
  /** Nothing is taken from it. */
  | { readonly kind: 'run'; readonly sql: string }
  /** Its rows go to the client. `uncounted`: other steps count the statement's rows. */
  | { readonly kind: 'result'; readonly sql: string; readonly columns: readonly ResultColumn[]; readonly uncounted?: boolean | undefined }
  /** Rows that it changes are the statement's count. */
  | { readonly kind: 'change'; readonly sql: string }
  /** INSERT … RETURNING the identity column: its rows are the statement's count, the last by the increment's sign is SCOPE_IDENTITY(). */
  | { readonly kind: 'identity'; readonly sql: string; readonly descending: boolean }
  /** One row with one whole number: the statement's count. */
  | { readonly kind: 'count'; readonly sql: string }
  /** Its last row gives these variables their values, in order, as `duckDbTypeOf(type)` has them. None: they stay as they are. */
  | {
      readonly kind: 'assign';
      readonly sql: string;
      readonly variables: readonly { readonly name: string; readonly type: TsqlType }[];
      readonly uncounted?: boolean | undefined;
    }
  /** `next` says what follows from its first row. */
  | { readonly kind: 'ask'; readonly sql: string; readonly next: (row: readonly DuckDBValue[] | undefined) => readonly Step[] };

/** What to do for one statement. Whole: it says nothing about what other statements do. */
export interface Plan {
  readonly command: StatementCommand;
  readonly steps: readonly Step[];
  /** What it changes: nothing, what only the session sees, or the pool. */
  readonly writes: 'nothing' | 'session' | 'pool';
  /** DDL has changed what `Names` says: of temporary tables by `temporary`, of the rest as `isthmus.declared_…` says now. */
  readonly changesNames: boolean;
  readonly temporary?: readonly TemporaryChange[] | undefined;
  /** Informational, for the client: `SELECT` counts its rows, DDL counts none. */
  readonly counts: boolean;
}

export type TemporaryChange =
  | { readonly kind: 'created'; readonly table: TableFacts }
  | { readonly kind: 'dropped'; readonly name: string };
