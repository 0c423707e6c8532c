import { notSupported, type TdsType } from '#wire/tds/types/tds-type.ts';
import type { TsqlType } from '../tsql/tsql-type.ts';

/** A type that came over the wire as a type of T-SQL. Fault: `TdsNotSupported` (unsupported). */
export function tsqlTypeOfTds(type: TdsType): TsqlType {
  switch (type.name) {
    case 'xml':
    case 'ntext':
      return { name: 'nvarchar', length: 'max' };
    case 'text':
      return { name: 'varchar', length: 'max' };
    case 'image':
      return { name: 'varbinary', length: 'max' };
    case 'sql_variant':
      throw notSupported('A parameter of the type sql_variant', 'Give it a type of its own.');
    case 'decimal':
      return { name: 'decimal', precision: type.precision, scale: type.scale };
    case 'time':
    case 'datetime2':
    case 'datetimeoffset':
      return { name: type.name, scale: type.scale };
    case 'char':
    case 'varchar':
    case 'nchar':
    case 'nvarchar':
    case 'binary':
    case 'varbinary':
      // An empty text has a length of 0 as it travels, and no type has.
      return { name: type.name, length: type.length === 0 ? 1 : type.length };
    default:
      return { name: type.name };
  }
}
