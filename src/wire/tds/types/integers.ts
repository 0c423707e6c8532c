import { malformed } from '../bytes.ts';
import type { TypeFamily } from './family.ts';
import { wrongValue, type TdsTypeOf } from './tds-type.ts';

const widths = { tinyint: 1, smallint: 2, int: 4, bigint: 8 } as const;
const fixedTokens = { tinyint: 0x30, smallint: 0x34, int: 0x38, bigint: 0x7f } as const;
const intN = 0x26;
const bit = 0x32;
const bitN = 0x68;

type IntName = keyof typeof widths;

/** `tinyint` has no sign. */
export const integers: TypeFamily<TdsTypeOf<IntName>> = {
  tokens: [...Object.values(fixedTokens), intN],
  readInfo: (reader, token) => {
    const width = token === intN ? reader.u8() : undefined;
    for (const name of ['tinyint', 'smallint', 'int', 'bigint'] as const) {
      if (widths[name] === width) return { name };
      if (fixedTokens[name] === token) return { name, fixed: true };
    }
    throw malformed(`an integer of ${width} bytes`);
  },
  writeInfo: (writer, { name, fixed }) => {
    if (fixed === true) writer.u8(fixedTokens[name as IntName]);
    else writer.u8(intN).u8(widths[name as IntName]);
  },
  readValue: (reader, { name, fixed }) => {
    const width = widths[name as IntName];
    const length = fixed === true ? width : reader.u8();
    if (length === 0) return null;
    if (length !== width) throw malformed(`an integer of ${length} bytes as ${name}`);
    if (width === 8) return reader.i64();
    return BigInt(width === 4 ? reader.i32() : width === 2 ? reader.i16() : reader.u8());
  },
  writeValue: (writer, type, value) => {
    const width = widths[type.name as IntName];
    if (value === null && type.fixed !== true) return void writer.u8(0);
    const bits = width * 8;
    if (typeof value !== 'bigint' || (width === 1 ? BigInt.asUintN(8, value) : BigInt.asIntN(bits, value)) !== value)
      throw wrongValue(type);
    if (type.fixed !== true) writer.u8(width);
    if (width === 8) writer.i64(value);
    else if (width === 4) writer.i32(Number(value));
    else if (width === 2) writer.i16(Number(value));
    else writer.u8(Number(value));
  },
};

export const bits: TypeFamily<TdsTypeOf<'bit'>> = {
  tokens: [bit, bitN],
  readInfo: (reader, token) => {
    if (token === bit) return { name: 'bit', fixed: true };
    if (reader.u8() !== 1) throw malformed('a bit of more than one byte');
    return { name: 'bit' };
  },
  writeInfo: (writer, { fixed }) => {
    if (fixed === true) writer.u8(bit);
    else writer.u8(bitN).u8(1);
  },
  readValue: (reader, { fixed }) => {
    const length = fixed === true ? 1 : reader.u8();
    if (length > 1) throw malformed(`a bit of ${length} bytes`);
    return length === 0 ? null : reader.u8() !== 0;
  },
  writeValue: (writer, type, value) => {
    if (value === null && type.fixed !== true) return void writer.u8(0);
    if (typeof value !== 'boolean') throw wrongValue(type);
    if (type.fixed !== true) writer.u8(1);
    writer.u8(value ? 1 : 0);
  },
};
