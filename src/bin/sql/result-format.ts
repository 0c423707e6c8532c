import type { QueryColumn, QueryPart } from '#pool/query.ts';

export type Format = 'table' | 'json' | 'csv';
export const formats: readonly Format[] = ['table', 'json', 'csv'];

/** Rows as the pool's reader gives them: each value its exact text, or null. */
type Row = readonly (string | null)[];

/** Turns the parts of a result into text, piece by piece. */
export interface ResultWriter {
  part(part: QueryPart): string;
  /** What comes after the last row. */
  end(): string;
}

/**
 * - `table`: for people: aligned, control characters shown as escapes, long values cut short, the number of rows at the end.
 * - `csv`: RFC 4180; null is an empty field, an empty text is `""`.
 * - `json`: an array with one object a row. Numbers are JSON numbers where those hold the value exactly (integers up to 2^53 - 1, FLOAT and
 *   DOUBLE), else texts, as is everything that is neither number nor truth value.
 */
export function resultWriter(format: Format): ResultWriter {
  switch (format) {
    case 'table':
      return new TableWriter();
    case 'csv':
      return new CsvWriter();
    case 'json':
      return new JsonWriter();
    default:
      return format satisfies never;
  }
}

/** Rows looked at before the widths are settled. */
const rowsMeasured = 1_000;
const widestCell = 80;

class TableWriter implements ResultWriter {
  #columns: readonly QueryColumn[] = [];
  #waiting: string[][] = [];
  #widths: number[] | undefined;
  #count = 0;

  part(part: QueryPart): string {
    if (part.kind === 'columns') {
      this.#columns = part.columns;
      return '';
    }
    this.#count += part.rows.length;
    const rows = part.rows.map((row) => row.map(cellText));
    if (this.#widths) return this.#lines(rows);
    this.#waiting.push(...rows);
    return this.#waiting.length < rowsMeasured ? '' : this.#head();
  }

  end(): string {
    const head = this.#widths ? '' : this.#head();
    return `${head}(${this.#count} ${this.#count === 1 ? 'row' : 'rows'})\n`;
  }

  #head(): string {
    const titles = this.#columns.map((column) => cellText(column.name));
    this.#widths = titles.map((title, i) => this.#waiting.reduce((most, row) => Math.max(most, widthOf(row[i]!)), widthOf(title)));
    const rule = this.#widths.map((width) => '-'.repeat(width)).join('  ');
    const waiting = this.#waiting;
    this.#waiting = [];
    return `${this.#lines([titles])}${rule}\n${this.#lines(waiting)}`;
  }

  #lines(rows: readonly (readonly string[])[]): string {
    return rows
      .map(
        (row) =>
          `${row
            .map((cell, i) => this.#padded(cell, i))
            .join('  ')
            .trimEnd()}\n`,
      )
      .join('');
  }

  #padded(cell: string, i: number): string {
    const blanks = ' '.repeat(Math.max(0, this.#widths![i]! - widthOf(cell)));
    return isNumeric(this.#columns[i]!.type) ? blanks + cell : cell + blanks;
  }
}

class CsvWriter implements ResultWriter {
  part(part: QueryPart): string {
    return part.kind === 'columns' ? csvLine(part.columns.map((column) => column.name)) : part.rows.map(csvLine).join('');
  }

  end(): string {
    return '';
  }
}

function csvLine(row: Row): string {
  return `${row.map(csvField).join(',')}\r\n`;
}

function csvField(value: string | null): string {
  if (value === null) return '';
  return value === '' || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

class JsonWriter implements ResultWriter {
  #columns: readonly (QueryColumn & { readonly key: string })[] = [];
  #begun = false;

  part(part: QueryPart): string {
    if (part.kind === 'columns') {
      this.#columns = withKeys(part.columns);
      return '';
    }
    return part.rows
      .map((row) => `${this.#separator()}{${this.#columns.map(({ key, type }, i) => `${key}:${jsonValue(row[i]!, type)}`).join(',')}}`)
      .join('');
  }

  end(): string {
    return this.#begun ? '\n]\n' : '[]\n';
  }

  #separator(): string {
    const separator = this.#begun ? ',\n' : '[\n';
    this.#begun = true;
    return separator;
  }
}

/** Each column's name as JSON; one that comes again is numbered, since an object holds a name once. */
function withKeys(columns: readonly QueryColumn[]): (QueryColumn & { key: string })[] {
  const taken = new Set<string>();
  return columns.map((column) => {
    let name = column.name;
    for (let n = 2; taken.has(name); n++) name = `${column.name}_${n}`;
    taken.add(name);
    return { ...column, key: JSON.stringify(name) };
  });
}

function jsonValue(text: string | null, type: string): string {
  if (text === null) return 'null';
  if (type === 'BOOLEAN') return text;
  if (isInteger(type) && Number.isSafeInteger(Number(text))) return text;
  if ((type === 'DOUBLE' || type === 'FLOAT') && Number.isFinite(Number(text))) return JSON.stringify(Number(text));
  return JSON.stringify(text);
}

function isInteger(type: string): boolean {
  return /^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/.test(type);
}

function isNumeric(type: string): boolean {
  return isInteger(type) || type === 'DOUBLE' || type === 'FLOAT' || type.startsWith('DECIMAL');
}

function cellText(value: string | null): string {
  if (value === null) return 'NULL';
  // A value must not move the cursor or change colours.
  const shown = value.replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (char) =>
    JSON.stringify(char)
      .slice(1, -1)
      .replace(/^[^\\]$/u, '?'),
  );
  if (shown.length <= widestCell) return shown;
  const letters = Array.from(new Intl.Segmenter().segment(shown), (one) => one.segment);
  return letters.length <= widestCell ? shown : `${letters.slice(0, widestCell - 1).join('')}…`;
}

/** Columns of a terminal that a text takes, about: East Asian letters and pictures take two, marks over letters none. */
function widthOf(text: string): number {
  let width = 0;
  for (const letter of text) {
    if (/\p{Mark}|\u200d/u.test(letter)) continue;
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u.test(
        letter,
      ) && letter > '\u00ff'
        ? 2
        : 1;
  }
  return width;
}
