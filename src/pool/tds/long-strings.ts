import duckdb from '@duckdb/node-bindings';

/** Where a text or a binary value lies. One object for all values of a column: it stands until the next is asked for. */
export interface StringPlace {
  bytes: Uint8Array;
  from: number;
  to: number;
}

const entryBytes = 16;
const inlineBytes = 12;
/** Longer ones are copied when they are asked for, and not kept. */
const mostKept = 4096;
/** Memory is there in pages of at least so many bytes, on every machine that DuckDB runs on. */
const pageBytes = 4096;
const mostAtOnce = 256 * 1024;

/** What of a vector is needed: its entries, and which of them are there. */
export interface StringVector {
  readonly rows: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly validity: Uint8Array | undefined;
}

/**
 * The strings of one vector of DuckDB's, which keeps short ones where their entry is and a pointer to longer ones. A call for each of those would
 * cost more than all else that is done with it, so that neighbours in memory are copied together: those that touch, and those on one page of memory,
 * whose bytes in between can be read too and are nobody's here.
 */
export class Strings {
  readonly #vector: StringVector;
  readonly #place: StringPlace;
  /** Of each row with a string that is kept: the piece it is in, and where in it. */
  #pieceOf: Int32Array | undefined;
  #fromOf = new Uint32Array(0);
  readonly #pieces: Uint8Array[] = [];

  constructor(vector: StringVector) {
    this.#vector = vector;
    this.#place = { bytes: vector.bytes, from: 0, to: 0 };
  }

  /** Of a row that is not NULL. */
  at(row: number): StringPlace {
    const { bytes, view } = this.#vector;
    const place = this.#place;
    const entry = row * entryBytes;
    const length = view.getUint32(entry, true);
    if (length <= inlineBytes) {
      place.bytes = bytes;
      place.from = entry + 4;
    } else if (length > mostKept) {
      place.bytes = this.#copy(row, length);
      place.from = 0;
    } else {
      this.#pieceOf ??= this.#gather();
      place.bytes = this.#pieces[this.#pieceOf[row]!]!;
      place.from = this.#fromOf[row]!;
    }
    place.to = place.from + length;
    return place;
  }

  #copy(row: number, length: number): Uint8Array {
    const { bytes } = this.#vector;
    return duckdb.get_data_from_pointer(bytes.buffer as ArrayBuffer, bytes.byteOffset + row * entryBytes + 8, length);
  }

  #gather(): Int32Array {
    const { rows, view } = this.#vector;
    const pieceOf = new Int32Array(rows);
    this.#fromOf = new Uint32Array(rows);
    const addresses = new Float64Array(rows);
    const order = this.#inOrder(addresses);
    let begun = 0;
    let end = 0;
    for (let index = 0; index < order.length; index += 1) {
      const row = order[index]!;
      const address = addresses[row]!;
      const first = addresses[order[begun]!]!;
      if (index > begun && !(isNeighbour(address, end) && end - first < mostAtOnce)) {
        this.#pieces.push(this.#copy(order[begun]!, end - first));
        begun = index;
        end = 0;
      }
      pieceOf[row] = this.#pieces.length;
      this.#fromOf[row] = address - addresses[order[begun]!]!;
      end = Math.max(end, address + view.getUint32(row * entryBytes, true));
    }
    if (order.length > 0) this.#pieces.push(this.#copy(order[begun]!, end - addresses[order[begun]!]!));
    return pieceOf;
  }

  /** Rows with strings that are kept, by where those lie in memory. */
  #inOrder(addresses: Float64Array): Uint32Array {
    const { rows, view, validity } = this.#vector;
    const found = new Uint32Array(rows);
    let count = 0;
    let isAscending = true;
    let before = 0;
    for (let row = 0; row < rows; row += 1) {
      const entry = row * entryBytes;
      if (validity !== undefined && (validity[row >> 3]! & (1 << (row & 7))) === 0) continue;
      const length = view.getUint32(entry, true);
      if (length <= inlineBytes || length > mostKept) continue;
      const address = view.getUint32(entry + 12, true) * 0x1_0000_0000 + view.getUint32(entry + 8, true);
      addresses[row] = address;
      isAscending &&= address >= before;
      before = address;
      found[count] = row;
      count += 1;
    }
    const order = found.subarray(0, count);
    return isAscending ? order : order.sort((a, b) => addresses[a]! - addresses[b]!);
  }
}

function isNeighbour(address: number, end: number): boolean {
  return address <= end || Math.floor(address / pageBytes) === Math.floor((end - 1) / pageBytes);
}
