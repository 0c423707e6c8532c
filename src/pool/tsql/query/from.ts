import { sqlError, notSupported } from '../sql-error.ts';
import type { Place, TableSource } from '../syntax/ast.ts';
import type { Scope, Typed } from '../translate/typed.ts';
import { translateCondition } from '../translate/expression.ts';
import { settleName, tableNamed, writtenName } from './names.ts';
import type { TableFacts } from './plan.ts';
import { pivoted, unpivoted } from './pivot.ts';
import { clauses, type Relation, type RelationColumn, rowScope } from './scope.ts';
import { tableFunction } from './table-function.ts';
import { valuesTable } from './values-table.ts';
import { type Around, type Column, columnOf, foldName, quoted, readColumn, type Selected } from './writing.ts';

/** What a FROM gives: DuckDB's FROM without the word, and what its columns are called. */
export interface From {
  readonly sql: string;
  readonly relations: readonly Relation[];
}

/** Several sources are a cross join. Errors: 208, 1011, 1013 … */
export function writeFrom(sources: readonly TableSource[], around: Around): From {
  const parts: From[] = [];
  for (const source of sources)
    parts.push(
      writeSource(
        source,
        around,
        parts.flatMap(({ relations }) => relations),
      ),
    );
  const relations = parts.flatMap((part) => part.relations);
  refuseSameNames(relations, sources[0]);
  return { sql: parts.map(({ sql }) => sql).join(' CROSS JOIN '), relations };
}

/** `before`: what stands left of it, for APPLY. */
function writeSource(source: TableSource, around: Around, before: readonly Relation[]): From {
  switch (source.kind) {
    case 'table':
      return writeTable(source, around);
    case 'table-variable': {
      const facts = around.writing.context.names.table('', source.name);
      if (!facts) throw sqlError(1087, `Must declare the table variable "${source.name}".`, { place: source, severity: 15 });
      return tableRelation(facts, { alias: source.alias ?? source.name, names: [source.alias ?? source.name] }, around);
    }
    case 'derived':
      return derived(around.writing.query(source.query, { ...around, nested: true }), source, around);
    case 'values':
      return derived(valuesTable(source, around), source, around);
    case 'function':
      return derived(tableFunction(source, around), { ...source, alias: source.alias ?? '' }, around);
    case 'join':
      return writeJoin(source, around, before);
    case 'pivot':
      return derived(pivoted(source, writeSource(source.source, around, before), around), { ...source, columns: undefined }, around);
    case 'unpivot':
      return derived(unpivoted(source, writeSource(source.source, around, before), around), { ...source, columns: undefined }, around);
    default:
      throw notSupported('This kind of table source', source);
  }
}

function writeTable(source: TableSource & { readonly kind: 'table' }, around: Around): From {
  if (source.sample) throw notSupported('TABLESAMPLE', source, 'Use TOP with a percentage.');
  if (source.temporal) throw notSupported('FOR SYSTEM_TIME', source);
  const { name } = source;
  const named = name.parts.length === 1 ? around.named.get(foldName(name.parts[0] ?? '')) : undefined;
  const exposed = source.alias ?? name.parts.at(-1) ?? '';
  if (named) {
    const alias = around.writing.fresh('t');
    named.used?.(alias);
    return { sql: `${named.reference} AS ${alias}`, relations: [relationOf(named.columns, alias, [exposed])] };
  }
  const facts = tableNamed(name, around.writing.context);
  const settled = settleName(name, around.writing.context);
  const names =
    source.alias === undefined
      ? [settled.name, ...(settled.temporary ? [] : [settled.schema, around.writing.context.names.database])]
      : [source.alias];
  return tableRelation(facts, { alias: source.alias ?? writtenName(name), names }, around);
}

/** Views of T-SQL are written out where they are used. */
function tableRelation(facts: TableFacts, called: { readonly alias: string; readonly names: readonly string[] }, around: Around): From {
  const alias = around.writing.fresh('t');
  if (facts.view) {
    const views = around.views ?? [];
    if (views.includes(facts))
      throw sqlError(
        4429,
        `View or function '${facts.name}' contains a self-reference. Views or functions cannot reference themselves directly or indirectly.`,
      );
    const query = around.writing.context.parseQuery(facts.view.text);
    const selected = around.writing.query(query, { ...around, outer: undefined, named: new Map(), nested: true, views: [...views, facts] });
    const columns = renamed(selected.columns, facts.view.columns);
    return { sql: `(${selected.sql}) AS ${alias}`, relations: [{ ...relationOf(columns, alias, called.names), label: called.alias }] };
  }
  return { sql: `${facts.reference} AS ${alias}`, relations: [{ ...targetRelation(facts, alias, called.names), label: called.alias }] };
}

/** A table's own columns, under an alias of DuckDB's SQL. */
function tableColumns(facts: TableFacts, alias: string): readonly RelationColumn[] {
  return facts.columns.map((column) => {
    const own = `${alias}.${quoted(column.name)}`;
    return {
      name: column.name,
      value: {
        sql: readColumn(own, column),
        type: column.type,
        nullable: column.nullable,
        columnName: column.name,
        binaryOrder: column.binaryOrder,
      },
    };
  });
}

function relationOf(columns: readonly Column[], alias: string, names: readonly string[]): Relation {
  return {
    names,
    label: names[0] ?? '',
    columns: columns.map((column, i) => ({ name: column.name, value: columnOf(alias, i, column) })),
  };
}

function derived(
  selected: Selected,
  source: Place & { readonly alias: string; readonly columns?: readonly string[] | undefined },
  around: Around,
): From {
  const alias = around.writing.fresh('t');
  const columns = namedColumns(selected.columns, source.columns, { label: source.alias, place: source });
  return { sql: `(${selected.sql}) AS ${alias}`, relations: [relationOf(columns, alias, source.alias === '' ? [] : [source.alias])] };
}

/** The columns of a derived table or WITH under the names given to them. Errors: 8155 (none), 8156 (twice), 8158, 8159 (too many, too few names). */
export function namedColumns(
  columns: readonly Column[],
  given: readonly string[] | undefined,
  { label, place }: { readonly label: string; readonly place: Place },
): readonly Column[] {
  if (given && given.length < columns.length)
    throw sqlError(8158, `'${label}' has more columns than were specified in the column list.`, { place });
  if (given && given.length > columns.length)
    throw sqlError(8159, `'${label}' has fewer columns than were specified in the column list.`, { place });
  const names = renamed(columns, given);
  const seen = new Set<string>();
  for (const [i, { name }] of names.entries()) {
    if (name === '') throw sqlError(8155, `No column name was specified for column ${i + 1} of '${label}'.`, { place });
    if (seen.has(foldName(name))) throw sqlError(8156, `The column '${name}' was specified multiple times for '${label}'.`, { place });
    seen.add(foldName(name));
  }
  return names;
}

function renamed(columns: readonly Column[], given: readonly string[] | undefined): readonly Column[] {
  return given ? columns.map((column, i) => ({ ...column, name: given[i] ?? '' })) : columns;
}

const joinWords = { inner: 'INNER JOIN', left: 'LEFT JOIN', right: 'RIGHT JOIN', full: 'FULL JOIN' } as const;

function writeJoin(source: TableSource & { readonly kind: 'join' }, around: Around, before: readonly Relation[]): From {
  const left = writeSource(source.left, around, before);
  const seen = [...before, ...left.relations];
  if (source.join === 'cross-apply' || source.join === 'outer-apply') {
    const scope: Scope = rowScope({ around, relations: seen, clause: clauses.where });
    const right = writeSource(source.right, { ...around, outer: scope }, []);
    const inner = source.join === 'cross-apply';
    const item = lateral(right.sql);
    return {
      sql: inner ? `(${left.sql} CROSS JOIN ${item})` : `(${left.sql} LEFT JOIN ${item} ON TRUE)`,
      relations: [...left.relations, ...(inner ? right.relations : right.relations.map(nullable))],
    };
  }
  const right = writeSource(source.right, around, seen);
  if (source.join === 'cross') return { sql: `(${left.sql} CROSS JOIN ${right.sql})`, relations: [...left.relations, ...right.relations] };
  const relations = [...left.relations, ...right.relations];
  if (!source.on) throw sqlError(102, "Incorrect syntax near 'JOIN': ON is missing.", { place: source, severity: 15 });
  const on = translateCondition(source.on, rowScope({ around, relations, clause: clauses.on }));
  const { join } = source;
  return {
    sql: `(${left.sql} ${joinWords[join]} ${right.sql} ON ${on})`,
    relations: [
      ...(join === 'right' || join === 'full' ? left.relations.map(nullable) : left.relations),
      ...(join === 'left' || join === 'full' ? right.relations.map(nullable) : right.relations),
    ],
  };
}

/** Subqueries see what stands left of them. A join is made one: DuckDB knows LATERAL of subqueries only. */
function lateral(sql: string): string {
  return sql.startsWith('(SELECT') || sql.startsWith('(WITH') || sql.startsWith('(VALUES') ? `LATERAL ${sql}` : sql;
}

function nullable(relation: Relation): Relation {
  return { ...relation, columns: relation.columns.map(({ name, value }) => ({ name, value: asNullable(value) })) };
}

function asNullable(value: Typed): Typed {
  return { ...value, nullable: true };
}

/** Errors: 1013 for tables, 1011 for aliases. */
function refuseSameNames(relations: readonly Relation[], place: Place | undefined): void {
  const seen = new Set<string>();
  for (const { names } of relations) {
    if (names.length === 0) continue;
    const key = JSON.stringify(names.map(foldName));
    if (seen.has(key)) throw sameName(names, place);
    seen.add(key);
  }
}

function sameName(names: readonly string[], place: Place | undefined) {
  const name = names[0] ?? '';
  return names.length === 1 && !name.startsWith('#')
    ? sqlError(1011, `The correlation name '${name}' is specified multiple times in a FROM clause.`, { place })
    : sqlError(
        1013,
        `The objects "${name}" and "${name}" in the FROM clause have the same exposed names. Use correlation names to distinguish them.`,
        { place },
      );
}

/** The table of an UPDATE, a DELETE or a MERGE: its rows are told apart by DuckDB's `rowid`. */
export function targetRelation(facts: TableFacts, alias: string, names: readonly string[]): Relation {
  return { names, label: names[0] ?? facts.name, columns: tableColumns(facts, alias), table: { facts, alias } };
}
