/** Bytes of rows that are being written: grows by itself, and is used again for the next ones. */
export class RowBytes {
  bytes: Buffer = Buffer.allocUnsafe(64 * 1024);
  at = 0;

  /** The rows so far, until the next are begun. */
  taken(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }

  /** Room for so many more bytes; answers where they go. */
  room(length: number): number {
    const at = this.at;
    this.at = at + length;
    if (this.at > this.bytes.length) this.#grow();
    return at;
  }

  #grow(): void {
    const grown = Buffer.allocUnsafe(Math.max(this.at, this.bytes.length * 2));
    grown.set(this.bytes);
    this.bytes = grown;
  }
}
