import { malformed, TdsReader, TdsWriter } from './bytes.ts';
import { readHeaders, writeHeaders } from './request-headers.ts';
import type { TdsVersion } from './version.ts';

/** Statements to run (MS-TDS 2.2.6.7). */
export interface SqlBatch {
  readonly sql: string;
  /** The transaction it runs in; 0: none of the client's, as always before TDS 7.2. */
  readonly transaction: bigint;
}

/** The payload of a SQLBatch message. */
export function encodeSqlBatch({ sql, transaction }: SqlBatch, version: TdsVersion = '7.4'): Uint8Array {
  return writeHeaders(new TdsWriter(), transaction, version).text(sql).take();
}

/** Fault: `MalformedMessage` (corrupt). */
export function decodeSqlBatch(payload: Uint8Array, version: TdsVersion = '7.4'): SqlBatch {
  const reader = new TdsReader(payload, 'SQLBatch');
  const transaction = readHeaders(reader, 'SQLBatch', version);
  if (reader.left % 2 !== 0) throw malformed('SQLBatch ends within a character');
  return { sql: reader.text(reader.left / 2), transaction };
}
