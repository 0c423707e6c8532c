import { bound } from './sql-text.ts';

/**
 * A `datetime` counts in 1/300 seconds, and lies in DuckDB as the three digits that it shows: .003 is one of them, .007 two. As `datetime2` they
 * are .0033333 and .0066667 (compatibility level 130 and later).
 */

/** Microseconds from 0001-01-01 to 1970-01-01: added, moments are positive numbers, which division cuts the right way. */
export const era = '62135596800000000';

/** Rounded to 1/300 of a second, as its three digits show it: .000, .003, .007. */
export function ticks(timestamp: string): string {
  return `make_timestamp((((epoch_us(${timestamp}) + ${era}) * 3 + 5000) // 10000 * 10 + 1) // 3 * 1000 - ${era})`;
}

const lastDigit = (timestamp: string): string => `microsecond(${timestamp}) // 1000 % 10`;

/** By what the last digit of a `datetime` is. */
export const byDigit = (timestamp: string, three: number, seven: number): string =>
  `CASE ${lastDigit(timestamp)} WHEN 3 THEN ${three} WHEN 7 THEN ${seven} ELSE 0 END`;

/** Does it show what it is not? */
export function hasThirds(timestamp: string): string {
  return `${lastDigit(timestamp)} IN (3, 7)`;
}

/** Of a `datetime`, rounded to microseconds: .003333, .006667. */
export function inMicros(timestamp: string): string {
  return bound('tick', timestamp, (value) => `${value} + to_microseconds(${byDigit(value, 333, -333)})`);
}
