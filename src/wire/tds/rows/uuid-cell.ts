import type { CellWriter, RowBuffer } from './row-buffer.ts';
import { isNull, type WideVector } from './vector.ts';

/** Of the number's words, the lowest first; the text's first three groups are little-endian. */
export function uuidCell(vector: WideVector, out: RowBuffer): CellWriter {
  const { items } = vector;
  const words = new Int32Array(items.buffer, items.byteOffset, items.length * 2);
  return (row, at) => {
    const { bytes, view } = out;
    if (isNull(vector, row)) {
      bytes[at] = 0;
      return at + 1;
    }
    const [low, lowHigh] = [words[row * 4]!, words[row * 4 + 1]!];
    const [high, highest] = [words[row * 4 + 2]!, words[row * 4 + 3]! ^ 0x8000_0000];
    bytes[at] = 16;
    view.setInt32(at + 1, highest, true);
    view.setUint16(at + 5, high >>> 16, true);
    view.setUint16(at + 7, high & 0xffff, true);
    view.setInt32(at + 9, lowHigh);
    view.setInt32(at + 13, low);
    return at + 17;
  };
}
