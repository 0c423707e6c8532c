import type { DatePart } from './date-part.ts';

/** How many boundaries of a part lie between two TIMESTAMPs. Weeks begin on Sunday, whatever DATEFIRST says. */
export function dateDifference(part: DatePart, from: string, to: string): string {
  switch (part) {
    case 'week': {
      const weeks = (moment: string): string => `((date_diff('day', TIMESTAMP '0001-01-01', ${moment}) + 1) // 7)`;
      return `(${weeks(to)} - ${weeks(from)})`;
    }
    case 'dayofyear':
    case 'weekday':
      return `date_diff('day', ${from}, ${to})`;
    case 'nanosecond':
      return `(CAST(date_diff('microsecond', ${from}, ${to}) AS HUGEINT) * 1000)`;
    default:
      return `date_diff('${part}', ${from}, ${to})`;
  }
}
