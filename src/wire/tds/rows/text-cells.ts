import { codePageOf, usualCollation } from '../types/collation.ts';
import type { TdsTypeOf } from '../types/tds-type.ts';
import { isNational, lackingCharacter } from '../types/texts.ts';
import type { CellWriter, RowBuffer } from './row-buffer.ts';
import { isNull, unfitValue, type BytesVector } from './vector.ts';

type TextType = TdsTypeOf<'char' | 'varchar' | 'nchar' | 'nvarchar'>;
type BinaryType = TdsTypeOf<'binary' | 'varbinary'>;
/** Copies what a cursor points at, in the encoding of the type, and answers the place behind it. */
type Copy = (cursor: BytesVector['cursor'], at: number) => number;

const blank = 0x20;
/** In front of a `(max)`: its length, and that of its only part. */
const partsHead = 12;

/** Texts of UTF-8. `char` and `nchar` are filled up with blanks to their length. */
export function textCell(type: TextType, vector: BytesVector, out: RowBuffer): CellWriter {
  const national = isNational(type.name);
  const copy = national ? utf16Copy(out) : codePageCopy(type, out);
  const unit = national ? 2 : 1;
  if (type.length === 'max') return inPartsCell(vector, out, copy);
  const fill = type.name === 'char' || type.name === 'nchar' ? blankFill(out, unit) : undefined;
  return countedCell(type, { vector, out, copy, most: type.length * unit, fill });
}

/** `binary` is filled up with zeroes to its length. */
export function binaryCell(type: BinaryType, vector: BytesVector, out: RowBuffer): CellWriter {
  const copy = bytesCopy(out);
  if (type.length === 'max') return inPartsCell(vector, out, copy);
  const fill = type.name === 'binary' ? (from: number, to: number): void => void out.bytes.fill(0, from, to) : undefined;
  return countedCell(type, { vector, out, copy, most: type.length, fill });
}

interface Counted {
  readonly vector: BytesVector;
  readonly out: RowBuffer;
  readonly copy: Copy;
  readonly most: number;
  readonly fill: ((from: number, to: number) => void) | undefined;
}

/** Two bytes of length in front, which are 0xFFFF for NULL. */
function countedCell(type: TextType | BinaryType, { vector, out, copy, most, fill }: Counted): CellWriter {
  const { cursor } = vector;
  return (row, at) => {
    if (isNull(vector, row)) {
      out.room(at, 2);
      out.view.setUint16(at, 0xffff, true);
      return at + 2;
    }
    cursor.go(row);
    // No text has more bytes than it says here; only a longer one than its column may have would not fit.
    out.room(at, 2 + most + 2 * (cursor.to - cursor.from));
    let end = copy(cursor, at + 2);
    if (end - at - 2 > most) throw unfitValue(type);
    if (fill !== undefined) {
      fill(end, at + 2 + most);
      end = at + 2 + most;
    }
    out.view.setUint16(at, end - at - 2, true);
    return end;
  };
}

/** PARTLENTYPE: one part, which an empty value has not. */
function inPartsCell(vector: BytesVector, out: RowBuffer, copy: Copy): CellWriter {
  const { cursor } = vector;
  return (row, at) => {
    if (isNull(vector, row)) {
      out.room(at, 8);
      out.bytes.fill(0xff, at, at + 8);
      return at + 8;
    }
    cursor.go(row);
    out.room(at, partsHead + 4 + 2 * (cursor.to - cursor.from));
    const end = copy(cursor, at + partsHead);
    const length = end - at - partsHead;
    out.view.setUint32(at, length, true);
    out.view.setUint32(at + 4, 0, true);
    out.view.setUint32(at + 8, length, true);
    // A part of no bytes is the end by itself.
    if (length === 0) return end;
    out.view.setUint32(end, 0, true);
    return end + 4;
  };
}

function blankFill(out: RowBuffer, unit: 1 | 2): (from: number, to: number) => void {
  return (from, to) => {
    const { bytes } = out;
    bytes.fill(unit === 1 ? blank : 0, from, to);
    if (unit === 2) for (let at = from; at < to; at += 2) bytes[at] = blank;
  };
}

function bytesCopy(out: RowBuffer): Copy {
  return (cursor, at) => {
    const { bytes, from, to } = cursor;
    if (to - from > 32) out.bytes.set(bytes.subarray(from, to), at);
    else for (let index = from; index < to; index += 1) out.bytes[at + index - from] = bytes[index]!;
    return at + to - from;
  };
}

/** From UTF-8 by hand: for the short texts of most columns a call into the engine costs more than all their characters. */
function utf16Copy(out: RowBuffer): Copy {
  return (cursor, start) => {
    const { bytes: source, to } = cursor;
    const { bytes } = out;
    let from = cursor.from;
    let at = start;
    while (from < to) {
      const first = source[from]!;
      if (first < 0x80) {
        bytes[at] = first;
        bytes[at + 1] = 0;
        at += 2;
        from += 1;
        continue;
      }
      const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
      let code = first & (0xff >> (length + 1));
      for (let index = 1; index < length; index += 1) code = (code << 6) | (source[from + index]! & 0x3f);
      from += length;
      at = writeUtf16(bytes, at, code);
    }
    return at;
  };
}

function writeUtf16(bytes: Uint8Array, at: number, code: number): number {
  const isPair = code > 0xffff;
  const unit = isPair ? 0xd800 | ((code - 0x1_0000) >> 10) : code;
  bytes[at] = unit & 0xff;
  bytes[at + 1] = unit >> 8;
  return isPair ? writeUtf16(bytes, at + 2, 0xdc00 | (code & 0x3ff)) : at + 2;
}

/** ASCII is the same in every code page. */
function codePageCopy(type: TextType, out: RowBuffer): Copy {
  const page = codePageOf(type.collation ?? usualCollation);
  const copy = bytesCopy(out);
  if (page.name === 'UTF-8') return copy;
  return (cursor, at) => {
    const { bytes, from, to } = cursor;
    for (let index = from; index < to; index += 1) if (bytes[index]! >= 0x80) return copyEncoded(cursor, at);
    return copy(cursor, at);
  };

  function copyEncoded({ bytes, from, to }: BytesVector['cursor'], at: number): number {
    const encoded = page.encode(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString());
    if (encoded === undefined) throw lackingCharacter(type, page);
    out.bytes.set(encoded, at);
    return at + encoded.length;
  }
}
