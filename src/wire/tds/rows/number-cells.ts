import { decimalBytes } from '../types/decimals.ts';
import type { TdsType, TdsTypeOf } from '../types/tds-type.ts';
import type { CellWriter, RowBuffer } from './row-buffer.ts';
import { isNull, unexpectedNull, unfitValue, type NumberVector, type WideVector } from './vector.ts';

const intBytes = { tinyint: 1, smallint: 2, int: 4, bigint: 8 } as const;
const ranges = { tinyint: [0, 255], smallint: [-32_768, 32_767], int: [-2_147_483_648, 2_147_483_647] } as const;

/** One byte of length in front, but for types that are told in their short form. Undefined: the vector is none of such values. */
export function numberCell(type: TdsType, vector: NumberVector | WideVector, out: RowBuffer): CellWriter | undefined {
  const write = valueWriter(type, vector, out);
  if (write === undefined) return undefined;
  const isFixed = 'fixed' in type && type.fixed === true;
  return (row, at) => {
    if (isNull(vector, row)) {
      if (isFixed) throw unexpectedNull(type);
      out.bytes[at] = 0;
      return at + 1;
    }
    return write(row, at);
  };
}

function valueWriter(type: TdsType, vector: NumberVector | WideVector, out: RowBuffer): CellWriter | undefined {
  switch (type.name) {
    case 'bit':
    case 'tinyint':
    case 'smallint':
    case 'int':
      return vector.kind === 'wide' ? undefined : smallWriter(type as SmallType, vector, out);
    case 'bigint':
    case 'money':
      return longWriter(type as LongType, vector, out);
    case 'smallmoney':
      return smallMoneyWriter(type as TdsTypeOf<'smallmoney'>, vector, out);
    case 'real':
    case 'float':
      return vector.kind === 'wide' ? undefined : floatWriter(type as FloatType, vector, out);
    case 'decimal':
      return decimalWriter(type, vector, out);
    default:
      return undefined;
  }
}

type SmallType = TdsTypeOf<'bit' | 'tinyint' | 'smallint' | 'int'>;
type LongType = TdsTypeOf<'bigint' | 'money'>;
type FloatType = TdsTypeOf<'real' | 'float'>;

function smallWriter(type: SmallType, { items }: NumberVector, out: RowBuffer): CellWriter | undefined {
  if (items instanceof Float32Array || items instanceof Float64Array) return undefined;
  const isFixed = type.fixed === true;
  if (type.name === 'bit')
    return (row, at) => {
      const { bytes } = out;
      if (!isFixed) bytes[at++] = 1;
      bytes[at] = Number(items[row]) === 0 ? 0 : 1;
      return at + 1;
    };
  const width = intBytes[type.name];
  const [least, most] = ranges[type.name];
  return (row, at) => {
    const { bytes, view } = out;
    const value = Number(items[row]!);
    if (value < least || value > most) throw unfitValue(type);
    if (!isFixed) bytes[at++] = width;
    if (width === 4) view.setInt32(at, value, true);
    else if (width === 2) view.setInt16(at, value, true);
    else bytes[at] = value;
    return at + width;
  };
}

/** So many words of 32 bits, the low one first, for each number. Undefined: the items are floats. */
export interface Words {
  readonly perNumber: 1 | 2 | 4;
  readonly words: Int32Array;
}

export function wordsOf(vector: NumberVector | WideVector): Words | undefined {
  const { items } = vector;
  if (vector.kind === 'wide') return { perNumber: 4, words: new Int32Array(items.buffer, items.byteOffset, items.length * 2) };
  if (items instanceof BigInt64Array) return { perNumber: 2, words: new Int32Array(items.buffer, items.byteOffset, items.length * 2) };
  if (items instanceof BigUint64Array) return { perNumber: 4, words: widened(items) };
  if (items instanceof Float32Array || items instanceof Float64Array) return undefined;
  if (items instanceof Uint32Array) return { perNumber: 2, words: new Int32Array(BigInt64Array.from(items, BigInt).buffer) };
  return { perNumber: 1, words: items instanceof Int32Array ? items : Int32Array.from(items) };
}

/** Without sign there is one bit more than two words have. */
function widened(items: BigUint64Array): Int32Array {
  const words = new Int32Array(items.length * 4);
  const narrow = new Int32Array(items.buffer, items.byteOffset, items.length * 2);
  for (let index = 0; index < items.length; index += 1) words.set(narrow.subarray(index * 2, index * 2 + 2), index * 4);
  return words;
}

/** `money` has its high half first. */
function longWriter(type: LongType, vector: NumberVector | WideVector, out: RowBuffer): CellWriter | undefined {
  const source = wordsOf(vector);
  if (source === undefined) return undefined;
  const { words, perNumber } = source;
  const isFixed = type.fixed === true;
  const [lowAt, highAt] = type.name === 'money' ? [4, 0] : [0, 4];
  return (row, at) => {
    const from = row * perNumber;
    const low = words[from]!;
    const high = perNumber === 1 ? low >> 31 : words[from + 1]!;
    if (perNumber === 4 && (words[from + 2] !== high >> 31 || words[from + 3] !== high >> 31)) throw unfitValue(type);
    const { bytes, view } = out;
    if (!isFixed) bytes[at++] = 8;
    view.setInt32(at + lowAt, low, true);
    view.setInt32(at + highAt, high, true);
    return at + 8;
  };
}

function smallMoneyWriter(type: TdsTypeOf<'smallmoney'>, vector: NumberVector | WideVector, out: RowBuffer): CellWriter | undefined {
  const source = wordsOf(vector);
  if (source === undefined) return undefined;
  const { words, perNumber } = source;
  return (row, at) => {
    const low = words[row * perNumber]!;
    for (let word = 1; word < perNumber; word += 1) if (words[row * perNumber + word] !== low >> 31) throw unfitValue(type);
    if (type.fixed !== true) out.bytes[at++] = 4;
    out.view.setInt32(at, low, true);
    return at + 4;
  };
}

function floatWriter(type: FloatType, { items }: NumberVector, out: RowBuffer): CellWriter {
  const width = type.name === 'real' ? 4 : 8;
  return (row, at) => {
    const value = Number(items[row]!);
    if (!Number.isFinite(width === 4 ? Math.fround(value) : value)) throw unfitValue(type);
    if (type.fixed !== true) out.bytes[at++] = width;
    if (width === 4) out.view.setFloat32(at, value, true);
    else out.view.setFloat64(at, value, true);
    return at + width;
  };
}

/** Sign and magnitude. That it has no more digits than the type is the engine's to see to; that its bytes hold it is seen to here. */
function decimalWriter(type: TdsTypeOf<'decimal'>, vector: NumberVector | WideVector, out: RowBuffer): CellWriter | undefined {
  const source = wordsOf(vector);
  if (source === undefined) return undefined;
  const { words, perNumber } = source;
  const length = decimalBytes(type.precision);
  const places = (length - 1) / 4;
  return (row, at) => {
    const { bytes, view } = out;
    const from = row * perNumber;
    const isNegative = words[from + perNumber - 1]! < 0;
    bytes[at] = length;
    bytes[at + 1] = isNegative ? 0 : 1;
    // Two's complement: every bit is turned, and one added to the lowest word.
    let carry = isNegative ? 1 : 0;
    for (let word = 0; word < places || word < perNumber; word += 1) {
      const given = word < perNumber ? words[from + word]! : isNegative ? -1 : 0;
      const sum = ((isNegative ? ~given : given) >>> 0) + carry;
      carry = sum > 0xffff_ffff ? 1 : 0;
      const magnitude = sum >>> 0;
      if (word < places) view.setUint32(at + 2 + word * 4, magnitude, true);
      else if (magnitude !== 0) throw unfitValue(type);
    }
    return at + 1 + length;
  };
}
