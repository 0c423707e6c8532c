import { malformed, type TdsReader, type TdsWriter } from '../bytes.ts';
import type { TdsVersion } from '../version.ts';
import type { TypeFamily } from './family.ts';
import { longValues, readPointed, writePointed, xmls } from './long-values.ts';
import { scalarFamilies, scalarFamily } from './scalar-families.ts';
import { notSupported, type TdsType, type TdsValue } from './tds-type.ts';
import { isNational } from './texts.ts';
import { variants } from './variants.ts';

const families: readonly TypeFamily<TdsType>[] = [...scalarFamilies, longValues, xmls, variants];
const familyOfToken = new Map(families.flatMap((family) => family.tokens.map((token) => [token, family] as const)));
const refused: Readonly<Record<number, string>> = {
  0xf0: 'A user-defined type (CLR)',
  0xf3: 'A table-valued parameter',
  0xf4: 'The type json',
  0xf5: 'The type vector',
};

/** TYPE_INFO. Faults: `MalformedMessage` (corrupt), `TdsNotSupported` (unsupported). */
export function readType(reader: TdsReader, version: TdsVersion): TdsType {
  const token = reader.u8();
  const name = refused[token];
  if (name !== undefined) throw notSupported(name, 'Cast it to a type of T-SQL itself, as nvarchar or varbinary.');
  const family = familyOfToken.get(token);
  if (family === undefined) throw malformed(`a type ${token} that is not known`);
  const type = family.readInfo(reader, token, version);
  if ('length' in type && type.length === 'max' && version < '7.2') throw malformed('a (max) before TDS 7.2');
  return type;
}

export function writeType(writer: TdsWriter, type: TdsType): void {
  familyOf(type).writeInfo(writer, type);
}

/** A value as in parameters. Fault: `MalformedMessage` (corrupt). */
export function readValue(reader: TdsReader, type: TdsType): TdsValue {
  return familyOf(type).readValue(reader, type);
}

/** Fault: `ValueNotOfType` (bug). */
export function writeValue(writer: TdsWriter, type: TdsType, value: TdsValue): void {
  familyOf(type).writeValue(writer, type, value);
}

/** A value as in rows, where `text`, `ntext` and `image` have a pointer in front. */
export function readCell(reader: TdsReader, type: TdsType): TdsValue {
  if (type.name === 'text' || type.name === 'ntext' || type.name === 'image') return readPointed(reader, type);
  return familyOf(type).readValue(reader, type);
}

export function writeCell(writer: TdsWriter, type: TdsType, value: TdsValue): void {
  if (type.name === 'text' || type.name === 'ntext' || type.name === 'image') writePointed(writer, type, value);
  else familyOf(type).writeValue(writer, type, value);
}

function familyOf(type: TdsType): TypeFamily<TdsType> {
  if (type.name === 'xml') return xmls;
  if (type.name === 'sql_variant') return variants;
  return scalarFamily(type) ?? longValues;
}

/**
 * What a client of this version is told in place of a type that it does not know (MS-TDS 2.2.5.4): dates and times before 7.3 are `nvarchar`, their
 * values the same text; `(max)` and `xml` before 7.2 are `text`, `ntext` and `image`.
 */
export function toldType(type: TdsType, version: TdsVersion): TdsType {
  if (version < '7.3' && type.name === 'date') return { name: 'nvarchar', length: 10 };
  if (version < '7.3' && 'scale' in type && type.name !== 'decimal') {
    const whole = { time: 8, datetime2: 19, datetimeoffset: 26 }[type.name];
    return { name: 'nvarchar', length: whole + (type.scale === 0 ? 0 : type.scale + 1) };
  }
  if (version >= '7.2') return type;
  if (type.name === 'xml') return { name: 'ntext' };
  if (!('length' in type) || type.length !== 'max') return type;
  const name = type.name === 'varbinary' || type.name === 'binary' ? 'image' : isNational(type.name) ? 'ntext' : 'text';
  return 'collation' in type ? { name, collation: type.collation } : { name };
}
