import {
  Binary,
  Bool,
  DataType,
  DateDay,
  Decimal,
  Field,
  FixedSizeBinary,
  Float32,
  Float64,
  Int16,
  Int32,
  Int64,
  TimeMicrosecond,
  TimeUnit,
  Timestamp,
  Uint32,
  Utf8,
} from 'apache-arrow';
import type { ColumnType } from '../column.ts';

/** Says which of our types an Arrow type carries, where Arrow has none of that name. */
const typeMark = 'isthmus.type';

/**
 * How a column type travels in Arrow: the Arrow type whose values have our bytes, or the nearest to them.
 * `bool` is packed to bits and a narrow `decimal` widened to 16 bytes; all others are the same bytes.
 * Infinite dates and timestamps travel as the extreme numbers they are.
 */
export function arrowField(name: string, type: ColumnType): Field {
  switch (type.kind) {
    case 'bool':
      return new Field(name, new Bool(), true);
    case 'int16':
      return new Field(name, new Int16(), true);
    case 'int32':
      return new Field(name, new Int32(), true);
    case 'int64':
      return new Field(name, new Int64(), true);
    case 'uint32':
      return new Field(name, new Uint32(), true);
    case 'float32':
      return new Field(name, new Float32(), true);
    case 'float64':
      return new Field(name, new Float64(), true);
    case 'decimal':
      return new Field(name, new Decimal(type.scale, type.precision, 128), true);
    case 'date':
      return new Field(name, new DateDay(), true);
    case 'time':
      return new Field(name, new TimeMicrosecond(), true);
    case 'timetz':
      return new Field(name, new Int64(), true, new Map([[typeMark, 'timetz']]));
    case 'timestamp':
      return new Field(name, new Timestamp(TimeUnit.MICROSECOND), true);
    case 'timestamptz':
      return new Field(name, new Timestamp(TimeUnit.MICROSECOND, 'UTC'), true);
    case 'interval':
      return new Field(name, new FixedSizeBinary(16), true, new Map([[typeMark, 'interval']]));
    case 'uuid':
      return new Field(
        name,
        new FixedSizeBinary(16),
        true,
        new Map([
          ['ARROW:extension:name', 'arrow.uuid'],
          ['ARROW:extension:metadata', ''],
        ]),
      );
    case 'text':
      return new Field(name, new Utf8(), true);
    case 'bytes':
      return new Field(name, new Binary(), true);
  }
}

/** The column type that an Arrow field carries; undefined when it is none of ours. */
export function columnTypeOf(field: Field): ColumnType | undefined {
  const type: unknown = field.type;
  if (DataType.isDecimal(type))
    return type.bitWidth === 128 ? { kind: 'decimal', precision: type.precision, scale: type.scale } : undefined;
  const mark = field.metadata.get(typeMark);
  if (DataType.isInt(type)) {
    if (!type.isSigned) return type.bitWidth === 32 ? { kind: 'uint32' } : undefined;
    if (type.bitWidth === 64) return { kind: mark === 'timetz' ? 'timetz' : 'int64' };
    return type.bitWidth === 32 ? { kind: 'int32' } : type.bitWidth === 16 ? { kind: 'int16' } : undefined;
  }
  if (DataType.isFixedSizeBinary(type)) return type.byteWidth === 16 ? { kind: mark === 'interval' ? 'interval' : 'uuid' } : undefined;
  if (DataType.isTimestamp(type))
    return type.unit === TimeUnit.MICROSECOND ? { kind: type.timezone ? 'timestamptz' : 'timestamp' } : undefined;
  if (DataType.isTime(type)) return type.unit === TimeUnit.MICROSECOND ? { kind: 'time' } : undefined;
  if (DataType.isFloat(type)) return { kind: type.precision === 1 ? 'float32' : 'float64' };
  if (DataType.isDate(type)) return { kind: 'date' };
  if (DataType.isBool(type)) return { kind: 'bool' };
  if (DataType.isUtf8(type)) return { kind: 'text' };
  if (DataType.isBinary(type)) return { kind: 'bytes' };
  return undefined;
}
