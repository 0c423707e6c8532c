import { notSupported, sqlError } from '../sql-error.ts';
import type { OutputClause } from '../syntax/statement.ts';
import type { ResultColumn } from '../session.ts';
import type { Typed } from '../translate/typed.ts';
import { translateExpression } from '../translate/expression.ts';
import { tableNamed } from './names.ts';
import type { ColumnFacts, Plan, PlanContext, Step, TableFacts } from './plan.ts';
import { clauses, type Relation, rowScope } from './scope.ts';
import { columnList, type Storing, stored, targetColumn, writable } from './target.ts';
import type { Around } from './writing.ts';

/**
 * The rows that a statement changes, written down before it changes them: `r` is the row, `a` the action of a MERGE, `d1`… what it held, `i1`…
 * what it will hold. A temporary table of the session, for one statement.
 */
export const stage = 'temp.main."isthmus rows"';

export function stageRows(query: string): readonly Step[] {
  return [
    { kind: 'run', sql: `DROP TABLE IF EXISTS ${stage}` },
    { kind: 'run', sql: `CREATE TEMP TABLE "isthmus rows" AS ${query}` },
  ];
}

export const dropStage: Step = { kind: 'run', sql: `DROP TABLE ${stage}` };

/** What OUTPUT may name. */
export interface Images {
  readonly inserted: boolean;
  readonly deleted: boolean;
  /** Of a MERGE. */
  readonly action: boolean;
}

function imageRelation(facts: TableFacts, letter: 'i' | 'd', name: string, nullable: boolean): Relation {
  const columns = facts.columns.map((column, place) => ({
    name: column.name,
    value: {
      sql: `o.${letter}${place + 1}`,
      type: column.type,
      nullable: column.nullable || nullable,
      columnName: column.name,
      binaryOrder: column.binaryOrder,
    },
  }));
  return { names: [name], label: name, columns };
}

/** What a change of a table's rows writes: a temporary table's may put what OUTPUT says into one of the pool. */
export function writtenBy(facts: TableFacts, output: OutputClause | undefined, context: PlanContext): Plan['writes'] {
  const into = output?.into && intoFacts(output, context);
  return facts.kind === 'table' || into?.kind === 'table' ? 'pool' : 'session';
}

/** The rows that OUTPUT answers, or puts into a table. Errors: 4104, 207 and what its expressions say. */
export function outputSteps(output: OutputClause, facts: TableFacts, images: Images, around: Around): readonly Step[] {
  const either = images.action;
  const relations = [
    ...(images.inserted ? [imageRelation(facts, 'i', 'inserted', either)] : []),
    ...(images.deleted ? [imageRelation(facts, 'd', 'deleted', either)] : []),
  ];
  const rows = rowScope({ around, relations, clause: clauses.set });
  const action: Typed = { sql: 'o.a', type: { name: 'nvarchar', length: 10 }, nullable: false, columnName: '$action' };
  const scope = {
    ...rows,
    column: (name: Parameters<typeof rows.column>[0]) =>
      images.action && name.parts.length === 1 && name.parts[0]?.toLowerCase() === '$action' ? action : rows.column(name),
  };
  const items = output.items.flatMap((item): readonly { readonly name: string; readonly value: Typed }[] => {
    if (item.kind === 'all') return rows.all(item.of, item);
    if (item.kind === 'assign') throw notSupported('Assigning a variable in OUTPUT', item);
    const value = translateExpression(item.value, scope);
    return [{ name: item.alias ?? value.columnName ?? '', value }];
  });
  const from = `FROM ${stage} AS o`;
  if (output.into)
    return [
      intoStep(
        output,
        items.map(({ value }) => value),
        from,
        around,
      ),
    ];
  const columns = items.map(({ name, value }): ResultColumn => ({ name, type: value.type ?? { name: 'int' }, nullable: value.nullable }));
  const chosen = items.map(({ value }, place) => `${value.type ? value.sql : 'CAST(NULL AS INTEGER)'} AS c${place + 1}`);
  return [{ kind: 'result', sql: `SELECT ${chosen.join(', ')} ${from}`, columns, uncounted: true }];
}

function intoFacts(output: OutputClause, context: PlanContext): TableFacts {
  const name = output.into!;
  const variable = name.parts.length === 1 && name.parts[0]!.startsWith('@');
  const known = variable ? context.names.table('', name.parts[0]!) : tableNamed(name, context);
  if (!known) throw sqlError(1087, `Must declare the table variable "${name.parts[0] ?? ''}".`, { place: output, severity: 15 });
  return writable(known, context, { verb: 'INSERT', place: output });
}

function intoStep(output: OutputClause, values: readonly Typed[], from: string, around: Around): Step {
  const { context } = around.writing;
  const facts = intoFacts(output, context);
  const columns: readonly ColumnFacts[] = output.intoColumns
    ? output.intoColumns.map((column) => targetColumn(facts, column, output))
    : facts.columns.filter(({ identity }) => !identity);
  if (columns.length !== values.length)
    throw sqlError(213, 'Column name or number of supplied values does not match table definition.', { place: output });
  const storing: Storing = { facts, context, verb: 'INSERT' };
  const chosen = columns.map((column, place) => stored(values[place]!, column, storing));
  return { kind: 'run', sql: `INSERT INTO ${facts.reference} (${columnList(columns)}) SELECT ${chosen.join(', ')} ${from}` };
}
