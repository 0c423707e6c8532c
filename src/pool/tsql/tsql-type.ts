/** Types that need no more than their name. `float` is `float(53)`; `real` is `float(24)`. */
export type PlainTypeName =
  | 'bit'
  | 'tinyint'
  | 'smallint'
  | 'int'
  | 'bigint'
  | 'money'
  | 'smallmoney'
  | 'real'
  | 'float'
  | 'date'
  | 'datetime'
  | 'smalldatetime'
  | 'uniqueidentifier';

/** Types with a length: characters of `char` and `nchar`, bytes of `binary`; 1 to 8000 (4000 of the national ones), or `max` where they vary. */
export type SizedTypeName = 'char' | 'varchar' | 'nchar' | 'nvarchar' | 'binary' | 'varbinary';

/** Types with digits of a second: 0 to 7. */
export type TimedTypeName = 'time' | 'datetime2' | 'datetimeoffset';

/** A type of Transact-SQL. `numeric` is `decimal`; `sysname` is `nvarchar(128)`; types that are not here are refused by name. */
export type TsqlType =
  | { readonly name: PlainTypeName }
  | { readonly name: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly name: SizedTypeName; readonly length: number | 'max' }
  | { readonly name: TimedTypeName; readonly scale: number };

/** As T-SQL spells it: `decimal(18,4)`, `nvarchar(max)`, `datetime2(6)`. */
export function tsqlTypeText(type: TsqlType): string {
  if ('precision' in type) return `${type.name}(${type.precision},${type.scale})`;
  if ('length' in type) return `${type.name}(${type.length})`;
  return 'scale' in type ? `${type.name}(${type.scale})` : type.name;
}
