import { fault, type Fault } from '#base/fault.ts';

/** What no peer that speaks TDS sends. */
export function malformed(what: string): Fault {
  return fault('corrupt', 'MalformedMessage', `A malformed TDS message came: ${what}.`, {
    remedy: 'Check that host and port are those of the SQL Server and that nothing between changes the bytes.',
  });
}

/** Reads one message's fields in order (MS-TDS 2.2.5: integers are little-endian unless said otherwise, text is UTF-16). Fault: `corrupt` where a field does not lie within. */
export class TdsReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #at: number;
  #end: number;
  #ranOut = false;

  /** `what` names the message in faults. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
    this.#at = 0;
    this.#end = bytes.length;
  }

  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  /** Whether a field was asked for that does not lie within: more bytes may help. */
  get ranOut(): boolean {
    return this.#ranOut;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u24(): number {
    const at = this.#take(3);
    return this.#view.getUint16(at, true) | (this.#view.getUint8(at + 2) << 16);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** Big-endian, as a few fields are. */
  u32Big(): number {
    return this.#view.getUint32(this.#take(4));
  }

  i16(): number {
    return this.#view.getInt16(this.#take(2), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#take(8), true);
  }

  f32(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** The next byte, which is read again. Undefined: there is none. */
  peek(): number | undefined {
    return this.left === 0 ? undefined : this.#bytes[this.#at];
  }

  /** A copy of the next bytes. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return new Uint8Array(this.#bytes.subarray(at, at + length));
  }

  /** So many characters of UTF-16. */
  text(characters: number): string {
    const at = this.#take(characters * 2);
    return utf16(this.#bytes.subarray(at, at + characters * 2));
  }

  /** B_VARCHAR: a byte says how many characters. */
  shortText(): string {
    return this.text(this.u8());
  }

  /** US_VARCHAR: two bytes say how many characters. */
  longText(): string {
    return this.text(this.u16());
  }

  /** Goes to a place of the message. */
  seek(at: number): void {
    if (at < 0 || at > this.#end) throw malformed(`${this.#what} points outside of itself`);
    this.#at = at;
  }

  /** Says that all fields are read. */
  done(): void {
    if (this.#at !== this.#end) throw malformed(`${this.#what} is ${this.#end - this.#at} bytes too long`);
  }

  /** A reader of the next bytes alone. */
  part(length: number): TdsReader {
    const at = this.#take(length);
    return new TdsReader(this.#bytes.subarray(at, at + length), this.#what);
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#end - at) {
      this.#ranOut = true;
      throw malformed(`${this.#what} ends too early`);
    }
    this.#at = at + length;
    return at;
  }
}

/** Appends one message's fields. The reverse of `TdsReader`. */
export class TdsWriter {
  #bytes: Buffer = Buffer.alloc(128);
  #used = 0;

  get length(): number {
    return this.#used;
  }

  u8(value: number): this {
    const at = this.#room(1);
    this.#bytes.writeUInt8(value, at);
    return this;
  }

  u16(value: number): this {
    const at = this.#room(2);
    this.#bytes.writeUInt16LE(value, at);
    return this;
  }

  u24(value: number): this {
    const at = this.#room(3);
    this.#bytes.writeUIntLE(value, at, 3);
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#bytes.writeUInt32LE(value, at);
    return this;
  }

  u32Big(value: number): this {
    const at = this.#room(4);
    this.#bytes.writeUInt32BE(value, at);
    return this;
  }

  i16(value: number): this {
    const at = this.#room(2);
    this.#bytes.writeInt16LE(value, at);
    return this;
  }

  i32(value: number): this {
    const at = this.#room(4);
    this.#bytes.writeInt32LE(value, at);
    return this;
  }

  u64(value: bigint): this {
    const at = this.#room(8);
    this.#bytes.writeBigUInt64LE(value, at);
    return this;
  }

  i64(value: bigint): this {
    const at = this.#room(8);
    this.#bytes.writeBigInt64LE(value, at);
    return this;
  }

  f32(value: number): this {
    const at = this.#room(4);
    this.#bytes.writeFloatLE(value, at);
    return this;
  }

  f64(value: number): this {
    const at = this.#room(8);
    this.#bytes.writeDoubleLE(value, at);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  text(value: string): this {
    return this.bytes(Buffer.from(value, 'utf16le'));
  }

  shortText(value: string): this {
    return this.u8(value.length).text(value);
  }

  longText(value: string): this {
    return this.u16(value.length).text(value);
  }

  /** What `write` appends, with its length in bytes before it in two bytes. */
  counted(write: (inner: TdsWriter) => void): this {
    const inner = new TdsWriter();
    write(inner);
    const bytes = inner.take();
    return this.u16(bytes.length).bytes(bytes);
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

function utf16(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf16le');
}
