import { malformed, type TdsReader } from '../bytes.ts';
import { codePageOf, collationBytes, usualCollation } from './collation.ts';
import type { TypeFamily } from './family.ts';
import { inParts, readParts, writeParts } from './parts.ts';
import { notSupported, wrongValue, type TdsType, type TdsTypeOf, type TextTypeName } from './tds-type.ts';

const tokens = { varchar: 0xa7, char: 0xaf, nvarchar: 0xe7, nchar: 0xef } as const;
const nullText = 0xffff;
export const mostTextBytes = 8000;

/** `char` and `varchar` are in the code page of their collation, `nchar` and `nvarchar` in UTF-16. */
export const texts: TypeFamily<TdsTypeOf<TextTypeName>> = {
  tokens: Object.values(tokens),
  readInfo: (reader, token) => {
    const name = (['varchar', 'char', 'nvarchar', 'nchar'] as const).find((one) => tokens[one] === token)!;
    const [most, collation] = [reader.u16(), reader.bytes(collationBytes)];
    if (most === inParts && (name === 'varchar' || name === 'nvarchar')) return { name, length: 'max', collation };
    const unit = isNational(name) ? 2 : 1;
    if (most > mostTextBytes || most % unit !== 0) throw malformed(`a ${name} of ${most} bytes`);
    return { name, length: most / unit, collation };
  },
  writeInfo: (writer, { name, length, collation }) => {
    const bytes = length === 'max' ? inParts : length * (isNational(name) ? 2 : 1);
    writer
      .u8(tokens[name])
      .u16(bytes)
      .bytes(collation ?? usualCollation);
  },
  readValue: (reader, type) => {
    if (type.length === 'max') {
      const bytes = readParts(reader);
      return bytes === null ? null : textOf(type, bytes);
    }
    const length = reader.u16();
    return length === nullText ? null : textOf(type, readCounted(reader, length, type));
  },
  writeValue: (writer, type, value) => {
    const bytes = value === null ? null : textBytes(type, value);
    if (type.length === 'max') return writeParts(writer, bytes);
    if (bytes === null) return void writer.u16(nullText);
    if (bytes.length > type.length * (isNational(type.name) ? 2 : 1)) throw wrongValue(type);
    writer.u16(bytes.length).bytes(bytes);
  },
};

export function isNational(name: string): boolean {
  return name.startsWith('n');
}

function readCounted(reader: TdsReader, length: number, type: TdsTypeOf<TextTypeName>): Uint8Array {
  if (length > Number(type.length) * (isNational(type.name) ? 2 : 1))
    throw malformed(`a text of ${length} bytes as ${type.name}(${type.length})`);
  return reader.bytes(length);
}

interface Encoded {
  readonly name: TdsType['name'];
  readonly collation?: Uint8Array | undefined;
}

/** By UTF-16, or by the code page of the collation. */
export function textOf({ name, collation }: Encoded, bytes: Uint8Array): string {
  if (!isNational(name)) return codePageOf(collation ?? usualCollation).decode(bytes);
  if (bytes.length % 2 !== 0) throw malformed('a text that ends within a character');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf16le');
}

/** Faults: `ValueNotOfType` (bug); `TdsNotSupported` (unsupported), where the code page has no such character. */
export function textBytes({ name, collation }: Encoded, value: unknown): Uint8Array {
  if (typeof value !== 'string') throw wrongValue({ name } as TdsType);
  if (isNational(name)) return Buffer.from(value, 'utf16le');
  const page = codePageOf(collation ?? usualCollation);
  const bytes = page.encode(value);
  if (bytes === undefined)
    throw notSupported(`A ${name} with a character that its code page ${page.name} lacks`, 'Cast the column to nvarchar.');
  return bytes;
}
