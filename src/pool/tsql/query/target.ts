import { sqlError } from '../sql-error.ts';
import type { Place } from '../syntax/ast.ts';
import type { DmlTarget } from '../syntax/statement.ts';
import type { Typed } from '../translate/typed.ts';
import { bound, failing } from '../translate/sql-text.ts';
import { castTo } from './expressions.ts';
import { instantOf, offsetOf } from '../translate/offset-moment.ts';
import { isNational, sizedType } from '../translate/type-order.ts';
import { firstUnits, lengthInUnits } from '../translate/utf16.ts';
import { fullName, tableNamed } from './names.ts';
import type { ColumnFacts, PlanContext, TableFacts } from './plan.ts';
import { foldName, quoted } from './writing.ts';

export type Verb = 'INSERT' | 'UPDATE' | 'DELETE' | 'MERGE';

/** The table that a statement changes. Errors: 208, 1087; 229 where T-SQL may not change it. */
export function targetFacts(target: DmlTarget, context: PlanContext, verb: Verb): TableFacts {
  if (target.kind === 'table') return writable(tableNamed(target.name, context), context, { verb, place: target });
  const facts = context.names.table('', target.name);
  if (!facts) throw sqlError(1087, `Must declare the table variable "${target.name}".`, { place: target, severity: 15 });
  return facts;
}

/** Error 229, with the reason: a link fills the table, it is a view, or the system's own. */
export function writable(
  facts: TableFacts,
  context: PlanContext,
  { verb, place }: { readonly verb: string; readonly place: Place },
): TableFacts {
  if (facts.readOnly === undefined) return facts;
  throw sqlError(
    229,
    `The ${verb} permission was denied on the object '${facts.name}', database '${context.names.database}', schema '${facts.schema}'. ${facts.readOnly}`,
    { place, severity: 14, state: 5, kind: 'denied' },
  );
}

/** Error 207 where the table has none of that name. */
export function targetColumn(facts: TableFacts, name: string, place: Place): ColumnFacts {
  const column = facts.columns.find((known) => foldName(known.name) === foldName(name));
  if (!column) throw sqlError(207, `Invalid column name '${name}'.`, { place });
  return column;
}

export interface Storing {
  readonly facts: TableFacts;
  readonly context: PlanContext;
  readonly verb: Verb;
}

/**
 * A value as its column holds it. What is wrong with a value ends the statement as it runs: 515 for NULL where there may be none, 2628 for a
 * text that is too long; blanks at its end do not count.
 */
export function stored(value: Typed, column: ColumnFacts, { facts, context, verb }: Storing): string {
  const fitted = kept(fit(value, column, fullName(facts, context)), column);
  if (column.nullable || !value.nullable) return fitted;
  const outcome = verb === 'MERGE' ? 'UPDATE' : verb;
  const what = `Cannot insert the value NULL into column '${column.name}', table '${fullName(facts, context)}'; column does not allow nulls. ${outcome} fails.`;
  return `coalesce(${fitted}, ${failing(515, what)})`;
}

/** Pools of former versions have `datetimeoffset` as moments, which are on the clock of UTC. */
function kept(sql: string, { type, readAs }: ColumnFacts): string {
  if (type.name !== 'datetimeoffset' || readAs === undefined) return sql;
  return bound('clock', sql, (value) => {
    const refusal = failing(
      40_510,
      'An offset other than +00:00 is not supported by this column, which a former version made. Make the table anew by CREATE TABLE AS SELECT.',
    );
    return `CASE WHEN ${offsetOf(value)} <> 0 THEN ${refusal} ELSE ${instantOf(value)} END`;
  });
}

function fit(value: Typed, column: ColumnFacts, table: string): string {
  const { type } = column;
  const from = value.type;
  if (from !== undefined && isNational(from) && isText(type.name) && !isNational(type))
    return fit(
      castTo(value, { name: 'varchar', length: from.name === 'nvarchar' && 'length' in from ? from.length : 'max' }),
      column,
      table,
    );
  const both = 'length' in type && from !== undefined && 'length' in from && isText(type.name) === isText(from.name);
  if (!both || type.length === 'max' || (from.length !== 'max' && from.length <= type.length)) return castTo(value, type).sql;
  const limit = type.length;
  const tooLong = failing(2628, `String or binary data would be truncated in table '${table}', column '${column.name}'.`);
  if (!isText(type.name)) {
    const fitting = bound('bytes', value.sql, (bytes) => `CASE WHEN octet_length(${bytes}) > ${limit} THEN ${tooLong} ELSE ${bytes} END`);
    return castTo({ ...value, sql: fitting, type: sizedType('varbinary', limit), literal: undefined }, type).sql;
  }
  const name = from.name === 'char' || from.name === 'varchar' ? 'varchar' : 'nvarchar';
  const fitting = bound(
    'text',
    value.sql,
    (text) => `CASE WHEN ${lengthInUnits(`rtrim(${text}, ' ')`)} > ${limit} THEN ${tooLong} ELSE ${firstUnits(text, limit)} END`,
  );
  return castTo({ ...value, sql: fitting, type: sizedType(name, limit), literal: undefined }, type).sql;
}

function isText(name: string): boolean {
  return name.endsWith('char');
}

/** What a column gets when nothing is said: its next number, its default, NULL. */
export function defaultValue(column: ColumnFacts, translate: (text: string) => Typed): Typed {
  if (column.identity)
    return { sql: `nextval('${column.identity.sequence.replaceAll("'", "''")}')`, type: { name: 'bigint' }, nullable: false };
  if (column.default !== undefined) return translate(column.default);
  return { sql: 'NULL', type: undefined, nullable: true, literal: { kind: 'null', text: '' } };
}

/** Names as an INSERT lists them. */
export function columnList(columns: readonly ColumnFacts[]): string {
  return columns.map(({ name }) => quoted(name)).join(', ');
}
