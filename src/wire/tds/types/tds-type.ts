import { fault, type Fault } from '#base/fault.ts';

/**
 * A type of Transact-SQL as it travels. `fixed`: in the short form that has no room for NULL, as servers tell columns that are not nullable.
 * Types are compared by what they say; a `collation` that is not there is the usual one.
 */
export type TdsType =
  | { readonly name: FixedTypeName; readonly fixed?: boolean | undefined }
  | { readonly name: 'date' | 'uniqueidentifier' | 'xml' | 'sql_variant' }
  | { readonly name: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly name: TextTypeName; readonly length: number | 'max'; readonly collation?: Uint8Array | undefined }
  | { readonly name: 'binary' | 'varbinary'; readonly length: number | 'max' }
  | { readonly name: 'time' | 'datetime2' | 'datetimeoffset'; readonly scale: number }
  /** Of earlier versions. `image` has bytes, and so no collation. */
  | { readonly name: 'text' | 'ntext' | 'image'; readonly collation?: Uint8Array | undefined };

export type FixedTypeName =
  | 'bit'
  | 'tinyint'
  | 'smallint'
  | 'int'
  | 'bigint'
  | 'money'
  | 'smallmoney'
  | 'real'
  | 'float'
  | 'datetime'
  | 'smalldatetime';

/** `length` counts characters of the national ones, bytes of the others. */
export type TextTypeName = 'char' | 'varchar' | 'nchar' | 'nvarchar';

export type TdsTypeOf<Name extends TdsType['name']> = TdsType & { readonly name: Name };

/**
 * A value, exact. Integers are bigint; `bit` boolean; `decimal`, money, dates and times their text as SQL Server writes it (`12.50`,
 * `2024-02-01 10:11:12.123`, `2024-02-01 10:11:12.1234567 +02:00`), with as many digits behind the point as the type has; `real` and `float`
 * numbers; `uniqueidentifier` its text in upper case; texts strings; binary values bytes. Of `sql_variant` the value in it.
 */
export type TdsValue = null | boolean | bigint | number | string | Uint8Array;

/** What a peer may rightly send and is not taken here: the message is understood, and can be answered. */
export function notSupported(what: string, remedy: string): Fault {
  return fault('unsupported', 'TdsNotSupported', `${what} is not supported.`, { remedy });
}

/** A value that a type cannot hold was given to be sent: whoever gave it is wrong. */
export function wrongValue(type: TdsType): Fault {
  return fault('bug', 'ValueNotOfType', `A value was to be sent that is none of the type ${type.name}.`, {
    remedy: 'Report it with the statement that it came of; a CAST to another type avoids it.',
  });
}
