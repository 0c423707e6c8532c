import { unreachable } from '#base/fault.ts';
import type { TsqlType } from '../tsql-type.ts';
import { offsetMomentType } from './offset-moment.ts';

/** How values of a type lie in DuckDB. */
export function duckDbTypeOf(type: TsqlType): string {
  switch (type.name) {
    case 'bit':
      return 'BOOLEAN';
    case 'tinyint':
      return 'UTINYINT';
    case 'smallint':
      return 'SMALLINT';
    case 'int':
      return 'INTEGER';
    case 'bigint':
      return 'BIGINT';
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'money':
      return 'DECIMAL(19,4)';
    case 'smallmoney':
      return 'DECIMAL(10,4)';
    case 'float':
      return 'DOUBLE';
    case 'real':
      return 'FLOAT';
    case 'date':
      return 'DATE';
    case 'time':
      return 'TIME';
    case 'datetime':
    case 'smalldatetime':
    case 'datetime2':
      return 'TIMESTAMP';
    case 'datetimeoffset':
      return offsetMomentType;
    case 'uniqueidentifier':
      return 'UUID';
    case 'char':
    case 'varchar':
    case 'nchar':
    case 'nvarchar':
      return 'VARCHAR';
    case 'binary':
    case 'varbinary':
      return 'BLOB';
    default:
      return unreachable(type);
  }
}

/** Of columns that links fill: moments, told on the clock of UTC. */
export const momentsType = 'TIMESTAMP WITH TIME ZONE';

const ofDuckDb: Readonly<Record<string, TsqlType>> = {
  BOOLEAN: { name: 'bit' },
  TINYINT: { name: 'smallint' },
  UTINYINT: { name: 'tinyint' },
  SMALLINT: { name: 'smallint' },
  USMALLINT: { name: 'int' },
  INTEGER: { name: 'int' },
  UINTEGER: { name: 'bigint' },
  BIGINT: { name: 'bigint' },
  UBIGINT: { name: 'decimal', precision: 20, scale: 0 },
  HUGEINT: { name: 'decimal', precision: 38, scale: 0 },
  UHUGEINT: { name: 'decimal', precision: 38, scale: 0 },
  FLOAT: { name: 'real' },
  DOUBLE: { name: 'float' },
  DATE: { name: 'date' },
  TIME: { name: 'time', scale: 6 },
  TIMESTAMP: { name: 'datetime2', scale: 6 },
  TIMESTAMP_S: { name: 'datetime2', scale: 0 },
  TIMESTAMP_MS: { name: 'datetime2', scale: 3 },
  [momentsType]: { name: 'datetimeoffset', scale: 6 },
  [offsetMomentType]: { name: 'datetimeoffset', scale: 7 },
  UUID: { name: 'uniqueidentifier' },
  BLOB: { name: 'varbinary', length: 'max' },
};

/**
 * What stands for a column that T-SQL did not declare, by DuckDB's own type. `declared` is the source's, as `varchar(40)`: it gives a text its
 * length. What T-SQL has no type for is read as text. Where `duckDbTypeOf` of the answer is another type, the column is read by a cast.
 */
export function tsqlTypeOf(duckDbType: string, declared?: string): TsqlType {
  const decimal = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(duckDbType);
  if (decimal) return { name: 'decimal', precision: Number(decimal[1]), scale: Number(decimal[2]) };
  const known = ofDuckDb[duckDbType];
  if (known) return known;
  const length = duckDbType === 'VARCHAR' ? /^(?:n?var)?char(?:acter)?(?: varying)?\((\d+)\)$/i.exec(declared ?? '')?.[1] : undefined;
  return { name: 'nvarchar', length: length !== undefined && Number(length) >= 1 && Number(length) <= 4000 ? Number(length) : 'max' };
}
