import duckdb from '@duckdb/node-bindings';
import { type Fault, fault, toFault } from '#base/fault.ts';
import type { ColumnBatch, ColumnType } from '#replication/column.ts';
import { type ChunkWriter, chunkRows, chunkWriter } from './chunk.ts';
import { logicalType } from './types.ts';

/** The SQL function through which batches get into DuckDB: `isthmus_batch(number)` has columns c0, c1, … and only exists for our own connections. */
const functionName = 'isthmus_batch';

interface Scanned {
  readonly rows: number;
  readonly types: readonly ColumnType[];
  readonly writers: readonly ChunkWriter[];
  fault: Fault | undefined;
}

interface Scan {
  readonly batch: Scanned;
  readonly writers: readonly ChunkWriter[];
  row: number;
}

/** A batch that SQL can read while it is lent. */
export interface Lent {
  /** `isthmus_batch(7)`: a table with columns c0, c1, … */
  readonly sql: string;
  /** What went wrong while it was read: DuckDB passes on no more than a text. */
  fault(): Fault | undefined;
  release(): void;
}

/** Batches of columns as tables of one DuckDB instance. They are read in place, chunk by chunk, on this thread. */
export class Batches {
  readonly #lent = new Map<number, Scanned>();
  readonly #function: duckdb.TableFunction;
  readonly #connectionId: number;
  #next = 1;
  /** False: strings are handed over one by one. See `selfTest`. */
  sharedStrings = true;

  /** Registers the function; only statements of this connection may use it. */
  constructor(connection: duckdb.Connection) {
    this.#connectionId = duckdb.client_context_get_connection_id(duckdb.connection_get_client_context(connection));
    const made = duckdb.create_table_function();
    duckdb.table_function_set_name(made, functionName);
    duckdb.table_function_add_parameter(made, duckdb.create_logical_type(duckdb.Type.INTEGER));
    duckdb.table_function_supports_projection_pushdown(made, true);
    duckdb.table_function_set_bind(made, (info) => this.#bind(info));
    duckdb.table_function_set_init(made, init);
    duckdb.table_function_set_function(made, next);
    duckdb.register_table_function(connection, made);
    this.#function = made;
  }

  /** Faults: `BatchCorrupt`. */
  lend(batch: ColumnBatch): Lent {
    const number = this.#next++;
    const scanned: Scanned = {
      rows: batch.rows,
      types: batch.columns.map((column) => column.type),
      writers: batch.columns.map((column) => chunkWriter(column, batch.rows, this.sharedStrings)),
      fault: undefined,
    };
    this.#lent.set(number, scanned);
    return { sql: `${functionName}(${number})`, fault: () => scanned.fault, release: () => void this.#lent.delete(number) };
  }

  destroy(): void {
    duckdb.destroy_table_function_sync(this.#function);
  }

  #bind(info: duckdb.TableFunctionBindInfo): void {
    const context = duckdb.table_function_get_client_context(info);
    const number = duckdb.get_int32(duckdb.bind_get_parameter(info, 0));
    const batch = duckdb.client_context_get_connection_id(context) === this.#connectionId ? this.#lent.get(number) : undefined;
    if (!batch) return duckdb.bind_set_error(info, `there is no batch ${number}`);
    batch.types.forEach((type, index) => duckdb.bind_add_result_column(info, `c${index}`, logicalType(type)));
    duckdb.bind_set_cardinality(info, batch.rows, true);
    duckdb.bind_set_bind_data(info, batch);
  }
}

function init(info: duckdb.TableFunctionInitInfo): void {
  duckdb.init_set_max_threads(info, 1);
  const batch = duckdb.init_get_bind_data(info) as Scanned;
  const writers: ChunkWriter[] = [];
  for (let i = 0; i < duckdb.init_get_column_count(info); i++) {
    const writer = batch.writers[duckdb.init_get_column_index(info, i)];
    // Where no column is wanted, as by count(*), DuckDB asks for one that does not exist and counts the rows.
    writers.push(writer ?? (() => undefined));
  }
  duckdb.init_set_init_data(info, { batch, writers, row: 0 } satisfies Scan);
}

function next(info: duckdb.TableFunctionInfo, chunk: duckdb.DataChunk): void {
  const scan = duckdb.function_get_init_data(info) as Scan;
  const rows = Math.min(chunkRows, scan.batch.rows - scan.row);
  duckdb.data_chunk_set_size(chunk, rows);
  if (rows === 0) return;
  try {
    scan.writers.forEach((write, index) => write(duckdb.data_chunk_get_vector(chunk, index), scan.row, rows));
  } catch (error) {
    scan.batch.fault = toFault(error);
    throw fault('corrupt', scan.batch.fault.code, scan.batch.fault.message);
  }
  scan.row += rows;
}
