import { sqlError } from '../sql-error.ts';
import type { TsqlType } from '../tsql-type.ts';
import type { CallContext } from './functions.ts';

export type DatePart =
  | 'year'
  | 'quarter'
  | 'month'
  | 'dayofyear'
  | 'day'
  | 'week'
  | 'weekday'
  | 'hour'
  | 'minute'
  | 'second'
  | 'millisecond'
  | 'microsecond'
  | 'nanosecond'
  | 'tzoffset'
  | 'iso_week';

const words: Readonly<Record<DatePart, readonly string[]>> = {
  year: ['yy', 'yyyy'],
  quarter: ['qq', 'q'],
  month: ['mm', 'm'],
  dayofyear: ['dy', 'y'],
  day: ['dd', 'd'],
  week: ['wk', 'ww'],
  weekday: ['dw', 'w'],
  hour: ['hh'],
  minute: ['mi', 'n'],
  second: ['ss', 's'],
  millisecond: ['ms'],
  microsecond: ['mcs'],
  nanosecond: ['ns'],
  tzoffset: ['tz'],
  iso_week: ['isowk', 'isoww'],
};
const byWord = new Map<string, DatePart>(
  (Object.entries(words) as [DatePart, readonly string[]][]).flatMap(([part, spellings]) =>
    [part, ...spellings].map((word) => [word, part] as const),
  ),
);

/** The bare word that comes first. Fault 155. */
export function datePart(context: CallContext): DatePart {
  const [first] = context.call.arguments;
  if (first?.kind !== 'date-part')
    throw sqlError(1023, `Invalid parameter 1 specified for ${context.name.toLowerCase()}.`, { place: context.place, severity: 15 });
  const part = byWord.get(first.word.toLowerCase());
  if (part === undefined)
    throw sqlError(155, `'${first.word}' is not a recognized ${context.name.toLowerCase()} option.`, { place: first, severity: 15 });
  return part;
}

const ofDate = new Set<DatePart>(['year', 'quarter', 'month', 'dayofyear', 'day', 'week', 'weekday', 'iso_week']);

/** Does a type have the part? Fault 9810. */
export function checkPart(part: DatePart, type: TsqlType, context: CallContext): void {
  const has = type.name === 'date' ? ofDate.has(part) : type.name === 'time' ? !ofDate.has(part) && part !== 'tzoffset' : true;
  if (has && (part !== 'tzoffset' || type.name === 'datetimeoffset' || type.name === 'datetime2')) return;
  throw refusedPart(part, type, context);
}

export function refusedPart(part: DatePart, type: TsqlType, context: CallContext): Error {
  return sqlError(
    9810,
    `The datepart ${part} is not supported by date function ${context.name.toLowerCase()} for data type ${type.name}.`,
    { place: context.place },
  );
}
