import type { DuckDBDataChunk } from '@duckdb/node-api';
import { must } from '#base/fault.ts';
import { doneCommand, doneStatus, type Done } from '#wire/tds/token-done.ts';
import { envOf } from '#wire/tds/token-env-change.ts';
import type { RpcCall } from '#wire/tds/rpc.ts';
import { toldType } from '#wire/tds/types/type-info.ts';
import type { TdsVersion } from '#wire/tds/version.ts';
import type { AnswerSink, ResultColumn, SessionChange, SqlMessage, SqlParameter, StatementCommand } from '../tsql/session.ts';
import type { TdsAnswer } from './conversation-terms.ts';
import { RowsOut } from './rows-out.ts';

/** What the session's transaction and database are, as its client knows them. */
export interface Standing {
  /** 0: none is open. */
  transaction: bigint;
  database: string;
  /** The next one's. */
  nextTransaction: bigint;
}

export interface AnswerTokensOptions {
  readonly version: TdsVersion;
  /** In messages. */
  readonly serverName: string;
  readonly standing: Standing;
  /** What is answered is a procedure that the client called; undefined: a batch, or a request of another kind. */
  readonly call?: RpcCall | undefined;
}

const commands: Readonly<Record<StatementCommand, number>> = {
  select: doneCommand.select,
  insert: doneCommand.insert,
  update: doneCommand.update,
  delete: doneCommand.delete,
  merge: doneCommand.merge,
  other: doneCommand.none,
};
/** EXECUTE. */
const executed = 0xe0;
const envOfTransaction = { begun: 8, committed: 9, 'rolled-back': 10 } as const;
const noBytes = new Uint8Array(0);
/** Severities above it are errors. */
const mostInfo = 10;

/** What a session answers, as tokens. One for each request, or call of one. */
export class AnswerTokens implements AnswerSink {
  readonly #answer: TdsAnswer;
  readonly #options: AnswerTokensOptions;
  #rows: RowsOut | undefined;
  #status: number | undefined;
  readonly #values: SqlParameter[] = [];
  #failed = false;

  constructor(answer: TdsAnswer, options: AnswerTokensOptions) {
    this.#answer = answer;
    this.#options = options;
  }

  columns(columns: readonly ResultColumn[]): void {
    this.#rows = new RowsOut(columns, this.#options.version);
    this.#answer.tokens({ kind: 'columns', columns: this.#rows.columns });
  }

  async rows(chunk: DuckDBDataChunk): Promise<void> {
    const rows = must(this.#rows, 'rows of a result');
    for (const part of rows.encode(chunk)) {
      this.#answer.bytes(part);
      await this.#answer.room();
    }
  }

  done({ command, rows, failed = false }: Parameters<AnswerSink['done']>[0]): void {
    const kind = this.#options.call === undefined ? 'done' : 'done-in-proc';
    this.#rows = undefined;
    this.#failed ||= failed;
    this.#answer.tokens({ kind, status: this.#doneBits(failed, rows !== undefined), command: commands[command], rows: rows ?? 0n });
  }

  message({ number, severity, state, text, line, procedure = '' }: SqlMessage): void {
    const kind = severity > mostInfo ? 'error' : 'info';
    this.#answer.tokens({ kind, number, state, severity, text, server: this.#options.serverName, procedure, line });
  }

  changed(change: SessionChange): void {
    if (change.kind === 'database') this.#changeDatabase(change.now);
    else this.#changeTransaction(change.now);
  }

  returnValue(parameter: SqlParameter): void {
    this.#values.push(parameter);
  }

  returnStatus(status: number): void {
    this.#status = status;
    // Of a procedure that a batch runs.
    if (this.#options.call === undefined) this.endCall();
  }

  /** A procedure has ended: its status, then what it returns, then its end, as clients expect them. */
  endCall(): void {
    const { call, version } = this.#options;
    if (this.#status !== undefined) this.#answer.tokens({ kind: 'return-status', value: this.#status });
    const ordinals = ordinalsOf(this.#values, call);
    this.#values.forEach(({ name, type, value }, index) => {
      const told = toldType(type, version);
      this.#answer.tokens({
        kind: 'return-value',
        ordinal: ordinals[index]!,
        name,
        of: 'parameter',
        userType: 0,
        flags: 0,
        type: told,
        value,
      });
    });
    this.#answer.tokens({ kind: 'done-proc', status: this.#doneBits(this.#failed, false), command: executed, rows: 0n });
    this.#status = undefined;
    this.#failed = false;
    this.#values.length = 0;
  }

  #doneBits(failed: boolean, counted: boolean): Done['status'] {
    const { standing, version } = this.#options;
    // Before 7.2 the bit means another thing.
    const inTransaction = standing.transaction !== 0n && version >= '7.2';
    return (failed ? doneStatus.error : 0) | (counted ? doneStatus.counted : 0) | (inTransaction ? doneStatus.inTransaction : 0);
  }

  #changeDatabase(now: string): void {
    const { standing } = this.#options;
    this.#answer.tokens({ kind: 'env-change', change: { type: 'text', of: envOf.database, now, before: standing.database } });
    this.message({ number: 5701, severity: 0, state: 2, text: `Changed database context to '${now}'.`, line: 1 });
    standing.database = now;
  }

  #changeTransaction(now: 'begun' | 'committed' | 'rolled-back'): void {
    const { standing, version } = this.#options;
    const before = standing.transaction;
    standing.transaction = now === 'begun' ? (standing.nextTransaction += 1n) : 0n;
    if (version < '7.2') return;
    const [after, former] = [descriptor(standing.transaction), descriptor(before)];
    const change = { type: 'bytes', of: envOfTransaction[now], now: after, before: former } as const;
    this.#answer.tokens({ kind: 'env-change', change });
  }
}

/** Eight bytes; none where no transaction is open. */
function descriptor(transaction: bigint): Uint8Array {
  if (transaction === 0n) return noBytes;
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(transaction);
  return bytes;
}

/** The place of each among the call's parameters: by its name, else the next that is for output. */
function ordinalsOf(values: readonly SqlParameter[], call: RpcCall | undefined): readonly number[] {
  const left = new Map((call?.parameters ?? []).map(({ name, output }, index) => [index, { name: name.toLowerCase(), output }] as const));
  return values.map(({ name }, index) => {
    const found =
      (name === '' ? undefined : [...left].find(([, parameter]) => parameter.name === name.toLowerCase())) ??
      [...left].find(([, parameter]) => parameter.output && parameter.name === '');
    if (found === undefined) return index;
    left.delete(found[0]);
    return found[0];
  });
}
