import { must, toFault } from '#base/fault.ts';
import { BatchBuilder, type ColumnBatch, type ColumnBuilder, type ColumnType } from './column.ts';
import { freshProgress } from './link-book.ts';
import { tableName, type Identity, type TableSchema } from './schema.ts';
import type { Patches, Position, Segment, Step, TableProgress } from './segment.ts';

/** A value as tests write it: bytes for types of fixed width that have no JavaScript form here. */
export type Value = null | boolean | number | bigint | string | Uint8Array;

const encoder = new TextEncoder();

/** Rows of JavaScript values as columns. */
export function batchOf(types: readonly ColumnType[], rows: readonly (readonly Value[])[]): ColumnBatch {
  const builder = new BatchBuilder(types, 8);
  for (const row of rows) row.forEach((value, i) => append(must(builder.columns[i], 'a column'), value));
  return { rows: rows.length, columns: builder.columns.map((column) => column.build()) };
}

function append(column: ColumnBuilder, value: Value): void {
  if (value === null) return column.null();
  if (typeof value === 'string' || (value instanceof Uint8Array && column.width === 0)) {
    const bytes = typeof value === 'string' ? encoder.encode(value) : value;
    return column.bytes(bytes, 0, bytes.length);
  }
  const at = column.fixed();
  if (value instanceof Uint8Array) column.data.set(value, at);
  else if (column.type.kind === 'float32') column.view.setFloat32(at, Number(value), true);
  else if (column.type.kind === 'float64') column.view.setFloat64(at, Number(value), true);
  else for (let i = 0, rest = BigInt(value); i < column.width; i++, rest >>= 8n) column.data[at + i] = Number(rest & 0xffn);
}

export const int64: ColumnType = { kind: 'int64' };
export const text: ColumnType = { kind: 'text' };

interface SchemaParts {
  readonly schema?: string;
  readonly id?: string;
  readonly identity?: Identity;
  readonly key?: readonly number[];
}

/** A table; columns are [name, type, id]. The first is the key unless said otherwise. */
export function schemaOf(name: string, columns: readonly (readonly [string, ColumnType, number?])[], parts: SchemaParts = {}): TableSchema {
  const schema = parts.schema ?? 'public';
  const identity = parts.identity ?? 'key';
  return {
    table: tableName(schema, name),
    schema,
    name,
    id: parts.id ?? `id of ${name}`,
    identity,
    key: parts.key ?? (identity === 'key' ? [0] : []),
    columns: columns.map(([column, type, id], i) => ({ id: id ?? i + 1, name: column, type, sourceType: type.kind, fidelity: 'exact' })),
  };
}

export function progressOf(schema: TableSchema, change: Partial<TableProgress> = {}): Step {
  return { kind: 'progress', progress: { ...freshProgress(schema.table), ...change } };
}

export function shape(schema: TableSchema, fills: readonly { id: number; type: ColumnType; value: Value }[] = []): Step {
  return {
    kind: 'schema',
    schema,
    fills: fills.map(({ id, type, value }) => ({ id, value: must(batchOf([type], [[value]]).columns[0], 'a fill') })),
  };
}

interface RowParts {
  readonly removes?: readonly (readonly Value[])[];
  readonly inserts?: readonly (readonly Value[])[];
  /** From which key, the new row, and which columns keep their old value. */
  readonly patches?: readonly { readonly from: readonly Value[]; readonly row: readonly Value[]; readonly kept: readonly number[] }[];
  readonly replaces?: boolean;
}

export function rows(schema: TableSchema, parts: RowParts): Step {
  const all = schema.columns.map((column) => column.type);
  const key = schema.identity === 'key' ? schema.key.map((place) => must(all[place], 'a key column')) : all;
  return {
    kind: 'rows',
    table: schema.table,
    removes: parts.removes && batchOf(key, parts.removes),
    inserts: parts.inserts && batchOf(all, parts.inserts),
    patches: parts.patches && patchesOf(parts.patches, all, key),
    replaces: parts.replaces ?? false,
  };
}

function patchesOf(patches: NonNullable<RowParts['patches']>, all: readonly ColumnType[], key: readonly ColumnType[]): Patches {
  const kept = all.map((_, column) => {
    if (!patches.some((patch) => patch.kept.includes(column))) return undefined;
    const bits = new Uint8Array((patches.length + 7) >> 3);
    patches.forEach((patch, row) => {
      if (patch.kept.includes(column)) bits[row >> 3]! |= 1 << (row & 7);
    });
    return bits;
  });
  return {
    rows: batchOf(
      all,
      patches.map(({ row, kept: columns }) => row.map((value, i) => (columns.includes(i) ? null : value))),
    ),
    from: batchOf(
      key,
      patches.map(({ from }) => from),
    ),
    kept,
  };
}

/** A transaction of one part. It does not say what it goes on from. */
export function segment(number: number, steps: readonly Step[], change: Partial<Segment> = {}): Segment {
  const plain = { first: true, last: true, steps, position: undefined, committedAt: undefined, bytes: 1, changes: 1 };
  return { number, epoch: 'sample', continues: undefined, ...plain, ...change };
}

export function at(place: number): Position {
  return `pg/7/1/slot/${place.toString(16).padStart(16, '0')}` as Position;
}

/** The code of the fault that some work ends in. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'no fault';
  } catch (error) {
    return toFault(error).code;
  }
}
