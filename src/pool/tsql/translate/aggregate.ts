import { notSupported, sqlError } from '../sql-error.ts';
import type { Expression } from '../syntax/ast.ts';
import type { TsqlType } from '../tsql-type.ts';
import { finite } from './arithmetic.ts';
import { comparisonKey, orderKey } from './compare.ts';
import { castTo } from './convert.ts';
import { withinMoney } from './convert-number.ts';
import { asScaled, unscaled } from './decimal.ts';
import { duckDbTypeOf } from './duckdb-type.ts';
import type { CallContext } from './functions.ts';
import { bound, failing } from './sql-text.ts';
import { asDecimal, familyOf, isBinary, isNational, isNumeric, isText, knownType, lengthOf, sizedType, typeWord } from './type-order.ts';
import type { Scope, Typed } from './typed.ts';
import { lengthInUnits } from './utf16.ts';
import { orderSql, overClause } from './over.ts';

interface Aggregated {
  readonly context: CallContext;
  readonly scope: Scope;
  readonly distinct: string;
  /** ` OVER (…)`, or nothing. */
  readonly over: string;
}

type AggregateRule = (args: readonly Typed[], made: Aggregated) => Typed;

interface AggregateFacts {
  readonly least: number;
  readonly most: number;
  readonly note?: string;
  readonly write: AggregateRule;
}

function invalidOperand(value: Typed | undefined, context: CallContext): Error {
  return sqlError(8117, `Operand data type ${typeWord(value?.type)} is invalid for ${context.name.toLowerCase()} operator.`, {
    place: context.place,
  });
}

function count(type: 'int' | 'bigint'): AggregateRule {
  return ([value], { context, distinct, over }) => {
    const star = context.call.arguments[0]?.kind === 'star';
    const counted = star ? '*' : value === undefined ? '*' : distinct === '' ? value.sql : comparisonKey(value);
    return { sql: `CAST(count(${distinct}${counted})${over} AS ${duckDbTypeOf({ name: type })})`, type: { name: type }, nullable: false };
  };
}

/** The type of a sum: `int` of what is shorter, 38 digits of decimals. */
function sumType(value: Typed, context: CallContext): TsqlType {
  const type = knownType(value);
  if (value.type === undefined || !isNumeric(type) || type.name === 'bit') throw invalidOperand(value, context);
  switch (familyOf(type)) {
    case 'decimal':
      return { name: 'decimal', precision: 38, scale: asDecimal(type).scale };
    case 'money':
      return { name: 'money' };
    case 'approximate':
      return { name: 'float' };
    default:
      return type.name === 'bigint' ? type : { name: 'int' };
  }
}

function sum(value: Typed | undefined, made: Aggregated): Typed {
  const given = value as Typed;
  const type = sumType(given, made.context);
  const summed = type.name === 'float' ? `CAST(${given.sql} AS DOUBLE)` : given.sql;
  const total = `sum(${made.distinct}${summed})${made.over}`;
  if (type.name === 'float') return { sql: finite(total, 'float'), type, nullable: true };
  const how = { tries: false, style: undefined, dateFormat: 'mdy', place: made.context.place };
  if (type.name === 'money') return { sql: withinMoney(total, { name: 'money' }, how), type, nullable: true };
  return { sql: `CAST(${total} AS ${duckDbTypeOf(type)})`, type, nullable: true };
}

/** Whole numbers' average is whole, of a sum that their type holds; decimals' is cut after six digits, or as many as they have. */
function average(value: Typed | undefined, made: Aggregated): Typed {
  const given = value as Typed;
  const type = sumType(given, made.context);
  const counted = `CAST(count(${made.distinct}${given.sql})${made.over} AS HUGEINT)`;
  const total = `sum(${made.distinct}${type.name === 'float' ? `CAST(${given.sql} AS DOUBLE)` : given.sql})${made.over}`;
  const divisor = `nullif(${counted}, 0)`;
  switch (type.name) {
    case 'float':
      return { sql: finite(`(${total} / CAST(${divisor} AS DOUBLE))`, 'float'), type, nullable: true };
    case 'decimal':
    case 'money': {
      const { scale } = asDecimal(type);
      const wanted = Math.max(scale, type.name === 'money' ? 4 : 6);
      const digits = unscaled({ sql: total, type: { name: 'decimal', precision: 38, scale } });
      const shift = wanted > scale ? ` * CAST('1${'0'.repeat(wanted - scale)}' AS HUGEINT)` : '';
      const answer: TsqlType = type.name === 'money' ? type : { name: 'decimal', precision: 38, scale: wanted };
      return { sql: asScaled(`(${digits}${shift} // ${divisor})`, asDecimal(answer)), type: answer, nullable: true };
    }
    default:
      return {
        sql: `CAST(CAST(CAST(${total} AS ${duckDbTypeOf(type)}) AS HUGEINT) // ${divisor} AS ${duckDbTypeOf(type)})`,
        type,
        nullable: true,
      };
  }
}

function extreme(which: 'min' | 'max'): AggregateRule {
  return ([given], { context, over }) => {
    const value = given as Typed;
    const type = knownType(value);
    if (value.type === undefined || type.name === 'bit') throw invalidOperand(value, context);
    const byKey = type.name === 'uniqueidentifier' || type.name === 'datetimeoffset' || isBinary(type) || isText(type);
    const sql = byKey ? `arg_${which}(${value.sql}, ${orderKey(value)})${over}` : `${which}(${value.sql})${over}`;
    return { sql, type, nullable: true, binaryOrder: value.binaryOrder };
  };
}

function spread(name: string): AggregateRule {
  return ([given], { context, distinct, over }) => {
    const value = given as Typed;
    if (value.type === undefined || !isNumeric(value.type)) throw invalidOperand(value, context);
    return { sql: finite(`${name}(${distinct}CAST(${value.sql} AS DOUBLE))${over}`, 'float'), type: { name: 'float' }, nullable: true };
  };
}

function joinedTexts(args: readonly Typed[], made: Aggregated): Typed {
  const { context, distinct } = made;
  const [given, separator] = args as readonly [Typed, Typed];
  if (context.call.over) throw notSupported('STRING_AGG with OVER', context.place);
  const place = context.place;
  const text =
    isText(knownType(given)) && given.type !== undefined
      ? given
      : castTo(given, { name: 'nvarchar', length: 4000 }, { explicit: false, place });
  const between =
    separator.type !== undefined && isText(separator.type)
      ? separator
      : castTo(separator, { name: 'nvarchar', length: 4000 }, { explicit: false, place });
  const order = context.call.within?.map((item) => orderSql(item, { scope: made.scope, translate: context.translate })) ?? [];
  const type = knownType(text);
  const national = isNational(type);
  const most = lengthOf(type) === 'max' ? 'max' : national ? 4000 : 8000;
  const joined = `string_agg(${distinct}${text.sql}, coalesce(${between.sql}, '')${order.length > 0 ? ` ORDER BY ${order.join(', ')}` : ''})`;
  return {
    sql: most === 'max' ? joined : noLonger(joined, most),
    type: sizedType(national ? 'nvarchar' : 'varchar', most),
    nullable: true,
    binaryOrder: text.binaryOrder,
  };
}

/** What was joined, where its type holds it. */
function noLonger(joined: string, most: number): string {
  const tooLong = failing(
    9829,
    'STRING_AGG aggregation result exceeded the limit of 8000 bytes. Use LOB types to avoid result truncation.',
  );
  return bound('joined', joined, (text) => `CASE WHEN ${lengthInUnits(text)} > ${most} THEN ${tooLong} ELSE ${text} END`);
}

/** Aggregates, for docs/tsql.md too. */
export const aggregates: Readonly<Record<string, AggregateFacts>> = {
  COUNT: { least: 0, most: 1, write: count('int') },
  COUNT_BIG: { least: 0, most: 1, write: count('bigint') },
  SUM: { least: 1, most: 1, write: ([value], made) => sum(value, made) },
  AVG: { least: 1, most: 1, write: ([value], made) => average(value, made) },
  MIN: { least: 1, most: 1, write: extreme('min') },
  MAX: { least: 1, most: 1, write: extreme('max') },
  STDEV: { least: 1, most: 1, write: spread('stddev_samp') },
  STDEVP: { least: 1, most: 1, write: spread('stddev_pop') },
  VAR: { least: 1, most: 1, write: spread('var_samp') },
  VARP: { least: 1, most: 1, write: spread('var_pop') },
  STRING_AGG: { least: 2, most: 2, note: 'no OVER', write: joinedTexts },
  APPROX_COUNT_DISTINCT: {
    least: 1,
    most: 1,
    write: ([value], { over }) => ({
      sql: `approx_count_distinct(${comparisonKey(value as Typed)})${over}`,
      type: { name: 'bigint' },
      nullable: false,
    }),
  },
};

/** A call of an aggregate; undefined: it is none. Faults 8161 for GROUPING of what is not grouped by. */
export function aggregateCall(context: CallContext): Typed | undefined {
  const { call, name, place, scope } = context;
  if (name === 'GROUPING' || name === 'GROUPING_ID')
    throw sqlError(8161, `Argument 1 of the ${name} function does not match any of the expressions in the GROUP BY clause.`, { place });
  const facts = aggregates[name];
  if (!facts) return undefined;
  if (call.arguments.length < Math.max(1, facts.least) || call.arguments.length > facts.most)
    throw sqlError(174, `The ${name.toLowerCase()} function requires ${facts.most} argument(s).`, { place, severity: 15 });
  if (call.within && name !== 'STRING_AGG') throw sqlError(10_757, `The function '${name}' may not have a WITHIN GROUP clause.`, { place });
  if (call.over) {
    if (call.distinct) throw sqlError(10_759, 'Use of DISTINCT is not allowed with the OVER clause.', { place });
    return write(facts, context, scope);
  }
  return scope.aggregate((within) => write(facts, context, within), place);
}

function write(facts: AggregateFacts, context: CallContext, scope: Scope): Typed {
  const { call, translate } = context;
  const args = call.arguments.filter((argument): argument is Expression => argument.kind !== 'star' && argument.kind !== 'date-part');
  return facts.write(
    args.map((argument) => translate(argument, scope)),
    { context, scope, distinct: call.distinct ? 'DISTINCT ' : '', over: call.over ? ` ${overClause(call.over, context)}` : '' },
  );
}
