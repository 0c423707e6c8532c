import type { Expression, FunctionCall, ObjectName } from './ast.ts';
import type { Reader } from './reader.ts';
import { orderItem, over } from './window.ts';

/** Functions whose first argument is a word: a part of dates. */
const datePartFunctions: ReadonlySet<string> = new Set([
  'DATEADD',
  'DATEDIFF',
  'DATEDIFF_BIG',
  'DATEPART',
  'DATENAME',
  'DATETRUNC',
  'DATE_BUCKET',
]);

/** Functions that mean nothing without `OVER`; with `true`, nothing without its `ORDER BY`. */
const windowFunctions: Readonly<Record<string, boolean>> = {
  ROW_NUMBER: true,
  RANK: true,
  DENSE_RANK: true,
  NTILE: true,
  LAG: true,
  LEAD: true,
  FIRST_VALUE: true,
  LAST_VALUE: true,
  PERCENT_RANK: true,
  CUME_DIST: true,
  PERCENTILE_CONT: false,
  PERCENTILE_DISC: false,
};

/** Functions with words of their own between the arguments, which are not read here. */
const jsonMakers: ReadonlySet<string> = new Set(['JSON_OBJECT', 'JSON_ARRAY', 'JSON_OBJECTAGG', 'JSON_ARRAYAGG']);

type Argument = FunctionCall['arguments'][number];

/** A function's arguments and all that may follow them; its name has been read. */
export function call(p: Reader, name: ObjectName): FunctionCall {
  const { at, line } = name;
  const outer = p.enter();
  const upper = name.parts.length === 1 ? (name.parts[0] as string).toUpperCase() : '';
  if (jsonMakers.has(upper)) throw p.unsupported(`The function ${upper}`, name, 'FOR JSON makes JSON of rows.');
  p.expect('(');
  let distinct = false;
  let args: readonly Argument[] = [];
  let trim: FunctionCall['trim'];
  if (upper === 'TRIM') ({ args, trim } = trimArguments(p));
  else if (p.is(')')) args = [];
  else if (p.is('*')) args = [star(p)];
  else {
    distinct = p.accept('DISTINCT');
    if (!distinct) p.accept('ALL');
    args = callArguments(p, upper);
  }
  p.expect(')');
  const made: FunctionCall = { at, line, kind: 'call', name, arguments: args, distinct, ...suffixes(p, upper) };
  p.leave(outer);
  return trim === undefined ? made : { ...made, trim };
}

function star(p: Reader): Argument {
  const place = p.place();
  p.expect('*');
  return { ...place, kind: 'star' };
}

function callArguments(p: Reader, upper: string): readonly Argument[] {
  if (!datePartFunctions.has(upper)) return p.list((r) => r.expression());
  const token = p.peek();
  if ((token.kind !== 'word' && token.kind !== 'name') || !p.is(',', 1)) {
    throw p.error(1023, `Invalid parameter 1 specified for ${upper.toLowerCase()}.`, token);
  }
  p.advance();
  const first: Argument = { ...p.place(token), kind: 'date-part', word: token.text };
  p.expect(',');
  return [first, ...p.list((r) => r.expression())];
}

/** `TRIM(x)`, `TRIM(y FROM x)`, `TRIM(LEADING y FROM x)`: what is trimmed comes first. */
function trimArguments(p: Reader): { args: readonly Expression[]; trim: FunctionCall['trim'] } {
  const sides = { LEADING: 'leading', TRAILING: 'trailing', BOTH: 'both' } as const;
  const side = sides[p.peek().upper as keyof typeof sides] as FunctionCall['trim'];
  const named = side !== undefined && !p.is(')', 1) && !p.is('FROM', 1) && !p.is('.', 1) ? side : undefined;
  if (named !== undefined) p.advance();
  const first = p.expression();
  if (!p.accept('FROM')) {
    if (named !== undefined) throw p.unexpected();
    return { args: [first], trim: undefined };
  }
  return { args: [p.expression(), first], trim: named };
}

function suffixes(p: Reader, upper: string): Pick<FunctionCall, 'within' | 'nulls' | 'over'> {
  const token = p.previous;
  let within: FunctionCall['within'];
  if (p.accept('WITHIN', 'GROUP')) {
    p.expect('(', 'ORDER', 'BY');
    within = p.list(orderItem);
    p.expect(')');
  }
  const nulls = p.accept('IGNORE', 'NULLS') ? 'ignore' : p.accept('RESPECT', 'NULLS') ? 'respect' : undefined;
  const window = p.accept('OVER') ? over(p) : undefined;
  const needsOrder = windowFunctions[upper];
  if (needsOrder !== undefined && window === undefined) {
    throw p.error(10753, `The function '${upper}' must have an OVER clause.`, token);
  }
  if (needsOrder === true && window?.name === undefined && window?.order.length === 0) {
    throw p.error(4112, `The function '${upper}' must have an OVER clause with ORDER BY.`, token);
  }
  return { within, nulls, over: window };
}
