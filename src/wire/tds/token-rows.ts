import { assert } from '#base/fault.ts';
import { malformed, type TdsReader, type TdsWriter } from './bytes.ts';
import type { TdsType, TdsValue } from './types/tds-type.ts';
import { readCell, readType, writeCell, writeType } from './types/type-info.ts';
import type { TdsVersion } from './version.ts';

export interface Column {
  readonly name: string;
  readonly userType: number;
  /** Bits of `columnFlags`. */
  readonly flags: number;
  readonly type: TdsType;
  /** Where `text`, `ntext` and `image` come from, in parts: `['dbo', 'orders']`. */
  readonly table?: readonly string[] | undefined;
}

/** COLMETADATA: what the rows after it are made of (MS-TDS 2.2.7.4). */
export interface Columns {
  readonly kind: 'columns';
  readonly columns: readonly Column[];
}

/** ROW, or NBCROW (of TDS 7.3 and later) where the nulls are bits in front (MS-TDS 2.2.7.19, 2.2.7.15). */
export interface Row {
  readonly kind: 'row';
  readonly compact: boolean;
  readonly values: readonly TdsValue[];
}

export const columnsToken = 0x81;
export const rowToken = 0xd1;
export const compactRowToken = 0xd2;
/** Updatable: 0x04 yes, 0x08 not known. */
export const columnFlags = {
  nullable: 0x01,
  caseSensitive: 0x02,
  updatable: 0x04,
  updatableUnknown: 0x08,
  identity: 0x10,
  computed: 0x20,
} as const;

const noColumns = 0xffff;

export function writeColumns(writer: TdsWriter, { columns }: Omit<Columns, 'kind'>, version: TdsVersion): void {
  writer.u16(columns.length === 0 ? noColumns : columns.length);
  for (const column of columns) {
    writeDescription(writer, column, version);
    if (isPointed(column.type)) writeTable(writer, column.table ?? [], version);
    writer.shortText(column.name);
  }
}

export function readColumns(reader: TdsReader, version: TdsVersion): Columns {
  const count = reader.u16();
  const columns: Column[] = [];
  for (let index = 0; index < (count === noColumns ? 0 : count); index += 1) {
    const description = readDescription(reader, version);
    const table = isPointed(description.type) ? { table: readTable(reader, version) } : {};
    columns.push({ ...description, ...table, name: reader.shortText() });
  }
  return { kind: 'columns', columns };
}

/** User type, flags and TYPE_INFO, as of columns and of values that a procedure returns. */
export function writeDescription(writer: TdsWriter, column: Pick<Column, 'userType' | 'flags' | 'type'>, version: TdsVersion): void {
  if (version < '7.2') writer.u16(column.userType);
  else writer.u32(column.userType);
  writeType(writer.u16(column.flags), column.type);
}

export function readDescription(reader: TdsReader, version: TdsVersion): Pick<Column, 'userType' | 'flags' | 'type'> {
  return { userType: version < '7.2' ? reader.u16() : reader.u32(), flags: reader.u16(), type: readType(reader, version) };
}

function isPointed({ name }: TdsType): boolean {
  return name === 'text' || name === 'ntext' || name === 'image';
}

/** Before TDS 7.2 the name is whole. */
function writeTable(writer: TdsWriter, table: readonly string[], version: TdsVersion): void {
  if (version < '7.2') return void writer.longText(table.join('.'));
  writer.u8(table.length);
  for (const part of table) writer.longText(part);
}

function readTable(reader: TdsReader, version: TdsVersion): readonly string[] {
  if (version < '7.2') return [reader.longText()];
  return Array.from({ length: reader.u8() }, () => reader.longText());
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
  columns.forEach(({ type }, index) => {
    const value = values[index]!;
    if (!compact || value !== null) writeCell(writer, type, value);
  });
}

export function readRow(reader: TdsReader, compact: boolean, columns: readonly Column[]): Row {
  const nulls = compact ? reader.bytes(Math.ceil(columns.length / 8)) : undefined;
  const values = columns.map(({ type }, index) => {
    if (nulls !== undefined && (nulls[index >> 3]! & (1 << (index & 7))) !== 0) return null;
    const value = readCell(reader, type);
    if (compact && value === null) throw malformed('a NULL that the bits in front do not say');
    return value;
  });
  return { kind: 'row', compact, values };
}
