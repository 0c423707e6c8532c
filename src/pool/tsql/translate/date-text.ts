/** A date and a time of day, as digits. `fraction`: of a second, as written. */
export interface Moment {
  readonly date: { readonly year: number; readonly month: number; readonly day: number } | undefined;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly fraction: string;
  /** Minutes east of Greenwich. */
  readonly offset: number | undefined;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const monthName =
  '(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)';
const timeOfDay = /^(\d{1,2})(?::(\d{1,2}))?(?::(\d{1,2}))?(?:[.:](\d{1,9}))?\s*(am|pm)?$/i;
const zoned = /^(.*?)(Z|[+-]\d{2}:\d{2})$/i;

/** A text that T-SQL takes for a date, a time or both; undefined: it does not. `format`: `SET DATEFORMAT`. `legacy`: read as `datetime`. */
export function readMoment(text: string, format: string, legacy: boolean): Moment | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return moment({ year: 1900, month: 1, day: 1 }, midnight, undefined);
  const whole = /^(\d{4})-(\d{2})-(\d{2})T(.+)$/i.exec(trimmed);
  if (whole) return joined(ymd(whole[1], whole[2], whole[3]), whole[4] ?? '');
  for (const [pattern, order] of datePatterns(format, legacy)) {
    const found = pattern.exec(trimmed);
    if (found) return joined(dateOf(found, order), trimmed.slice(found[0].length));
  }
  return joined(undefined, trimmed);
}

type Order = 'ymd' | 'ydm' | 'mdy' | 'dmy' | 'myd' | 'dym' | 'name-day' | 'day-name' | 'name-year' | 'year-name' | 'day-name-first-year';

const orders = new Set(['mdy', 'dmy', 'ymd', 'ydm', 'myd', 'dym']);

function datePatterns(format: string, legacy: boolean): readonly (readonly [RegExp, Order])[] {
  const numeric = (orders.has(format) ? format : 'mdy') as Order;
  const yearFirst: Order = legacy && numeric !== 'mdy' && numeric !== 'ymd' && numeric !== 'myd' ? 'ydm' : 'ymd';
  return [
    [/^(\d{4})(\d{2})(\d{2})(?=\s|$)/, 'ymd'],
    [/^(\d{2})(\d{2})(\d{2})(?=\s|$)/, 'ymd'],
    [/^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?=\s|$|Z|[+])/i, yearFirst],
    [/^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?=\s|$|Z|[+])/i, numeric.startsWith('y') || numeric.endsWith('y') ? numeric : 'mdy'],
    [new RegExp(`^${monthName}[\\s.-]+(\\d{1,2})(?:\\s*,\\s*|[\\s-]+)(\\d{4}|\\d{2})(?=\\s|$)`, 'i'), 'name-day'],
    [new RegExp(`^(\\d{1,2})[\\s-]*${monthName}(?:\\s*,\\s*|[\\s-]*)(\\d{4}|\\d{2})(?=\\s|$)`, 'i'), 'day-name'],
    [new RegExp(`^${monthName}[\\s-]+(\\d{4})(?=\\s|$)`, 'i'), 'name-year'],
    [new RegExp(`^(\\d{4})[\\s-]*${monthName}[\\s-]*(\\d{1,2})(?=\\s|$)`, 'i'), 'year-name'],
    [/^(\d{4})(?=$)/, 'ymd'],
  ];
}

type CalendarDay = { readonly year: number; readonly month: number; readonly day: number };

function ymd(year: string | undefined, month: string | undefined, day: string | undefined): CalendarDay | 'wrong' {
  const full = year?.length === 2 ? (Number(year) < 50 ? 2000 : 1900) + Number(year) : Number(year);
  const read = { year: full, month: Number(month), day: Number(day) };
  if (read.month < 1 || read.month > 12 || read.day < 1 || read.day > daysOfMonth(read.year, read.month) || read.year < 1) return 'wrong';
  return read;
}

function dateOf(found: RegExpExecArray, order: Order): CalendarDay | 'wrong' {
  const [, a, b, c] = found;
  const byName = (name: string | undefined): string => String(months.indexOf((name ?? '').slice(0, 3).toLowerCase()) + 1);
  switch (order) {
    case 'name-day':
      return ymd(c, byName(a), b);
    case 'day-name':
      return ymd(c, byName(b), a);
    case 'name-year':
      return ymd(b, byName(a), '1');
    case 'year-name':
    case 'day-name-first-year':
      return ymd(a, byName(b), c);
    default:
      if (b === undefined) return ymd(a, '1', '1');
      return ymd([a, b, c][order.indexOf('y')], [a, b, c][order.indexOf('m')], [a, b, c][order.indexOf('d')]);
  }
}

const midnight = { hour: 0, minute: 0, second: 0, fraction: '' };

function moment(date: CalendarDay | undefined, time: typeof midnight, offset: number | undefined): Moment {
  return { date, ...time, offset };
}

function joined(date: CalendarDay | 'wrong' | undefined, rest: string): Moment | undefined {
  if (date === 'wrong') return undefined;
  const zone = zoned.exec(rest.trim());
  const text = (zone?.[1] ?? rest).trim();
  const offset = zone ? minutesOf(zone[2] ?? 'Z') : undefined;
  if (text === '') return date === undefined ? undefined : moment(date, midnight, offset);
  const found = timeOfDay.exec(text);
  if (!found) return undefined;
  const [, hour = '0', minute, second, fraction = '', half] = found;
  if (minute === undefined && half === undefined) return undefined;
  const clock = clockHour(Number(hour), half?.toLowerCase());
  if (clock === undefined || Number(minute ?? 0) > 59 || Number(second ?? 0) > 59 || (offset !== undefined && Math.abs(offset) > 14 * 60))
    return undefined;
  return moment(date, { hour: clock, minute: Number(minute ?? 0), second: Number(second ?? 0), fraction }, offset);
}

function clockHour(hour: number, half: string | undefined): number | undefined {
  if (half === undefined) return hour > 23 ? undefined : hour;
  if (hour > 12) return hour < 24 && half === 'pm' ? hour : undefined;
  return half === 'pm' ? (hour % 12) + 12 : hour % 12;
}

function minutesOf(zone: string): number {
  if (/^z$/i.test(zone)) return 0;
  const sign = zone.startsWith('-') ? -1 : 1;
  return sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6)));
}

function daysOfMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
