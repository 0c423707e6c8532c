import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Conversation, TdsAnswer, TdsRequest } from '#pool/tds/conversation-terms.ts';
import { TdsWriter } from '#wire/tds/bytes.ts';
import { doneStatus } from '#wire/tds/token-done.ts';
import { envOf } from '#wire/tds/token-env-change.ts';
import { columnFlags, rowToken, writeRow, type Column, type Columns } from '#wire/tds/token-rows.ts';
import type { Token } from '#wire/tds/tokens.ts';
import type { TdsValue } from '#wire/tds/types/tds-type.ts';
import { catalogueAnswers, columnsAnswer } from './catalogue.ts';
import type { Interference, SeenStatement } from './interference.ts';
import { tableAnswer } from './table-answers.ts';
import { StatementError, type Asking, type DoubleError, type StatementAnswer } from './terms.ts';
import type { SeenDatabase } from './transaction.ts';
import { readProcedure, readTransaction } from './requests.ts';

/** What the server that a session is at does for it. */
export interface SessionTerms {
  readonly seen: SeenDatabase;
  readonly asking: Omit<Asking, 'parameters' | 'seen' | 'database'>;
  readonly session: number;
  readonly packetBytes: number;
  /** Notes the statement, and says what is to become of it. */
  readonly arrives: (statement: Omit<SeenStatement, 'ordinal' | 'session'>) => Interference | undefined;
  /** Breaks the connection: at once, or once more of the answer has gone out. */
  readonly cut: () => void;
  readonly flushed: () => Promise<void>;
  readonly nextTransaction: () => bigint;
}

interface Known {
  readonly name: string;
  readonly about: string;
  /** Undefined: it answers no rows. */
  readonly answer: (() => StatementAnswer) | undefined;
}

const select = 0xc1;
const setOption = 0xf9;
/** Options that clients set by themselves, on or off. */
const settings =
  /^set (?:(?:ansi_null_dflt_on|ansi_nulls|ansi_padding|ansi_warnings|arithabort|concat_null_yields_null|cursor_close_on_commit|implicit_transactions|numeric_roundabort|quoted_identifier|xact_abort|nocount) (?:on|off)|(?:datefirst|textsize|lock_timeout) -?\d+|dateformat [a-z]{3}|language \w+|transaction isolation level (?:read committed|snapshot)|deadlock_priority low);?$/i;

/** Answers the connector's statements, and no other. */
export class DoubleConversation implements Conversation {
  readonly #terms: SessionTerms;

  constructor(terms: SessionTerms) {
    this.#terms = terms;
  }

  async request(request: TdsRequest, answer: TdsAnswer, signal: AbortSignal): Promise<void> {
    try {
      if (request.kind === 'transaction') return this.#transact(request.payload, answer);
      if (request.kind === 'batch') return await this.#run({ sql: request.sql, parameters: new Map() }, answer, signal);
      if (request.kind === 'bulk') throw new StatementError({ number: 50_000, text: 'The double takes no bulk load.' });
      const asked = readProcedure(request.payload);
      await this.#run(asked, answer, signal);
      answer.tokens({ kind: 'return-status', value: 0 }, { kind: 'done-proc', status: 0, command: 0xe0, rows: 0n });
    } catch (error) {
      if (!(error instanceof StatementError)) throw error;
      this.#fail(error.told, answer);
    }
  }

  reset({ keepsTransaction }: { readonly keepsTransaction: boolean }): Promise<void> {
    if (!keepsTransaction) this.#terms.seen.end();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#terms.seen.end();
    return Promise.resolve();
  }

  /** As a server does with most errors within a SNAPSHOT transaction or a deadlock: the transaction is over. */
  #fail(told: DoubleError, answer: TdsAnswer): void {
    const { seen } = this.#terms;
    const open = seen.transaction;
    answer.tokens({ kind: 'error', severity: 16, state: 1, ...told, server: 'double', procedure: '', line: 1 });
    if (open !== 0n && [1205, 3952, 3956, 3961].includes(told.number)) {
      seen.end();
      answer.tokens(transactionEnded(open, 'rolled-back'));
    }
    answer.tokens({ kind: 'done', status: doneStatus.error, command: 0, rows: 0n });
  }

  #transact(payload: Uint8Array, answer: TdsAnswer): void {
    const asked = readTransaction(payload);
    const { seen } = this.#terms;
    if (this.#isInterfered({ name: asked.kind, about: '' }, undefined)) return;
    const open = seen.transaction;
    if (asked.kind === 'begin') {
      const number = this.#terms.nextTransaction();
      seen.begin(number, asked.isolation);
      answer.tokens(transactionBegun(number));
    } else {
      if (open === 0n)
        throw new StatementError({
          number: asked.kind === 'commit' ? 3902 : 3903,
          text: `The ${asked.kind} request has no corresponding BEGIN TRANSACTION.`,
        });
      seen.end();
      answer.tokens(transactionEnded(open, asked.kind === 'commit' ? 'committed' : 'rolled-back'));
    }
    answer.tokens({ kind: 'done', status: 0, command: 0, rows: 0n });
  }

  async #run(
    { sql, parameters }: { readonly sql: string; readonly parameters: ReadonlyMap<string, TdsValue> },
    answer: TdsAnswer,
    signal: AbortSignal,
  ): Promise<void> {
    const lines = sql.split('\n').filter((line) => line.trim() !== '');
    if (lines.length > 0 && lines.every((line) => settings.test(line.trim())))
      return answer.tokens({ kind: 'done', status: 0, command: setOption, rows: 0n });
    const { seen } = this.#terms;
    const asking: Asking = { ...this.#terms.asking, database: seen.database, parameters, seen: () => seen.seen() };
    // FreeTDS's tsql ends what it sends with a line break.
    const known = knownStatement(sql.replace(/\n$/, ''), asking);
    if (known === undefined) throw new StatementError({ number: 50_000, text: `The double does not know this statement: ${sql}` });
    const interference = this.#terms.arrives(known);
    if (this.#isInterfered(known, interference)) return;
    if (interference?.kind === 'silent') return await once(signal, 'abort').then(() => undefined);
    const rows = interference?.kind === 'answer' ? interference.answer : known.answer?.();
    if (rows === undefined) return answer.tokens({ kind: 'done', status: 0, command: 0, rows: 0n });
    await this.#send(rows, { answer, signal, interference });
  }

  /** True: the connection is broken. Throws the error that is asked for. */
  #isInterfered(known: Pick<Known, 'name' | 'about'>, given: Interference | undefined): boolean {
    const interference =
      given ?? (known.name === 'begin' || known.name === 'commit' || known.name === 'rollback' ? this.#terms.arrives(known) : undefined);
    if (interference?.kind === 'error') throw new StatementError(interference.error);
    if (interference?.kind !== 'cut' || interference.afterRows !== undefined) return false;
    this.#terms.cut();
    return true;
  }

  async #send(
    { columns, rows }: StatementAnswer,
    {
      answer,
      signal,
      interference,
    }: { readonly answer: TdsAnswer; readonly signal: AbortSignal; readonly interference: Interference | undefined },
  ): Promise<void> {
    const described: Columns = {
      kind: 'columns',
      columns: columns.map(({ name, type }): Column => ({ name, userType: 0, flags: columnFlags.nullable, type })),
    };
    const limit = interference?.kind === 'cut' ? interference.afterRows! : rows.length;
    const rowMs = interference?.kind === 'slow' ? interference.rowMs : 0;
    const batch = rowMs > 0 ? 1 : 200;
    let written = 0;
    for (let at = 0; at === 0 || at < limit; at += batch) {
      const encoded = encodedRows(rows.slice(at, Math.min(at + batch, limit)), described.columns);
      if (at === 0) answer.tokens(described);
      answer.bytes(encoded);
      written += encoded.length;
      await answer.room();
      if (rowMs > 0) await wait(rowMs, undefined, { signal });
    }
    if (interference?.kind === 'cut') {
      // What does not fill a packet is not sent before the end.
      if (written > this.#terms.packetBytes) await this.#terms.flushed();
      return this.#terms.cut();
    }
    answer.tokens({ kind: 'done', status: doneStatus.counted, command: select, rows: BigInt(rows.length) });
  }
}

function encodedRows(rows: readonly (readonly TdsValue[])[], columns: readonly Column[]): Uint8Array {
  const writer = new TdsWriter();
  for (const values of rows) writeRow(writer.u8(rowToken), { compact: false, values }, columns);
  return writer.take();
}

/** Undefined: it is none of the connector's. Errors 207 and 208, where it speaks of what is not there. */
function knownStatement(sql: string, asking: Asking): Known | undefined {
  const catalogue = catalogueAnswers.find((one) => one.sql === sql);
  if (catalogue !== undefined) return { name: catalogue.name, about: '', answer: () => catalogue.answer(asking) };
  const columns = columnsAnswer(sql, asking);
  return columns === undefined ? tableAnswer(sql, asking) : { name: 'columns', about: '', answer: () => columns };
}

function descriptor(number: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(number);
  return Uint8Array.from(bytes);
}

const none = new Uint8Array(0);

function transactionBegun(number: bigint): Token {
  return { kind: 'env-change', change: { type: 'bytes', of: envOf.begun, now: descriptor(number), before: none } };
}

function transactionEnded(number: bigint, how: 'committed' | 'rolled-back'): Token {
  return {
    kind: 'env-change',
    change: { type: 'bytes', of: how === 'committed' ? envOf.committed : envOf.rolledBack, now: none, before: descriptor(number) },
  };
}
