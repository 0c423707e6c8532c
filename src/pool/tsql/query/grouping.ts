import { Fault } from '#base/fault.ts';
import { notSupported, sqlError } from '../sql-error.ts';
import type { Expression, FunctionCall, GroupBy, GroupItem, Place } from '../syntax/ast.ts';
import type { Scope, Typed } from '../translate/typed.ts';
import { comparisonKey } from '../translate/compare.ts';
import { translateExpression } from '../translate/expression.ts';
import { type Groups, withinGroup } from './scope.ts';

/** What rows are grouped by. */
interface Key {
  readonly raw: Typed;
  /** Rows of one group have it in common: texts that differ by case only are one. */
  readonly group: string;
  /** As the grouping query calls it. */
  readonly name: string;
}

/** A query's groups while its parts are written; `sql` once all of them are. */
export interface Grouping extends Groups {
  /** The SELECT list and GROUP BY of the grouping query, around its FROM and WHERE. */
  sql(from: string): string;
}

/** Groups the rows of `rows`, under `alias`. Errors: 144, 164, 8161. */
export function groupingOf(group: GroupBy | undefined, rows: Scope, alias: string): Grouping {
  if (group?.all === true) throw notSupported('GROUP BY ALL', group, 'Use GROUP BY.');
  const scope: Scope = { ...rows, query: refuseSubquery };
  const keys: Key[] = [];
  const keyOf = (expression: Expression): Key => {
    const raw = translateExpression(expression, scope);
    const known = keys.find((key) => key.raw.sql === raw.sql);
    if (known) return known;
    if (isLiteral(expression))
      throw sqlError(164, 'Each GROUP BY expression must contain at least one column that is not an outer reference.', {
        place: expression,
      });
    const key = { raw, group: comparisonKey(raw), name: `k${keys.length + 1}` };
    keys.push(key);
    return key;
  };
  const items = group?.items ?? [];
  const text = items.map((item) => itemText(item, keyOf)).join(', ');
  const sets = items.some(({ kind }) => kind !== 'expression');
  const aggregates = new Map<string, string>();
  const placed = ({ raw, name }: Key): Typed => ({
    ...raw,
    sql: `${alias}.${name}`,
    nullable: raw.nullable || sets,
    literal: undefined,
  });
  const kinds = new Set(items.length === 0 ? [] : expressionsOf(items).map(({ kind }) => kind));
  const add = (aggregate: Typed): Typed => {
    let name = aggregates.get(aggregate.sql);
    if (name === undefined) aggregates.set(aggregate.sql, (name = `a${aggregates.size + 1}`));
    return { ...aggregate, sql: `${alias}.${name}`, literal: undefined, columnName: undefined };
  };
  return {
    keys: new Map(keys.map((key) => [key.raw.sql, placed(key)])),
    add,
    matches(expression) {
      if (isGroupingCall(expression)) return add(groupingCall(expression, keys, scope));
      if (!kinds.has(expression.kind) || expression.kind === 'column') return undefined;
      const raw = triedExpression(expression, scope);
      const key = raw && keys.find((known) => known.raw.sql === raw.sql);
      return key && placed(key);
    },
    sql(from) {
      const chosen = [
        ...keys.map((key) => `${representative(key, sets)} AS ${key.name}`),
        ...[...aggregates].map(([sql, name]) => `${sql} AS ${name}`),
      ];
      return `SELECT ${chosen.length === 0 ? 'count(*) AS a1' : chosen.join(', ')}${from}${text === '' ? '' : ` GROUP BY ${text}`}`;
    },
  };
}

/** One value for the group: of texts that are one but for their case, the same each time. */
function representative({ raw, group }: Key, sets: boolean): string {
  if (group === raw.sql) return raw.sql;
  return sets ? `CASE WHEN grouping(${group}) = 0 THEN min(${raw.sql}) END` : `min(${raw.sql})`;
}

function itemText(item: GroupItem, keyOf: (expression: Expression) => Key): string {
  if (item.kind === 'expression') return keyOf(item.value).group;
  if (item.kind === 'sets')
    return `GROUPING SETS (${item.sets.map((set) => ('kind' in set ? itemText(set, keyOf) : tuple(set, keyOf))).join(', ')})`;
  return `${item.kind.toUpperCase()} (${item.sets.map((set) => tuple(set, keyOf)).join(', ')})`;
}

function tuple(set: readonly Expression[], keyOf: (expression: Expression) => Key): string {
  return `(${set.map((expression) => keyOf(expression).group).join(', ')})`;
}

function expressionsOf(items: readonly (GroupItem | readonly Expression[])[]): readonly Expression[] {
  return items.flatMap((item): readonly Expression[] => {
    if (!('kind' in item)) return item;
    if (item.kind === 'expression') return [item.value];
    return item.kind === 'sets' ? expressionsOf(item.sets) : item.sets.flat();
  });
}

function refuseSubquery(place: Place): never {
  throw sqlError(144, withinGroup, { place });
}

/** What is grouped by has a meaning over rows; what is asked about may have none, as `SUM(a) + 1`. */
function triedExpression(expression: Expression, scope: Scope): Typed | undefined {
  try {
    return translateExpression(expression, scope);
  } catch (error) {
    if (error instanceof Fault && error.kind !== 'bug') return undefined;
    throw error;
  }
}

function isLiteral(expression: Expression): boolean {
  const { kind } = expression;
  if (kind === 'binary') return 'hex' in expression;
  return ['null', 'integer', 'decimal', 'float', 'money', 'string', 'variable', 'global'].includes(kind);
}

function isGroupingCall(expression: Expression): expression is FunctionCall {
  return (
    expression.kind === 'call' &&
    expression.name.parts.length === 1 &&
    ['GROUPING', 'GROUPING_ID'].includes((expression.name.parts[0] ?? '').toUpperCase())
  );
}

function groupingCall(call: FunctionCall, keys: readonly Key[], scope: Scope): Typed {
  const name = (call.name.parts[0] ?? '').toUpperCase();
  const groups = call.arguments.map((argument, at) => {
    const raw = argument.kind === 'star' || argument.kind === 'date-part' ? undefined : triedExpression(argument, scope);
    const key = raw && keys.find((known) => known.raw.sql === raw.sql);
    if (!key)
      throw sqlError(8161, `Argument ${at + 1} of the ${name} function does not match any of the expressions in the GROUP BY clause.`, {
        place: call,
      });
    return key.group;
  });
  const one = name === 'GROUPING';
  if (groups.length === 0 || (one && groups.length > 1))
    throw sqlError(174, `The ${name.toLowerCase()} function requires 1 argument(s).`, { place: call, severity: 15 });
  return {
    sql: `CAST(grouping(${groups.join(', ')}) AS ${one ? 'UTINYINT' : 'INTEGER'})`,
    type: { name: one ? 'tinyint' : 'int' },
    nullable: false,
  };
}
