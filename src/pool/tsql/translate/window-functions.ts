import { notSupported, sqlError } from '../sql-error.ts';
import type { Expression } from '../syntax/ast.ts';
import { castTo } from './convert.ts';
import type { CallContext } from './functions.ts';
import { overClause } from './over.ts';
import { bound, failing } from './sql-text.ts';
import { isNumeric, knownType } from './type-order.ts';
import type { Typed } from './typed.ts';

type WindowRule = (context: CallContext) => Typed;

function expressions(context: CallContext): readonly Expression[] {
  return context.call.arguments.filter((argument): argument is Expression => argument.kind !== 'star' && argument.kind !== 'date-part');
}

/** The window of a function that has no other meaning. Faults: 10753 without OVER, 4112 without the ORDER BY that it needs. */
function over(context: CallContext, needsOrder: boolean): string {
  const { call, name, place } = context;
  if (!call.over) throw sqlError(10_753, `The function '${name}' must have an OVER clause.`, { place, severity: 15 });
  if (needsOrder && call.over.order.length === 0 && call.over.name === undefined)
    throw sqlError(4112, `The function '${name}' must have an OVER clause with ORDER BY.`, { place });
  return overClause(call.over, context);
}

function noFrame(context: CallContext): void {
  if (context.call.over?.frame)
    throw sqlError(10_752, `The function '${context.name}' may not have a window frame.`, { place: context.place });
}

function ranking(name: string): WindowRule {
  return (context) => {
    if (context.call.arguments.length > 0)
      throw sqlError(174, `The ${context.name.toLowerCase()} function requires 0 argument(s).`, { place: context.place, severity: 15 });
    noFrame(context);
    const type = name === 'percent_rank' || name === 'cume_dist' ? ({ name: 'float' } as const) : ({ name: 'bigint' } as const);
    return { sql: `${name}() ${over(context, true)}`, type, nullable: false };
  };
}

/** A count of rows that may not be less than `least`. */
function counted({ sql, literal }: Typed, least: number, failure: string): string {
  if (literal?.kind === 'integer' && Number(literal.text) >= least) return sql;
  return bound('rows', sql, (rows) => `CASE WHEN ${rows} < ${least} THEN ${failure} ELSE ${rows} END`);
}

function tiles(context: CallContext): Typed {
  const [node] = expressions(context);
  if (!node) throw sqlError(174, 'The ntile function requires 1 argument(s).', { place: context.place, severity: 15 });
  noFrame(context);
  const wanted = castTo(context.translate(node, context.scope), { name: 'bigint' }, { explicit: false, place: context.place });
  const count = counted(wanted, 1, failing(4116, "The function 'ntile' takes only a positive int or bigint expression as its input."));
  return { sql: `ntile(${count}) ${over(context, true)}`, type: { name: 'bigint' }, nullable: false };
}

/** LAG and LEAD: the value of a row before or after. */
function neighbour(name: 'lag' | 'lead'): WindowRule {
  return (context) => {
    const [first, offset, otherwise] = expressions(context).map((node) => context.translate(node, context.scope));
    if (!first) throw sqlError(189, `The ${name} function requires 1 to 3 arguments.`, { place: context.place, severity: 15 });
    noFrame(context);
    const type = knownType(first);
    const options = { explicit: false, place: context.place };
    const negative = failing(8730, 'Offset parameter for Lag and Lead functions cannot be a negative value.');
    const steps = offset ? counted(castTo(offset, { name: 'bigint' }, options), 0, negative) : '1';
    const value = castTo(first, type, options).sql;
    const fallback = otherwise ? `, ${castTo(otherwise, type, options).sql}` : '';
    const nulls = context.call.nulls === 'ignore' ? ' IGNORE NULLS' : '';
    return {
      sql: `${name}(${value}, ${steps}${fallback}${nulls}) ${over(context, true)}`,
      type,
      nullable: true,
      binaryOrder: first.binaryOrder,
    };
  };
}

function edge(name: 'first_value' | 'last_value'): WindowRule {
  return (context) => {
    const [node] = expressions(context);
    if (!node) throw sqlError(174, `The ${name} function requires 1 argument(s).`, { place: context.place, severity: 15 });
    const value = context.translate(node, context.scope);
    const nulls = context.call.nulls === 'ignore' ? ' IGNORE NULLS' : '';
    return {
      sql: `${name}(${value.sql}${nulls}) ${over(context, true)}`,
      type: knownType(value),
      nullable: true,
      binaryOrder: value.binaryOrder,
    };
  };
}

/** PERCENTILE_CONT and PERCENTILE_DISC: `WITHIN GROUP (ORDER BY x) OVER (PARTITION BY y)`. */
function percentile(name: 'quantile_cont' | 'quantile_disc'): WindowRule {
  return (context) => {
    const { call, place } = context;
    const [node] = expressions(context);
    const [item, more] = call.within ?? [];
    if (!node || !item || more)
      throw sqlError(10_754, `The function '${context.name}' must have a WITHIN GROUP clause.`, { place, severity: 15 });
    if (!call.over) throw sqlError(10_753, `The function '${context.name}' must have an OVER clause.`, { place, severity: 15 });
    const share = context.translate(node, context.scope);
    const part = share.literal ? Number(share.literal.text) : Number.NaN;
    if (Number.isNaN(part)) throw notSupported(`${context.name} with a part that is not a constant`, place);
    if (part < 0 || part > 1) throw sqlError(10_758, `The argument of the function '${context.name}' must be between 0 and 1.`, { place });
    const value = context.translate(item.value, context.scope);
    const type = knownType(value);
    if (!isNumeric(type) || type.name === 'bit') throw notSupported(`${context.name} of values that are no numbers`, place);
    const exact = name === 'quantile_disc';
    if (exact && item.descending) throw notSupported(`${context.name} with DESC`, place);
    const wanted = item.descending ? 1 - part : part;
    const sql = `${name}(${exact ? value.sql : `CAST(${value.sql} AS DOUBLE)`}, ${wanted}) ${overClause(call.over, context)}`;
    return { sql, type: exact ? type : { name: 'float' }, nullable: true };
  };
}

/** Functions that are nothing without a window, for docs/tsql.md too. */
export const windowFunctions: Readonly<Record<string, WindowRule>> = {
  ROW_NUMBER: ranking('row_number'),
  RANK: ranking('rank'),
  DENSE_RANK: ranking('dense_rank'),
  PERCENT_RANK: ranking('percent_rank'),
  CUME_DIST: ranking('cume_dist'),
  NTILE: tiles,
  LAG: neighbour('lag'),
  LEAD: neighbour('lead'),
  FIRST_VALUE: edge('first_value'),
  LAST_VALUE: edge('last_value'),
  PERCENTILE_CONT: percentile('quantile_cont'),
  PERCENTILE_DISC: percentile('quantile_disc'),
};
