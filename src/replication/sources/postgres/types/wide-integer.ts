/** Integers wider than a JavaScript number, written into columns without a BigInt per value. All are little-endian two's complement. */

const two32 = 4_294_967_296;

/** Writes an integer of magnitude below 2^53 as int64. */
export function writeSafe(view: DataView, at: number, value: number): void {
  view.setInt32(at, value | 0, true);
  view.setInt32(at + 4, Math.floor(value / two32), true);
}

/**
 * Writes `head * 10^9 + tail` as int64. Both are integers, `|head|` < 2^45, `|tail|` ≤ 10^12, of any sign.
 * Answers false, having written nothing, when it does not fit.
 */
export function writeInt64(view: DataView, at: number, head: number, tail: number): boolean {
  const high = Math.floor(head / 65536);
  const low = (head - high * 65536) * 1e9 + tail;
  // The product's upper part counts 2^16s; what of it lies below 2^32 joins the lower part.
  const upper = high * 1e9;
  const upperHigh = Math.floor(upper / 65536);
  const lower = (upper - upperHigh * 65536) * 65536 + low;
  const lowerHigh = Math.floor(lower / two32);
  const top = upperHigh + lowerHigh;
  if (top > 0x7fffffff || top < -0x80000000) return false;
  view.setUint32(at, lower - lowerHigh * two32, true);
  view.setInt32(at + 4, top, true);
  return true;
}

/** A magnitude below 2^128, built digit group by digit group. One is reused for all values. */
export class Magnitude {
  readonly #limbs = new Uint32Array(4);

  clear(): void {
    this.#limbs.fill(0);
  }

  /** `this * factor + addend`, both below 2^20. What exceeds 2^128 is lost: callers bound the number of digits. */
  multiplyAdd(factor: number, addend: number): void {
    const limbs = this.#limbs;
    let carry = addend;
    for (let i = 0; i < 4; i++) {
      const product = limbs[i]! * factor + carry;
      const low = product >>> 0;
      limbs[i] = low;
      carry = (product - low) / two32;
    }
  }

  /** Writes the lower `width` (8 or 16) bytes, negated if asked. */
  write(view: DataView, at: number, width: number, negative: boolean): void {
    const limbs = this.#limbs;
    let carry = negative ? 1 : 0;
    for (let i = 0; i < width >> 2; i++) {
      const limb = negative ? (~limbs[i]! >>> 0) + carry : limbs[i]!;
      carry = limb >= two32 ? 1 : 0;
      view.setUint32(at + 4 * i, limb >>> 0, true);
    }
  }
}

/** 10^0 … 10^22, exact in a double. */
export const powersOfTen: readonly number[] = Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));
