import type { DuckDBConnection } from '@duckdb/node-api';
import type { Engine } from './engines/duckdb/engine.ts';

/** Says what statements hold. */
export interface QueryMemory {
  /** In memory and spilled to disk, of all that run. Faults: those of the engine. */
  heldBytes(): Promise<number>;
}

/** What the tables themselves, and changes of them that wait for their commit, have in memory: it is there without any statement. */
const ofTables = [
  'BASE_TABLE',
  'ART_INDEX',
  'METADATA',
  'IN_MEMORY_TABLE',
  'TRANSACTION',
  'EXTENSION',
  'EXTERNAL_FILE_CACHE',
  'OBJECT_CACHE',
];
const question = `SELECT sum(memory_usage_bytes + temporary_storage_bytes)::DOUBLE FROM duckdb_memory() WHERE tag NOT IN (${ofTables.map((tag) => `'${tag}'`).join(', ')})`;

/** Asks DuckDB, on a connection that is kept. */
export class EngineMemory implements QueryMemory {
  readonly #engine: () => Promise<Engine>;
  #kept: { readonly engine: Engine; readonly connection: DuckDBConnection } | undefined;

  constructor(engine: () => Promise<Engine>) {
    this.#engine = engine;
  }

  async heldBytes(): Promise<number> {
    const engine = await this.#engine();
    if (this.#kept?.engine !== engine) this.#kept = { engine, connection: await engine.connect() };
    const { connection } = this.#kept;
    const rows = await engine.during(connection.runAndReadAll(question).then((result) => result.getRows()));
    return Number(rows[0]?.[0] ?? 0);
  }
}
