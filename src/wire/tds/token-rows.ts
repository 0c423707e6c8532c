import { assert } from '#base/fault.ts';
import { malformed, type TdsReader, type TdsWriter } from './bytes.ts';

/** The types that questions of ours are answered in; any other is refused. */
export type ColumnType =
  | { readonly type: 'int'; readonly bytes: 1 | 2 | 4 | 8; readonly nullable: boolean }
  | { readonly type: 'bit'; readonly nullable: boolean }
  /** `mostBytes` 65535: `(max)`, in parts. `char` and `varchar` are in the code page of the collation, and so are their values: bytes. */
  | {
      readonly type: 'nvarchar' | 'nchar' | 'varchar' | 'char';
      readonly mostBytes: number;
      /** Five bytes. */
      readonly collation: Uint8Array;
    };

export interface Column {
  readonly name: string;
  readonly userType: number;
  readonly flags: number;
  readonly columnType: ColumnType;
}

/** COLMETADATA: what the rows after it are made of (MS-TDS 2.2.7.4). */
export interface Columns {
  readonly kind: 'columns';
  readonly columns: readonly Column[];
}

/** Numbers up to four bytes; whole numbers of eight as bigint; texts of a code page as bytes. */
export type Value = null | number | bigint | boolean | string | Uint8Array;

/** ROW, or NBCROW where the nulls are bits in front (MS-TDS 2.2.7.19, 2.2.7.15). */
export interface Row {
  readonly kind: 'row';
  readonly compact: boolean;
  readonly values: readonly Value[];
}

export const columnsToken = 0x81;
export const rowToken = 0xd1;
export const compactRowToken = 0xd2;

const fixedInts = { 0x30: 1, 0x34: 2, 0x38: 4, 0x7f: 8 } as const;
const intN = 0x26;
const bit = 0x32;
const bitN = 0x68;
const texts = { nvarchar: 0xe7, nchar: 0xef, varchar: 0xa7, char: 0xaf } as const;
const noColumns = 0xffff;
const inParts = 0xffff;
const nullText = 0xffff;
const nullParts = 0xffff_ffff_ffff_ffffn;
const unknownParts = 0xffff_ffff_ffff_fffen;
const collationBytes = 5;

export function writeColumns(writer: TdsWriter, { columns }: Omit<Columns, 'kind'>): void {
  writer.u16(columns.length === 0 ? noColumns : columns.length);
  for (const { name, userType, flags, columnType } of columns) {
    writer.u32(userType).u16(flags);
    writeType(writer, columnType);
    writer.shortText(name);
  }
}

export function readColumns(reader: TdsReader): Columns {
  const count = reader.u16();
  const columns: Column[] = [];
  for (let index = 0; index < (count === noColumns ? 0 : count); index += 1) {
    const [userType, flags, columnType] = [reader.u32(), reader.u16(), readType(reader)];
    columns.push({ name: reader.shortText(), userType, flags, columnType });
  }
  return { kind: 'columns', columns };
}

function writeType(writer: TdsWriter, column: ColumnType): void {
  if (column.type === 'bit') {
    if (column.nullable) writer.u8(bitN).u8(1);
    else writer.u8(bit);
  } else if (column.type === 'int') {
    const fixed = Object.entries(fixedInts).find(([, bytes]) => bytes === column.bytes)?.[0];
    if (column.nullable) writer.u8(intN).u8(column.bytes);
    else writer.u8(Number(fixed));
  } else writer.u8(texts[column.type]).u16(column.mostBytes).bytes(column.collation);
}

function readType(reader: TdsReader): ColumnType {
  const token = reader.u8();
  if (token === bit) return { type: 'bit', nullable: false };
  if (token === bitN) {
    if (reader.u8() !== 1) throw malformed('a bit of more than one byte');
    return { type: 'bit', nullable: true };
  }
  if (token === intN) {
    const bytes = reader.u8();
    if (bytes !== 1 && bytes !== 2 && bytes !== 4 && bytes !== 8) throw malformed(`an integer of ${bytes} bytes`);
    return { type: 'int', bytes, nullable: true };
  }
  const fixed = (fixedInts as Readonly<Record<number, 1 | 2 | 4 | 8>>)[token];
  if (fixed !== undefined) return { type: 'int', bytes: fixed, nullable: false };
  for (const type of ['nvarchar', 'nchar', 'varchar', 'char'] as const)
    if (texts[type] === token) return { type, mostBytes: reader.u16(), collation: reader.bytes(collationBytes) };
  throw malformed(`a column of the type ${token}, which no question here is answered in`);
}

export function writeRow(writer: TdsWriter, { compact, values }: Omit<Row, 'kind'>, columns: readonly Column[]): void {
  assert(values.length === columns.length, 'a row has a value for each column');
  if (compact) {
    const nulls = new Uint8Array(Math.ceil(columns.length / 8));
    columns.forEach((_, index) => {
      if (values[index] === null) nulls[index >> 3]! |= 1 << (index & 7);
    });
    writer.bytes(nulls);
  }
  columns.forEach(({ columnType }, index) => {
    const value = values[index]!;
    if (!compact || value !== null) writeValue(writer, columnType, value);
  });
}

export function readRow(reader: TdsReader, compact: boolean, columns: readonly Column[]): Row {
  const nulls = compact ? reader.bytes(Math.ceil(columns.length / 8)) : undefined;
  const values = columns.map(({ columnType }, index) =>
    nulls !== undefined && (nulls[index >> 3]! & (1 << (index & 7))) !== 0 ? null : readValue(reader, columnType),
  );
  return { kind: 'row', compact, values };
}

function writeValue(writer: TdsWriter, column: ColumnType, value: Value): void {
  if (column.type === 'bit' || column.type === 'int') {
    const bytes = column.type === 'bit' ? 1 : column.bytes;
    if (column.nullable) writer.u8(value === null ? 0 : bytes);
    if (value !== null) writeInt(writer, bytes, typeof value === 'boolean' ? Number(value) : (value as number | bigint));
    return;
  }
  const text = value === null ? undefined : typeof value === 'string' ? Buffer.from(value, 'utf16le') : (value as Uint8Array);
  if (column.mostBytes !== inParts) {
    writer.u16(text?.length ?? nullText);
    if (text !== undefined) writer.bytes(text);
  } else if (text === undefined) writer.u64(nullParts);
  else {
    writer.u64(BigInt(text.length));
    if (text.length > 0) writer.u32(text.length).bytes(text);
    writer.u32(0);
  }
}

function writeInt(writer: TdsWriter, bytes: number, value: number | bigint): void {
  if (bytes === 8) writer.i64(BigInt(value));
  else if (bytes === 4) writer.i32(Number(value));
  else if (bytes === 2) writer.i16(Number(value));
  else writer.u8(Number(value));
}

function readValue(reader: TdsReader, column: ColumnType): Value {
  if (column.type === 'bit' || column.type === 'int') {
    const bytes = column.type === 'bit' ? 1 : column.bytes;
    const said = column.nullable ? reader.u8() : bytes;
    if (said === 0) return null;
    if (said !== bytes) throw malformed(`a value of ${said} bytes in a column of ${bytes}`);
    return column.type === 'bit' ? reader.u8() !== 0 : readInt(reader, bytes);
  }
  const bytes = column.mostBytes === inParts ? readParts(reader) : readText(reader, column.mostBytes);
  if (bytes === null || column.type === 'varchar' || column.type === 'char') return bytes;
  if (bytes.length % 2 !== 0) throw malformed('a text that ends within a character');
  return Buffer.from(bytes).toString('utf16le');
}

function readInt(reader: TdsReader, bytes: number): number | bigint {
  if (bytes === 8) return reader.i64();
  if (bytes === 4) return reader.i32();
  return bytes === 2 ? reader.i16() : reader.u8();
}

function readText(reader: TdsReader, mostBytes: number): Uint8Array | null {
  const length = reader.u16();
  if (length === nullText) return null;
  if (length > mostBytes) throw malformed(`a text of ${length} bytes in a column of ${mostBytes}`);
  return reader.bytes(length);
}

/** PARTLENTYPE: the whole length, or that it is not known yet, then parts until an empty one. */
function readParts(reader: TdsReader): Uint8Array | null {
  const total = reader.u64();
  if (total === nullParts) return null;
  const parts: Uint8Array[] = [];
  for (let length = reader.u32(); length !== 0; length = reader.u32()) parts.push(reader.bytes(length));
  const bytes = Buffer.concat(parts);
  if (total !== unknownParts && total !== BigInt(bytes.length)) throw malformed('a text that is not as long as it says');
  return new Uint8Array(bytes);
}
