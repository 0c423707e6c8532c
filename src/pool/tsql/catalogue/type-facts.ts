import type { TsqlType } from '../tsql-type.ts';

/** What `sys.types` says of a type. */
export interface TypeFacts {
  readonly name: string;
  readonly systemId: number;
  readonly userId: number;
  readonly maxLength: number;
  readonly precision: number;
  readonly scale: number;
  readonly collated: boolean;
}

const facts = (name: string, id: number, sizes: readonly [number, number, number], more: Partial<TypeFacts> = {}): TypeFacts => ({
  name,
  systemId: id,
  userId: id,
  maxLength: sizes[0],
  precision: sizes[1],
  scale: sizes[2],
  collated: false,
  ...more,
});

/** Types that columns of a pool may have, in the order of their ids. */
export const typeFacts: readonly TypeFacts[] = [
  facts('uniqueidentifier', 36, [16, 0, 0]),
  facts('date', 40, [3, 10, 0]),
  facts('time', 41, [5, 16, 7]),
  facts('datetime2', 42, [8, 27, 7]),
  facts('datetimeoffset', 43, [10, 34, 7]),
  facts('tinyint', 48, [1, 3, 0]),
  facts('smallint', 52, [2, 5, 0]),
  facts('int', 56, [4, 10, 0]),
  facts('smalldatetime', 58, [4, 16, 0]),
  facts('real', 59, [4, 24, 0]),
  facts('money', 60, [8, 19, 4]),
  facts('datetime', 61, [8, 23, 3]),
  facts('float', 62, [8, 53, 0]),
  facts('bit', 104, [1, 1, 0]),
  facts('decimal', 106, [17, 38, 38]),
  facts('numeric', 108, [17, 38, 38]),
  facts('smallmoney', 122, [4, 10, 4]),
  facts('bigint', 127, [8, 19, 0]),
  facts('varbinary', 165, [8000, 0, 0]),
  facts('varchar', 167, [8000, 0, 0], { collated: true }),
  facts('binary', 173, [8000, 0, 0]),
  facts('char', 175, [8000, 0, 0], { collated: true }),
  facts('nvarchar', 231, [8000, 0, 0], { collated: true }),
  facts('nchar', 239, [8000, 0, 0], { collated: true }),
  facts('sysname', 231, [256, 0, 0], { userId: 256, collated: true }),
];

const byName = new Map(typeFacts.map((entry) => [entry.name, entry]));
/** The collation that comparisons follow. */
export const collation = 'SQL_Latin1_General_CP1_CI_AS';

/** What `sys.columns` says of a column's type: bytes, digits and scale. */
export function factsOf(type: TsqlType): TypeFacts {
  const base = byName.get(type.name)!;
  if ('precision' in type) return { ...base, maxLength: decimalBytes(type.precision), precision: type.precision, scale: type.scale };
  if ('length' in type) {
    const wide = type.name === 'nchar' || type.name === 'nvarchar' ? 2 : 1;
    return { ...base, maxLength: type.length === 'max' ? -1 : type.length * wide };
  }
  return 'scale' in type ? { ...base, ...timedSizes(type.name, type.scale), scale: type.scale } : base;
}

function decimalBytes(precision: number): number {
  return precision <= 9 ? 5 : precision <= 19 ? 9 : precision <= 28 ? 13 : 17;
}

function timedSizes(
  name: 'time' | 'datetime2' | 'datetimeoffset',
  scale: number,
): { readonly maxLength: number; readonly precision: number } {
  const time = scale <= 2 ? 3 : scale <= 4 ? 4 : 5;
  const point = scale === 0 ? 0 : scale + 1;
  if (name === 'time') return { maxLength: time, precision: 8 + point };
  return name === 'datetime2' ? { maxLength: time + 3, precision: 19 + point } : { maxLength: time + 5, precision: 26 + point };
}

/** Characters of a text or bytes of a binary value; -1: as many as one likes; undefined: it has no length. */
export function lengthOf(type: TsqlType): number | undefined {
  return 'length' in type ? (type.length === 'max' ? -1 : type.length) : undefined;
}
