import type { Fault } from '#base/fault.ts';
import type { Expression, ObjectName, Place, Query } from '../syntax/ast.ts';
import { notSupported, sqlError } from '../sql-error.ts';
import type { Scope, Typed } from '../translate/typed.ts';
import type { TableFacts } from './plan.ts';
import { foldName, type Around, columnOf, quoted } from './writing.ts';
import { writtenName } from './names.ts';

/** What stands in FROM: a table under its name or alias, with the columns that may be named. */
export interface Relation {
  /** What may stand before a column's name, from its last part back: `t`, `dbo`, `pool`; an alias alone. Empty: nothing may. */
  readonly names: readonly string[];
  /** As messages call it. */
  readonly label: string;
  readonly columns: readonly RelationColumn[];
  /** Of a table as it is, under its alias in the SQL: its rows may be changed. */
  readonly table?: { readonly facts: TableFacts; readonly alias: string } | undefined;
}

export interface RelationColumn {
  readonly name: string;
  readonly value: Typed;
}

type Refusal = { readonly number: number; readonly text: string };

/** What may stand in a clause. */
export interface Clause {
  readonly aggregates: Refusal | undefined;
  readonly windows: Refusal | undefined;
}

const noWindows: Refusal = { number: 4108, text: 'Windowed functions can only appear in the SELECT or ORDER BY clauses.' };

const withinAggregate = 'Cannot perform an aggregate function on an expression containing an aggregate or a subquery.';
export const withinGroup = 'Cannot use an aggregate or a subquery in an expression used for the group by list of a GROUP BY clause.';

type ClauseName = 'select' | 'where' | 'on' | 'group' | 'having' | 'set' | 'values' | 'within';

export const clauses: Readonly<Record<ClauseName, Clause>> = {
  select: { aggregates: undefined, windows: undefined },
  where: {
    aggregates: {
      number: 147,
      text: 'An aggregate may not appear in the WHERE clause unless it is in a subquery contained in a HAVING clause or a select list, and the column being aggregated is an outer reference.',
    },
    windows: noWindows,
  },
  on: {
    aggregates: {
      number: 1015,
      text: 'An aggregate cannot appear in an ON clause unless it is in a subquery contained in a HAVING clause or select list, and the column being aggregated is an outer reference.',
    },
    windows: noWindows,
  },
  group: {
    aggregates: { number: 144, text: withinGroup },
    windows: noWindows,
  },
  having: { aggregates: undefined, windows: noWindows },
  set: { aggregates: { number: 157, text: 'An aggregate may not appear in the set list of an UPDATE statement.' }, windows: noWindows },
  values: { aggregates: { number: 1764, text: 'Aggregates are not allowed in a VALUES list of an INSERT statement.' }, windows: noWindows },
  within: {
    aggregates: { number: 130, text: withinAggregate },
    windows: { number: 4109, text: 'Windowed functions cannot be used in the context of another windowed function or aggregate.' },
  },
};

/** A scope that can also say what `*` means. */
export interface RowScope extends Scope {
  /** `*`, or `t.*`. Errors: 107, 263. */
  all(of: ObjectName | undefined, place: Place): readonly RelationColumn[];
}

/** The columns that a name may mean, of the nearest query; undefined: none. Error 209 where it means several, 207 where its table has none such. */
function findColumn(
  name: ObjectName,
  relations: readonly Relation[],
): { readonly column: RelationColumn; readonly relation: Relation } | undefined {
  const wanted = foldName(name.parts.at(-1) ?? '');
  const prefix = name.parts.slice(0, -1);
  const candidates = prefix.length === 0 ? relations : relations.filter((relation) => prefixMeans(prefix, relation));
  const found = candidates.flatMap((relation) =>
    relation.columns.filter((column) => foldName(column.name) === wanted).map((column) => ({ column, relation })),
  );
  if (found.length > 1) throw sqlError(209, `Ambiguous column name '${name.parts.at(-1) ?? ''}'.`, { place: name });
  if (found.length === 0 && prefix.length > 0 && candidates.length > 0) throw invalidColumn(name);
  return found[0];
}

function prefixMeans(prefix: readonly string[], relation: Relation): boolean {
  const parts = prefix.toReversed();
  return parts.every((part, i) => part === '' || (relation.names[i] !== undefined && foldName(part) === foldName(relation.names[i])));
}

function invalidColumn(name: ObjectName): Fault {
  return sqlError(207, `Invalid column name '${name.parts.at(-1) ?? ''}'.`, { place: name });
}

function unbound(name: ObjectName): Fault {
  return name.parts.length > 1
    ? sqlError(4104, `The multi-part identifier "${writtenName(name)}" could not be bound.`, { place: name })
    : invalidColumn(name);
}

export interface ScopeOptions {
  readonly around: Around;
  readonly relations: readonly Relation[];
  readonly clause: Clause;
  /** Hears of an aggregate that was written. */
  readonly onAggregate?: (() => void) | undefined;
  readonly windows?: ReadonlySet<string> | undefined;
}

/** What every scope takes from around it. */
function shared(around: Around): Pick<Scope, 'variable' | 'global' | 'sessionFunction' | 'settings'> {
  const { context } = around.writing;
  return {
    variable: (name, place) => context.variable(name, place),
    global: (name, place) => context.global(name, place),
    sessionFunction: (name, args, place) => context.sessionFunction(name, args, place),
    settings: context.settings,
  };
}

function subquery(query: Query, around: Around, scope: Scope): ReturnType<Scope['query']> {
  const { sql, columns } = around.writing.query(query, { ...around, outer: scope, nested: true });
  return { sql, columns: columns.map((column, i) => columnOf('s', i, column)) };
}

function windowNamed(name: string, windows: ReadonlySet<string> | undefined, place: Place): string {
  if (windows?.has(foldName(name)) !== true) throw sqlError(5359, `The window name '${name}' is not defined.`, { place });
  return quoted(`w ${foldName(name)}`);
}

/** The scope of rows as FROM gives them. */
export function rowScope(options: ScopeOptions): RowScope {
  const { around, relations, clause } = options;
  const outer = around.outer;
  const scope: RowScope = {
    ...shared(around),
    column(name) {
      const found = findColumn(name, relations);
      if (found) return found.column.value;
      if (!outer) throw unbound(name);
      return outer.column(name);
    },
    query: (query) => subquery(query, around, scope),
    whole: () => undefined,
    aggregate(make, place) {
      if (clause.aggregates) throw sqlError(clause.aggregates.number, clause.aggregates.text, { place });
      options.onAggregate?.();
      return make(withinScope(options, place));
    },
    refusesAggregates: clause.aggregates,
    refusesWindows: clause.windows,
    window: (name, place) => windowNamed(name, options.windows, place),
    all: (of, place) => allColumns(relations, of, place),
  };
  return scope;
}

function allColumns(relations: readonly Relation[], of: ObjectName | undefined, place: Place): readonly RelationColumn[] {
  if (!of) {
    if (relations.length === 0) throw sqlError(263, 'Must specify table to select from.', { place });
    return relations.flatMap(({ columns }) => columns);
  }
  const chosen = relations.filter((relation) => prefixMeans(of.parts, relation));
  if (chosen.length === 0)
    throw sqlError(107, `The column prefix '${writtenName(of)}' does not match with a table name or alias name used in the query.`, {
      place,
      severity: 15,
    });
  return chosen.flatMap(({ columns }) => columns);
}

/** The scope of an aggregate's arguments: rows, and nothing that is an aggregate itself. */
function withinScope(options: ScopeOptions, place: Place): Scope {
  const { around, relations } = options;
  let own = 0;
  let foreign = 0;
  const check = (): void => {
    // SQL Server would compute it in the outer query, which has gone by.
    if (foreign > 0 && own === 0) throw notSupported("An aggregate of an outer query's columns", place, 'Compute it in the outer query.');
    if (foreign > 0)
      throw sqlError(
        8124,
        'Multiple columns are specified in an aggregated expression containing an outer reference. If an expression being aggregated contains an outer reference, then that outer reference must be the only column referenced in the expression.',
        { place },
      );
  };
  const rows = rowScope({ ...options, clause: clauses.within, onAggregate: undefined });
  return {
    ...rows,
    column(name) {
      const found = findColumn(name, relations);
      if (found) own++;
      else foreign++;
      const value = found?.column.value ?? around.outer?.column(name);
      if (value === undefined) throw unbound(name);
      check();
      return value;
    },
    query(query) {
      throw sqlError(130, withinAggregate, { place: query });
    },
  };
}

/** What a query is grouped by, and what is computed for each group. */
export interface Groups {
  /** By the SQL of the expression over rows. */
  readonly keys: ReadonlyMap<string, Typed>;
  /** Of the expressions grouped by that are not columns: those that `whole` is asked for. */
  matches(expression: Expression): Typed | undefined;
  /** Puts an aggregate into the grouping query; the answer stands for it. */
  add(aggregate: Typed): Typed;
}

/** The scope of a grouped query's select list, HAVING and ORDER BY. */
export function groupedScope(options: ScopeOptions, groups: Groups, refusal: (label: string) => Refusal): RowScope {
  const { around, relations, clause } = options;
  const outer = around.outer;
  const placed = (column: RelationColumn, relation: Relation, place: Place): Typed => {
    const key = groups.keys.get(column.value.sql);
    if (key) return { ...key, columnName: column.name };
    const label = relation.label === '' ? column.name : `${relation.label}.${column.name}`;
    const { number, text } = refusal(label);
    throw sqlError(number, text, { place });
  };
  const scope: RowScope = {
    ...shared(around),
    column(name) {
      const found = findColumn(name, relations);
      if (found) return placed(found.column, found.relation, name);
      if (!outer) throw unbound(name);
      return outer.column(name);
    },
    query: (query) => subquery(query, around, scope),
    whole: (expression) => groups.matches(expression),
    aggregate(make, place) {
      if (clause.aggregates) throw sqlError(clause.aggregates.number, clause.aggregates.text, { place });
      return groups.add(make(withinScope(options, place)));
    },
    refusesAggregates: clause.aggregates,
    refusesWindows: clause.windows,
    window: (name, place) => windowNamed(name, options.windows, place),
    all: (of, place) =>
      relations.flatMap((relation) =>
        of === undefined || prefixMeans(of.parts, relation)
          ? relation.columns.map((column) => ({ name: column.name, value: placed(column, relation, place) }))
          : [],
      ),
  };
  return scope;
}
