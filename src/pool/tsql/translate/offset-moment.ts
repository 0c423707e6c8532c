import { bound } from './sql-text.ts';

/** How a `datetimeoffset` lies in DuckDB: the moment, and how far its clock is ahead of UTC. */
export const offsetMomentType = 'STRUCT(utc TIMESTAMP WITH TIME ZONE, offset_minutes SMALLINT)';

/** The furthest that a clock is ahead of UTC, or behind it. */
export const mostOffset = 840;

/** A moment, a TIMESTAMP WITH TIME ZONE, on a clock that is so many minutes ahead of UTC. NULL where the moment is. */
export function onClock(utc: string, minutes: number | string): string {
  return bound('utc', utc, (moment) => struct(moment, minutes));
}

function struct(moment: string, minutes: number | string): string {
  return `CASE WHEN ${moment} IS NULL THEN NULL ELSE struct_pack(utc := ${moment}, offset_minutes := CAST(${minutes} AS SMALLINT)) END`;
}

/** A TIMESTAMP, read as UTC, on a clock of so many minutes. */
export function utcOnClock(timestamp: string, minutes: number | string): string {
  return onClock(`(${timestamp} AT TIME ZONE 'UTC')`, minutes);
}

/** What a clock shows, as the moment that it shows it. `minutes` must be cheap: it stands there twice. */
export function shownOnClock(timestamp: string, minutes: number | string): string {
  return utcOnClock(`(${timestamp} - to_minutes(CAST(${minutes} AS BIGINT)))`, minutes);
}

/** What `onClock(column, 0)` writes of a column. */
const ofColumn =
  /^\(CASE WHEN ((?:(?:\w+|"(?:[^"]|"")+")\.?)+) IS NULL THEN NULL ELSE struct_pack\(utc := \1, offset_minutes := CAST\(0 AS SMALLINT\)\) END\)$/;

/** The moment, by which values are compared, whatever their clocks show. A column of moments remains one, whose zone maps DuckDB knows. */
export function instantOf(sql: string): string {
  return ofColumn.exec(sql)?.[1] ?? `struct_extract(${sql}, 'utc')`;
}

export function offsetOf(sql: string): string {
  return `struct_extract(${sql}, 'offset_minutes')`;
}

/** The moment in UTC, as a TIMESTAMP. */
export function utcOf(sql: string): string {
  return `(${instantOf(sql)} AT TIME ZONE 'UTC')`;
}

/** What the clock shows, as a TIMESTAMP. */
export function shownOf(sql: string): string {
  if (ofColumn.test(sql)) return utcOf(sql);
  return bound('clock', sql, (value) => `(${utcOf(value)} + to_minutes(CAST(${offsetOf(value)} AS BIGINT)))`);
}

/** `+02:00`, of minutes. */
export function offsetText(minutes: string): string {
  return `printf('%s%02d:%02d', CASE WHEN ${minutes} < 0 THEN '-' ELSE '+' END, abs(${minutes}) // 60, abs(${minutes}) % 60)`;
}

/** Minutes, of a text that ends in `+02:00`; of others 0. */
export function offsetInText(text: string): string {
  const found = (group: number): string => `CAST(regexp_extract(${text}, '([+-])([0-9]{2}):([0-9]{2})$', ${group}) AS INTEGER)`;
  return `CASE WHEN regexp_matches(${text}, '[+-][0-9]{2}:[0-9]{2}$') THEN CASE WHEN regexp_matches(${text}, '-[0-9]{2}:[0-9]{2}$') THEN -1 ELSE 1 END * (${found(2)} * 60 + ${found(3)}) ELSE 0 END`;
}

/** Of a text as clients' values have it, `2024-02-01 10:00:00+02:00`. */
export function ofClientText(text: string): string {
  return bound('sent', text, (sent) => struct(`CAST(${sent} AS TIMESTAMP WITH TIME ZONE)`, offsetInText(sent)));
}
