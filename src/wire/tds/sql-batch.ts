import { malformed, TdsReader, TdsWriter } from './bytes.ts';

/** Statements to run (MS-TDS 2.2.6.7). */
export interface SqlBatch {
  readonly sql: string;
  /** The transaction it runs in; 0: none of the client's. */
  readonly transaction: bigint;
}

const transactionHeader = 0x0002;
const transactionHeaderBytes = 18;

/** The payload of a SQLBatch message of TDS 7.2 or later, which begins with ALL_HEADERS. */
export function encodeSqlBatch({ sql, transaction }: SqlBatch): Uint8Array {
  return new TdsWriter()
    .u32(4 + transactionHeaderBytes)
    .u32(transactionHeaderBytes)
    .u16(transactionHeader)
    .u64(transaction)
    .u32(0)
    .text(sql)
    .take();
}

/** Fault: `MalformedMessage` (corrupt). Other headers are passed over. */
export function decodeSqlBatch(payload: Uint8Array): SqlBatch {
  const reader = new TdsReader(payload, 'SQLBatch');
  const total = reader.u32();
  if (total < 4) throw malformed('SQLBatch has headers shorter than their length');
  const headers = reader.part(total - 4);
  let transaction = 0n;
  while (headers.left > 0) {
    const length = headers.u32();
    if (length < 6) throw malformed('SQLBatch has a header shorter than its length');
    const header = headers.part(length - 4);
    if (header.u16() === transactionHeader) transaction = header.u64();
  }
  if (reader.left % 2 !== 0) throw malformed('SQLBatch ends within a character');
  return { sql: reader.text(reader.left / 2), transaction };
}
