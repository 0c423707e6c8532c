import type { ColumnType, ScalarKind } from '#replication/column.ts';
import type { Fidelity } from '#replication/schema.ts';
import type { SourceType } from './source-type.ts';

/**
 * How a column's values look on the wire, in both of their forms (COPY binary; pgoutput text). Small numbers, because decoders switch on them per value.
 * `jsonb` differs from `text` in its binary form only: a version byte comes first. `outputText` is what an output function wrote: see `putOutputText`.
 */
export const wireForms = {
  bool: 0,
  int16: 1,
  int32: 2,
  int64: 3,
  uint32: 4,
  float32: 5,
  float64: 6,
  decimal64: 7,
  decimal128: 8,
  date: 9,
  time: 10,
  timetz: 11,
  timestamp: 12,
  timestamptz: 13,
  interval: 14,
  uuid: 15,
  text: 16,
  jsonb: 17,
  bytea: 18,
  outputText: 19,
} as const;
export type WireForm = (typeof wireForms)[keyof typeof wireForms];

/** How one column travels. */
export interface TravellingColumn {
  readonly fidelity: Exclude<Fidelity, 'refused'>;
  readonly type: ColumnType;
  /** The type as the source spells it. */
  readonly sourceType: string;
  readonly wire: WireForm;
  /** The expression for the select list of `COPY (SELECT …) TO STDOUT (FORMAT binary)`, given the column's name in quotes. */
  readonly copyExpression: (quotedColumn: string) => string;
}

/** A column that cannot travel. */
export interface RefusedColumn {
  readonly fidelity: 'refused';
  readonly sourceType: string;
}
export type ColumnPlan = TravellingColumn | RefusedColumn;

/** A type that is decoded from its binary form. */
export interface NativeType {
  readonly kind: ScalarKind;
  readonly wire: WireForm;
  readonly fidelity: 'exact' | 'widened' | 'text';
  readonly name: string;
}

/** By oid, which are fixed for built-in types (`pg_type.dat`). `numeric` is not here: see `decimalOf`. */
export const nativeTypes: ReadonlyMap<number, NativeType> = new Map([
  [16, native('boolean', 'bool', 'bool')],
  [21, native('smallint', 'int16', 'int16')],
  [23, native('integer', 'int32', 'int32')],
  [20, native('bigint', 'int64', 'int64')],
  [26, native('oid', 'uint32', 'uint32')],
  [700, native('real', 'float32', 'float32')],
  [701, native('double precision', 'float64', 'float64')],
  [1082, native('date', 'date', 'date')],
  [1083, native('time', 'time', 'time')],
  [1266, native('timetz', 'timetz', 'timetz')],
  [1114, native('timestamp', 'timestamp', 'timestamp')],
  [1184, native('timestamptz', 'timestamptz', 'timestamptz')],
  [1186, native('interval', 'interval', 'interval')],
  [2950, native('uuid', 'uuid', 'uuid')],
  [17, native('bytea', 'bytes', 'bytea')],
  [25, native('text', 'text', 'text')],
  [1043, native('varchar', 'text', 'text')],
  [1042, native('bpchar', 'text', 'text', 'widened')],
  [19, native('name', 'text', 'text', 'widened')],
  [114, native('json', 'text', 'text', 'text')],
  [3802, native('jsonb', 'text', 'jsonb', 'text')],
]);

const numericOid = 1700;

function native(name: string, kind: ScalarKind, wire: keyof typeof wireForms, fidelity: NativeType['fidelity'] = 'exact'): NativeType {
  return { name, kind, wire: wireForms[wire], fidelity };
}

/** The most digits a `decimal` holds. */
const maxPrecision = 38;

/**
 * Decides how a column travels. With `asText` every type travels as the text of its output function,
 * the remedy for columns with values that the column type cannot hold.
 */
export function planColumn(type: SourceType, options: { readonly asText: boolean }): ColumnPlan {
  if (type.kind === 'pseudo') return { fidelity: 'refused', sourceType: type.name };
  const found = nativeTypes.get(type.oid);
  if (found && (!options.asText || found.kind === 'text')) return plain(type, { kind: found.kind }, found);
  if (type.kind === 'enum') return plain(type, { kind: 'text' }, { fidelity: 'text', wire: wireForms.text });
  const decimal = options.asText ? undefined : decimalOf(type);
  if (decimal)
    return plain(type, decimal, { fidelity: 'exact', wire: decimal.precision <= 18 ? wireForms.decimal64 : wireForms.decimal128 });
  const { output } = type;
  return {
    fidelity: 'text',
    type: { kind: 'text' },
    sourceType: type.name,
    wire: wireForms.outputText,
    // `format` calls the output function too, at more cost. A cast to text is no substitute: inet, bpchar, "char", boolean and xml write something else than their output function does.
    copyExpression: (column) =>
      output === undefined
        ? `CASE WHEN ${column} IS NULL THEN NULL ELSE pg_catalog.format('%s', ${column}) END`
        : `pg_catalog.textin(${output}(${column}))`,
  };
}

function plain(type: SourceType, column: ColumnType, how: Pick<NativeType, 'fidelity' | 'wire'>): TravellingColumn {
  return { fidelity: how.fidelity, type: column, sourceType: type.name, wire: how.wire, copyExpression: (name) => name };
}

/** The decimal of a `numeric(p,s)` that fits one: 1 ≤ p ≤ 38 and 0 ≤ s ≤ p. The modifier's form is `make_numeric_typmod`'s. */
function decimalOf(type: SourceType): Extract<ColumnType, { kind: 'decimal' }> | undefined {
  if (type.oid !== numericOid || type.typmod < 4) return undefined;
  const packed = type.typmod - 4;
  const precision = (packed >> 16) & 0xffff;
  const scale = ((packed & 0x7ff) ^ 1024) - 1024;
  return precision <= maxPrecision && scale >= 0 && scale <= precision ? { kind: 'decimal', precision, scale } : undefined;
}
