import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DuckDbPool } from '#pool/engines/duckdb/pool.ts';
import { declaredColumns, declaredTables, makeDeclared } from '#pool/tsql/query/declared.ts';
import type { ColumnFacts, Names, PlanContext, Step, TableFacts, TemporaryChange } from '#pool/tsql/query/plan.ts';
import { isPlanned, planStatement } from '#pool/tsql/query/statement.ts';
import { sqlError, sqlMessageOf } from '#pool/tsql/sql-error.ts';
import type { SqlMessage } from '#pool/tsql/session.ts';
import type { TypeName } from '#pool/tsql/syntax/ast.ts';
import { parseBatch, parseExpression } from '#pool/tsql/syntax/parse.ts';
import { sqlErrorOfEngine } from '#pool/tsql/translate/engine-errors.ts';
import { typeOfName } from '#pool/tsql/translate/type-name.ts';
import { tsqlTypeText, type TsqlType } from '#pool/tsql/tsql-type.ts';

/** A pool on disk in which the plans of T-SQL statements are carried out one by one, as plainly as can be. */
export interface PlannedPool extends AsyncDisposable {
  /**
   * What a batch comes to, as one line: `[id:int! name:varchar(20)] [1,"Ann"]` for a result (`!`: never NULL), `(change 2)` and its like for
   * rows that count, `@ [5]` for variables, `!! 208 Invalid …` for the error that ended it.
   */
  run(sql: string): Promise<string>;
  readonly context: PlanContext;
  identityInsert: PlanContext['identityInsert'];
  rowCount: string | undefined;
}

const tables = `
  CREATE TABLE t (id int NOT NULL, name varchar(20), qty int, price decimal(10,2), d datetime);
  INSERT INTO t VALUES (1, 'Ann', 5, 1.50, '2024-01-02T03:04:05'), (2, 'ann ', 7, 2.25, NULL), (3, 'Bob', NULL, 3.00, '2024-05-06T00:00:00.120'),
    (4, NULL, 2, NULL, NULL);
  CREATE TABLE u (id int, t_id int, note nvarchar(30));
  INSERT INTO u VALUES (10, 1, N'x'), (11, 1, N'y'), (12, 3, N'z'), (13, 9, N'w')`;

/** With the tables `t` and `u`, the schema `dbo`, a table `dbo.linked` that may not be written, and the variables `@n` (int, 3) and `@s` (nvarchar(20)). */
export async function openPlannedPool(): Promise<PlannedPool> {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-planned-'));
  const pool = await DuckDbPool.open(join(folder, 'pool.duckdb'));
  const engine = await pool.engine();
  const connection = await engine.connect();
  await connection.run(makeDeclared);
  const known = new Map<string, TableFacts>();
  const temporaries = new Map<string, TableFacts>();
  const schemas = new Map([['dbo', 'dbo']]);
  const names: Names = {
    database: 'pool',
    defaultSchema: 'dbo',
    table: (schema, name) => (schema === '' ? temporaries.get(name.toLowerCase()) : known.get(`${schema}.${name}`.toLowerCase())),
    schema: (name) => schemas.get(name.toLowerCase()),
  };
  const planned: PlannedPool = {
    identityInsert: undefined,
    rowCount: undefined,
    get context() {
      return contextOf(names, planned);
    },
    async run(sql) {
      const lines: string[] = [];
      try {
        for (const statement of parseBatch(sql, { quotedIdentifier: true })) {
          if (!isPlanned(statement)) throw sqlError(50_000, `no plan is made of ${statement.kind}`);
          const plan = planStatement(statement, planned.context);
          await inTransaction(connection, () => carryOut(plan.steps, connection, lines));
          for (const change of plan.temporary ?? []) remember(change, temporaries);
          if (plan.changesNames) await readNames(connection, known, schemas);
        }
      } catch (error) {
        const { number, text }: SqlMessage = sqlErrorOfEngine(error) ?? sqlMessageOf(error);
        lines.push(`!! ${number} ${text}`);
      }
      return lines.join(' | ');
    },
    async [Symbol.asyncDispose]() {
      engine.disconnect(connection);
      await pool[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await planned.run(tables);
  await planned.run('CREATE TABLE linked (a int)');
  known.set('dbo.linked', { ...known.get('dbo.linked')!, readOnly: 'A link fills it.' });
  return planned;
}

function remember(change: TemporaryChange, temporaries: Map<string, TableFacts>): void {
  if (change.kind === 'created') temporaries.set(change.table.name.toLowerCase(), change.table);
  else temporaries.delete(change.name.toLowerCase());
}

function contextOf(names: Names, { identityInsert, rowCount }: Pick<PlannedPool, 'identityInsert' | 'rowCount'>): PlanContext {
  const variables: Readonly<Record<string, { readonly sql: string; readonly type: TsqlType }>> = {
    '@n': { sql: 'CAST(3 AS INTEGER)', type: { name: 'int' } },
    '@s': { sql: "CAST('Ann' AS VARCHAR)", type: { name: 'nvarchar', length: 20 } },
  };
  return {
    names,
    identityInsert,
    rowCount,
    parseQuery(text) {
      const [statement] = parseBatch(text, { quotedIdentifier: true });
      if (statement?.kind !== 'query') throw sqlError(50_000, 'the text is no query');
      return statement.query;
    },
    parseExpression: (text) => parseExpression(text),
    variable(name, place) {
      const found = variables[name.toLowerCase()];
      if (!found) throw sqlError(137, `Must declare the scalar variable "${name}".`, { place });
      return { ...found, nullable: true };
    },
    global: () => undefined,
    sessionFunction: () => undefined,
    settings: { dateFirst: 7, dateFormat: 'mdy', now: { utc: '2024-06-01 12:00:00.123456' } },
  };
}

async function inTransaction(connection: DuckDBConnection, work: () => Promise<void>): Promise<void> {
  await connection.run('BEGIN');
  try {
    await work();
    await connection.run('COMMIT');
  } catch (error) {
    await connection.run('ROLLBACK');
    throw error;
  }
}

async function carryOut(steps: readonly Step[], connection: DuckDBConnection, lines: string[]): Promise<void> {
  for (const step of steps) {
    const reader = await connection.runAndReadAll(step.sql);
    const rows = reader.getRowsJson().map((row) => JSON.stringify(row));
    if (step.kind === 'result') {
      const columns = step.columns.map(({ name, type, nullable }) => `${name}:${tsqlTypeText(type)}${nullable ? '' : '!'}`);
      lines.push([`[${columns.join(' ')}]`, ...rows].join(' '));
    } else if (step.kind === 'assign') lines.push(['@', ...rows].join(' '));
    else if (step.kind === 'ask') await carryOut(step.next(reader.getRows()[0]), connection, lines);
    else if (step.kind === 'change') lines.push(`(change ${reader.rowsChanged})`);
    else if (step.kind !== 'run') lines.push(`(${step.kind} ${rows.join(' ')})`);
  }
}

async function readNames(connection: DuckDBConnection, known: Map<string, TableFacts>, schemas: Map<string, string>): Promise<void> {
  const read = async (sql: string): Promise<readonly (readonly (string | undefined)[])[]> =>
    (await connection.runAndReadAll(sql)).getRows().map((row) => row.map((value) => (value === null ? undefined : String(value))));
  for (const [name = ''] of await read(`SELECT schema_name FROM duckdb_schemas() WHERE database_name = 'isthmus_pool' AND NOT internal`))
    if (name !== 'isthmus') schemas.set(name.toLowerCase(), name);
  const columns = await read(`SELECT * FROM ${declaredColumns} ORDER BY place`);
  const before = new Map(known);
  known.clear();
  for (const [schema = '', name = '', kind, definition] of await read(`SELECT * FROM ${declaredTables}`)) {
    const own = columns.filter((row) => row[0] === schema && row[1] === name).map(columnOf);
    const view = kind === 'view' && definition !== undefined ? (JSON.parse(definition) as TableFacts['view']) : undefined;
    const readOnly = view ? 'It is a view.' : before.get(`${schema}.${name}`.toLowerCase())?.readOnly;
    const reference = view ? '' : `isthmus_pool."${schema}"."${name}"`;
    known.set(`${schema}.${name}`.toLowerCase(), { kind: view ? 'view' : 'table', schema, name, reference, columns: own, view, readOnly });
  }
}

function columnOf(row: readonly (string | undefined)[]): ColumnFacts {
  const [, , name = '', , type = '', nullable, collation, text, seed, increment = '', sequence = ''] = row;
  const cast = parseExpression(`CAST(NULL AS ${type})`) as { readonly type: TypeName };
  return {
    name,
    type: typeOfName(cast.type),
    nullable: nullable === 'true',
    binaryOrder: collation === undefined ? undefined : true,
    default: text,
    identity: seed === undefined ? undefined : { seed, increment, sequence },
  };
}

/** Cases as text: T-SQL on one or more lines, then `=> ` and what it comes to; an empty line between them. */
export function casesOf(text: string): readonly (readonly [sql: string, answer: string])[] {
  return text
    .trim()
    .split(/\n\n+/)
    .map((part) => {
      const at = part.indexOf('\n=>');
      return [part.slice(0, at), part.slice(at + 3).trim()] as const;
    });
}
