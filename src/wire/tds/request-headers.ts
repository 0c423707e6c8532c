import { malformed, type TdsReader, type TdsWriter } from './bytes.ts';
import type { TdsVersion } from './version.ts';

const transactionHeader = 0x0002;
const transactionHeaderBytes = 18;

/** ALL_HEADERS, which begins requests from TDS 7.2 on (MS-TDS 2.2.5.3), of the transaction that they run in; 0: none of the client's. */
export function writeHeaders(writer: TdsWriter, transaction: bigint, version: TdsVersion): TdsWriter {
  if (version < '7.2') return writer;
  return writer
    .u32(4 + transactionHeaderBytes)
    .u32(transactionHeaderBytes)
    .u16(transactionHeader)
    .u64(transaction)
    .u32(0);
}

/** The transaction. Other headers are passed over. Fault: `MalformedMessage` (corrupt); `what` names the message in it. */
export function readHeaders(reader: TdsReader, what: string, version: TdsVersion): bigint {
  if (version < '7.2') return 0n;
  const total = reader.u32();
  if (total < 4) throw malformed(`${what} has headers shorter than their length`);
  const headers = reader.part(total - 4);
  let transaction = 0n;
  while (headers.left > 0) {
    const length = headers.u32();
    if (length < 6) throw malformed(`${what} has a header shorter than its length`);
    const header = headers.part(length - 4);
    if (header.u16() === transactionHeader) transaction = header.u64();
  }
  return transaction;
}
