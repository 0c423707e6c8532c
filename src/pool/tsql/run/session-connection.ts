import type { DuckDBConnection, DuckDBDataChunk, DuckDBMaterializedResult, DuckDBResult, DuckDBValue } from '@duckdb/node-api';
import { fault, type Fault } from '#base/fault.ts';
import type { Engine } from '../../engines/duckdb/engine.ts';
import { isFatal } from '../../engines/duckdb/faults.ts';

/** An interrupt that falls between two statements is lost, so it is repeated. */
const interruptAgainMs = 20;

/** The one connection to the engine that a session keeps. One statement at a time; a signal ends the one that runs. Errors come as DuckDB's. */
export class SessionConnection {
  readonly engine: Engine;
  readonly #connection: DuckDBConnection;

  private constructor(engine: Engine, connection: DuckDBConnection) {
    this.engine = engine;
    this.#connection = connection;
  }

  static async open(engine: Engine): Promise<SessionConnection> {
    const connection = await engine.connect();
    engine.rest(connection);
    return new SessionConnection(engine, connection);
  }

  /** It looks at a state of the pool until `rest`: what only that state needs is kept for it. */
  wake(): void {
    this.engine.wake(this.#connection);
  }

  rest(): void {
    this.engine.rest(this.#connection);
  }

  async run(sql: string, signal: AbortSignal): Promise<DuckDBMaterializedResult> {
    return this.during(signal, (connection) => connection.run(sql));
  }

  async rows(sql: string, signal: AbortSignal): Promise<readonly (readonly DuckDBValue[])[]> {
    return (await this.run(sql, signal)).getRows();
  }

  async stream(sql: string, signal: AbortSignal): Promise<DuckDBResult> {
    return this.during(signal, (connection) => connection.stream(sql));
  }

  /** The next rows of a stream, none at its end. */
  async next(result: DuckDBResult, signal: AbortSignal): Promise<DuckDBDataChunk | undefined> {
    const chunk = await this.during(signal, () => result.fetchChunk());
    return chunk && chunk.rowCount > 0 ? chunk : undefined;
  }

  /** Work of several calls on the connection. Fault: `cancelled`. */
  async during<T>(signal: AbortSignal, work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    if (signal.aborted) throw cancelled(signal);
    let again: NodeJS.Timeout | undefined;
    const interrupt = (): void => this.#connection.interrupt();
    const onAbort = (): void => {
      interrupt();
      again = setInterval(interrupt, interruptAgainMs);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await this.engine.during(work(this.#connection));
    } catch (error) {
      if (isFatal(error)) this.engine.broken = true;
      if (signal.aborted) throw cancelled(signal, error);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      clearInterval(again);
    }
  }

  /** No statement may be running. */
  close(): void {
    this.engine.disconnect(this.#connection);
  }
}

function cancelled(signal: AbortSignal, cause: unknown = signal.reason): Fault {
  return fault('cancelled', 'QueryCanceled', 'The statement was cancelled.', { cause });
}
