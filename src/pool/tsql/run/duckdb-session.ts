import { fault, toFault } from '#base/fault.ts';
import type { AnswerSink, BulkRows, SqlParameter, SqlSession, TransactionAction } from '../session.ts';
import type { TsqlType } from '../tsql-type.ts';
import { loadBulk } from './bulk-load.ts';
import { messageOf, statementFault } from './engine-faults.ts';
import { type Frame, outermostFrame } from './frame.ts';
import { runFrame } from './interpreter.ts';
import { parsed } from './parsed.ts';
import { callProcedure } from './procedures.ts';
import { SessionConnection } from './session-connection.ts';
import { SessionCore } from './session-core.ts';
import { noSavepoints } from './simple-statements.ts';
import type { SessionClient, SessionFacts, SqlPool } from './sql-pool.ts';

/** A session with a DuckDB pool, on a connection of its own. */
export class DuckDbSession implements SqlSession {
  readonly #core: SessionCore;
  readonly #closing = Promise.withResolvers<void>();
  #isClosed = false;

  private constructor(core: SessionCore) {
    this.#core = core;
  }

  static async open(pool: SqlPool, client: SessionClient): Promise<DuckDbSession> {
    const connection = await SessionConnection.open(await pool.pool.engine());
    return new DuckDbSession(new SessionCore(pool, client, connection));
  }

  /** Settles when the session has ended. */
  get closed(): Promise<void> {
    return this.#closing.promise;
  }

  get database(): string {
    return this.#core.database;
  }

  get facts(): SessionFacts {
    const { client, loginMs, requestMs, running, transaction } = this.#core;
    return { ...client, loginMs, requestMs, running, transactions: transaction.count };
  }

  async batch(sql: string, sink: AnswerSink, signal: AbortSignal): Promise<void> {
    await this.#request(sink, signal, async (frame) => {
      await runFrame(parsed(sql, this.#core), this.#core, frame);
    });
  }

  async call(procedure: string, parameters: readonly SqlParameter[], sink: AnswerSink, signal: AbortSignal): Promise<void> {
    await this.#request(sink, signal, async (frame) => {
      let status = 0;
      try {
        const called = await callProcedure({ core: this.#core, frame, line: 1 }, procedure, parameters);
        status = called.status;
        sink.returnStatus(status);
        for (const { place, parameter } of called.outputs) {
          const given = parameters[place];
          if (given?.output === true) sink.returnValue({ name: given.name, output: true, ...parameter });
        }
      } catch (error) {
        this.#tell(error, frame);
        if (status === 0) sink.returnStatus(this.#core.error);
      }
    });
  }

  async transact(action: TransactionAction, sink: AnswerSink, signal: AbortSignal): Promise<void> {
    const { transaction } = this.#core;
    await this.#request(sink, signal, async () => {
      switch (action.kind) {
        case 'begin':
          transaction.begin(action.name, sink);
          break;
        case 'commit':
          await transaction.commit(sink, {});
          break;
        case 'rollback':
          await transaction.rollback(action.name, sink, {});
          break;
        case 'save':
          throw noSavepoints({ line: 1 });
        default:
          return action satisfies never;
      }
      const isolation = action.kind === 'begin' ? action.isolation : action.thenBegin?.isolation;
      if (isolation !== undefined) this.#core.options = { ...this.#core.options, isolation };
      if (action.kind !== 'begin' && action.thenBegin) transaction.begin('', sink);
      sink.done({ command: 'other', rows: undefined });
    });
  }

  async bulk(rows: BulkRows, sink: AnswerSink, signal: AbortSignal): Promise<void> {
    const core = this.#core;
    const announced = core.bulk;
    core.bulk = undefined;
    await this.#request(sink, signal, async (frame) => {
      if (!announced)
        throw fault('precondition', 'NoBulkLoad', 'Rows came that no INSERT BULK asked for.', { remedy: 'Send INSERT BULK first.' });
      core.rowCount = await loadBulk(announced, rows, core, frame);
      core.error = 0;
      sink.done({ command: 'insert', rows: core.rowCount });
    });
  }

  get bulkColumns(): readonly { readonly name: string; readonly type: TsqlType }[] | undefined {
    return this.#core.bulk?.columns;
  }

  async reset(): Promise<void> {
    await this.#core.reset();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      await this.#core.transaction.end();
    } finally {
      this.#core.connection.close();
      this.#closing.resolve();
    }
  }

  /** One request: what is wrong with it is told, what the session cannot go on after is thrown. */
  async #request(sink: AnswerSink, signal: AbortSignal, work: (frame: Frame) => Promise<void>): Promise<void> {
    const core = this.#core;
    core.requestMs = core.pool.options.now();
    core.running = true;
    const frame = outermostFrame({ sink, signal, interpret: runFrame }, core.pool.options.mostStatements);
    try {
      await work(frame);
    } catch (error) {
      this.#tell(error, frame);
    } finally {
      core.running = false;
    }
  }

  #tell(error: unknown, { sink, signal }: Frame): void {
    const known = statementFault(error);
    if (signal.aborted) throw fault('cancelled', 'QueryCanceled', 'The request was cancelled.', { cause: toFault(error) });
    if (this.#core.connection.engine.broken || known.code === 'PoolReopened') throw known;
    const message = messageOf(known, 1, undefined);
    this.#core.error = message.number;
    sink.message(message);
    sink.done({ command: 'other', rows: undefined, failed: true });
  }
}
