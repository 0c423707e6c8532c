import type { TsqlType } from '../tsql/tsql-type.ts';
import { bigAt, type CellWriter } from './cells.ts';
import { notHeld } from './row-faults.ts';

type Integer = 'bit' | 'tinyint' | 'smallint' | 'int' | 'bigint';
export const integerBytes: Readonly<Record<Integer, 1 | 2 | 4 | 8>> = { bit: 1, tinyint: 1, smallint: 2, int: 4, bigint: 8 };

/** Whole numbers lie in DuckDB as they travel: little-endian. */
export function integerWriter(name: Integer): CellWriter {
  const width = integerBytes[name];
  if (width === 1)
    return (out, { bytes }, row) => {
      const at = out.room(2);
      out.bytes[at] = 1;
      out.bytes[at + 1] = bytes[row]!;
    };
  return (out, { bytes }, row) => {
    const at = out.room(1 + width);
    out.bytes[at] = width;
    for (let index = 0, from = row * width; index < width; index += 1) out.bytes[at + 1 + index] = bytes[from + index]!;
  };
}

/** Infinities and NaN are no values of T-SQL. */
export function floatWriter(name: 'real' | 'float'): CellWriter {
  const width = name === 'real' ? 4 : 8;
  return (out, { view, bytes }, row) => {
    const from = row * width;
    const value = width === 4 ? view.getFloat32(from, true) : view.getFloat64(from, true);
    if (!Number.isFinite(value)) throw notHeld({ name }, 'an infinity, or no number');
    const at = out.room(1 + width);
    out.bytes[at] = width;
    for (let index = 0; index < width; index += 1) out.bytes[at + 1 + index] = bytes[from + index]!;
  };
}

/** In DuckDB a decimal has 2, 4, 8 or 16 bytes by its precision, in two's complement; it travels as a sign and 4, 8, 12 or 16 bytes. */
export function storedDecimalBytes(precision: number): 2 | 4 | 8 | 16 {
  if (precision <= 4) return 2;
  if (precision <= 9) return 4;
  return precision <= 18 ? 8 : 16;
}

export function decimalWriter({ precision }: TsqlType & { readonly name: 'decimal' }): CellWriter {
  const stored = storedDecimalBytes(precision);
  const told = precision <= 9 ? 4 : precision <= 19 ? 8 : precision <= 28 ? 12 : 16;
  if (stored <= 4)
    return (out, { view }, row) => {
      const value = stored === 2 ? view.getInt16(row * 2, true) : view.getInt32(row * 4, true);
      const at = out.room(6);
      out.bytes[at] = 5;
      out.bytes[at + 1] = value < 0 ? 0 : 1;
      out.bytes.writeUInt32LE(value < 0 ? -value : value, at + 2);
    };
  return (out, { view }, row) => {
    const value = bigAt(view, row * stored, stored);
    const size = value < 0n ? -value : value;
    const at = out.room(2 + told);
    out.bytes[at] = 1 + told;
    out.bytes[at + 1] = value < 0n ? 0 : 1;
    out.bytes.writeBigUInt64LE(size & 0xffff_ffff_ffff_ffffn, at + 2);
    if (told === 12) out.bytes.writeUInt32LE(Number(size >> 64n), at + 10);
    else if (told === 16) out.bytes.writeBigUInt64LE(size >> 64n, at + 10);
  };
}

/** Ten-thousandths: `money` of eight bytes, the upper half first; `smallmoney` of four. */
export function moneyWriter(name: 'money' | 'smallmoney'): CellWriter {
  const stored = name === 'money' ? 16 : 8;
  const bits = name === 'money' ? 64 : 32;
  return (out, { view }, row) => {
    const value = bigAt(view, row * stored, stored);
    if (BigInt.asIntN(bits, value) !== value) throw notHeld({ name }, 'an amount beyond its range');
    const at = out.room(1 + bits / 8);
    out.bytes[at] = bits / 8;
    if (bits === 32) return void out.bytes.writeInt32LE(Number(value), at + 1);
    out.bytes.writeInt32LE(Number(value >> 32n), at + 1);
    out.bytes.writeUInt32LE(Number(value & 0xffff_ffffn), at + 5);
  };
}

/** DuckDB keeps a UUID as a signed 128-bit number, least significant byte first, its top bit flipped so that it sorts; here the first groups go backwards. */
const uuidOrder = [12, 13, 14, 15, 10, 11, 8, 9, 7, 6, 5, 4, 3, 2, 1, 0];

export const uuidWriter: CellWriter = (out, { bytes }, row) => {
  const at = out.room(17);
  out.bytes[at] = 16;
  for (let index = 0; index < 16; index += 1) out.bytes[at + 1 + index] = bytes[row * 16 + uuidOrder[index]!]!;
  out.bytes[at + 4]! ^= 0x80;
};
