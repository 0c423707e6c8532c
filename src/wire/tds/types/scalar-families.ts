import { binaries } from './binaries.ts';
import { dates, times } from './dates.ts';
import { datetimes } from './datetimes.ts';
import { decimals, moneys } from './decimals.ts';
import type { TypeFamily } from './family.ts';
import { floats } from './floats.ts';
import { bits, integers } from './integers.ts';
import type { TdsType } from './tds-type.ts';
import { texts } from './texts.ts';
import { uuids } from './uuids.ts';

/** Families of the types that a `sql_variant` may hold. */
export const scalarFamilies: readonly TypeFamily<TdsType>[] = [
  integers,
  bits,
  decimals,
  moneys,
  floats,
  dates,
  times,
  datetimes,
  texts,
  binaries,
  uuids,
];

/** Undefined: the type is none of those. */
export function scalarFamily(type: TdsType): TypeFamily<TdsType> | undefined {
  switch (type.name) {
    case 'bit':
      return bits;
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
      return integers;
    case 'real':
    case 'float':
      return floats;
    case 'decimal':
      return decimals;
    case 'money':
    case 'smallmoney':
      return moneys;
    case 'date':
      return dates;
    case 'time':
    case 'datetime2':
    case 'datetimeoffset':
      return times;
    case 'datetime':
    case 'smalldatetime':
      return datetimes;
    case 'char':
    case 'varchar':
    case 'nchar':
    case 'nvarchar':
      return texts;
    case 'binary':
    case 'varbinary':
      return binaries;
    case 'uniqueidentifier':
      return uuids;
    default:
      return undefined;
  }
}
