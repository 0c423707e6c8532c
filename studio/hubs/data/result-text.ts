import type { QueryResult } from './catalogue.ts';

/** The result as comma-separated text (RFC 4180). Values are not changed; null is empty, an empty text is `""`. */
export function csvOf({ columns, rows }: QueryResult): string {
  const lines = [columns.map(({ name }) => field(name)), ...rows.map((row) => row.map(field))];
  return lines.map((line) => `${line.join(',')}\r\n`).join('');
}

function field(value: string | null): string {
  if (value === null) return '';
  return value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

const numberType = /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|DECIMAL|FLOAT|DOUBLE|REAL)\b/i;

/** Whether a type's values are numbers, as DuckDB spells types. */
export function isNumberType(type: string): boolean {
  return numberType.test(type) && !type.endsWith('[]');
}

/** What of a result is drawn: the first column names the points, columns of numbers are the lines. Undefined: it has none. */
export interface Drawing {
  readonly labels: readonly string[];
  /** Milliseconds since 1970 where the first column is a time. */
  readonly times: readonly number[] | undefined;
  readonly series: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
}

const mostPoints = 2_000;

/** Numbers are rounded to what a screen can show: the grid has the exact ones. */
export function drawingOf({ columns, rows }: QueryResult): Drawing | undefined {
  const [first] = columns;
  const numbers = columns.flatMap(({ name, type }, index) => (index > 0 && isNumberType(type) ? [{ name, index }] : []));
  if (first === undefined || numbers.length === 0 || rows.length === 0) return undefined;
  const shown = rows.slice(0, mostPoints);
  const times = /^(?:TIMESTAMP|DATE)/i.test(first.type) ? shown.map(([value]) => timeOf(value ?? null)) : undefined;
  return {
    labels: shown.map(([value]) => value ?? 'null'),
    times: times?.every((one) => !Number.isNaN(one)) === true ? times : undefined,
    series: numbers.map(({ name, index }) => ({ name, values: shown.map((row) => (row[index] === null ? null : Number(row[index]))) })),
  };
}

/** What has no zone is taken as UTC: a drawing has one axis, and nothing is shifted. */
function timeOf(text: string | null): number {
  const parts = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d(?::?\d\d)?)?)?$/.exec(text ?? '');
  if (parts === null) return Number.NaN;
  const [, day, time = '00:00:00', zone = 'Z'] = parts;
  return Date.parse(`${day}T${time}${/^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone}`);
}
