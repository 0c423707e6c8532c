/**
 * What Transact-SQL statements say, as the parser reads them: nothing is looked up, nothing folded, names as they are written (without brackets).
 * Each node says where it begins; lines are the batch's, from 1.
 */
export interface Place {
  /** Characters before it in the batch. */
  readonly at: number;
  readonly line: number;
}

/** `server.database.schema.name`, as many parts as are written; an omitted middle part (`db..t`) is empty. */
export type ObjectName = Place & { readonly parts: readonly string[] };

/** A type as it is written: `decimal(10,2)`, `sys.varchar(max)`. */
export type TypeName = Place & { readonly parts: readonly string[]; readonly arguments: readonly (number | 'max')[] };

// Expressions

export type Literal = Place &
  (
    | { readonly kind: 'null' }
    /** Digits as written, of any length. */
    | { readonly kind: 'integer'; readonly text: string }
    /** With a decimal point and no exponent: a `decimal`. */
    | { readonly kind: 'decimal'; readonly text: string }
    /** With an exponent: a `float`. */
    | { readonly kind: 'float'; readonly text: string }
    /** `$12.50` */
    | { readonly kind: 'money'; readonly text: string }
    /** `national`: written with N. */
    | { readonly kind: 'string'; readonly value: string; readonly national: boolean }
    /** `0x0A1B`: hex digits in upper case, an even number of them. */
    | { readonly kind: 'binary'; readonly hex: string }
  );

export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>';
export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>=';

export type Expression =
  | Literal
  | (Place & { readonly kind: 'column'; readonly name: ObjectName })
  /** `@x`. */
  | (Place & { readonly kind: 'variable'; readonly name: string })
  /** `@@ROWCOUNT`, in upper case. */
  | (Place & { readonly kind: 'global'; readonly name: string })
  | (Place & { readonly kind: 'unary'; readonly operator: '+' | '-' | '~'; readonly operand: Expression })
  | (Place & { readonly kind: 'binary'; readonly operator: BinaryOperator; readonly left: Expression; readonly right: Expression })
  | (Place & { readonly kind: 'collate'; readonly operand: Expression; readonly collation: string })
  | (Place & { readonly kind: 'at-time-zone'; readonly operand: Expression; readonly zone: Expression })
  | (Place & {
      readonly kind: 'case';
      /** Of the simple form. */
      readonly operand: Expression | undefined;
      readonly branches: readonly { readonly when: Expression | Condition; readonly then: Expression }[];
      readonly otherwise: Expression | undefined;
    })
  | (Place & { readonly kind: 'iif'; readonly condition: Condition; readonly then: Expression; readonly otherwise: Expression })
  | (Place & {
      readonly kind: 'cast';
      /** CAST and CONVERT; `tries`: TRY_CAST, TRY_CONVERT. */
      readonly operand: Expression;
      readonly type: TypeName;
      /** CONVERT's third argument. */
      readonly style: Expression | undefined;
      readonly tries: boolean;
    })
  | (Place & {
      readonly kind: 'parse';
      readonly operand: Expression;
      readonly type: TypeName;
      readonly culture: Expression | undefined;
      readonly tries: boolean;
    })
  | FunctionCall
  | (Place & { readonly kind: 'subquery'; readonly query: Query })
  /** `NEXT VALUE FOR s`. */
  | (Place & { readonly kind: 'next-value'; readonly sequence: ObjectName });

export type FunctionCall = Place & {
  readonly kind: 'call';
  /** As written; one part for built-in functions. Functions without parentheses (`CURRENT_TIMESTAMP`, `SYSTEM_USER`) come with no arguments. */
  readonly name: ObjectName;
  /** `date-part`: the bare word of DATEADD, DATEDIFF, DATEPART, DATENAME, DATETRUNC and their like; `star`: COUNT(*). TRIM's characters come second. */
  readonly arguments: readonly (
    | Expression
    | (Place & { readonly kind: 'date-part'; readonly word: string })
    | (Place & { readonly kind: 'star' })
  )[];
  readonly distinct: boolean;
  /** `WITHIN GROUP (ORDER BY …)`. */
  readonly within: readonly OrderItem[] | undefined;
  /** `IGNORE NULLS` or `RESPECT NULLS`. */
  readonly nulls: 'ignore' | 'respect' | undefined;
  readonly over: Window | undefined;
  /** TRIM(LEADING x FROM y). */
  readonly trim?: 'leading' | 'trailing' | 'both' | undefined;
};

export type Window = Place & {
  /** `OVER w`, or the window that it begins from. */
  readonly name: string | undefined;
  readonly partition: readonly Expression[];
  readonly order: readonly OrderItem[];
  readonly frame: { readonly unit: 'rows' | 'range'; readonly from: FrameBound; readonly to: FrameBound | undefined } | undefined;
};
export type FrameBound =
  | { readonly kind: 'unbounded-preceding' | 'current-row' | 'unbounded-following' }
  | { readonly kind: 'preceding' | 'following'; readonly rows: string };

/** T-SQL has no boolean values: conditions stand where conditions may, and nowhere else. */
export type Condition = Place &
  (
    | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
    | { readonly kind: 'not'; readonly operand: Condition }
    | { readonly kind: 'compare'; readonly operator: ComparisonOperator; readonly left: Expression; readonly right: Expression }
    | {
        readonly kind: 'compare-all';
        readonly quantifier: 'all' | 'any';
        readonly operator: ComparisonOperator;
        readonly left: Expression;
        readonly query: Query;
      }
    | { readonly kind: 'is-null'; readonly operand: Expression; readonly negated: boolean }
    | { readonly kind: 'is-distinct'; readonly left: Expression; readonly right: Expression; readonly negated: boolean }
    | {
        readonly kind: 'between';
        readonly operand: Expression;
        readonly low: Expression;
        readonly high: Expression;
        readonly negated: boolean;
      }
    | { readonly kind: 'in'; readonly operand: Expression; readonly values: readonly Expression[]; readonly negated: boolean }
    | { readonly kind: 'in-query'; readonly operand: Expression; readonly query: Query; readonly negated: boolean }
    | {
        readonly kind: 'like';
        readonly operand: Expression;
        readonly pattern: Expression;
        readonly escape: Expression | undefined;
        readonly negated: boolean;
      }
    | { readonly kind: 'exists'; readonly query: Query }
    /** `UPDATE(column)`, `CONTAINS(…)` and their like, by name: known, and refused. */
    | { readonly kind: 'predicate'; readonly name: string }
  );

// Queries

/** A query with all that belongs to it; also in parentheses, in subqueries, views and INSERTs. */
export type Query = Place & {
  readonly with: readonly WithTable[];
  readonly body: QueryBody;
  readonly order: readonly OrderItem[];
  readonly offset: Expression | undefined;
  readonly fetch: Expression | undefined;
  readonly for: ForClause | undefined;
  /** `OPTION (…)`: each hint's words. */
  readonly options: readonly string[];
};
export type WithTable = Place & { readonly name: string; readonly columns: readonly string[] | undefined; readonly query: Query };
export type QueryBody = SelectBody | SetOperation | (Place & { readonly kind: 'nested'; readonly query: Query });
export type SetOperation = Place & {
  readonly kind: 'set';
  readonly operator: 'union' | 'union-all' | 'except' | 'intersect';
  readonly left: QueryBody;
  readonly right: QueryBody;
};
export type SelectBody = Place & {
  readonly kind: 'select';
  readonly distinct: boolean;
  readonly top: { readonly count: Expression; readonly percent: boolean; readonly ties: boolean } | undefined;
  readonly items: readonly SelectItem[];
  /** `SELECT … INTO t`. */
  readonly into: ObjectName | undefined;
  readonly from: readonly TableSource[];
  readonly where: Condition | undefined;
  readonly group: GroupBy | undefined;
  readonly having: Condition | undefined;
  /** `WINDOW w AS (…)`. */
  readonly windows: readonly { readonly name: string; readonly window: Window }[];
};
export type SelectItem =
  | (Place & { readonly kind: 'all'; /** `t.*` */ readonly of: ObjectName | undefined })
  | (Place & { readonly kind: 'expression'; readonly value: Expression; /** `AS name`, `name = …` */ readonly alias: string | undefined })
  /** `@x = …`, `@x += …` */
  | (Place & { readonly kind: 'assign'; readonly variable: string; readonly operator: AssignOperator; readonly value: Expression });
export type AssignOperator = '=' | '+=' | '-=' | '*=' | '/=' | '%=' | '&=' | '|=' | '^=';
export type GroupBy = Place & { readonly items: readonly GroupItem[]; readonly all: boolean };
export type GroupItem =
  | { readonly kind: 'expression'; readonly value: Expression }
  | { readonly kind: 'rollup' | 'cube'; readonly sets: readonly (readonly Expression[])[] }
  | { readonly kind: 'sets'; readonly sets: readonly (GroupItem | readonly Expression[])[] };
export type OrderItem = Place & { readonly value: Expression; readonly descending: boolean; readonly collation: string | undefined };
export type ForClause = Place & {
  readonly kind: 'json' | 'xml' | 'browse';
  /** In upper case, as `PATH`, `AUTO`, `RAW`. */
  readonly mode: string;
  /** `ROOT`, `INCLUDE_NULL_VALUES`, `WITHOUT_ARRAY_WRAPPER`, … in upper case, with their argument. */
  readonly options: readonly { readonly name: string; readonly argument: string | undefined }[];
};

export type TableSource =
  | (Place & {
      readonly kind: 'table';
      readonly name: ObjectName;
      readonly alias: string | undefined;
      readonly hints: readonly string[];
      readonly sample: boolean;
      readonly temporal: boolean;
    })
  | (Place & { readonly kind: 'table-variable'; readonly name: string; readonly alias: string | undefined })
  | (Place & { readonly kind: 'derived'; readonly query: Query; readonly alias: string; readonly columns: readonly string[] | undefined })
  | (Place & {
      readonly kind: 'values';
      readonly rows: readonly (readonly Expression[])[];
      readonly alias: string;
      readonly columns: readonly string[];
    })
  /** `OPENJSON(…) WITH (…)`, `STRING_SPLIT(…)`, `GENERATE_SERIES(…)`, and functions of others. */
  | (Place & {
      readonly kind: 'function';
      readonly name: ObjectName;
      readonly arguments: readonly Expression[];
      readonly with:
        | readonly { readonly name: string; readonly type: TypeName; readonly path: string | undefined; readonly asJson: boolean }[]
        | undefined;
      readonly alias: string | undefined;
      readonly columns: readonly string[] | undefined;
    })
  | (Place & {
      readonly kind: 'join';
      readonly join: 'inner' | 'left' | 'right' | 'full' | 'cross' | 'cross-apply' | 'outer-apply';
      readonly left: TableSource;
      readonly right: TableSource;
      readonly on: Condition | undefined;
    })
  | (Place & {
      readonly kind: 'pivot';
      readonly source: TableSource;
      readonly aggregate: FunctionCall;
      readonly column: string;
      readonly values: readonly string[];
      readonly alias: string;
    })
  | (Place & {
      readonly kind: 'unpivot';
      readonly source: TableSource;
      readonly value: string;
      readonly name: string;
      readonly columns: readonly string[];
      readonly alias: string;
    });
