import type { Place, TypeName } from '../syntax/ast.ts';
import { notSupported, sqlError } from '../sql-error.ts';
import type { SizedTypeName, TsqlType } from '../tsql-type.ts';

/** Other spellings. */
const synonyms: Readonly<Record<string, string>> = {
  numeric: 'decimal',
  dec: 'decimal',
  integer: 'int',
  character: 'char',
  'character varying': 'varchar',
  'char varying': 'varchar',
  'national char': 'nchar',
  'national character': 'nchar',
  'national char varying': 'nvarchar',
  'national character varying': 'nvarchar',
  'binary varying': 'varbinary',
  'double precision': 'float',
};

const plain = [
  'bit',
  'tinyint',
  'smallint',
  'int',
  'bigint',
  'money',
  'smallmoney',
  'real',
  'date',
  'datetime',
  'smalldatetime',
  'uniqueidentifier',
] as const;
const sized = ['char', 'varchar', 'nchar', 'nvarchar', 'binary', 'varbinary'] as const;
const timed = ['time', 'datetime2', 'datetimeoffset'] as const;

/** What SQL Server has and a pool has not, and what to use in its place. */
const refused: Readonly<Record<string, string>> = {
  timestamp: 'Use binary(8).',
  rowversion: 'Use binary(8).',
  xml: 'Use nvarchar(max).',
  json: 'Use nvarchar(max).',
  text: 'Use varchar(max).',
  ntext: 'Use nvarchar(max).',
  image: 'Use varbinary(max).',
  sql_variant: 'Use the type of the values.',
  hierarchyid: 'Use nvarchar(4000).',
  geometry: 'Use varbinary(max).',
  geography: 'Use varbinary(max).',
  vector: 'Use varbinary(max).',
  cursor: 'Use a query over the whole set.',
  table: 'Use a #temporary table.',
};

function isOneOf<T extends string>(list: readonly T[], name: string): name is T {
  return list.some((entry) => entry === name);
}

export interface TypeNameUse {
  /** In CAST and CONVERT a text without a length has 30; elsewhere 1. */
  readonly inCast: boolean;
}

/** A type as it is written. Faults: 243 and 2715 (none of that name), 1001, 1002, 2717, 2716, 2724, 2750, 2751; 40510 by name for those that a pool has not. */
export function typeOfName(node: TypeName, use: TypeNameUse = { inCast: false }): TsqlType {
  const written = node.parts.at(-1) ?? '';
  const folded = written.toLowerCase().replace(/\s+/g, ' ');
  const name = synonyms[folded] ?? folded;
  const others = node.parts.slice(0, -1).map((part) => part.toLowerCase());
  if (others.length > 1 || (others.length === 1 && others[0] !== 'sys' && others[0] !== 'dbo')) throw unknownType(node, use);
  if (isOneOf(plain, name)) {
    if (node.arguments.length > 0) throw noWidth(written, node);
    return { name };
  }
  if (name === 'sysname') {
    if (node.arguments.length > 0) throw noWidth(written, node);
    return { name: 'nvarchar', length: 128 };
  }
  if (name === 'float') return floatType(node);
  if (name === 'decimal') return decimalType(node);
  if (isOneOf(sized, name)) return sizedType(name, node, use);
  if (isOneOf(timed, name)) return { name, scale: timeScale(node) };
  const instead = refused[name];
  if (instead !== undefined) throw notSupported(`The data type ${name}`, node, instead);
  throw unknownType(node, use);
}

function unknownType(node: TypeName, use: TypeNameUse): Error {
  const name = node.parts.join('.');
  return use.inCast
    ? sqlError(243, `Type ${name} is not a defined system type.`, { place: node })
    : sqlError(2715, `Column, parameter, or variable #1: Cannot find data type ${name}.`, { place: node });
}

function noWidth(name: string, place: Place): Error {
  return sqlError(2716, `Column, parameter, or variable #1: Cannot specify a column width on data type ${name}.`, { place });
}

function numbers(node: TypeName, most: number): readonly number[] {
  const given = node.arguments.filter((argument) => argument !== 'max');
  if (given.length < node.arguments.length || given.length > most)
    throw sqlError(102, `Incorrect syntax near '${node.arguments[most] ?? 'max'}'.`, { place: node, severity: 15 });
  return given;
}

function floatType(node: TypeName): TsqlType {
  const [bits = 53] = numbers(node, 1);
  if (bits < 1 || bits > 53) throw tooLarge(bits, 53, node);
  return { name: bits <= 24 ? 'real' : 'float' };
}

function decimalType(node: TypeName): TsqlType {
  const [precision = 18, scale = 0] = numbers(node, 2);
  if (precision > 38)
    throw sqlError(2750, `Column or parameter #1: Specified column precision ${precision} is greater than the maximum precision of 38.`, {
      place: node,
    });
  if (precision < 1) throw sqlError(1001, `Line ${node.line}: Length or precision specification ${precision} is invalid.`, { place: node });
  if (scale > precision)
    throw sqlError(
      2751,
      `Column or parameter #1: Specified column scale ${scale} is greater than the specified precision of ${precision}.`,
      { place: node },
    );
  return { name: 'decimal', precision, scale };
}

function sizedType(name: SizedTypeName, node: TypeName, use: TypeNameUse): TsqlType {
  const [length = use.inCast ? 30 : 1, more] = node.arguments;
  if (more !== undefined) throw sqlError(102, `Incorrect syntax near '${more}'.`, { place: node, severity: 15 });
  if (length === 'max') {
    if (name === 'varchar' || name === 'nvarchar' || name === 'varbinary') return { name, length };
    throw sqlError(102, `Incorrect syntax near 'max'.`, { place: node, severity: 15 });
  }
  if (length < 1) throw sqlError(1001, `Line ${node.line}: Length or precision specification ${length} is invalid.`, { place: node });
  const most = name === 'nchar' || name === 'nvarchar' ? 4000 : 8000;
  if (length > most) {
    if (use.inCast)
      throw sqlError(
        131,
        `The size (${length}) given to the type '${name}' exceeds the maximum allowed for any data type (${most === 4000 ? 4000 : 8000}).`,
        { place: node, severity: 15 },
      );
    throw tooLarge(length, most, node);
  }
  return { name, length };
}

function tooLarge(size: number, most: number, place: Place): Error {
  return sqlError(2717, `The size (${size}) given to the parameter or column exceeds the maximum allowed (${most}).`, { place });
}

function timeScale(node: TypeName): number {
  const [scale = 7] = numbers(node, 1);
  if (scale > 7 || scale < 0) throw sqlError(1002, `Line ${node.line}: Specified scale ${scale} is invalid.`, { place: node });
  return scale;
}
