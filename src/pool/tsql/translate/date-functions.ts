import { notSupported } from '../sql-error.ts';
import type { TsqlType } from '../tsql-type.ts';
import { argumentAs, intArgument, invalidArgument } from './arguments.ts';
import { castTo } from './convert.ts';
import { ticks } from './datetime-ticks.ts';
import { dateDifference } from './date-difference.ts';
import { checkPart, datePart, type DatePart, refusedPart } from './date-part.ts';
import { fromParts } from './date-parts.ts';
import type { CallContext, FunctionRule } from './functions.ts';
import { instantOf, mostOffset, offsetInText, offsetOf, offsetText, onClock, shownOf, shownOnClock, utcOf } from './offset-moment.ts';
import { bound, boundAll, failing } from './sql-text.ts';
import { familyOf, isTemporal, isText, knownType, type TemporalType } from './type-order.ts';
import type { Typed } from './typed.ts';

type Write = FunctionRule['write'];

function dated(least: number, most: number, write: Write, note?: string): FunctionRule {
  return { least, most, group: 'date and time', write, ...(note === undefined ? {} : { note }) };
}

const int: TsqlType = { name: 'int' };

/** An argument as a date or time: texts as `text` says, numbers are days since 1900. */
export function momentArgument(
  value: Typed | undefined,
  context: CallContext,
  text: TemporalType,
): Typed & { readonly type: TemporalType } {
  const given = value ?? { sql: 'NULL', type: undefined, nullable: true };
  const type = knownType(given);
  if (given.type !== undefined && isTemporal(type)) return { ...given, type };
  if (given.type !== undefined && !isText(type) && familyOf(type) === 'guid')
    throw invalidArgument(given, context.call.arguments.length, context);
  const wanted: TemporalType = given.type === undefined || isText(type) ? text : { name: 'datetime' };
  return { ...argumentAs(given, wanted, context), type: wanted };
}

/** As a TIMESTAMP. */
export function timestampSql(value: Typed & { readonly type: TemporalType }): string {
  switch (value.type.name) {
    case 'date':
      return `CAST(${value.sql} AS TIMESTAMP)`;
    case 'time':
      return `(DATE '1900-01-01' + ${value.sql})`;
    case 'datetimeoffset':
      return shownOf(value.sql);
    default:
      return value.sql;
  }
}

/** What `work` makes of a value's TIMESTAMP, as the type that it has, and on the same clock. */
function withTimestamp(value: Typed & { readonly type: TemporalType }, work: (timestamp: string) => string): string {
  const { sql, type } = value;
  if (type.name !== 'datetimeoffset') return backTo(work(timestampSql(value)), type);
  return bound('given', sql, (given) => shownOnClock(work(shownOf(given)), offsetOf(given)));
}

/** A TIMESTAMP as the type that it had. */
function backTo(sql: string, type: TemporalType): string {
  switch (type.name) {
    case 'date':
      return `CAST(${sql} AS DATE)`;
    case 'time':
      return `CAST(${sql} AS TIME)`;
    default:
      return sql;
  }
}

const steps: Partial<Record<DatePart, (n: string) => string>> = {
  year: (n) => `to_months(CAST(${n} * CAST(12 AS BIGINT) AS INTEGER))`,
  quarter: (n) => `to_months(CAST(${n} * CAST(3 AS BIGINT) AS INTEGER))`,
  month: (n) => `to_months(CAST(${n} AS INTEGER))`,
  dayofyear: (n) => `to_days(CAST(${n} AS INTEGER))`,
  day: (n) => `to_days(CAST(${n} AS INTEGER))`,
  weekday: (n) => `to_days(CAST(${n} AS INTEGER))`,
  week: (n) => `to_days(CAST(${n} * CAST(7 AS BIGINT) AS INTEGER))`,
  hour: (n) => `to_hours(CAST(${n} AS BIGINT))`,
  minute: (n) => `to_minutes(CAST(${n} AS BIGINT))`,
  second: (n) => `to_microseconds(${n} * CAST(1000000 AS BIGINT))`,
  millisecond: (n) => `to_microseconds(${n} * CAST(1000 AS BIGINT))`,
  microsecond: (n) => `to_microseconds(CAST(${n} AS BIGINT))`,
};

const bounds: Partial<Record<TsqlType['name'], readonly [string, string]>> = {
  datetime: ['1753-01-01', '10000-01-01'],
  smalldatetime: ['1900-01-01', '2079-06-07'],
};

const add: Write = ([amount, value], context) => {
  const part = datePart(context);
  const moment = momentArgument(value, context, { name: 'datetime' });
  const { type } = moment;
  checkPart(part, type, context);
  const step = steps[part];
  if (!step || ((type.name === 'datetime' || type.name === 'smalldatetime') && part === 'microsecond')) {
    if (part === 'nanosecond') throw notSupported('DATEADD of nanoseconds', context.place, 'Add microseconds.');
    throw refusedPart(part, type, context);
  }
  const n = castTo(amount ?? moment, int, { explicit: true, place: context.place }).sql;
  const nullable = moment.nullable || (amount?.nullable ?? false);
  const sql = withTimestamp(moment, (timestamp) => sum(`(${timestamp} + ${step(n)})`, type, part));
  return { sql, type, nullable };
};

/** What was added up, in the digits and the years that the type has. */
function sum(added: string, type: TemporalType, part: DatePart): string {
  const inTicks = type.name === 'datetime' && part === 'millisecond' ? ticks(added) : added;
  if (type.name === 'time') return inTicks;
  const exact =
    type.name === 'smalldatetime' && (part === 'second' || part === 'millisecond')
      ? `date_trunc('minute', ${inTicks} + to_seconds(30))`
      : inTicks;
  const [least, most] = bounds[type.name] ?? ['0001-01-01', '10000-01-01'];
  return bound('moment', exact, (moment) => {
    const overflow = failing(517, `Adding a value to a '${type.name}' column caused an overflow.`);
    return `CASE WHEN ${moment} IS NULL THEN NULL WHEN ${moment} >= TIMESTAMP '${least}' AND ${moment} < TIMESTAMP '${most}' THEN ${moment} ELSE ${overflow} END`;
  });
}

const latest: TemporalType = { name: 'datetime2', scale: 7 };
const latestOffset: TemporalType = { name: 'datetimeoffset', scale: 7 };

/** A `datetime` has thirds of a millisecond: what a second has less than one of is not told of it. */
function checkDigits(wanted: DatePart, type: TemporalType, context: CallContext): void {
  if (type.name !== 'datetime' || (wanted !== 'microsecond' && wanted !== 'nanosecond')) return;
  throw notSupported(`${context.name} of ${wanted}s of a datetime`, context.place, 'Convert it to datetime2(6) first.');
}

/** Moments are apart by what UTC's clock shows. */
function apartFrom(value: Typed & { readonly type: TemporalType }): string {
  return value.type.name === 'datetimeoffset' ? utcOf(value.sql) : timestampSql(value);
}

function difference(big: boolean): Write {
  return ([from, to], context) => {
    const part = datePart(context);
    const [a, b] = [momentArgument(from, context, latest), momentArgument(to, context, latest)];
    for (const side of [a, b]) checkDigits(part, side.type, context);
    for (const side of [a, b])
      if (side.type.name !== 'time' || part === 'tzoffset')
        if (part === 'tzoffset' || part === 'iso_week') throw refusedPart(part, side.type, context);
    const sql = dateDifference(part, apartFrom(a), apartFrom(b));
    const nullable = a.nullable || b.nullable;
    if (big) return { sql: `CAST(${sql} AS BIGINT)`, type: { name: 'bigint' }, nullable };
    const overflow = failing(
      535,
      'The datediff function resulted in an overflow. The number of dateparts separating two date/time instances is too large. Try to use datediff with a less precise datepart.',
    );
    const checked = bound(
      'apart',
      sql,
      (count) =>
        `CASE WHEN ${count} IS NULL THEN NULL WHEN ${count} BETWEEN -2147483648 AND 2147483647 THEN CAST(${count} AS INTEGER) ELSE ${overflow} END`,
    );
    return { sql: checked, type: int, nullable };
  };
}

/** A part of a moment as a number. */
function partSql(part: DatePart, moment: string, dateFirst: number): string {
  switch (part) {
    case 'week':
      return bound('moment', moment, (t) => `(dayofyear(${t}) + (isodow(date_trunc('year', ${t})) - ${dateFirst} + 7) % 7 - 1) // 7 + 1`);
    case 'weekday':
      return `((isodow(${moment}) - ${dateFirst} + 7) % 7 + 1)`;
    case 'dayofyear':
      return `dayofyear(${moment})`;
    case 'iso_week':
      return `week(${moment})`;
    case 'millisecond':
      return `(microsecond(${moment}) % 1000000 // 1000)`;
    case 'microsecond':
      return `(microsecond(${moment}) % 1000000)`;
    case 'nanosecond':
      return `(microsecond(${moment}) % 1000000 * 1000)`;
    default:
      return `${part}(${moment})`;
  }
}

const part: Write = ([value], context) => {
  const wanted = datePart(context);
  const moment = momentArgument(value, context, latest);
  checkPart(wanted, moment.type, context);
  checkDigits(wanted, moment.type, context);
  if (wanted === 'tzoffset') return { sql: `CAST(${aheadOf(moment)} AS INTEGER)`, type: int, nullable: moment.nullable };
  return {
    sql: `CAST(${partSql(wanted, timestampSql(moment), context.scope.settings.dateFirst)} AS INTEGER)`,
    type: int,
    nullable: moment.nullable,
  };
};

/** Minutes that its clock is ahead of UTC. */
function aheadOf(value: Typed & { readonly type: TemporalType }): string {
  return value.type.name === 'datetimeoffset' ? offsetOf(value.sql) : `CASE WHEN ${value.sql} IS NOT NULL THEN 0 END`;
}

const partName: Write = ([value], context) => {
  const wanted = datePart(context);
  const moment = momentArgument(value, context, latest);
  checkPart(wanted, moment.type, context);
  checkDigits(wanted, moment.type, context);
  const name = { name: 'nvarchar', length: 30 } as const;
  if (wanted === 'tzoffset')
    return {
      sql: bound('minutes', aheadOf(moment), (minutes) => `CASE WHEN ${minutes} IS NOT NULL THEN ${offsetText(minutes)} END`),
      type: name,
      nullable: moment.nullable,
    };
  const timestamp = timestampSql(moment);
  const number = `CAST(${partSql(wanted, timestamp, context.scope.settings.dateFirst)} AS VARCHAR)`;
  const names: Partial<Record<DatePart, string>> = {
    month: `monthname(${timestamp})`,
    weekday: `dayname(${timestamp})`,
  };
  return { sql: names[wanted] ?? number, type: name, nullable: moment.nullable };
};

function onePart(wanted: 'year' | 'month' | 'day'): Write {
  return ([value], context) => {
    const moment = momentArgument(value, context, latest);
    checkPart(wanted, moment.type, context);
    return { sql: `CAST(${wanted}(${timestampSql(moment)}) AS INTEGER)`, type: int, nullable: moment.nullable };
  };
}

/** The moment that a statement began, which is the same wherever it asks. */
function now(type: TemporalType): Write {
  return (_args, context) => {
    // A whole hundredth is one of the moments that a datetime has, and every type of more digits has it too.
    const { utc: told } = context.scope.settings.now;
    const utc = `TIMESTAMP '${type.name === 'datetime' ? told.slice(0, '2024-02-01 10:11:12.12'.length) : told}'`;
    return { ...castTo({ sql: utc, type: latest, nullable: false }, type, { explicit: true, place: context.place }), literal: undefined };
  };
}

const endOfMonth: Write = ([value, months], context) => {
  const moment = momentArgument(value, context, { name: 'date' });
  const timestamp = timestampSql(moment);
  const moved = months ? `(${timestamp} + to_months(${intArgument(months, context).sql}))` : timestamp;
  const sql = bound('moment', moved, (sum) => {
    const overflow = failing(517, "Adding a value to a 'date' column caused an overflow.");
    return `CASE WHEN ${sum} IS NULL THEN NULL WHEN ${sum} >= TIMESTAMP '0001-01-01' AND ${sum} < TIMESTAMP '10000-01-01' THEN last_day(CAST(${sum} AS DATE)) ELSE ${overflow} END`;
  });
  return { sql, type: { name: 'date' }, nullable: true };
};

const truncated: Partial<Record<DatePart, string>> = {
  year: 'year',
  quarter: 'quarter',
  month: 'month',
  day: 'day',
  dayofyear: 'day',
  hour: 'hour',
  minute: 'minute',
  second: 'second',
  millisecond: 'millisecond',
  microsecond: 'microsecond',
  iso_week: 'week',
};

const truncate: Write = ([value], context) => {
  const wanted = datePart(context);
  const moment = momentArgument(value, context, latest);
  const { type } = moment;
  checkPart(wanted, type, context);
  const { dateFirst } = context.scope.settings;
  const toWeek = (timestamp: string): string =>
    bound('moment', timestamp, (t) => `date_trunc('day', ${t}) - to_days(CAST((isodow(${t}) - ${dateFirst} + 7) % 7 AS INTEGER))`);
  const unit = truncated[wanted];
  if (unit === undefined && wanted !== 'week') throw refusedPart(wanted, type, context);
  const cut = wanted === 'week' ? toWeek : (timestamp: string): string => `CAST(date_trunc('${unit}', ${timestamp}) AS TIMESTAMP)`;
  return { sql: withTimestamp(moment, cut), type, nullable: moment.nullable };
};

/** 1 where a text is a `datetime`. */
const isDate: Write = ([value], context) => {
  const given = value as Typed;
  const type = knownType(given);
  if (given.type === undefined) return { sql: 'CAST(0 AS INTEGER)', type: int, nullable: false };
  if (!isText(type)) {
    if (familyOf(type) === 'date' || familyOf(type) === 'time' || familyOf(type) === 'modern-time')
      throw invalidArgument(given, 1, context);
    if (familyOf(type) === 'legacy-time') return { sql: `CAST(${given.sql} IS NOT NULL AS INTEGER)`, type: int, nullable: false };
    return { sql: 'CAST(0 AS INTEGER)', type: int, nullable: false };
  }
  const tried = castTo(
    given,
    { name: 'datetime' },
    { explicit: true, tries: true, place: context.place, dateFormat: context.scope.settings.dateFormat },
  );
  return { sql: `CAST(${tried.sql} IS NOT NULL AND trim(${given.sql}, ' ') <> '' AS INTEGER)`, type: int, nullable: false };
};

/** An offset as minutes: a whole number of them, or a text `+02:00`. Fault 9812 where it is none, or more than 14 hours. */
function offsetArgument(value: Typed | undefined, context: CallContext): string {
  const given = value ?? { sql: 'NULL', type: undefined, nullable: true };
  const invalid = failing(9812, `The timezone provided to builtin function ${context.name.toLowerCase()} is invalid.`);
  const minutes = (sql: string): string =>
    bound('ahead', sql, (ahead) => `CASE WHEN ${ahead} IS NULL OR abs(${ahead}) <= ${mostOffset} THEN ${ahead} ELSE ${invalid} END`);
  if (given.type === undefined || !isText(given.type)) return minutes(intArgument(given, context).sql);
  return bound('zone', given.sql, (zone) => {
    const right = `regexp_full_match(${zone}, '[+-][0-9]{2}:[0-5][0-9]')`;
    return `CASE WHEN ${zone} IS NULL THEN NULL WHEN ${right} THEN ${minutes(`(${offsetInText(zone)})`)} ELSE ${invalid} END`;
  });
}

/** `clock` of a value and minutes; NULL where there are none. */
function onGivenClock(value: string, minutes: string, clock: (value: string, minutes: string) => string): string {
  return boundAll({ given: value, minutes }, (of) => `CASE WHEN ${of.minutes} IS NOT NULL THEN ${clock(of.given, of.minutes)} END`);
}

const switchOffset: Write = ([value, offset], context) => {
  const given = value?.type;
  const type = given?.name === 'datetimeoffset' ? given : latestOffset;
  const moment = argumentAs(value, type, context);
  const sql = onGivenClock(moment.sql, offsetArgument(offset, context), (given, minutes) => onClock(instantOf(given), minutes));
  return { sql, type, nullable: moment.nullable || (offset?.nullable ?? true) };
};

const toOffset: Write = ([value, offset], context) => {
  const given = momentArgument(value, context, latest);
  const scale = 'scale' in given.type ? given.type.scale : 7;
  const shown = castTo(given, { name: 'datetime2', scale }, { explicit: true, place: context.place });
  const sql = onGivenClock(shown.sql, offsetArgument(offset, context), shownOnClock);
  return { sql, type: { name: 'datetimeoffset', scale }, nullable: given.nullable || (offset?.nullable ?? true) };
};

const noMicros = 'no microseconds of a datetime';

export const dateFunctions: Readonly<Record<string, FunctionRule>> = {
  GETDATE: dated(0, 0, now({ name: 'datetime' }), 'whole hundredths of a second'),
  GETUTCDATE: dated(0, 0, now({ name: 'datetime' }), 'whole hundredths of a second'),
  CURRENT_TIMESTAMP: dated(0, 0, now({ name: 'datetime' }), 'whole hundredths of a second'),
  SYSDATETIME: dated(0, 0, now(latest), 'six digits of a second'),
  SYSUTCDATETIME: dated(0, 0, now(latest), 'six digits of a second'),
  SYSDATETIMEOFFSET: dated(0, 0, now(latestOffset), 'six digits of a second'),
  DATEADD: dated(3, 3, add, 'no nanoseconds'),
  DATEDIFF: dated(3, 3, difference(false), noMicros),
  DATEDIFF_BIG: dated(3, 3, difference(true), noMicros),
  DATEPART: dated(2, 2, part, noMicros),
  DATENAME: dated(2, 2, partName, noMicros),
  YEAR: dated(1, 1, onePart('year')),
  MONTH: dated(1, 1, onePart('month')),
  DAY: dated(1, 1, onePart('day')),
  EOMONTH: dated(1, 2, endOfMonth),
  DATETRUNC: dated(2, 2, truncate),
  ISDATE: dated(1, 1, isDate),
  SWITCHOFFSET: dated(2, 2, switchOffset),
  TODATETIMEOFFSET: dated(2, 2, toOffset),
  ...Object.fromEntries(Object.entries(fromParts).map(([name, [count, write]]) => [name, dated(count, count, write)])),
};
