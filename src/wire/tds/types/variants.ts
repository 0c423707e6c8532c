import { malformed, TdsReader } from '../bytes.ts';
import type { TdsVersion } from '../version.ts';
import { collationBytes } from './collation.ts';
import type { TypeFamily } from './family.ts';
import { scalarFamilies } from './scalar-families.ts';
import { notSupported, type TdsTypeOf, type TdsValue } from './tds-type.ts';

const variant = 0x62;
/** 8000 bytes of a value, and what says its type. */
const mostBytes = 8009;
/** Types whose values are told with a length of one byte, of two, of none, where they stand alone. */
const shortLength: ReadonlySet<number> = new Set([0x24, 0x28, 0x29, 0x2a, 0x2b, 0x6a, 0x6c]);
const longLength: ReadonlySet<number> = new Set([0xa5, 0xad, 0xa7, 0xaf, 0xe7, 0xef]);
const uniqueidentifier = 0x24;
const texts: ReadonlySet<number> = new Set([0xa7, 0xaf, 0xe7, 0xef]);
const decimals: ReadonlySet<number> = new Set([0x6a, 0x6c]);

/** Only read: nothing here is answered in it. */
export const variants: TypeFamily<TdsTypeOf<'sql_variant'>> = {
  tokens: [variant],
  readInfo: (reader) => {
    reader.u32();
    return { name: 'sql_variant' };
  },
  writeInfo: (writer) => void writer.u8(variant).u32(mostBytes),
  readValue: (reader) => {
    const length = reader.u32();
    return length === 0 ? null : readVariant(reader.part(length));
  },
  writeValue: (writer, _type, value) => {
    if (value !== null) throw notSupported('A value as sql_variant', 'Cast it to the type that it has.');
    writer.u32(0);
  },
};

/** Its type, how many bytes say more of it, those, and the value without a length (MS-TDS 2.2.5.5.4). */
function readVariant(reader: TdsReader): TdsValue {
  const token = reader.u8();
  const more = reader.bytes(reader.u8());
  const value = reader.bytes(reader.left);
  const family = scalarFamilies.find(({ tokens }) => tokens.includes(token));
  const isShort = shortLength.has(token);
  const isLong = longLength.has(token);
  if (family === undefined || (isShort && value.length > 0xff) || (isLong && value.length > mostBytes))
    throw malformed(`a sql_variant of the type ${token} and ${value.length} bytes`);
  // The same as if the value stood alone, so that each type is read in one place.
  const length = isShort ? [value.length] : isLong ? [value.length & 0xff, value.length >> 8] : [];
  const alone = new TdsReader(Uint8Array.from([...infoOf(token, more), ...length, ...value]), 'a sql_variant');
  const type = family.readInfo(alone, token, version);
  const read = family.readValue(alone, type);
  alone.done();
  if (read === null) throw malformed('a sql_variant of an empty value');
  return read;
}

/** Lengths and collations are the same before and after TDS 7.1. */
const version: TdsVersion = '7.4';

function infoOf(token: number, more: Uint8Array): readonly number[] {
  if (token === uniqueidentifier) return [16, ...more];
  if (decimals.has(token)) return [17, ...more];
  // The collation comes first here, and last in TYPE_INFO.
  if (texts.has(token)) return [...more.subarray(collationBytes), ...more.subarray(0, collationBytes)];
  return [...more];
}
