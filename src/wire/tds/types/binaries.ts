import { malformed } from '../bytes.ts';
import type { TypeFamily } from './family.ts';
import { inParts, readParts, writeParts } from './parts.ts';
import { wrongValue, type TdsTypeOf } from './tds-type.ts';
import { mostTextBytes } from './texts.ts';

const varbinary = 0xa5;
const binary = 0xad;
const nullBytes = 0xffff;

export const binaries: TypeFamily<TdsTypeOf<'binary' | 'varbinary'>> = {
  tokens: [varbinary, binary],
  readInfo: (reader, token) => {
    const most = reader.u16();
    const name = token === binary ? 'binary' : 'varbinary';
    if (most === inParts && name === 'varbinary') return { name, length: 'max' };
    if (most > mostTextBytes) throw malformed(`a ${name} of ${most} bytes`);
    return { name, length: most };
  },
  writeInfo: (writer, { name, length }) => void writer.u8(name === 'binary' ? binary : varbinary).u16(length === 'max' ? inParts : length),
  readValue: (reader, { name, length }) => {
    if (length === 'max') return readParts(reader);
    const bytes = reader.u16();
    if (bytes === nullBytes) return null;
    if (bytes > length) throw malformed(`${bytes} bytes as ${name}(${length})`);
    return reader.bytes(bytes);
  },
  writeValue: (writer, type, value) => {
    if (value !== null && !(value instanceof Uint8Array)) throw wrongValue(type);
    if (type.length === 'max') return writeParts(writer, value);
    if (value === null) return void writer.u16(nullBytes);
    if (value.length > type.length) throw wrongValue(type);
    writer.u16(value.length).bytes(value);
  },
};
