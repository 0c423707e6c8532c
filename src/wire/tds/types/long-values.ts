import { malformed, type TdsReader, type TdsWriter } from '../bytes.ts';
import { collationBytes, usualCollation } from './collation.ts';
import type { TypeFamily } from './family.ts';
import { readParts, writeParts } from './parts.ts';
import { wrongValue, type TdsTypeOf, type TdsValue } from './tds-type.ts';
import { textBytes, textOf } from './texts.ts';

const tokens = { image: 0x22, text: 0x23, ntext: 0x63 } as const;
const xml = 0xf1;
const nullLong = 0xffff_ffff;
const mostLong = 0x7fff_ffff;
const pointerBytes = 16;
const stampBytes = 8;
/** What stands where the place in a server's pages would: clients hand it back to no one. */
const pointer = Buffer.from('isthmus has none');

type LongName = 'text' | 'ntext' | 'image';

/** As in parameters: see `readPointed` for rows. */
export const longValues: TypeFamily<TdsTypeOf<LongName>> = {
  tokens: Object.values(tokens),
  readInfo: (reader, token) => {
    const most = reader.u32();
    if (most > mostLong && most !== nullLong) throw malformed('a text or image that is longer than any');
    if (token === tokens.image) return { name: 'image' };
    return { name: token === tokens.text ? 'text' : 'ntext', collation: reader.bytes(collationBytes) };
  },
  writeInfo: (writer, type) => {
    writer.u8(tokens[type.name as LongName]).u32(type.name === 'ntext' ? mostLong - 1 : mostLong);
    if (type.name !== 'image') writer.bytes(type.collation ?? usualCollation);
  },
  readValue: (reader, type) => {
    const length = reader.u32();
    return length === nullLong ? null : longOf(type, reader.bytes(length));
  },
  writeValue: (writer, type, value) => {
    const bytes = longBytes(type, value);
    if (bytes === null) return void writer.u32(nullLong);
    writer.u32(bytes.length).bytes(bytes);
  },
};

/** As in rows: a pointer and a time stamp come first, and no pointer is NULL (MS-TDS 2.2.7.19). */
export function readPointed(reader: TdsReader, type: TdsTypeOf<LongName>): TdsValue {
  const length = reader.u8();
  if (length === 0) return null;
  reader.bytes(length + stampBytes);
  return longOf(type, reader.bytes(reader.u32()));
}

export function writePointed(writer: TdsWriter, type: TdsTypeOf<LongName>, value: TdsValue): void {
  const bytes = longBytes(type, value);
  if (bytes === null) return void writer.u8(0);
  writer.u8(pointerBytes).bytes(pointer).bytes(new Uint8Array(stampBytes)).u32(bytes.length).bytes(bytes);
}

function longOf(type: TdsTypeOf<LongName>, bytes: Uint8Array): TdsValue {
  return type.name === 'image' ? bytes : textOf(type, bytes);
}

function longBytes(type: TdsTypeOf<LongName>, value: TdsValue): Uint8Array | null {
  if (value === null) return null;
  if (type.name !== 'image') return textBytes(type, value);
  if (!(value instanceof Uint8Array)) throw wrongValue(type);
  return value;
}

/** Its database, its owner, its collection. */
function passSchema(reader: TdsReader): void {
  reader.shortText();
  reader.shortText();
  reader.longText();
}

/** Its text, without a schema: those that come are passed over. */
export const xmls: TypeFamily<TdsTypeOf<'xml'>> = {
  tokens: [xml],
  readInfo: (reader) => {
    const hasSchema = reader.u8();
    if (hasSchema > 1) throw malformed('an xml that may have a schema');
    if (hasSchema === 1) passSchema(reader);
    return { name: 'xml' };
  },
  writeInfo: (writer) => void writer.u8(xml).u8(0),
  readValue: (reader) => {
    const bytes = readParts(reader);
    if (bytes === null) return null;
    // A server begins it with a mark of the order of bytes.
    return textOf({ name: 'ntext' }, bytes[0] === 0xff && bytes[1] === 0xfe ? bytes.subarray(2) : bytes);
  },
  writeValue: (writer, _type, value) => writeParts(writer, value === null ? null : textBytes({ name: 'ntext' }, value)),
};
