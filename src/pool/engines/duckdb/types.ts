import duckdb from '@duckdb/node-bindings';
import { unreachable } from '#base/fault.ts';
import type { ColumnType, ScalarKind } from '#replication/column.ts';

const scalarNames: Readonly<Record<ScalarKind, string>> = {
  bool: 'BOOLEAN',
  int16: 'SMALLINT',
  int32: 'INTEGER',
  int64: 'BIGINT',
  uint32: 'UINTEGER',
  float32: 'FLOAT',
  float64: 'DOUBLE',
  date: 'DATE',
  time: 'TIME',
  timetz: 'TIME WITH TIME ZONE',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMP WITH TIME ZONE',
  interval: 'INTERVAL',
  uuid: 'UUID',
  text: 'VARCHAR',
  bytes: 'BLOB',
};

/** The type of a pool column, as DuckDB itself spells it in its catalog. */
export function duckDbType(type: ColumnType): string {
  return type.kind === 'decimal' ? `DECIMAL(${type.precision},${type.scale})` : scalarNames[type.kind];
}

const logical = new Map<string, duckdb.LogicalType>();

export function logicalType(type: ColumnType): duckdb.LogicalType {
  const name = duckDbType(type);
  let made = logical.get(name);
  if (!made) {
    made = type.kind === 'decimal' ? duckdb.create_decimal_type(type.precision, type.scale) : duckdb.create_logical_type(typeId(type.kind));
    logical.set(name, made);
  }
  return made;
}

function typeId(kind: ScalarKind): duckdb.Type {
  switch (kind) {
    case 'bool':
      return duckdb.Type.BOOLEAN;
    case 'int16':
      return duckdb.Type.SMALLINT;
    case 'int32':
      return duckdb.Type.INTEGER;
    case 'int64':
      return duckdb.Type.BIGINT;
    case 'uint32':
      return duckdb.Type.UINTEGER;
    case 'float32':
      return duckdb.Type.FLOAT;
    case 'float64':
      return duckdb.Type.DOUBLE;
    case 'date':
      return duckdb.Type.DATE;
    case 'time':
      return duckdb.Type.TIME;
    case 'timetz':
      return duckdb.Type.TIME_TZ;
    case 'timestamp':
      return duckdb.Type.TIMESTAMP;
    case 'timestamptz':
      return duckdb.Type.TIMESTAMP_TZ;
    case 'interval':
      return duckdb.Type.INTERVAL;
    case 'uuid':
      return duckdb.Type.UUID;
    case 'text':
      return duckdb.Type.VARCHAR;
    case 'bytes':
      return duckdb.Type.BLOB;
    default:
      return unreachable(kind);
  }
}
