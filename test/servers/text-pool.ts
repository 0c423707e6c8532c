import { fault, must } from '#base/fault.ts';
import { isNull, type Column, type ColumnBatch } from '#replication/column.ts';
import { checkContinues, footingAfter, isHeld, noFooting } from '#replication/continuation.ts';
import type { PoolWriter } from '#replication/pool-writer.ts';
import type { TableSchema } from '#replication/schema.ts';
import type { Footing, Progress, Segment, Step, TableProgress } from '#replication/segment.ts';
import { valueText } from '#replication/sources/postgres/types/test-value-text.ts';

export type TextRow = readonly (string | null)[];
type RowsStep = Extract<Step, { kind: 'rows' }>;

interface Table {
  readonly schema: TableSchema;
  /** By key where there is one, else by a running number. */
  readonly rows: Map<string, TextRow>;
}

interface State extends Footing {
  readonly tables: ReadonlyMap<string, Table>;
  readonly progress: ReadonlyMap<string, TableProgress>;
}

/**
 * A pool in memory that keeps every value as the text that PostgreSQL writes, so that its rows can be compared with the source's as they are.
 * Stricter than a real one: a row put in twice or a row that a change does not find is a fault.
 */
export class TextPool {
  readonly #takesNet: boolean;
  #state: State = { ...noFooting, tables: new Map(), progress: new Map() };
  #placeless = 0;

  /** `takesNet`: its source tells what became of a key, though nobody may have had the row: then one to take away may be missing. */
  constructor({ takesNet = false }: { readonly takesNet?: boolean } = {}) {
    this.#takesNet = takesNet;
  }

  /** Another pool with the same rows and progress. */
  copy(): TextPool {
    const copy = new TextPool({ takesNet: this.#takesNet });
    copy.#state = this.#state;
    copy.#placeless = this.#placeless;
    return copy;
  }

  get progress(): Progress {
    const { number, epoch, position, tables, progress } = this.#state;
    return { number, epoch, position, tables: progress, schemas: new Map([...tables].map(([name, table]) => [name, table.schema])) };
  }

  schema(table: string): TableSchema {
    return must(this.#state.tables.get(table), `no table ${table}`).schema;
  }

  rows(table: string): readonly TextRow[] {
    return [...must(this.#state.tables.get(table), `no table ${table}`).rows.values()];
  }

  /** A writer with an open transaction of its own, as each run of a link has one. */
  writer(): PoolWriter {
    let open: Map<string, Table> | undefined;
    let progress = new Map<string, TableProgress>();
    let seen = this.#state.number;
    return {
      progress: async () => this.progress,
      apply: async (segment) => {
        if (isHeld(segment, this.#state, 'link')) return;
        if (segment.number !== seen + 1) throw fault('corrupt', 'SegmentGap', `segment ${segment.number} after ${seen}`);
        checkContinues(segment, this.#state, 'link');
        seen = segment.number;
        if (segment.first) {
          open = new Map(this.#state.tables);
          progress = new Map(this.#state.progress);
        }
        const tables = must(open, 'a part of no transaction');
        for (const step of segment.steps) this.#apply(step, tables, progress);
        if (!segment.last) return;
        this.#commit(segment, tables, progress);
        open = undefined;
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  #commit(segment: Segment, tables: Map<string, Table>, progress: Map<string, TableProgress>): void {
    this.#state = { ...footingAfter(this.#state, segment), tables, progress };
  }

  #apply(step: Step, tables: Map<string, Table>, progress: Map<string, TableProgress>): void {
    switch (step.kind) {
      case 'progress':
        progress.set(step.progress.table, step.progress);
        return;
      case 'drop':
      case 'leave':
        tables.delete(step.table);
        progress.delete(step.table);
        return;
      case 'schema':
        tables.set(step.schema.table, reshaped(tables.get(step.schema.table), step));
        return;
      case 'truncate':
        tables.set(step.table, { schema: must(tables.get(step.table), 'a table').schema, rows: new Map() });
        return;
      case 'rows': {
        const before = must(tables.get(step.table), `rows of the unknown table ${step.table}`);
        const table = { schema: before.schema, rows: new Map(before.rows) };
        tables.set(step.table, table);
        this.#rows(table, step, progress.get(step.table)?.state === 'Replicating');
        return;
      }
      default:
        step satisfies never;
    }
  }

  #rows(table: Table, step: RowsStep, whole: boolean): void {
    const { schema, rows } = table;
    const patched = patchedRows(table, step, whole);
    for (const row of texts(step.removes)) {
      // Without a key a row may be missing for a while, where its table was altered without a trace in the log.
      if (!remove(table, row) && whole && schema.identity === 'key' && !this.#takesNet)
        throw fault('corrupt', 'RowMissing', `${schema.table}: a row to take away is not there: ${keyText(row)}`);
    }
    const inserts = texts(step.inserts);
    if (step.replaces && schema.identity === 'key') for (const row of inserts) rows.delete(keyText(schema.key.map((place) => row[place]!)));
    for (const row of [...inserts, ...patched]) {
      const place = schema.identity === 'key' ? keyText(schema.key.map((column) => row[column]!)) : String(this.#placeless++);
      if (rows.has(place)) throw fault('corrupt', 'RowDoubled', `${schema.table}: a row was put in twice: ${place}`);
      rows.set(place, row);
    }
  }
}

function keyText(key: TextRow): string {
  return JSON.stringify(key);
}

/** The rows of a batch as text. */
export function texts(batch: ColumnBatch | undefined): TextRow[] {
  if (!batch) return [];
  return Array.from({ length: batch.rows }, (_, row) =>
    batch.columns.map((column) => (isNull(column, row) ? null : valueText(column, row))),
  );
}

function patchedRows({ schema, rows }: Table, step: RowsStep, whole: boolean): TextRow[] {
  const { patches } = step;
  if (!patches) return [];
  if (schema.identity !== 'key') throw fault('corrupt', 'BatchCorrupt', `${schema.table}: a patch of a table without key`);
  const from = texts(patches.from);
  return texts(patches.rows).map((row, r) => {
    const old = rows.get(keyText(from[r]!));
    if (!old && whole) throw fault('corrupt', 'RowMissing', `${schema.table}: a changed row is not there: ${keyText(from[r]!)}`);
    return row.map((value, column) => {
      const bits = patches.kept[column];
      return bits !== undefined && (bits[r >> 3]! & (1 << (r & 7))) !== 0 ? (old?.[column] ?? null) : value;
    });
  });
}

function remove({ schema, rows }: Table, row: TextRow): boolean {
  if (schema.identity === 'key') return rows.delete(keyText(row));
  if (schema.identity === 'append')
    throw fault('corrupt', 'BatchCorrupt', `${schema.table}: a removal of a table that is only appended to`);
  const text = keyText(row);
  const place = [...rows.keys()].find((one) => keyText(rows.get(one)!) === text);
  return place !== undefined && rows.delete(place);
}

/** Columns are known by their id; what is new holds its fill, or null. Values keep their text whatever the new type is. */
function reshaped(before: Table | undefined, { schema, fills }: Extract<Step, { kind: 'schema' }>): Table {
  if (!before || before.schema.id !== schema.id) return { schema, rows: new Map() };
  const places = schema.columns.map((column) => before.schema.columns.findIndex((old) => old.id === column.id));
  const filled = schema.columns.map((column) => fillText(fills.find((fill) => fill.id === column.id)?.value));
  const rows = new Map<string, TextRow>();
  for (const [place, old] of before.rows) {
    const row = places.map((from, to) => (from < 0 ? filled[to]! : old[from]!));
    rows.set(schema.identity === 'key' ? keyText(schema.key.map((column) => row[column]!)) : place, row);
  }
  return { schema, rows };
}

function fillText(value: Column | undefined): string | null {
  return value === undefined || isNull(value, 0) ? null : valueText(value, 0);
}
