import { must } from '#base/fault.ts';
import type { ColumnType } from './column.ts';
import { int64, progressOf, rows, schemaOf, shape, text, type Value } from './sample-steps.contract.ts';
import type { TableSchema } from './schema.ts';
import type { Step } from './segment.ts';

export interface Cell {
  readonly value: Value;
  readonly text: string | null;
}

/** A table in memory, as simple as can be. */
export interface ModelTable {
  schema: TableSchema;
  readonly rows: Map<bigint, Cell[]>;
  /** Keys that pages have carried: no page carries them again before the copy starts anew. */
  readonly paged: Set<bigint>;
}

const decimal: ColumnType = { kind: 'decimal', precision: 9, scale: 2 };
const modelTypes: readonly ColumnType[] = [text, int64, decimal];
const keys = 12;

function cellOf(type: ColumnType, seed: number): Cell {
  if (seed % 5 === 0) return { value: null, text: null };
  if (type.kind === 'text') return { value: `${'é'.repeat(seed % 19)}${seed}`, text: `${'é'.repeat(seed % 19)}${seed}` };
  return { value: BigInt(seed), text: type.kind === 'decimal' ? (seed / 100).toFixed(2) : String(seed) };
}

/** Turns random numbers into steps that the model can take, and takes them. */
export class Model {
  readonly tables: Map<string, ModelTable> = new Map();
  #nextId = 10;

  clone(): Model {
    const copy = new Model();
    copy.#nextId = this.#nextId + 50;
    for (const [name, table] of this.tables)
      copy.tables.set(name, { schema: table.schema, rows: new Map(table.rows), paged: new Set(table.paged) });
    return copy;
  }

  steps(name: string, kind: number, seeds: readonly number[]): Step[] {
    const table = this.tables.get(name);
    if (!table) return [this.#create(name)];
    if (kind < 6) return [this.#change(table, seeds)];
    if (kind < 8) return this.#page(table, seeds);
    if (kind === 8) {
      table.rows.clear();
      table.paged.clear();
      return [{ kind: 'truncate', table: table.schema.table }];
    }
    if (kind === 9 && (seeds[0] ?? 0) % 3 === 0) {
      this.tables.delete(name);
      return [{ kind: 'drop', table: table.schema.table }];
    }
    return [this.#reshape(table, seeds)];
  }

  #create(name: string): Step {
    const schema = schemaOf(
      name,
      [
        ['id', int64],
        ['a', text],
        ['b', int64],
      ],
      { id: String(this.#nextId++) },
    );
    this.tables.set(name, { schema, rows: new Map(), paged: new Set() });
    return shape(schema);
  }

  #fresh(table: ModelTable, key: bigint, seed: number): Cell[] {
    return table.schema.columns.map((column, i) => (i === 0 ? { value: key, text: String(key) } : cellOf(column.type, seed + i * 7)));
  }

  #change(table: ModelTable, seeds: readonly number[]): Step {
    const before = new Map(table.rows);
    const used = new Set<bigint>();
    const removes: Value[][] = [];
    const inserts: Value[][] = [];
    const patches: { from: Value[]; row: Value[]; kept: number[] }[] = [];
    for (const seed of seeds) {
      const key = BigInt(seed % keys);
      if (used.has(key)) continue;
      used.add(key);
      const old = before.get(key);
      const row = this.#fresh(table, key, seed);
      const action = old ? (seed >> 4) % 4 : 0;
      if (old) removes.push([key]);
      table.rows.delete(key);
      if (old && action === 1) continue;
      const free = BigInt((seed + 7) % keys);
      const moves = action === 3 && !used.has(free) && !before.has(free);
      const to = moves ? free : key;
      used.add(to);
      row[0] = { value: to, text: String(to) };
      const kept = action >= 2 && old ? row.map((_, i) => i).filter((i) => i > 0 && (seed >> i) % 2 === 0) : [];
      for (const i of kept) row[i] = must(old?.[i], 'an old cell');
      table.rows.set(to, row);
      if (kept.length > 0) patches.push({ from: [key], row: row.map(({ value }) => value), kept });
      else inserts.push(row.map(({ value }) => value));
    }
    return rows(table.schema, { ...(removes.length > 0 ? { removes } : {}), inserts, ...(patches.length > 0 ? { patches } : {}) });
  }

  #page(table: ModelTable, seeds: readonly number[]): Step[] {
    const wanted = [...new Set(seeds.map((seed) => BigInt(seed % keys)))];
    const restart = wanted.every((key) => table.paged.has(key));
    if (restart) table.paged.clear();
    const inserts = wanted
      .filter((key) => !table.paged.has(key))
      .map((key, i) => {
        const row = this.#fresh(table, key, seeds[i] ?? 0);
        table.rows.set(key, row);
        table.paged.add(key);
        return row.map(({ value }) => value);
      });
    const page = rows(table.schema, { inserts, replaces: true });
    const progress = progressOf(table.schema, { state: 'Snapshotting', after: ['x'], rowsCopied: table.paged.size });
    return restart ? [progressOf(table.schema, { state: 'Snapshotting' }), page, progress] : [page, progress];
  }

  #reshape(table: ModelTable, seeds: readonly number[]): Step {
    const [what = 0, which = 0, seed = 1] = seeds;
    const columns = [...table.schema.columns];
    const place = 1 + (which % (columns.length - 1));
    const column = must(columns[place], 'a column');
    const all = [...table.rows];
    const fills: { id: number; type: ColumnType; value: Value }[] = [];
    if (what % 4 === 0) columns[place] = { ...column, name: `n${this.#nextId++}` };
    else if (what % 4 === 1 && columns.length > 2) {
      columns.splice(place, 1);
      for (const [key, row] of all) table.rows.set(key, row.toSpliced(place, 1));
    } else if (what % 4 === 2) {
      columns[place] = { ...column, type: text };
      for (const [key, row] of all) table.rows.set(key, row.with(place, { value: row[place]!.text, text: row[place]!.text }));
    } else {
      const type = must(modelTypes[which % 3], 'a type');
      const id = this.#nextId++;
      const fill = cellOf(type, seed);
      columns.push({ id, name: `c${id}`, type, sourceType: type.kind, fidelity: 'exact' });
      if (fill.value !== null) fills.push({ id, type, value: fill.value });
      for (const [key, row] of all) table.rows.set(key, [...row, fill]);
    }
    table.schema = { ...table.schema, columns };
    return shape(table.schema, fills);
  }
}
