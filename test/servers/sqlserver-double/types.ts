import type { SqlValue } from '#pool/tsql/session.ts';
import type { SizedTypeName, TimedTypeName, TsqlType } from '#pool/tsql/tsql-type.ts';

/** Types of a source's columns that a pool's T-SQL does not have. */
export type SourceOnlyTypeName =
  | 'rowversion'
  | 'xml'
  | 'sql_variant'
  | 'text'
  | 'ntext'
  | 'image'
  | 'hierarchyid'
  | 'geometry'
  | 'geography';

/** Any type that a column of SQL Server may have. */
export type DoubleType = TsqlType | { readonly name: SourceOnlyTypeName };

/** As `sys.columns` and `sys.types` tell it. */
export interface CatalogueType {
  /** Of `sys.types`: `rowversion` is `timestamp` there. */
  readonly typeName: string;
  readonly systemTypeId: number;
  readonly userTypeId: number;
  /** Bytes; -1: max. */
  readonly maxLength: number;
  readonly precision: number;
  readonly scale: number;
  readonly collation: string | null;
}

const defaultCollation = 'SQL_Latin1_General_CP1_CI_AS';

const plain: Readonly<Record<string, readonly [id: number, bytes: number, precision: number, scale: number]>> = {
  bit: [104, 1, 1, 0],
  tinyint: [48, 1, 3, 0],
  smallint: [52, 2, 5, 0],
  int: [56, 4, 10, 0],
  bigint: [127, 8, 19, 0],
  money: [60, 8, 19, 4],
  smallmoney: [122, 4, 10, 4],
  real: [59, 4, 24, 0],
  float: [62, 8, 53, 0],
  date: [40, 3, 10, 0],
  datetime: [61, 8, 23, 3],
  smalldatetime: [58, 4, 16, 0],
  uniqueidentifier: [36, 16, 0, 0],
  rowversion: [189, 8, 0, 0],
  xml: [241, -1, 0, 0],
  sql_variant: [98, 8016, 0, 0],
  text: [35, 16, 0, 0],
  ntext: [99, 16, 0, 0],
  image: [34, 16, 0, 0],
};
/** Types of the CLR have one system type and differ by the user's. */
const clr: Readonly<Record<string, readonly [userTypeId: number, bytes: number]>> = {
  hierarchyid: [128, 892],
  geometry: [129, -1],
  geography: [130, -1],
};
const sized: Readonly<Record<SizedTypeName, readonly [id: number, bytesPerUnit: number]>> = {
  char: [175, 1],
  varchar: [167, 1],
  nchar: [239, 2],
  nvarchar: [231, 2],
  binary: [173, 1],
  varbinary: [165, 1],
};
const timed: Readonly<Record<TimedTypeName, readonly [id: number, leastBytes: number, precision: number]>> = {
  time: [41, 3, 8],
  datetime2: [42, 6, 19],
  datetimeoffset: [43, 8, 26],
};

/** `nvarchar(50)`, `decimal(38,4)`, `datetime2(3)`; the usual lengths where none are given. */
export function parseType(text: string): DoubleType {
  const [, name = '', first, second] = /^(\w+)(?:\((\w+)(?:,\s*(\d+))?\))?$/.exec(text) ?? [];
  if (name === 'decimal' || name === 'numeric') return { name: 'decimal', precision: Number(first ?? 18), scale: Number(second ?? 0) };
  if (name in sized) return { name: name as SizedTypeName, length: first === 'max' ? 'max' : Number(first ?? 1) };
  if (name in timed) return { name: name as TimedTypeName, scale: Number(first ?? 7) };
  if (name in plain || name in clr) return { name } as DoubleType;
  throw new Error(`the double knows no type ${text}`);
}

export function catalogueType(type: DoubleType): CatalogueType {
  const { name } = type;
  if ('precision' in type) {
    const { precision, scale } = type;
    const maxLength = precision <= 9 ? 5 : precision <= 19 ? 9 : precision <= 28 ? 13 : 17;
    return { typeName: 'decimal', systemTypeId: 106, userTypeId: 106, maxLength, precision, scale, collation: null };
  }
  if ('length' in type) {
    const [id, unit] = sized[type.name];
    const maxLength = type.length === 'max' ? -1 : type.length * unit;
    return {
      typeName: name,
      systemTypeId: id,
      userTypeId: id,
      maxLength,
      precision: 0,
      scale: 0,
      collation: isText(type) ? defaultCollation : null,
    };
  }
  if ('scale' in type) {
    const [id, least, precision] = timed[type.name];
    const more = type.scale <= 2 ? 0 : type.scale <= 4 ? 1 : 2;
    const digits = type.scale === 0 ? 0 : type.scale + 1;
    return {
      typeName: name,
      systemTypeId: id,
      userTypeId: id,
      maxLength: least + more,
      precision: precision + digits,
      scale: type.scale,
      collation: null,
    };
  }
  const ofClr = clr[name];
  if (ofClr !== undefined)
    return { typeName: name, systemTypeId: 240, userTypeId: ofClr[0], maxLength: ofClr[1], precision: 0, scale: 0, collation: null };
  const [id, maxLength, precision, scale] = plain[name]!;
  const typeName = name === 'rowversion' ? 'timestamp' : name;
  return { typeName, systemTypeId: id, userTypeId: id, maxLength, precision, scale, collation: isText(type) ? defaultCollation : null };
}

function isText({ name }: DoubleType): boolean {
  return ['char', 'varchar', 'nchar', 'nvarchar', 'text', 'ntext'].includes(name);
}

/** A value as a test gives it: whole numbers may be numbers. */
export type Given = SqlValue | undefined;

const wholeRanges: Readonly<Record<string, readonly [bigint, bigint]>> = {
  tinyint: [0n, 255n],
  smallint: [-(2n ** 15n), 2n ** 15n - 1n],
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  bigint: [-(2n ** 63n), 2n ** 63n - 1n],
};
const forms: Readonly<Record<string, RegExp>> = {
  date: /^\d{4}-\d\d-\d\d$/,
  datetime: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{2}[037]$/,
  smalldatetime: /^\d{4}-\d\d-\d\d \d\d:\d\d:00$/,
  uniqueidentifier: /^[\dA-F]{8}(?:-[\dA-F]{4}){3}-[\dA-F]{12}$/,
};

/** The value as the column holds it: padded, with all its digits. Throws for what the column cannot hold: a test gives what it means. */
export function heldValue(type: DoubleType, given: Given): SqlValue {
  if (given === undefined || given === null) return null;
  const { name } = type;
  const refused = (): Error => new Error(`a column of ${name} cannot hold ${typeof given}: ${String(given)}`);
  const whole = wholeRanges[name];
  if (whole !== undefined) {
    const value = typeof given === 'number' || typeof given === 'bigint' ? BigInt(given) : undefined;
    if (value === undefined || value < whole[0] || value > whole[1]) throw refused();
    return value;
  }
  if (name === 'bit' || name === 'float' || name === 'real') {
    if (typeof given !== (name === 'bit' ? 'boolean' : 'number')) throw refused();
    return name === 'real' ? Math.fround(given as number) : given;
  }
  if (given instanceof Uint8Array) return heldBytes(type, given, refused);
  if (typeof given !== 'string') throw refused();
  if ('length' in type) return heldText(type, given, refused);
  if ('precision' in type) return withDigits(given, type.scale, refused);
  if (name === 'money' || name === 'smallmoney') return withDigits(given, 4, refused);
  if ('scale' in type) return heldTime(type, given, refused);
  const form = forms[name];
  if (form !== undefined && !form.test(given)) throw refused();
  return given;
}

function heldBytes(type: DoubleType, given: Uint8Array, refused: () => Error): Uint8Array {
  if (type.name === 'binary' && 'length' in type && type.length !== 'max') {
    if (given.length > type.length) throw refused();
    const padded = new Uint8Array(type.length);
    padded.set(given);
    return padded;
  }
  const ofBytes = ['varbinary', 'image', 'rowversion', 'hierarchyid', 'geometry', 'geography'].includes(type.name);
  if (!ofBytes || ('length' in type && type.length !== 'max' && given.length > type.length)) throw refused();
  return given;
}

function heldText(type: DoubleType & { readonly length: number | 'max' }, given: string, refused: () => Error): string {
  if (type.name === 'binary' || type.name === 'varbinary') throw refused();
  if (type.length === 'max') return given;
  if (given.length > type.length) throw refused();
  return type.name === 'char' || type.name === 'nchar' ? given.padEnd(type.length) : given;
}

function withDigits(given: string, scale: number, refused: () => Error): string {
  const [, sign = '', whole = '', digits = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(given) ?? [];
  if (whole === '' || digits.length > scale) throw refused();
  return scale === 0 ? sign + whole : `${sign}${whole}.${digits.padEnd(scale, '0')}`;
}

const timedForms = {
  time: /^(\d\d:\d\d:\d\d)(?:\.(\d+))?()$/,
  datetime2: /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d+))?()$/,
  datetimeoffset: /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d+))?( [+-]\d\d:\d\d)$/,
};

function heldTime(
  type: DoubleType & { readonly name: TimedTypeName; readonly scale: number },
  given: string,
  refused: () => Error,
): string {
  const [, seconds = '', digits = '', offset = ''] = timedForms[type.name].exec(given) ?? [];
  if (seconds === '' || digits.length > type.scale) throw refused();
  return seconds + (type.scale === 0 ? '' : `.${digits.padEnd(type.scale, '0')}`) + offset;
}
