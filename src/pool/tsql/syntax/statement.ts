import type {
  AssignOperator,
  WithTable,
  Condition,
  Expression,
  ObjectName,
  Place,
  Query,
  SelectBody,
  SelectItem,
  TableSource,
  TypeName,
} from './ast.ts';

export type Statement = Place &
  (
    | { readonly kind: 'query'; readonly query: Query }
    | InsertStatement
    | UpdateStatement
    | DeleteStatement
    | MergeStatement
    | { readonly kind: 'truncate'; readonly table: ObjectName }
    | {
        readonly kind: 'insert-bulk';
        readonly table: ObjectName;
        readonly columns: readonly { readonly name: string; readonly type: TypeName }[];
        readonly options: readonly string[];
      }
    | CreateTableStatement
    | {
        readonly kind: 'create-table-as';
        readonly table: ObjectName;
        readonly columns: readonly string[] | undefined;
        readonly options: readonly TableOption[];
        readonly query: Query;
      }
    | { readonly kind: 'alter-table'; readonly table: ObjectName; readonly change: TableChange }
    | {
        readonly kind: 'drop';
        readonly what: 'table' | 'view' | 'schema' | 'index' | 'statistics' | 'procedure' | 'function';
        readonly names: readonly ObjectName[];
        readonly ifExists: boolean;
        /** DROP INDEX i ON t */ readonly on: ObjectName | undefined;
      }
    | {
        readonly kind: 'create-view';
        readonly view: ObjectName;
        readonly columns: readonly string[] | undefined;
        readonly query: Query;
        /** CREATE OR ALTER; ALTER VIEW */ readonly replaces: 'no' | 'maybe' | 'must';
        readonly text: string;
      }
    | { readonly kind: 'create-schema'; readonly name: string; readonly authorization: string | undefined }
    | {
        readonly kind: 'create-index';
        readonly name: string;
        readonly unique: boolean;
        readonly clustered: boolean | undefined;
        readonly columnstore: boolean;
        readonly table: ObjectName;
        readonly columns: readonly { readonly name: string; readonly descending: boolean }[];
        readonly include: readonly string[];
      }
    | { readonly kind: 'create-statistics' | 'update-statistics'; readonly name: string | undefined; readonly table: ObjectName }
    | { readonly kind: 'rename'; readonly what: 'object' | 'column'; readonly from: ObjectName; readonly to: string }
    | {
        readonly kind: 'declare';
        readonly variables: readonly { readonly name: string; readonly type: TypeName; readonly value: Expression | undefined }[];
      }
    | {
        readonly kind: 'declare-table';
        readonly name: string;
        readonly columns: readonly ColumnDefinition[];
        readonly constraints: readonly TableConstraint[];
      }
    | { readonly kind: 'set-variable'; readonly name: string; readonly operator: AssignOperator; readonly value: Expression }
    /** `SET NOCOUNT ON`, `SET DATEFIRST 1`, `SET TRANSACTION ISOLATION LEVEL …`: names in upper case, several for `SET A, B ON`. */
    | {
        readonly kind: 'set-option';
        readonly names: readonly string[];
        readonly value: string | Expression;
        /** Of IDENTITY_INSERT. */ readonly table?: ObjectName | undefined;
      }
    | { readonly kind: 'if'; readonly condition: Condition; readonly then: Statement; readonly otherwise: Statement | undefined }
    | { readonly kind: 'while'; readonly condition: Condition; readonly body: Statement }
    | { readonly kind: 'break' | 'continue' }
    | { readonly kind: 'block'; readonly statements: readonly Statement[] }
    | { readonly kind: 'try'; readonly body: readonly Statement[]; readonly catch: readonly Statement[] }
    | { readonly kind: 'print'; readonly value: Expression }
    | {
        readonly kind: 'raiserror';
        readonly message: Expression;
        readonly severity: Expression;
        readonly state: Expression;
        readonly arguments: readonly Expression[];
        readonly options: readonly string[];
      }
    | {
        readonly kind: 'throw';
        readonly error: { readonly number: Expression; readonly message: Expression; readonly state: Expression } | undefined;
      }
    | { readonly kind: 'return'; readonly value: Expression | undefined }
    | { readonly kind: 'begin-transaction'; readonly name: string | undefined }
    | { readonly kind: 'commit' | 'rollback'; readonly name: string | undefined }
    | { readonly kind: 'save-transaction'; readonly name: string }
    | { readonly kind: 'use'; readonly database: string }
    | {
        readonly kind: 'execute';
        readonly procedure: ObjectName;
        /** EXEC @status = p */ readonly status: string | undefined;
        readonly arguments: readonly ExecuteArgument[];
      }
    | { readonly kind: 'execute-text'; readonly text: readonly Expression[] }
    | { readonly kind: 'wait-for'; readonly what: string; readonly value: Expression }
    | { readonly kind: 'kill'; readonly value: Expression }
    /** A statement that is known by its words and not supported: `CREATE PROCEDURE`, `BACKUP DATABASE`, `DECLARE CURSOR`, `GOTO`, … */
    | { readonly kind: 'unsupported'; readonly words: string }
  );

export type ExecuteArgument = {
  readonly name: string | undefined;
  readonly value: Expression | (Place & { readonly kind: 'default' });
  readonly output: boolean;
};

export type OutputClause = Place & {
  readonly items: readonly SelectItem[];
  readonly into: ObjectName | undefined;
  readonly intoColumns: readonly string[] | undefined;
};
export type DmlTarget = Place &
  ({ readonly kind: 'table'; readonly name: ObjectName } | { readonly kind: 'table-variable'; readonly name: string });
export type Default = Place & { readonly kind: 'default' };

export type InsertStatement = {
  readonly kind: 'insert';
  readonly with: readonly WithTable[];
  readonly top: SelectBody['top'];
  readonly target: DmlTarget;
  readonly columns: readonly string[] | undefined;
  readonly output: OutputClause | undefined;
  readonly source:
    | { readonly kind: 'values'; readonly rows: readonly (readonly (Expression | Default)[])[] }
    | { readonly kind: 'query'; readonly query: Query }
    | { readonly kind: 'execute'; readonly statement: Statement }
    | { readonly kind: 'default-values' };
};
export type Assignment = Place & {
  /** `column`, `variable = column = …` has both. */
  readonly column: ObjectName | undefined;
  readonly variable: string | undefined;
  readonly operator: AssignOperator;
  readonly value: Expression | Default;
};
export type UpdateStatement = {
  readonly kind: 'update';
  readonly with: readonly WithTable[];
  readonly top: SelectBody['top'];
  /** A table, or an alias of `from`. */
  readonly target: DmlTarget;
  readonly assignments: readonly Assignment[];
  readonly output: OutputClause | undefined;
  readonly from: readonly TableSource[];
  readonly where: Condition | undefined;
};
export type DeleteStatement = {
  readonly kind: 'delete';
  readonly with: readonly WithTable[];
  readonly top: SelectBody['top'];
  readonly target: DmlTarget;
  readonly output: OutputClause | undefined;
  readonly from: readonly TableSource[];
  readonly where: Condition | undefined;
};
export type MergeStatement = {
  readonly kind: 'merge';
  readonly with: readonly WithTable[];
  readonly target: DmlTarget;
  readonly alias: string | undefined;
  readonly using: TableSource;
  readonly on: Condition;
  readonly branches: readonly {
    readonly when: 'matched' | 'not-matched-by-target' | 'not-matched-by-source';
    readonly and: Condition | undefined;
    readonly action:
      | { readonly kind: 'update'; readonly assignments: readonly Assignment[] }
      | { readonly kind: 'delete' }
      | {
          readonly kind: 'insert';
          readonly columns: readonly string[] | undefined;
          readonly values: readonly (Expression | Default)[] | undefined;
        };
  }[];
  readonly output: OutputClause | undefined;
};

export type ColumnDefinition = Place & {
  readonly name: string;
  readonly type: TypeName;
  /** Undefined: not said. */
  readonly nullable: boolean | undefined;
  readonly default: Expression | undefined;
  readonly identity: { readonly seed: string; readonly increment: string } | undefined;
  readonly collation: string | undefined;
  readonly primaryKey: boolean;
  readonly unique: boolean;
  readonly check: Condition | undefined;
  readonly references: ObjectName | undefined;
  readonly computed: Expression | undefined;
};
export type TableConstraint = Place & {
  readonly name: string | undefined;
  readonly kind: 'primary-key' | 'unique' | 'check' | 'foreign-key' | 'default';
  readonly columns: readonly string[];
  readonly check: Condition | undefined;
  readonly default: Expression | undefined;
  readonly references: ObjectName | undefined;
  /** `NOT ENFORCED`, `NONCLUSTERED`, in upper case. */
  readonly options: readonly string[];
};
/** `DISTRIBUTION = HASH(a)`, `CLUSTERED COLUMNSTORE INDEX`, `HEAP`, `PARTITION (…)`: names and values in upper case, columns as written. */
export type TableOption = Place & { readonly name: string; readonly value: string | undefined; readonly columns: readonly string[] };
export type CreateTableStatement = {
  readonly kind: 'create-table';
  readonly table: ObjectName;
  readonly columns: readonly ColumnDefinition[];
  readonly constraints: readonly TableConstraint[];
  readonly options: readonly TableOption[];
};
export type TableChange =
  | { readonly kind: 'add-columns'; readonly columns: readonly ColumnDefinition[] }
  | { readonly kind: 'drop-columns'; readonly columns: readonly string[]; readonly ifExists: boolean }
  | {
      readonly kind: 'alter-column';
      readonly column: string;
      readonly type: TypeName;
      readonly nullable: boolean | undefined;
      readonly collation: string | undefined;
    }
  | { readonly kind: 'add-constraint'; readonly constraint: TableConstraint }
  | { readonly kind: 'drop-constraint'; readonly name: string; readonly ifExists: boolean }
  | { readonly kind: 'switch' | 'rebuild' | 'other'; readonly words: string };
