import { malformed, TdsReader, TdsWriter } from './bytes.ts';
import { doneTokens, readDone, writeDone } from './token-done.ts';
import { columnsToken, compactRowToken, readColumns, readRow, rowToken, writeColumns, writeRow, type Column } from './token-rows.ts';
import type { TdsValue } from './types/tds-type.ts';
import type { TdsVersion } from './version.ts';

/** The payload of a bulk load: columns, rows, an end (MS-TDS 2.2.6.1). */
export function encodeBulkLoad(
  columns: readonly Column[],
  rows: readonly (readonly TdsValue[])[],
  version: TdsVersion = '7.4',
): Uint8Array {
  const writer = new TdsWriter();
  writeColumns(writer.u8(columnsToken), { columns }, version);
  for (const values of rows) writeRow(writer.u8(rowToken), { compact: false, values }, columns);
  writeDone(writer.u8(doneTokens.done), { status: 0, command: 0, rows: 0n }, version);
  return writer.take();
}

/** Reads the payload of a bulk load as it comes, however it is cut. Faults: `MalformedMessage` (corrupt), `TdsNotSupported` (unsupported). */
export class BulkLoadReader {
  readonly #version: TdsVersion;
  readonly #mostRowBytes: number;
  #columns: readonly Column[] | undefined;
  #isDone = false;
  #parts: Uint8Array[] = [];
  #bytes = 0;
  /** Fewer bytes need not be tried: a value of many megabytes comes in many parts. */
  #enough = 1;

  /** `mostRowBytes`: of one row. */
  constructor(version: TdsVersion, mostRowBytes: number) {
    this.#version = version;
    this.#mostRowBytes = mostRowBytes;
  }

  /** As the client describes them. Undefined: they have not come yet. */
  get columns(): readonly Column[] | undefined {
    return this.#columns;
  }

  /** The rows that are whole with these bytes. */
  push(bytes: Uint8Array): readonly (readonly TdsValue[])[] {
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
    return this.#bytes < this.#enough ? [] : this.#read();
  }

  /** No more bytes come. */
  end(): readonly (readonly TdsValue[])[] {
    const rows = this.#read();
    if (this.#bytes > 0) throw malformed('a bulk load ends within a row');
    if (this.#columns === undefined) throw malformed('a bulk load without columns');
    return rows;
  }

  #read(): readonly (readonly TdsValue[])[] {
    const whole = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    const reader = new TdsReader(whole, 'a bulk load');
    const rows: (readonly TdsValue[])[] = [];
    let taken = 0;
    try {
      while (reader.left > 0) {
        const row = this.#token(reader);
        if (row !== undefined) rows.push(row);
        taken = reader.at;
      }
    } catch (error) {
      if (!reader.ranOut) throw error;
    }
    this.#bytes = whole.length - taken;
    if (this.#bytes > this.#mostRowBytes) throw malformed(`a row of more than ${this.#mostRowBytes} bytes`);
    this.#parts = this.#bytes === 0 ? [] : [whole.subarray(taken)];
    this.#enough = taken > 0 ? 1 : this.#bytes * 2;
    return rows;
  }

  #token(reader: TdsReader): readonly TdsValue[] | undefined {
    const token = reader.u8();
    if (this.#isDone) throw malformed('a bulk load that goes on after its end');
    switch (token) {
      case columnsToken:
        if (this.#columns !== undefined) throw malformed('a bulk load with columns twice');
        this.#columns = readColumns(reader, this.#version).columns;
        return undefined;
      case rowToken:
      case compactRowToken:
        if (this.#columns === undefined) throw malformed('a bulk load with a row before its columns');
        return readRow(reader, token === compactRowToken, this.#columns).values;
      case doneTokens.done:
        readDone(reader, 'done', this.#version);
        this.#isDone = true;
        return undefined;
      default:
        throw malformed(`a token ${token} in a bulk load`);
    }
  }
}
