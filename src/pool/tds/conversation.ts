import { fault } from '#base/fault.ts';
import { BulkLoadReader } from '#wire/tds/bulk-load.ts';
import { decodeRpc, type RpcCall } from '#wire/tds/rpc.ts';
import { decodeTransactionRequest, type TransactionStep } from '#wire/tds/transaction-request.ts';
import type { TdsVersion } from '#wire/tds/version.ts';
import { sqlMessageOf } from '../tsql/sql-error.ts';
import type { AnswerSink, BulkRows, SqlParameter, SqlSession, TransactionAction } from '../tsql/session.ts';
import { AnswerTokens, type Standing } from './answer-tokens.ts';
import type { Conversation, TdsAnswer, TdsRequest } from './conversation-terms.ts';
import { tsqlTypeOfTds } from './parameter-types.ts';

export interface PoolConversationOptions {
  readonly version: TdsVersion;
  /** In messages. */
  readonly serverName: string;
  /** As `@@SPID` says it. */
  readonly number: number;
}

/** Of a row of a bulk load. */
const mostRowBytes = 64 * 1024 * 1024;

const unheard: AnswerSink = {
  columns: () => undefined,
  rows: () => Promise.resolve(),
  done: () => undefined,
  message: () => undefined,
  changed: () => undefined,
  returnValue: () => undefined,
  returnStatus: () => undefined,
};

/** A client's requests to a session of a pool. */
export class PoolConversation implements Conversation {
  readonly #session: SqlSession;
  readonly #options: PoolConversationOptions;
  readonly #standing: Standing;

  constructor(session: SqlSession, options: PoolConversationOptions) {
    this.#session = session;
    this.#options = options;
    this.#standing = { transaction: 0n, database: session.database, nextTransaction: BigInt(options.number) << 32n };
  }

  async request(request: TdsRequest, answer: TdsAnswer, signal: AbortSignal): Promise<void> {
    switch (request.kind) {
      case 'batch':
        return await this.#session.batch(request.sql, this.#sink(answer), signal);
      case 'rpc':
        return await this.#call(request.payload, answer, signal);
      case 'transaction': {
        const { step } = decodeTransactionRequest(request.payload);
        return await this.#session.transact(actionOf(step), this.#sink(answer), signal);
      }
      case 'bulk':
        return await this.#load(request.parts, answer, signal);
    }
  }

  /** An open transaction is kept with all that the session has. */
  async reset({ keepsTransaction }: { readonly keepsTransaction: boolean }): Promise<void> {
    if (keepsTransaction && this.#standing.transaction !== 0n) return;
    await this.#session.reset();
    this.#standing.transaction = 0n;
    this.#standing.database = this.#session.database;
  }

  /** Goes to another database, as before the first request. */
  async use(database: string): Promise<void> {
    await this.#session.batch(`USE [${database.replaceAll(']', ']]')}]`, unheard, new AbortController().signal);
    this.#standing.database = this.#session.database;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
  }

  #sink(answer: TdsAnswer, call?: RpcCall): AnswerTokens {
    const { version, serverName } = this.#options;
    return new AnswerTokens(answer, { version, serverName, standing: this.#standing, call });
  }

  async #call(payload: Uint8Array, answer: TdsAnswer, signal: AbortSignal): Promise<void> {
    for (const call of decodeRpc(payload, this.#options.version).calls) {
      if (call.isTakenBack) continue;
      const sink = this.#sink(answer, call);
      await this.#session.call(call.procedure, parametersOf(call), sink, signal);
      sink.endCall();
    }
  }

  async #load(parts: AsyncIterable<Uint8Array>, answer: TdsAnswer, signal: AbortSignal): Promise<void> {
    if (this.#session.bulkColumns === undefined) throw notAnnounced();
    const sink = this.#sink(answer);
    try {
      await this.#session.bulk(await bulkRows(parts, this.#options.version), sink, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      sink.message(sqlMessageOf(error));
      sink.done({ command: 'insert', rows: undefined, failed: true });
    }
  }
}

/** Fault: `TdsNotSupported` (unsupported). */
function parametersOf(call: RpcCall): readonly SqlParameter[] {
  return call.parameters.map(({ name, type, value, output, isDefault }) => ({ name, type: tsqlTypeOfTds(type), value, output, isDefault }));
}

function actionOf(step: TransactionStep): TransactionAction {
  if (step.kind !== 'commit' && step.kind !== 'rollback') return step;
  const { kind, name, thenBegin } = step;
  return { kind, name, thenBegin: thenBegin && { isolation: thenBegin.isolation } };
}

/** Resolves once the client has said what its rows are made of. Faults: `MalformedMessage` (corrupt), `TdsNotSupported` (unsupported). */
async function bulkRows(parts: AsyncIterable<Uint8Array>, version: TdsVersion): Promise<BulkRows> {
  const reader = new BulkLoadReader(version, mostRowBytes);
  const iterator = parts[Symbol.asyncIterator]();
  let first: BulkRowsPart = [];
  while (reader.columns === undefined) {
    const { done, value } = await iterator.next();
    first = done === true ? reader.end() : reader.push(value);
  }
  const columns = reader.columns.map(({ name, type }) => ({ name, type: tsqlTypeOfTds(type) }));
  return { columns, rows: rowsOf(reader, iterator, first) };
}

type BulkRowsPart = ReturnType<BulkLoadReader['push']>;

async function* rowsOf(
  reader: BulkLoadReader,
  iterator: AsyncIterator<Uint8Array>,
  first: BulkRowsPart,
): BulkRows['rows'] & AsyncGenerator<BulkRowsPart> {
  if (first.length > 0) yield first;
  for (;;) {
    const { done, value } = await iterator.next();
    const rows = done === true ? reader.end() : reader.push(value);
    if (rows.length > 0) yield rows;
    if (done === true) return;
  }
}

function notAnnounced(): ReturnType<typeof fault> {
  return fault('invalid', 'BulkLoadNotAnnounced', 'Rows of a bulk load came, and no INSERT BULK before them.', {
    remedy: 'Send INSERT BULK with the columns first.',
  });
}
