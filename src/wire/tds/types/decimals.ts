import { malformed, type TdsReader } from '../bytes.ts';
import type { TypeFamily } from './family.ts';
import { wrongValue, type TdsType, type TdsTypeOf } from './tds-type.ts';

const decimalN = 0x6a;
const numericN = 0x6c;
const mostPrecision = 38;
/** With the sign. */
const mostBytes = 17;
const money = 0x3c;
const smallMoney = 0x7a;
const moneyN = 0x6e;
const moneyScale = 4;

/** `-12.50` of -1250 and 2. */
export function scaledText(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled);
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** The whole number that a text is, so many digits behind the point. Undefined: the text is no number, or has more digits behind the point. */
function unscaledOf(text: string, scale: number): bigint | undefined {
  const [, sign, whole = '', part = ''] = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text) ?? [];
  if (sign === undefined || whole.length + part.length === 0) return undefined;
  if (part.length > scale && !/^0*$/.test(part.slice(scale))) return undefined;
  const magnitude = BigInt(whole + part.slice(0, scale).padEnd(scale, '0'));
  return sign === '-' ? -magnitude : magnitude;
}

/** Of a value with its sign. */
function decimalBytes(precision: number): 5 | 9 | 13 | 17 {
  if (precision <= 9) return 5;
  if (precision <= 19) return 9;
  return precision <= 28 ? 13 : 17;
}

function isDecimal(unscaled: bigint, precision: number): boolean {
  const bound = 10n ** BigInt(precision);
  return unscaled < bound && unscaled > -bound;
}

export const decimals: TypeFamily<TdsTypeOf<'decimal'>> = {
  tokens: [decimalN, numericN],
  readInfo: (reader) => {
    const length = reader.u8();
    const [precision, scale] = [reader.u8(), reader.u8()];
    if (precision < 1 || precision > mostPrecision || scale > precision || length < 2 || length > mostBytes)
      throw malformed(`a decimal(${precision},${scale}) of ${length} bytes`);
    return { name: 'decimal', precision, scale };
  },
  writeInfo: (writer, { precision, scale }) => void writer.u8(decimalN).u8(decimalBytes(precision)).u8(precision).u8(scale),
  readValue: (reader, { precision, scale }) => {
    const length = reader.u8();
    return length === 0 ? null : readDecimal(reader, length, { precision, scale });
  },
  writeValue: (writer, type, value) => {
    if (value === null) return void writer.u8(0);
    const unscaled = typeof value === 'string' ? unscaledOf(value, type.scale) : undefined;
    if (unscaled === undefined || !isDecimal(unscaled, type.precision)) throw wrongValue(type);
    const length = decimalBytes(type.precision);
    writer.u8(length).u8(unscaled < 0n ? 0 : 1);
    let magnitude = unscaled < 0n ? -unscaled : unscaled;
    for (let written = 1; written < length; written += 4) {
      writer.u32(Number(magnitude & 0xffff_ffffn));
      magnitude >>= 32n;
    }
  },
};

/** Sign and magnitude, little-endian. Some clients send fewer bytes than the document has: FreeTDS as many as the digits need. */
function readDecimal(reader: TdsReader, length: number, of: { readonly precision: number; readonly scale: number }): string {
  if (length < 2 || length > mostBytes) throw malformed(`a decimal of ${length} bytes`);
  const sign = reader.u8();
  if (sign > 1) throw malformed('a decimal without sign');
  let magnitude = 0n;
  for (let read = 0; read < length - 1; read += 1) magnitude |= BigInt(reader.u8()) << BigInt(read * 8);
  if (!isDecimal(magnitude, of.precision)) throw malformed(`a decimal of more than ${of.precision} digits`);
  return scaledText(sign === 0 ? -magnitude : magnitude, of.scale);
}

/** The high half comes first. */
export const moneys: TypeFamily<TdsTypeOf<'money' | 'smallmoney'>> = {
  tokens: [money, smallMoney, moneyN],
  readInfo: (reader, token) => {
    if (token !== moneyN) return { name: token === money ? 'money' : 'smallmoney', fixed: true };
    const width = reader.u8();
    if (width !== 4 && width !== 8) throw malformed(`money of ${width} bytes`);
    return { name: width === 8 ? 'money' : 'smallmoney' };
  },
  writeInfo: (writer, { name, fixed }) => {
    if (fixed === true) writer.u8(name === 'money' ? money : smallMoney);
    else writer.u8(moneyN).u8(name === 'money' ? 8 : 4);
  },
  readValue: (reader, { name, fixed }) => {
    const width = name === 'money' ? 8 : 4;
    const length = fixed === true ? width : reader.u8();
    if (length === 0) return null;
    if (length !== width) throw malformed(`${name} of ${length} bytes`);
    if (width === 4) return scaledText(BigInt(reader.i32()), moneyScale);
    const high = BigInt(reader.i32());
    return scaledText((high << 32n) | BigInt(reader.u32()), moneyScale);
  },
  writeValue: (writer, type, value) => {
    if (value === null && type.fixed !== true) return void writer.u8(0);
    const unscaled = moneyOf(type, value);
    if (type.fixed !== true) writer.u8(type.name === 'money' ? 8 : 4);
    if (type.name === 'money') writer.i32(Number(unscaled >> 32n)).u32(Number(unscaled & 0xffff_ffffn));
    else writer.i32(Number(unscaled));
  },
};

function moneyOf(type: TdsType, value: unknown): bigint {
  const unscaled = typeof value === 'string' ? unscaledOf(value, moneyScale) : undefined;
  if (unscaled === undefined || BigInt.asIntN(type.name === 'money' ? 64 : 32, unscaled) !== unscaled) throw wrongValue(type);
  return unscaled;
}
