import type { Json } from '#arm/resource.ts';
import { type Arguments, same, shown, taking, whole } from './arguments.ts';
import { onlyInDefaults } from './functions-text.ts';
import { isArray, type TemplateFunction } from './scope.ts';
import { addDuration, formatTime } from './time.ts';

/**
 * https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-logical, …-comparison, …-numeric, …-date.
 * `if`, `and`, `or` and `coalesce` evaluate only the arguments they need, so they are in evaluate.ts.
 */
export const valueFunctions: Readonly<Record<string, TemplateFunction>> = {
  not: taking(1, 1, (args) => !args.bool(0)),
  true: taking(0, 0, () => true),
  false: taking(0, 0, () => false),
  null: taking(0, 0, () => null),
  equals: taking(2, 2, ({ all }) => same(all[0]!, all[1]!)),
  less: taking(2, 2, (args) => order(args) < 0),
  lessorequals: taking(2, 2, (args) => order(args) <= 0),
  greater: taking(2, 2, (args) => order(args) > 0),
  greaterorequals: taking(2, 2, (args) => order(args) >= 0),
  bool: taking(1, 1, (args) => {
    const value = args.all[0]!;
    if (typeof value === 'boolean') return value;
    if (typeof value === 'number') return value !== 0;
    const text = args.text(0).toLowerCase();
    if (text !== 'true' && text !== 'false' && text !== '1' && text !== '0') throw args.wrong(0, "'true' or 'false'");
    return text === 'true' || text === '1';
  }),
  int: taking(1, 1, (args) => {
    const value = args.all[0]!;
    if (typeof value === 'number') return whole(Math.trunc(value), args);
    if (typeof value !== 'string' || !/^\s*[+-]?\d+\s*$/.test(value)) throw args.wrong(0, 'a whole number');
    return whole(Number(value), args);
  }),
  float: taking(1, 1, (args) => {
    const value = Number(args.text(0).trim() || Number.NaN);
    if (!Number.isFinite(value)) throw args.wrong(0, 'a number');
    return value;
  }),
  add: taking(2, 2, (args) => whole(args.int(0) + args.int(1), args)),
  sub: taking(2, 2, (args) => whole(args.int(0) - args.int(1), args)),
  mul: taking(2, 2, (args) => whole(args.int(0) * args.int(1), args)),
  div: taking(2, 2, (args) => Math.trunc(args.int(0) / divisor(args)) + 0),
  mod: taking(2, 2, (args) => (args.int(0) % divisor(args)) + 0),
  utcnow: taking(0, 1, (args) => {
    const { fresh, at } = args.scope;
    if (fresh === undefined) throw onlyInDefaults(at, 'utcNow');
    return formatTime(new Date(fresh.now), args.all.length > 0 ? args.text(0) : "yyyyMMdd'T'HHmmss'Z'", at);
  }),
  datetimeadd: taking(2, 3, (args) => {
    const base = timeOf(args, 0);
    const moved = addDuration(base, args.text(1));
    if (moved === undefined) throw args.wrong(1, "a duration of ISO 8601, as 'P1DT2H'");
    return formatTime(moved, args.all.length > 2 ? args.text(2) : "yyyy-MM-dd'T'HH:mm:ss'Z'", args.scope.at);
  }),
  datetimetoepoch: taking(1, 1, (args) => Math.floor(timeOf(args, 0).getTime() / 1000)),
  datetimefromepoch: taking(1, 1, (args) => {
    const time = new Date(args.int(0) * 1000);
    if (Number.isNaN(time.getTime())) throw args.wrong(0, 'a time in seconds since 1970');
    return formatTime(time, "yyyy-MM-dd'T'HH:mm:ss'Z'", args.scope.at);
  }),
  copyindex: taking(0, 2, copyIndex),
};

/** `copyIndex()`, `copyIndex(offset)`, `copyIndex('loop')`, `copyIndex('loop', offset)`. */
function copyIndex(args: Arguments): Json {
  const named = typeof args.all[0] === 'string' ? args.text(0).toLowerCase() : undefined;
  const offset = args.all.length > (named === undefined ? 0 : 1) ? args.int(named === undefined ? 0 : 1) : 0;
  const { copies } = args.scope;
  const copy = named === undefined ? copies.at(-1) : copies.findLast((one) => one.name === named);
  if (copy === undefined) throw args.wrong(0, named === undefined ? 'used inside a copy loop' : 'the name of a copy loop around it');
  return copy.index + offset;
}

function order(args: Arguments): number {
  const [a = null, b = null] = args.all;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a !== 'string' || typeof b !== 'string' || isArray(a)) throw args.wrong(0, 'a number or text like the other');
  return shown(a) < shown(b) ? -1 : Number(a !== b);
}

function divisor(args: Arguments): number {
  const value = args.int(1);
  if (value === 0) throw args.wrong(1, 'other than 0');
  return value;
}

function timeOf(args: Arguments, i: number): Date {
  const text = args.text(i).replace(/^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/, '$1-$2-$3T$4:$5:$6Z');
  const time = new Date(/[zZ]$|[+-]\d{2}:?\d{2}$/.test(text) ? text : `${text.replace(' ', 'T')}${text.length > 10 ? 'Z' : ''}`);
  if (Number.isNaN(time.getTime())) throw args.wrong(i, 'a time of ISO 8601');
  return time;
}
