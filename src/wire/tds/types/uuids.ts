import { malformed, type TdsReader } from '../bytes.ts';
import type { TypeFamily } from './family.ts';
import { wrongValue, type TdsTypeOf } from './tds-type.ts';

const uniqueidentifier = 0x24;
/** Where each byte of the text lies: the first three groups are little-endian. */
const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

export const uuids: TypeFamily<TdsTypeOf<'uniqueidentifier'>> = {
  tokens: [uniqueidentifier],
  readInfo: (reader) => {
    if (reader.u8() !== 16) throw malformed('a uniqueidentifier that is not of 16 bytes');
    return { name: 'uniqueidentifier' };
  },
  writeInfo: (writer) => void writer.u8(uniqueidentifier).u8(16),
  readValue: (reader) => {
    const length = reader.u8();
    if (length === 0) return null;
    if (length !== 16) throw malformed(`a uniqueidentifier of ${length} bytes`);
    return readUuid(reader);
  },
  writeValue: (writer, type, value) => {
    if (value === null) return void writer.u8(0);
    if (typeof value !== 'string' || !/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) throw wrongValue(type);
    const bytes = Buffer.from(value.replaceAll('-', ''), 'hex');
    writer.u8(16).bytes(Uint8Array.from(order, (at) => bytes[at]!));
  },
};

function readUuid(reader: TdsReader): string {
  const bytes = reader.bytes(16);
  const hex = Buffer.from(order.map((at) => bytes[at]!))
    .toString('hex')
    .toUpperCase();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
