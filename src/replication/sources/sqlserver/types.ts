import { fault } from '#base/fault.ts';
import type { ColumnBuilder, ColumnType } from '#replication/column.ts';
import type { Fidelity } from '#replication/schema.ts';
import { quoteName } from './names.ts';
import { daysOf, microsOf, microsOfDay, scaledInteger, unreadable, uuidBytes } from './value-text.ts';

/** A column's type as `sys.columns` tells it. */
export interface SqlServerType {
  /** The system's name of it, in lower case; of an alias type that of its base. */
  readonly name: string;
  /** Bytes; -1: max. */
  readonly maxLength: number;
  readonly precision: number;
  readonly scale: number;
  /** Of a text. */
  readonly collation: string | undefined;
}

/**
 * How values of one type travel, the same for pages and changes. Where the driver would lose something (decimals, times, offsets) the server is
 * asked for the text, in a fixed form.
 */
export interface TypePlan {
  readonly type: ColumnType;
  /** As SQL Server spells it, such as `decimal(18,4)`. */
  readonly sourceType: string;
  readonly fidelity: Exclude<Fidelity, 'refused'>;
  /** Why it is not the same in the pool; null where it is. */
  readonly reason: string | null;
  /** The expression for the column of this (quoted, qualified) name. */
  readonly select: (column: string) => string;
  /** The expression of the type for the text of a value; undefined: no key can be of this type. */
  readonly parse: ((parameter: string) => string) | undefined;
  /** Takes in a value, not null, as the driver gives the selected expression. Faults: `ValueUnreadable` (corrupt), `TextIllFormed` (unsupported). */
  readonly append: (value: unknown, into: ColumnBuilder) => void;
  /** The text of such a value, for `parse`. */
  readonly text: (value: unknown) => string;
}

/** The column is left out, and this is why. */
export interface Refusal {
  readonly sourceType: string;
  readonly refused: string;
}

/** The name with what belongs to it. */
export function spelling({ name, maxLength, precision, scale }: SqlServerType): string {
  const length = (bytesEach: number): string => `${name}(${maxLength === -1 ? 'max' : maxLength / bytesEach})`;
  switch (name) {
    case 'decimal':
    case 'numeric':
      return `${name}(${precision},${scale})`;
    case 'datetime2':
    case 'time':
    case 'datetimeoffset':
      return `${name}(${scale})`;
    case 'nchar':
    case 'nvarchar':
      return length(2);
    case 'char':
    case 'varchar':
    case 'binary':
    case 'varbinary':
      return length(1);
    default:
      return name;
  }
}

const itself = (column: string): string => column;
const converted =
  (to: string, style = ''): TypePlan['select'] =>
  (column) =>
    `CONVERT(${to}, ${column}${style})`;
const textual = new TextEncoder();

type Shape = Pick<TypePlan, 'type' | 'select' | 'append'> & Partial<Pick<TypePlan, 'fidelity' | 'reason' | 'parse' | 'text'>>;

/** What becomes of a type. In each `append` room is made first: the column may have another buffer then. */
export function planType(type: SqlServerType): TypePlan | Refusal {
  const sourceType = spelling(type);
  const shape = shapeOf(type, sourceType);
  if (typeof shape === 'string') return { sourceType, refused: shape };
  return { fidelity: 'exact', reason: null, parse: undefined, text: textOf, sourceType, ...shape };
}

/** A string: why the type cannot travel. */
function shapeOf(type: SqlServerType, sourceType: string): Shape | string {
  switch (type.name) {
    case 'bit':
      return {
        type: { kind: 'bool' },
        select: itself,
        parse: converted('bit'),
        append: (value, into) => {
          const at = into.fixed();
          into.data[at] = boolOf(value) ? 1 : 0;
        },
        text: (value) => (boolOf(value) ? '1' : '0'),
      };
    case 'tinyint':
      return { ...whole('int16', type.name), fidelity: 'widened', reason: 'It arrives as smallint: the pool knows its values as signed.' };
    case 'smallint':
      return whole('int16', type.name);
    case 'int':
      return whole('int32', type.name);
    case 'bigint':
      return {
        type: { kind: 'int64' },
        select: itself,
        parse: converted(type.name),
        append: (value, into) => {
          const at = into.fixed();
          into.view.setBigInt64(at, bigOf(value), true);
        },
      };
    case 'decimal':
    case 'numeric':
      return decimal(type.precision, type.scale, { select: converted('varchar(41)'), parse: converted(sourceType) });
    case 'money':
      return decimal(19, 4, { select: converted('varchar(30)', ', 2'), parse: converted(type.name) });
    case 'smallmoney':
      return decimal(10, 4, { select: converted('varchar(30)', ', 2'), parse: converted(type.name) });
    case 'float':
      return {
        type: { kind: 'float64' },
        select: itself,
        append: (value, into) => {
          const at = into.fixed();
          into.view.setFloat64(at, numberOf(value), true);
        },
      };
    case 'real':
      return {
        type: { kind: 'float32' },
        select: itself,
        append: (value, into) => {
          const at = into.fixed();
          into.view.setFloat32(at, numberOf(value), true);
        },
      };
    case 'uniqueidentifier':
      return {
        type: { kind: 'uuid' },
        select: itself,
        parse: converted(type.name),
        append: (value, into) => {
          const at = into.fixed();
          into.data.set(uuidBytes(textOf(value)), at);
        },
      };
    case 'binary':
    case 'varbinary':
      return bytes(itself, (parameter) => `CONVERT(${sourceType}, ${parameter}, 1)`);
    case 'image':
      return bytes(converted('varbinary(max)'), undefined);
    default:
      return (
        shapeOfTime(type, sourceType) ??
        shapeOfText(type, sourceType) ??
        reasons[type.name] ??
        'It is left out: its type has no form in the pool.'
      );
  }
}

function shapeOfTime({ name, scale }: SqlServerType, sourceType: string): Shape | undefined {
  switch (name) {
    case 'date':
      return {
        type: { kind: 'date' },
        select: converted('varchar(10)', ', 23'),
        parse: converted(name),
        append: (value, into) => {
          const at = into.fixed();
          into.view.setInt32(at, daysOf(textOf(value)), true);
        },
      };
    case 'smalldatetime':
      return timestamp(converted('varchar(19)', ', 120'), (parameter) => `CONVERT(smalldatetime, ${parameter}, 120)`);
    case 'datetime':
      return timestamp(converted('varchar(23)', ', 121'), (parameter) => `CONVERT(datetime, ${parameter}, 121)`);
    case 'datetime2': {
      const parse = (parameter: string): string => `CONVERT(${sourceType}, ${parameter}, 121)`;
      return scale > 6 ? longTime('varchar(27)', sourceType, parse) : timestamp(converted('varchar(27)', ', 121'), parse);
    }
    case 'time': {
      const parse = (parameter: string): string => `CONVERT(${sourceType}, ${parameter}, 121)`;
      if (scale > 6) return longTime('varchar(16)', sourceType, parse);
      return {
        type: { kind: 'time' },
        select: converted('varchar(16)', ', 121'),
        parse,
        append: (value, into) => {
          const at = into.fixed();
          into.view.setBigInt64(at, microsOfDay(textOf(value)), true);
        },
      };
    }
    case 'datetimeoffset':
      return {
        ...text(converted('varchar(34)', ', 121'), (parameter) => `CONVERT(${sourceType}, ${parameter}, 121)`),
        fidelity: 'text',
        reason:
          'It arrives as text such as 2024-05-06 07:08:09.1234567 +02:00: the pool keeps moments without their offset. CAST it there, or replicate a computed-and-stored datetime2(6) in UTC.',
      };
    default:
      return undefined;
  }
}

/** Ten-millionths of a second, which no type of the pool has. */
function longTime(as: string, sourceType: string, parse: TypePlan['parse']): Shape {
  return {
    ...text(converted(as, ', 121'), parse),
    fidelity: 'text',
    reason: `It arrives as text: the pool keeps six digits of a second and ${sourceType} has seven. Declare six, as ${sourceType.replace('7', '6')}, to get a time.`,
  };
}

function shapeOfText({ name, collation }: SqlServerType, sourceType: string): Shape | undefined {
  switch (name) {
    case 'nchar':
    case 'nvarchar':
      return text(itself, converted(sourceType));
    case 'char':
    case 'varchar':
      // In the key's own code page, so that what follows a key is decided in the order that the index has.
      return text(converted('nvarchar(max)'), (parameter) =>
        collation === undefined
          ? `CONVERT(${sourceType}, ${parameter})`
          : `CONVERT(${sourceType}, ${parameter} COLLATE ${collationName(collation)})`,
      );
    case 'text':
    case 'ntext':
      return text(converted('nvarchar(max)'), undefined);
    default:
      return undefined;
  }
}

const reasons: Readonly<Record<string, string>> = {
  timestamp: 'It is left out: a rowversion only says at which write of the source a row was changed.',
  xml: 'It is left out: the source keeps XML in a form of its own and gives no text of it byte for byte. Replicate a stored nvarchar(max) of it.',
  sql_variant: 'It is left out: each of its values has a type of its own. Replicate a column of one type.',
  hierarchyid: 'It is left out: it is a type of the .NET runtime. Replicate its ToString() in a stored column.',
  geometry: 'It is left out: it is a type of the .NET runtime. Replicate its STAsText() or STAsBinary() in a stored column.',
  geography: 'It is left out: it is a type of the .NET runtime. Replicate its STAsText() or STAsBinary() in a stored column.',
};

function whole(kind: 'int16' | 'int32', name: string): Shape {
  return {
    type: { kind },
    select: itself,
    parse: converted(name),
    append: (value, into) => {
      const number = numberOf(value);
      const at = into.fixed();
      if (kind === 'int16') into.view.setInt16(at, number, true);
      else into.view.setInt32(at, number, true);
    },
  };
}

function decimal(
  precision: number,
  scale: number,
  { select, parse }: { readonly select: TypePlan['select']; readonly parse: TypePlan['select'] },
): Shape {
  return {
    type: { kind: 'decimal', precision, scale },
    select,
    parse,
    append: (value, into) => {
      const integer = scaledInteger(textOf(value), scale);
      const at = into.fixed();
      into.view.setBigInt64(at, BigInt.asIntN(64, integer), true);
      if (into.width === 16) into.view.setBigInt64(at + 8, integer >> 64n, true);
    },
  };
}

function timestamp(select: TypePlan['select'], parse: TypePlan['parse']): Shape {
  return {
    type: { kind: 'timestamp' },
    select,
    parse,
    append: (value, into) => {
      const at = into.fixed();
      into.view.setBigInt64(at, microsOf(textOf(value)), true);
    },
  };
}

function text(select: TypePlan['select'], parse: TypePlan['parse']): Shape {
  return {
    type: { kind: 'text' },
    select,
    parse,
    append: (value, into) => {
      const string = textOf(value);
      // Half of a pair has no form in UTF-8, and a replacement would be another value.
      if (!string.isWellFormed())
        throw fault('unsupported', 'TextIllFormed', 'A text holds half of a surrogate pair, which no other system can keep.', {
          remedy: 'Find it at the source and mend it, or take the column out of the table.',
        });
      const encoded = textual.encode(string);
      into.bytes(encoded, 0, encoded.length);
    },
  };
}

function bytes(select: TypePlan['select'], parse: TypePlan['parse']): Shape {
  return {
    type: { kind: 'bytes' },
    select,
    parse,
    append: (value, into) => {
      const all = bytesOf(value);
      into.bytes(all, 0, all.length);
    },
    text: (value) => `0x${Buffer.from(bytesOf(value)).toString('hex')}`,
  };
}

/** A collation's name stands in a statement as it is: it is a word. */
function collationName(collation: string): string {
  if (!/^[A-Za-z0-9_]{1,128}$/.test(collation)) throw unreadable(`collation (${quoteName('…')})`);
  return collation;
}

function boolOf(value: unknown): boolean {
  if (typeof value !== 'boolean') throw unreadable('bit');
  return value;
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number') throw unreadable('number');
  return value;
}

/** The driver gives a bigint as its text. */
function bigOf(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value !== 'string' || !/^-?[0-9]{1,19}$/.test(value)) throw unreadable('bigint');
  return BigInt(value);
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  throw unreadable('text');
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw unreadable('run of bytes');
}
