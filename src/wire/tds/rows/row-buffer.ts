const leastBytes = 64 * 1024;
const mostKeptBytes = 4 * 1024 * 1024;

/** Where rows are written, one after the other. Its bytes move when it grows, so that nobody keeps them. */
export class RowBuffer {
  bytes: Buffer = Buffer.allocUnsafe(leastBytes);
  view: DataView = viewOf(this.bytes);
  readonly #spare: number;

  /** `spare`: so many bytes there always are behind those that room was made for. */
  constructor(spare: number) {
    this.#spare = spare;
    this.room(0, 0);
  }

  /** Makes room for so many bytes from a place on; what is before it is kept. */
  room(at: number, length: number): void {
    const needed = at + length + this.#spare;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, at));
    this.bytes = grown;
    this.view = viewOf(grown);
  }

  /** What is written is of no use any more: the memory of unusually large rows is given back. */
  restart(): void {
    if (this.bytes.length <= mostKeptBytes) return;
    this.bytes = Buffer.allocUnsafe(leastBytes);
    this.view = viewOf(this.bytes);
    this.room(0, 0);
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Writes the value of a row at a place where there are `mostFixedBytes`, and answers the place behind it. Larger ones make room themselves. */
export type CellWriter = (row: number, at: number) => number;

/** Any value but texts and bytes takes no more, its length included. */
export const mostFixedBytes = 20;
