import { malformed, TdsReader, TdsWriter } from './bytes.ts';
import { readHeaders, writeHeaders } from './request-headers.ts';
import { notSupported } from './types/tds-type.ts';

const isolations = ['read-uncommitted', 'read-committed', 'repeatable-read', 'serializable', 'snapshot'] as const;

export type TdsIsolation = (typeof isolations)[number];

/** What is to become of a transaction. Undefined `isolation`: as the session has it. */
export type TransactionStep =
  | { readonly kind: 'begin'; readonly isolation: TdsIsolation | undefined; readonly name: string }
  | {
      readonly kind: 'commit' | 'rollback';
      /** Empty: the one that is open. */
      readonly name: string;
      /** Begins the next one at once. */
      readonly thenBegin: { readonly isolation: TdsIsolation | undefined; readonly name: string } | undefined;
    }
  | { readonly kind: 'save'; readonly name: string };

/** A transaction manager request, of TDS 7.2 and later (MS-TDS 2.2.6.9). */
export interface TransactionRequest {
  /** The one that is open; 0: none. */
  readonly transaction: bigint;
  readonly step: TransactionStep;
}

const kinds = { begin: 5, commit: 7, rollback: 8, save: 9 } as const;
const distributed: ReadonlySet<number> = new Set([0, 1, 6]);
const thenBegins = 0x01;

export function encodeTransactionRequest({ transaction, step }: TransactionRequest): Uint8Array {
  const writer = writeHeaders(new TdsWriter(), transaction, '7.4').u16(kinds[step.kind]);
  if (step.kind === 'begin') writeBegin(writer, step);
  else writeName(writer, step.name);
  if (step.kind === 'commit' || step.kind === 'rollback') {
    writer.u8(step.thenBegin === undefined ? 0 : thenBegins);
    if (step.thenBegin !== undefined) writeBegin(writer, step.thenBegin);
  }
  return writer.take();
}

/** Faults: `MalformedMessage` (corrupt); `TdsNotSupported` (unsupported), for distributed transactions. */
export function decodeTransactionRequest(payload: Uint8Array): TransactionRequest {
  const reader = new TdsReader(payload, 'a transaction request');
  const transaction = readHeaders(reader, 'a transaction request', '7.4');
  const number = reader.u16();
  if (distributed.has(number)) throw notSupported('A distributed transaction', 'Use a transaction of this database alone.');
  const step = readStep(reader, number);
  reader.done();
  return { transaction, step };
}

function readStep(reader: TdsReader, number: number): TransactionStep {
  switch (number) {
    case kinds.begin:
      return { kind: 'begin', ...readBegin(reader) };
    case kinds.commit:
    case kinds.rollback: {
      const name = readName(reader);
      const begins = (reader.u8() & thenBegins) !== 0;
      return { kind: number === kinds.commit ? 'commit' : 'rollback', name, thenBegin: begins ? readBegin(reader) : undefined };
    }
    case kinds.save:
      return { kind: 'save', name: readName(reader) };
    default:
      throw malformed(`a transaction request ${number} that is not known`);
  }
}

interface Begin {
  readonly isolation: TdsIsolation | undefined;
  readonly name: string;
}

function writeBegin(writer: TdsWriter, { isolation, name }: Begin): void {
  writeName(writer.u8(isolation === undefined ? 0 : isolations.indexOf(isolation) + 1), name);
}

function readBegin(reader: TdsReader): Begin {
  const level = reader.u8();
  const isolation = level === 0 ? undefined : isolations[level - 1];
  if (level !== 0 && isolation === undefined) throw malformed(`an isolation level ${level} that is not known`);
  return { isolation, name: readName(reader) };
}

/** Its length is in bytes, as all clients send it. */
function writeName(writer: TdsWriter, name: string): void {
  writer.u8(name.length * 2).text(name);
}

function readName(reader: TdsReader): string {
  const bytes = reader.u8();
  if (bytes % 2 !== 0) throw malformed('a name of a transaction that ends within a character');
  return reader.text(bytes / 2);
}
