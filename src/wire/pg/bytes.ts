import { fault, type Fault } from '#base/fault.ts';

/** A message that no PostgreSQL server sends. */
export function malformed(what: string): Fault {
  return fault('corrupt', 'MalformedMessage', `The server sent a malformed message: ${what}.`, {
    remedy: 'Check that host and port are those of a PostgreSQL server and that nothing between changes the bytes.',
  });
}

/**
 * Reads one message's fields in order (protocol document, "Message Data Types": integers are big-endian, strings end with a zero byte).
 * For cold messages: rows have functions of their own. Fault: `corrupt` where a field does not lie within the message.
 */
export class FieldReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  readonly #what: string;
  #at: number;

  /** Fields lie in `bytes[start .. end]`; `what` names the message in faults. */
  constructor(bytes: Uint8Array, range: { readonly start: number; readonly end: number }, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
    this.#at = range.start;
    this.#end = range.end;
    if (range.start < 0 || range.end < range.start || range.end > bytes.length) throw malformed(`${what} reaches past its end`);
  }

  get left(): number {
    return this.#end - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  i16(): number {
    return this.#view.getInt16(this.#take(2));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#take(8));
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8));
  }

  /** A view of the next bytes, not a copy. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** A copy of the next bytes. */
  copy(length: number): Uint8Array {
    return new Uint8Array(this.bytes(length));
  }

  text(length: number): string {
    const at = this.#take(length);
    return utf8(this.#bytes, at, at + length);
  }

  cstring(): string {
    const stop = this.#bytes.indexOf(0, this.#at);
    if (stop < 0 || stop >= this.#end) throw malformed(`${this.#what} has a text without end`);
    const text = utf8(this.#bytes, this.#at, stop);
    this.#at = stop + 1;
    return text;
  }

  /** Says that all fields are read. */
  done(): void {
    if (this.#at !== this.#end) throw malformed(`${this.#what} is ${this.#end - this.#at} bytes too long`);
  }

  #take(length: number): number {
    const at = this.#at;
    if (length < 0 || length > this.#end - at) throw malformed(`${this.#what} ends too early`);
    this.#at = at + length;
    return at;
  }
}

/** The text in `bytes[start .. end]`; bytes that are no UTF-8 become U+FFFD. */
function utf8(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}

/** Appends one message's fields. The reverse of `FieldReader`. */
export class FieldWriter {
  #bytes: Buffer = Buffer.alloc(64);
  #used = 0;

  u8(value: number): this {
    const at = this.#room(1);
    this.#bytes.writeUInt8(value, at);
    return this;
  }

  i16(value: number): this {
    const at = this.#room(2);
    this.#bytes.writeInt16BE(value, at);
    return this;
  }

  i32(value: number): this {
    const at = this.#room(4);
    this.#bytes.writeInt32BE(value, at);
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#bytes.writeUInt32BE(value, at);
    return this;
  }

  i64(value: bigint): this {
    const at = this.#room(8);
    this.#bytes.writeBigInt64BE(value, at);
    return this;
  }

  u64(value: bigint): this {
    const at = this.#room(8);
    this.#bytes.writeBigUInt64BE(value, at);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** Fault: `invalid` for a text with a zero byte, which would end it early and start another field. */
  cstring(value: string): this {
    if (value.includes('\0')) {
      throw fault('invalid', 'ZeroByte', 'A text for the PostgreSQL server holds a zero byte, which it cannot take.', {
        remedy: 'Take the zero byte out.',
      });
    }
    return this.bytes(Buffer.from(value, 'utf8')).u8(0);
  }

  /** The fields so far, in bytes of their own. */
  take(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#bytes, 0, this.#used);
  }

  #room(length: number): number {
    const at = this.#used;
    this.#used += length;
    if (this.#used > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(this.#used, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    return at;
  }
}
