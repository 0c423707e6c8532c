import { codePageOf } from '#wire/tds/types/collation.ts';
import { usualCollation } from '#wire/tds/types/collation.ts';
import type { SizedTypeName, TsqlType } from '../tsql/tsql-type.ts';
import { stringBytes, type CellWriter } from './cells.ts';
import { notHeld, tooLong } from './row-faults.ts';
import type { RowBytes } from './row-bytes.ts';

type Sized = TsqlType & { readonly name: SizedTypeName };

/** Up to here a loop over bytes is faster than the way through a string. */
const shortBytes = 64;
const partBytes = 8;
const blank = 0x20;

/** Texts and binary values: two bytes of length in front, or parts where they are of `(max)`. */
export function sizedWriter(type: Sized): CellWriter {
  const put = type.name === 'binary' || type.name === 'varbinary' ? putBinary : type.name.startsWith('n') ? putNational : putNarrow;
  const { length } = type;
  if (length === 'max')
    return (out, cells, row) => {
      const value = stringBytes(cells, row);
      const at = out.room(partBytes);
      if (value.length === 0) return end(out, at, 0);
      out.room(4);
      const from = out.at;
      put(out, value, type);
      const bytes = out.at - from;
      out.bytes.writeUInt32LE(bytes, at + partBytes);
      end(out, at, bytes);
    };
  const most = type.name.startsWith('n') ? length * 2 : length;
  const isPadded = type.name === 'char' || type.name === 'nchar' || type.name === 'binary';
  return (out, cells, row) => {
    const at = out.room(2);
    put(out, stringBytes(cells, row), type);
    const bytes = out.at - at - 2;
    if (bytes > most) throw tooLong(type);
    if (isPadded) pad(out, type, most - bytes);
    out.bytes.writeUInt16LE(out.at - at - 2, at);
  };
}

/** The whole length in front, and no further part behind. */
function end(out: RowBytes, at: number, bytes: number): void {
  out.bytes.writeUInt32LE(bytes, at);
  out.bytes.writeUInt32LE(0, at + 4);
  const last = out.room(4);
  out.bytes.writeUInt32LE(0, last);
}

function pad(out: RowBytes, { name }: Sized, bytes: number): void {
  const at = out.room(bytes);
  if (name === 'binary') out.bytes.fill(0, at, at + bytes);
  else if (name === 'char') out.bytes.fill(blank, at, at + bytes);
  else for (let index = 0; index < bytes; index += 2) out.bytes.writeUInt16LE(blank, at + index);
}

function putBinary(out: RowBytes, value: Uint8Array): void {
  const at = out.room(value.length);
  out.bytes.set(value, at);
}

/** UTF-8 as UTF-16. */
function putNational(out: RowBytes, value: Uint8Array): void {
  const { length } = value;
  // As many characters as bytes at most, of two bytes each.
  let at = out.room(length * 2);
  if (length <= shortBytes) {
    const { bytes } = out;
    let index = 0;
    for (; index < length && value[index]! < 0x80; index += 1) {
      bytes[at] = value[index]!;
      bytes[at + 1] = 0;
      at += 2;
    }
    if (index === length) return;
    at -= index * 2;
  }
  const text = utf8(value);
  out.at = at + out.bytes.write(text, at, 'utf16le');
}

/** UTF-8 as the code page of the usual collation. */
function putNarrow(out: RowBytes, value: Uint8Array, type: Sized): void {
  if (value.every((byte) => byte < 0x80)) return putBinary(out, value);
  const page = codePageOf(usualCollation);
  const encoded = page.encode(utf8(value));
  if (encoded === undefined) throw notHeld(type, `a character that the code page ${page.name} lacks`);
  putBinary(out, encoded);
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}
