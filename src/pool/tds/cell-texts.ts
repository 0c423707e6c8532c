import { codePageOf } from '#wire/tds/types/collation.ts';
import { usualCollation } from '#wire/tds/types/collation.ts';
import type { SizedTypeName, TsqlType } from '../tsql/tsql-type.ts';
import { stringAt, type CellWriter } from './cells.ts';
import type { StringPlace } from './long-strings.ts';
import { notHeld, tooLong } from './row-faults.ts';
import type { RowBytes } from './row-bytes.ts';

type Sized = TsqlType & { readonly name: SizedTypeName };

/** Up to here a loop over bytes is faster than the way through a string. */
const shortBytes = 200;
const partBytes = 8;
const blank = 0x20;

/** Texts and binary values: two bytes of length in front, or parts where they are of `(max)`. */
export function sizedWriter(type: Sized): CellWriter {
  const put = type.name === 'binary' || type.name === 'varbinary' ? putBinary : type.name.startsWith('n') ? putNational : putNarrow;
  const { length } = type;
  if (length === 'max')
    return (out, cells, row) => {
      const value = stringAt(cells, row);
      const at = out.room(partBytes);
      if (value.to === value.from) return end(out, at, 0);
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
    put(out, stringAt(cells, row), type);
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

function putBinary(out: RowBytes, { bytes, from, to }: StringPlace): void {
  const at = out.room(to - from);
  if (to - from > shortBytes) out.bytes.set(bytes.subarray(from, to), at);
  else for (let index = from; index < to; index += 1) out.bytes[at + index - from] = bytes[index]!;
}

/** UTF-8 as UTF-16. */
function putNational(out: RowBytes, value: StringPlace): void {
  const { bytes: source, from, to } = value;
  // As many characters as bytes at most, of two bytes each.
  let at = out.room((to - from) * 2);
  const { bytes } = out;
  if (to - from > shortBytes) {
    out.at = at + bytes.write(utf8(value), at, 'utf16le');
    return;
  }
  for (let index = from; index < to;) {
    const first = source[index]!;
    if (first < 0x80) {
      bytes[at] = first;
      bytes[at + 1] = 0;
      at += 2;
      index += 1;
      continue;
    }
    const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    let code = first & (0xff >> (length + 1));
    for (let more = 1; more < length; more += 1) code = (code << 6) | (source[index + more]! & 0x3f);
    index += length;
    at = writeUtf16(bytes, at, code);
  }
  out.at = at;
}

/** A character of the planes above is two units. */
function writeUtf16(bytes: Uint8Array, at: number, code: number): number {
  const isPair = code > 0xffff;
  const unit = isPair ? 0xd800 | ((code - 0x1_0000) >> 10) : code;
  bytes[at] = unit & 0xff;
  bytes[at + 1] = unit >> 8;
  return isPair ? writeUtf16(bytes, at + 2, 0xdc00 | (code & 0x3ff)) : at + 2;
}

/** UTF-8 as the code page of the usual collation. */
function putNarrow(out: RowBytes, value: StringPlace, type: Sized): void {
  const { bytes, from, to } = value;
  let index = from;
  while (index < to && bytes[index]! < 0x80) index += 1;
  if (index === to) return putBinary(out, value);
  const page = codePageOf(usualCollation);
  const encoded = page.encode(utf8(value));
  if (encoded === undefined) throw notHeld(type, `a character that the code page ${page.name} lacks`);
  putBinary(out, { bytes: encoded, from: 0, to: encoded.length });
}

function utf8({ bytes, from, to }: StringPlace): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');
}
