import { Option } from 'commander';
import { stringify } from 'yaml';
import type { Json } from '#arm/resource.ts';

export type OutputFormat = 'table' | 'json' | 'yaml';

export function outputOption(formats: readonly OutputFormat[] = ['table', 'json', 'yaml']): Option {
  return new Option('-o, --output <format>', 'how it is written').choices(formats).default('table');
}

/** A column: its title, and what a row shows in it. */
export interface Column<R> {
  readonly title: string;
  readonly of: (row: R) => string | undefined;
}

/** Rows for people, or the values that they are made of for programs. */
export function formatted<R>(
  format: OutputFormat,
  value: unknown,
  table: { readonly columns: readonly Column<R>[]; readonly rows: readonly R[] },
): string {
  switch (format) {
    case 'json':
      return asJson(value);
    case 'yaml':
      return stringify(value, { lineWidth: 0 });
    case 'table':
      return asTable(table.columns, table.rows);
    default:
      return format satisfies never;
  }
}

export function asJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** Columns that no row fills are left out. */
export function asTable<R>(columns: readonly Column<R>[], rows: readonly R[]): string {
  const cells = rows.map((row) => columns.map((column) => cell(column.of(row) ?? '')));
  const shown = columns.map((_, i) => i).filter((i) => i === 0 || cells.some((row) => row[i] !== ''));
  const titles = columns.map(({ title }) => title);
  const widths = titles.map((title, i) => cells.reduce((most, row) => Math.max(most, row[i]!.length), title.length));
  const line = (row: readonly string[]): string =>
    `${shown
      .map((i) => row[i]!.padEnd(widths[i]!))
      .join('  ')
      .trimEnd()}\n`;
  return [titles, ...cells].map(line).join('');
}

/** Names and values, one a line. */
export function asFields(fields: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...given.map(([name]) => name.length));
  return given.map(([name, value]) => `${name.padEnd(width)}  ${cell(value!)}\n`).join('');
}

/** A value must not move the cursor or change colours. */
export function cell(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (char) => {
    const shown = JSON.stringify(char).slice(1, -1);
    return shown === char ? '?' : shown;
  });
}

const longestValue = 70;

/** A value on one line, cut where it is long. */
export function brief(value: Json | undefined): string {
  if (value === undefined) return 'absent';
  const text = cell(JSON.stringify(value));
  return text.length <= longestValue ? text : `${text.slice(0, longestValue - 1)}…`;
}
