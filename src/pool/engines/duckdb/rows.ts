import { type Fault, fault } from '#base/fault.ts';
import type { Column, ColumnBatch, ColumnType } from '#replication/column.ts';
import { quoteIdentifier, type TableSchema } from '#replication/schema.ts';
import type { Patches, Step } from '#replication/segment.ts';
import type { Engine } from './engine.ts';
import { columnNames, qualified, type Target } from './names.ts';
import { duckDbType } from './types.ts';

export type RowsStep = Extract<Step, { kind: 'rows' }>;

/** A table as it is in the open transaction. */
export interface OpenTable {
  readonly schema: TableSchema;
  readonly target: Target;
  readonly pagesOnly: boolean;
  /** Every row that a patch speaks of must be there. */
  readonly complete: boolean;
}

const patched = 'temp.main.isthmus_patched';

/** Takes rows away and puts rows in, in the order that the step promises. Answers how many rows may have been taken away. */
export async function applyRows(engine: Engine, table: OpenTable, step: RowsStep): Promise<number> {
  checkShape(table.schema, step);
  const { patches, inserts } = step;
  let removed = 0;
  if (patches && patches.rows.rows > 0) await readPatched(engine, table, patches);
  if (step.removes && step.removes.rows > 0) {
    await remove(engine, table, step.removes);
    removed += step.removes.rows;
  }
  if (inserts && inserts.rows > 0) {
    if (step.replaces) removed += await replace(engine, table, inserts);
    await withBatch(engine, inserts, (batch) =>
      engine.run(
        `INSERT INTO ${qualified(table.target)} (${columnList(table.schema)}) SELECT ${cells(inserts.columns.length)} FROM ${batch}`,
      ),
    );
  }
  if (patches && patches.rows.rows > 0)
    await engine.run(
      `INSERT INTO ${qualified(table.target)} (${columnList(table.schema)}) SELECT ${cells(patches.rows.columns.length)} FROM ${patched}; DROP TABLE ${patched}`,
    );
  return removed;
}

/** Rows with the keys of a page go first, unless none can be there. */
async function replace(engine: Engine, table: OpenTable, inserts: ColumnBatch): Promise<number> {
  if (table.pagesOnly || table.schema.key.length === 0) return 0;
  await withBatch(engine, inserts, (batch) => engine.run(deleteByKey(table, batch, table.schema.key)));
  return inserts.rows;
}

async function remove(engine: Engine, table: OpenTable, removes: ColumnBatch): Promise<void> {
  if (table.schema.identity === 'key') {
    await withBatch(engine, removes, (batch) =>
      engine.run(
        deleteByKey(
          table,
          batch,
          table.schema.key.map((_, i) => i),
        ),
      ),
    );
  } else {
    await withBatch(engine, removes, (batch) => engine.run(deleteEqual(table, removes, batch)));
  }
}

function deleteByKey(table: OpenTable, batch: string, places: readonly number[]): string {
  const names = columnNames(table.schema.columns);
  const same = table.schema.key.map((column, i) => `t.${quoteIdentifier(names[column]!)} = b.c${places[i]}`).join(' AND ');
  return `DELETE FROM ${qualified(table.target)} AS t USING ${batch} AS b WHERE ${same}`;
}

/** One equal row for each row of the batch. Where DuckDB's equality is wider than sameness (-0 and 0, 30 days and a month) the texts decide. */
function deleteEqual(table: OpenTable, removes: ColumnBatch, batch: string): string {
  const names = columnNames(table.schema.columns).map((name) => `t.${quoteIdentifier(name)}`);
  const exact = (type: ColumnType, value: string): string =>
    type.kind === 'float32' || type.kind === 'float64' || type.kind === 'interval' ? `CAST(${value} AS VARCHAR)` : value;
  const types = table.schema.columns.map((column) => column.type);
  const grouped = types.map((type, i) => `${exact(type, `c${i}`)} AS g${i}`).join(', ');
  // Plain equality lets DuckDB pass over row groups by their least and greatest values.
  const equals = (i: number): string => (removes.columns[i]!.validity ? 'IS NOT DISTINCT FROM' : '=');
  const same = types.map((type, i) => `${exact(type, names[i]!)} ${equals(i)} g.g${i}`).join(' AND ');
  const target = qualified(table.target);
  return `DELETE FROM ${target} WHERE rowid IN (
    SELECT place FROM (
      SELECT t.rowid AS place, g.wanted, row_number() OVER (PARTITION BY g.number) AS nth
      FROM ${target} AS t JOIN (SELECT *, row_number() OVER () AS number FROM (SELECT ${grouped}, count(*) AS wanted FROM ${batch} GROUP BY ALL)) AS g ON ${same}
    ) WHERE nth <= wanted)`;
}

/** Puts the patched rows, with the old values they keep, into a temporary table, before any row goes. */
async function readPatched(engine: Engine, table: OpenTable, patches: Patches): Promise<void> {
  const { rows, from, kept } = patches;
  const names = columnNames(table.schema.columns).map(quoteIdentifier);
  const flags: Column[] = [];
  const values = names.map((name, i) => {
    const bits = kept[i];
    if (!bits) return `b.c${i}`;
    flags.push(flagColumn(bits, rows.rows));
    return `CASE WHEN b.c${rows.columns.length + from.columns.length + flags.length - 1} THEN t.${name} ELSE b.c${i} END AS c${i}`;
  });
  const same = table.schema.key.map((column, i) => `t.${names[column]!} = b.c${rows.columns.length + i}`).join(' AND ');
  const lost = `t.${names[table.schema.key[0]!]!} IS NULL AS lost`;
  const whole = { rows: rows.rows, columns: [...rows.columns, ...from.columns, ...flags] };
  await withBatch(engine, whole, (batch) =>
    engine.run(
      `CREATE OR REPLACE TEMP TABLE ${patched} AS SELECT ${values.join(', ')}, ${lost} FROM ${batch} AS b LEFT JOIN ${qualified(table.target)} AS t ON ${same}`,
    ),
  );
  if (!table.complete) return;
  const missing = Number((await engine.rows(`SELECT count(*) FROM ${patched} WHERE lost`))[0]![0]);
  if (missing > 0)
    throw fault(
      'corrupt',
      'RowMissing',
      `${missing} changed row${missing === 1 ? ' is' : 's are'} not in the pool, although the table is Replicating.`,
      { target: table.schema.table, remedy: 'Copy the table again: remove it from the link and add it.' },
    );
}

function flagColumn(bits: Uint8Array, rows: number): Column {
  const data = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) data[row] = (bits[row >> 3]! >> (row & 7)) & 1;
  return { type: { kind: 'bool' }, validity: undefined, data, offsets: undefined };
}

/** Lends a batch to one statement. */
export async function withBatch<T>(engine: Engine, batch: ColumnBatch, use: (sql: string) => Promise<T>): Promise<T> {
  const lent = engine.batches.lend(batch);
  try {
    return await use(lent.sql);
  } catch (error) {
    throw lent.fault() ?? error;
  } finally {
    lent.release();
  }
}

function columnList(schema: TableSchema): string {
  return columnNames(schema.columns).map(quoteIdentifier).join(', ');
}

function cells(count: number): string {
  return Array.from({ length: count }, (_, i) => `c${i}`).join(', ');
}

/** DuckDB would cast silently: a batch of other types than the table's is refused. */
function checkShape(schema: TableSchema, step: RowsStep): void {
  const all = schema.columns.map((column) => column.type);
  const key = schema.key.map((place) => all[place]!);
  const expect = (batch: ColumnBatch | undefined, types: readonly ColumnType[]): void => {
    if (
      batch &&
      (batch.columns.length !== types.length || batch.columns.some((column, i) => duckDbType(column.type) !== duckDbType(types[i]!)))
    )
      throw misfit(schema);
  };
  expect(step.inserts, all);
  expect(step.patches?.rows, all);
  expect(step.patches?.from, key);
  expect(step.removes, schema.identity === 'key' ? key : all);
  if (schema.identity === 'append' && step.removes && step.removes.rows > 0) throw misfit(schema);
  if (schema.identity !== 'key' && step.patches && step.patches.rows.rows > 0) throw misfit(schema);
}

function misfit(schema: TableSchema): Fault {
  return fault('corrupt', 'BatchCorrupt', 'A batch does not have the columns of its table.', {
    target: schema.table,
    remedy: 'Stop the link and report it with the version. Nothing of it was written.',
  });
}
