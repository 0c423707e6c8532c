import { notSupported, sqlError } from '../sql-error.ts';
import type { ObjectName, Place, Query, SelectBody } from '../syntax/ast.ts';
import type { CreateTableStatement, Statement, TableConstraint, TableOption } from '../syntax/statement.ts';
import { qualified } from '../../engines/duckdb/names.ts';
import { tsqlTypeText } from '../tsql-type.ts';
import { createSteps, definedColumns, enforcedKey, keySteps, type NewTable } from './column-definition.ts';
import { declareObject, declareTable } from './declared.ts';
import { settleName } from './names.ts';
import type { ColumnFacts, Plan, PlanContext, Step, TableFacts } from './plan.ts';
import { around, beginWriting } from './query.ts';
import { columnList } from './target.ts';
import { foldName, placeName, quoted, type Selected } from './writing.ts';

/** Where a table of that name will be. Errors: 2714, 2760. */
export function newTable(name: ObjectName, context: PlanContext): NewTable {
  const settled = settleName(name, context);
  const taken = context.names.table(settled.schema, settled.name);
  if (taken) throw sqlError(2714, `There is already an object named '${settled.name}' in the database.`, { place: name, state: 6 });
  if (settled.temporary) {
    if (settled.name.startsWith('##')) throw notSupported('A global temporary table', name, 'Use a local one: #name.');
    return { schema: '', name: settled.name, temporary: true, reference: `temp.main.${quoted(settled.name)}` };
  }
  return {
    schema: writableSchema(settled.schema, context, name),
    name: settled.name,
    temporary: false,
    reference: qualified({ schema: context.names.schema(settled.schema) ?? settled.schema, name: settled.name }),
  };
}

/** Error 2760 where there is no such schema, or it is not T-SQL's to write in. */
export function writableSchema(schema: string, context: PlanContext, place: Place): string {
  const known = context.names.schema(schema);
  if (known === undefined || ['isthmus', 'sys', 'information_schema'].includes(foldName(known)))
    throw sqlError(2760, `The specified schema name "${schema}" either does not exist or you do not have permission to use it.`, { place });
  return known;
}

/** A plan of DDL: it counts nothing. */
export function ddlPlan(steps: readonly Step[], more: Partial<Plan> = {}): Plan {
  return { command: 'other', steps, writes: 'pool', changesNames: true, counts: false, ...more };
}

function factsOf(table: NewTable, columns: readonly ColumnFacts[]): TableFacts {
  return { kind: table.temporary ? 'temporary' : 'table', schema: table.schema, name: table.name, reference: table.reference, columns };
}

/** CREATE TABLE. */
export function planCreateTable(statement: CreateTableStatement & Place, context: PlanContext): Plan {
  const table = newTable(statement.table, context);
  const keyed = primaryColumns(statement.constraints);
  const definitions = statement.columns.map((column) =>
    keyed.has(foldName(column.name)) && column.nullable === undefined ? { ...column, nullable: false } : column,
  );
  const columns = definedColumns(definitions, table, context);
  if (columns.length === 0) throw sqlError(8121, 'A table must have at least one column.', { place: statement });
  const options = tableOptions(statement.options, columns);
  const keys = [
    ...statement.columns.flatMap(columnKeys),
    ...statement.constraints.filter(({ kind }) => kind === 'primary-key' || kind === 'unique'),
  ];
  if (keys.filter(({ kind }) => kind === 'primary-key').length > 1)
    throw sqlError(8110, `Cannot add multiple PRIMARY KEY constraints to table '${table.name}'.`, { place: statement });
  const steps = [...createSteps(table, columns)];
  if (table.temporary) {
    refuseConstraints(statement.constraints);
    steps.push(
      ...keySteps(
        table,
        columns,
        keys.filter((key) => !isUnenforced(key)),
      ),
    );
    return ddlPlan(steps, { writes: 'session', temporary: [{ kind: 'created', table: factsOf(table, columns) }] });
  }
  steps.push(...declareTable(table, { kind: 'table', columns, options }));
  for (const constraint of statement.constraints) steps.push(constraintStep(table, constraint, columns));
  return ddlPlan(steps);
}

/** DECLARE @t TABLE (…). */
export function planTableVariable(statement: Statement & { readonly kind: 'declare-table' }, context: PlanContext): Plan {
  const table: NewTable = { schema: '', name: statement.name, temporary: true, reference: `temp.main.${quoted(statement.name)}` };
  const keyed = primaryColumns(statement.constraints);
  const definitions = statement.columns.map((column) =>
    keyed.has(foldName(column.name)) && column.nullable === undefined ? { ...column, nullable: false } : column,
  );
  const columns = definedColumns(definitions, table, context);
  const declared = context.names.table('', statement.name);
  if (declared) return declaredAlready(declared, columns, statement);
  refuseConstraints(statement.constraints);
  const keys = [
    ...statement.columns.flatMap(columnKeys),
    ...statement.constraints.filter(({ kind }) => kind === 'primary-key' || kind === 'unique'),
  ];
  const steps = [...createSteps(table, columns), ...keySteps(table, columns, keys)];
  return ddlPlan(steps, {
    writes: 'session',
    temporary: [{ kind: 'created', table: { ...factsOf(table, columns), kind: 'table-variable' } }],
  });
}

/** A DECLARE that is come by again, as in a loop, does nothing. Error 134 where it is another one. */
function declaredAlready(declared: TableFacts, columns: readonly ColumnFacts[], place: Place & { readonly name: string }): Plan {
  const shape = (list: readonly ColumnFacts[]): string =>
    list.map(({ name, type, nullable }) => `${name} ${tsqlTypeText(type)} ${nullable}`).join();
  if (shape(declared.columns) === shape(columns)) return ddlPlan([], { writes: 'nothing', changesNames: false });
  throw sqlError(
    134,
    `The variable name '${place.name}' has already been declared. Variable names must be unique within a query batch or stored procedure.`,
    { place, severity: 15 },
  );
}

function primaryColumns(constraints: readonly TableConstraint[]): ReadonlySet<string> {
  return new Set(constraints.flatMap((constraint) => (constraint.kind === 'primary-key' ? constraint.columns.map(foldName) : [])));
}

function columnKeys(column: CreateTableStatement['columns'][number]): readonly TableConstraint[] {
  const kind = column.primaryKey ? 'primary-key' : column.unique ? 'unique' : undefined;
  return kind === undefined
    ? []
    : [
        {
          kind,
          name: undefined,
          columns: [column.name],
          check: undefined,
          default: undefined,
          references: undefined,
          options: [],
          at: column.at,
          line: column.line,
        },
      ];
}

function isUnenforced({ options }: TableConstraint): boolean {
  return options.some((option) => option.toUpperCase() === 'NOT ENFORCED');
}

function refuseConstraints(constraints: readonly TableConstraint[]): void {
  for (const constraint of constraints) {
    if (constraint.kind === 'check') throw notSupported('A CHECK constraint', constraint, 'Check values before they are inserted.');
    if (constraint.kind === 'foreign-key') throw notSupported('A FOREIGN KEY constraint', constraint, 'Leave it out.');
    if (constraint.kind === 'default') throw notSupported('A DEFAULT constraint of its own', constraint, 'Write it with the column.');
  }
}

/** Records a key that nothing enforces. Errors: 104467, 1911; by name of others. */
export function constraintStep(
  table: { readonly schema: string; readonly name: string },
  constraint: TableConstraint,
  columns: readonly ColumnFacts[],
): Step {
  refuseConstraints([constraint]);
  if (!isUnenforced(constraint)) throw enforcedKey(constraint);
  const names = constraint.columns.map((name) => columnNamed(name, columns, constraint).name);
  const prefix = constraint.kind === 'primary-key' ? 'PK' : 'UQ';
  return declareObject(table, constraint.kind, constraint.name ?? `${prefix}_${table.name}_${names.join('_')}`, { columns: names });
}

/** Error 1911. */
export function columnNamed(name: string, columns: readonly ColumnFacts[], place: Place): ColumnFacts {
  const found = columns.find((column) => foldName(column.name) === foldName(name));
  if (!found) throw sqlError(1911, `Column name '${name}' does not exist in the target table or view.`, { place });
  return found;
}

/** How the table is to be spread and kept: checked and recorded. One node has all rows, so that nothing is spread. */
function tableOptions(options: readonly TableOption[], columns: readonly ColumnFacts[]): object {
  const kept: Record<string, unknown> = { distribution: 'ROUND_ROBIN', structure: 'CLUSTERED COLUMNSTORE INDEX' };
  const named = (option: TableOption): readonly string[] => option.columns.map((name) => columnNamed(name, columns, option).name);
  for (const option of options) {
    const name = option.name.toUpperCase();
    const value = option.value?.toUpperCase();
    if (name === 'DISTRIBUTION') {
      if (value !== 'HASH' && value !== 'ROUND_ROBIN' && value !== 'REPLICATE')
        throw notSupported(`DISTRIBUTION = ${value ?? ''}`, option, 'Use HASH(column), ROUND_ROBIN or REPLICATE.');
      if (value === 'HASH' && option.columns.length === 0)
        throw sqlError(102, "Incorrect syntax near 'HASH'.", { place: option, severity: 15 });
      kept['distribution'] = value;
      if (value === 'HASH') kept['distributionColumns'] = named(option);
    } else if (name === 'CLUSTERED COLUMNSTORE INDEX' || name === 'HEAP' || name === 'CLUSTERED INDEX') {
      kept['structure'] = name;
      if (option.columns.length > 0) kept['structureColumns'] = named(option);
    } else if (name === 'PARTITION') {
      kept['partition'] = { columns: named(option), text: option.value };
    } else throw notSupported(`The table option ${option.name}`, option, 'Leave it out.');
  }
  return kept;
}

/** CREATE TABLE … AS SELECT. */
export function planCreateTableAs(statement: Statement & { readonly kind: 'create-table-as' }, context: PlanContext): Plan {
  const table = newTable(statement.table, context);
  const writing = beginWriting(context, statement.query.options);
  const selected = writing.query(statement.query, around(writing));
  return fillPlan(table, selected, { names: statement.columns, options: statement.options, place: statement });
}

/** SELECT … INTO. `query` is the query without its INTO. */
export function planSelectInto(query: Query, into: ObjectName, context: PlanContext): Plan {
  const table = newTable(into, context);
  const writing = beginWriting(context, query.options);
  const selected = writing.query(query, around(writing));
  return fillPlan(table, selected, { names: undefined, options: [], place: into });
}

interface Filling {
  readonly names: readonly string[] | undefined;
  readonly options: readonly TableOption[];
  readonly place: Place;
}

/** A table of what a query gives. Errors: 1038, 2705, 8158, 8159. */
function fillPlan(table: NewTable, selected: Selected, { names, options, place }: Filling): Plan {
  if (names && names.length !== selected.columns.length)
    throw sqlError(
      names.length < selected.columns.length ? 8158 : 8159,
      `'${table.name}' has ${names.length < selected.columns.length ? 'more' : 'fewer'} columns than were specified in the column list.`,
      {
        place,
      },
    );
  const seen = new Set<string>();
  const columns = selected.columns.map((column, at): ColumnFacts => {
    const name = names?.[at] ?? column.name;
    if (name === '')
      throw sqlError(
        1038,
        'An object or column name is missing or empty. For SELECT INTO statements, verify each column has a name. For other statements, look for empty alias names. Aliases defined as "" or [] are not allowed. Change the alias to a valid name.',
        { place, severity: 15 },
      );
    if (seen.has(foldName(name)))
      throw sqlError(
        2705,
        `Column names in each table must be unique. Column name '${name}' in table '${table.name}' is specified more than once.`,
        { place },
      );
    if (foldName(name) === 'rowid') throw notSupported('A column named rowid', place, 'Give it another name.');
    seen.add(foldName(name));
    return { name, type: column.type ?? { name: 'int' }, nullable: column.nullable, binaryOrder: column.binaryOrder };
  });
  const kept = tableOptions(options, columns);
  const chosen = columns.map((_, at) => `n.${placeName(at)}`).join(', ');
  const steps: Step[] = [
    ...createSteps(table, columns),
    { kind: 'change', sql: `INSERT INTO ${table.reference} (${columnList(columns)}) SELECT ${chosen} FROM (${selected.sql}) AS n` },
  ];
  if (table.temporary)
    return ddlPlan(steps, {
      command: 'select',
      writes: 'session',
      counts: true,
      temporary: [{ kind: 'created', table: factsOf(table, columns) }],
    });
  return ddlPlan([...steps, ...declareTable(table, { kind: 'table', columns, options: kept })], { command: 'select', counts: true });
}

/** The query of a SELECT INTO without it. */
export function withoutInto(query: Query, body: SelectBody): Query {
  return { ...query, body: { ...body, into: undefined } };
}
