import duckdb from '@duckdb/node-bindings';
import type { DuckDBDataChunk } from '@duckdb/node-api';
import { assert, unreachable } from '#base/fault.ts';
import { TdsWriter } from '#wire/tds/bytes.ts';
import { columnFlags, rowToken, type Column } from '#wire/tds/token-rows.ts';
import type { TdsType } from '#wire/tds/types/tds-type.ts';
import { toldType, writeCell } from '#wire/tds/types/type-info.ts';
import type { TdsVersion } from '#wire/tds/version.ts';
import type { ResultColumn } from '../tsql/session.ts';
import type { TsqlType } from '../tsql/tsql-type.ts';
import { decimalWriter, floatWriter, integerBytes, integerWriter, moneyWriter, storedDecimalBytes, uuidWriter } from './cell-numbers.ts';
import { sizedWriter } from './cell-texts.ts';
import { dateWriter, datetimeWriter, smallDatetimeWriter, timedWriter } from './cell-times.ts';
import { valueReader } from './cell-values.ts';
import { cellsOf, isNull, structCellsOf, type Cells, type CellWriter } from './cells.ts';
import { RowBytes } from './row-bytes.ts';
import { notTold } from './row-faults.ts';

/** Rows of one result, from DuckDB's vectors to ROW tokens as a client of this version is told them. */
export class RowsOut {
  /** For COLMETADATA. */
  readonly columns: readonly Column[];
  readonly #types: readonly TsqlType[];
  readonly #writers: readonly ColumnWriter[];
  readonly #out = new RowBytes();
  #isChecked = false;

  constructor(columns: readonly ResultColumn[], version: TdsVersion) {
    this.#types = columns.map(({ type }) => type);
    this.columns = columns.map(({ name, type, nullable }) => ({
      name,
      userType: 0,
      flags: columnFlags.updatableUnknown | (nullable ? columnFlags.nullable : 0),
      type: toldType(type, version),
    }));
    this.#writers = columns.map(({ type }) => columnWriter(type, toldType(type, version)));
  }

  /**
   * The chunk's rows in order, in parts of whole tokens, each until the next is asked for. Faults: `Sql8115`, `Sql8152` (invalid), for a value that
   * T-SQL, or the column's type, does not have.
   */
  *encode(chunk: DuckDBDataChunk): Generator<Uint8Array, void> {
    const rows = chunk.rowCount;
    const out = this.#out;
    const vectors = this.#writers.map((_, index) => duckdb.data_chunk_get_vector(chunk.chunk, index));
    if (!this.#isChecked) this.#check(chunk, vectors);
    const cells = vectors.map((vector, index) =>
      this.#types[index]!.name === 'datetimeoffset'
        ? structCellsOf(vector, rows, offsetMomentBytes)
        : cellsOf(vector, rows, this.#writers[index]!.width),
    );
    out.at = 0;
    for (let row = 0; row < rows; row += 1) {
      this.#encodeRow(cells, row);
      if (out.at < partBytes) continue;
      yield out.taken();
      out.at = 0;
    }
    if (out.at > 0) yield out.taken();
  }

  #encodeRow(cells: readonly Cells[], row: number): void {
    const out = this.#out;
    const writers = this.#writers;
    const at = out.room(1);
    out.bytes[at] = rowToken;
    for (let column = 0; column < writers.length; column += 1) {
      const { write, none } = writers[column]!;
      const of = cells[column]!;
      if (isNull(of, row)) writeNone(out, none);
      else write(out, of, row);
    }
  }

  /** Reading a vector as another type than it has would answer wrong values, or end the process. */
  #check(chunk: DuckDBDataChunk, vectors: readonly duckdb.Vector[]): void {
    assert(chunk.columnCount === vectors.length, 'a result has as many columns as were told');
    vectors.forEach((vector, index) => {
      const stored = duckdb.vector_get_column_type(vector);
      const expected = storedAs(this.#types[index]!);
      const id = duckdb.get_type_id(stored);
      const isDecimal = id === duckdb.Type.DECIMAL;
      const told = isDecimal
        ? `DECIMAL(${duckdb.decimal_width(stored)},${duckdb.decimal_scale(stored)})`
        : id === duckdb.Type.STRUCT
          ? structName(stored)
          : duckdb.Type[id];
      if (told !== expected) throw notTold(this.#types[index]!, told);
    });
    this.#isChecked = true;
  }
}

/** So much is encoded before it is written: a chunk of long values may have gigabytes. */
const partBytes = 128 * 1024;

interface ColumnWriter {
  /** Bytes of a value in DuckDB's vector. */
  readonly width: number;
  readonly write: CellWriter;
  /** What says that there is none. */
  readonly none: readonly number[];
}

function writeNone(out: RowBytes, none: readonly number[]): void {
  const at = out.room(none.length);
  for (let index = 0; index < none.length; index += 1) out.bytes[at + index] = none[index]!;
}

/** The type's name in DuckDB, as `duckDbTypeOf` says it, by the engine's own number. */
function storedAs(type: TsqlType): string {
  if (type.name === 'decimal') return `DECIMAL(${type.precision},${type.scale})`;
  return storedNames[type.name];
}

const storedNames: Readonly<Record<Exclude<TsqlType['name'], 'decimal'>, string>> = {
  bit: 'BOOLEAN',
  tinyint: 'UTINYINT',
  smallint: 'SMALLINT',
  int: 'INTEGER',
  bigint: 'BIGINT',
  money: 'DECIMAL(19,4)',
  smallmoney: 'DECIMAL(10,4)',
  real: 'FLOAT',
  float: 'DOUBLE',
  date: 'DATE',
  time: 'TIME',
  datetime: 'TIMESTAMP',
  smalldatetime: 'TIMESTAMP',
  datetime2: 'TIMESTAMP',
  datetimeoffset: 'STRUCT(TIMESTAMP_TZ,SMALLINT)',
  uniqueidentifier: 'UUID',
  char: 'VARCHAR',
  varchar: 'VARCHAR',
  nchar: 'VARCHAR',
  nvarchar: 'VARCHAR',
  binary: 'BLOB',
  varbinary: 'BLOB',
};

/** With its fields' types. */
function structName(type: duckdb.LogicalType): string {
  const fields = Array.from(
    { length: duckdb.struct_type_child_count(type) },
    (_, place) => duckdb.Type[duckdb.get_type_id(duckdb.struct_type_child_type(type, place))],
  );
  return `STRUCT(${fields.join(',')})`;
}

/** Bytes of a `datetimeoffset`'s moment, and of its minutes. */
const offsetMomentBytes = [8, 2];

function columnWriter(type: TsqlType, told: TdsType): ColumnWriter {
  const width = storedBytes(type);
  const read = told.name === type.name ? undefined : valueReader(type);
  if (read !== undefined) return { width, write: asTold(told, read), none: nullOf(told) };
  return { width, write: writerOf(type), none: nullOf(told) };
}

/** Of clients that do not know the type: the way through the value itself. */
function asTold(told: TdsType, read: (cells: Cells, row: number) => string | Uint8Array): CellWriter {
  return (out, cells, row) => {
    const writer = new TdsWriter();
    writeCell(writer, told, read(cells, row));
    const bytes = writer.take();
    const at = out.room(bytes.length);
    out.bytes.set(bytes, at);
  };
}

function nullOf(told: TdsType): readonly number[] {
  const writer = new TdsWriter();
  writeCell(writer, told, null);
  return [...writer.take()];
}

function writerOf(type: TsqlType): CellWriter {
  switch (type.name) {
    case 'bit':
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
      return integerWriter(type.name);
    case 'decimal':
      return decimalWriter(type);
    case 'money':
    case 'smallmoney':
      return moneyWriter(type.name);
    case 'real':
    case 'float':
      return floatWriter(type.name);
    case 'date':
      return dateWriter;
    case 'time':
    case 'datetime2':
    case 'datetimeoffset':
      return timedWriter(type);
    case 'datetime':
      return datetimeWriter;
    case 'smalldatetime':
      return smallDatetimeWriter;
    case 'uniqueidentifier':
      return uuidWriter;
    case 'char':
    case 'varchar':
    case 'nchar':
    case 'nvarchar':
    case 'binary':
    case 'varbinary':
      return sizedWriter(type);
    default:
      return unreachable(type);
  }
}

function storedBytes(type: TsqlType): number {
  switch (type.name) {
    case 'bit':
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
      return integerBytes[type.name];
    case 'decimal':
      return storedDecimalBytes(type.precision);
    case 'real':
    case 'date':
      return 4;
    case 'float':
    case 'time':
    case 'datetime':
    case 'smalldatetime':
    case 'datetime2':
    case 'datetimeoffset':
    case 'smallmoney':
      return 8;
    default:
      return 16;
  }
}
