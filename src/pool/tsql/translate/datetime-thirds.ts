import type { ComparisonOperator, Place } from '../syntax/ast.ts';
import { castTo } from './convert.ts';
import { byDigit, hasThirds } from './datetime-ticks.ts';
import { instantOf, utcOf } from './offset-moment.ts';
import { bound } from './sql-text.ts';
import { commonType } from './type-order.ts';
import type { Typed } from './typed.ts';

interface Where {
  readonly place: Place;
  readonly dateFormat: string;
}

/** Is one of them a `datetime`, and are they compared as moments of more digits: as what it is, and not as what it shows? */
function meetThirds(values: readonly Typed[], place: Place): boolean {
  if (!values.some(({ type }) => type?.name === 'datetime')) return false;
  const common = values
    .map(({ type }) => type)
    .reduce((a, b) => (a === undefined ? b : b === undefined ? a : commonType(a, b, place)), undefined);
  return common?.name === 'datetime2' || common?.name === 'datetimeoffset';
}

/** Units of 100 ns since 1970, where a `datetime` meets moments of more digits; undefined: none does. */
export function asUnits(values: readonly Typed[], where: Where): readonly Typed[] | undefined {
  if (!meetThirds(values, where.place)) return undefined;
  return values.map((value) => {
    const { sql, nullable } = value;
    const units =
      value.type?.name === 'datetime'
        ? bound('tick', sql, (moment) => `epoch_us(${moment}) * 10 + ${byDigit(moment, 3333, -3333)}`)
        : `(epoch_us(${utcOf(asLatest(value, where))}) * 10)`;
    return { sql: units, type: { name: 'bigint' }, nullable };
  });
}

function asLatest(value: Typed, where: Where): string {
  return castTo(value, { name: 'datetimeoffset', scale: 7 }, { explicit: false, ...where }).sql;
}

const mirrored: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  '=': '=',
  '<>': '<>',
  '<': '>',
  '>': '<',
  '<=': '>=',
  '>=': '<=',
};

/** `left operator right` of a `datetime` and one moment of more digits, which is compared as it lies; undefined: they are none such. */
export function compareThirds(operator: ComparisonOperator, [left, right]: readonly [Typed, Typed], where: Where): string | undefined {
  if (!meetThirds([left, right], where.place) || left.type?.name === right.type?.name) return undefined;
  if (left.type?.name === 'datetime') return compareThirds(mirrored[operator], [right, left], where);
  const zoned = left.type?.name === 'datetimeoffset';
  const micros = zoned ? instantOf(left.sql) : castTo(left, { name: 'datetime2', scale: 7 }, { explicit: false, ...where }).sql;
  const meant = bound('tick', right.sql, (tick) => next(operator, tick));
  return `(${micros} ${operator} ${zoned ? `(${meant} AT TIME ZONE 'UTC')` : meant})`;
}

/** The microsecond that answers as the third beside it does: the next one, the one before, or for `=` one that no value has. */
function next(operator: ComparisonOperator, tick: string): string {
  switch (operator) {
    case '=':
    case '<>':
      return `CASE WHEN ${hasThirds(tick)} THEN TIMESTAMP '290000-01-01' ELSE ${tick} END`;
    case '<':
    case '>=':
      return `${tick} + to_microseconds(${byDigit(tick, 334, -333)})`;
    default:
      return `${tick} + to_microseconds(${byDigit(tick, 333, -334)})`;
  }
}
