import { BatchBuilder, type ColumnType } from '../column.ts';
import { makePosition } from '../position.ts';
import type { TableSchema } from '../schema.ts';
import type { Draft, Step } from '../segment.ts';

export const sampleTypes: readonly ColumnType[] = [
  { kind: 'int32' },
  { kind: 'text' },
  { kind: 'decimal', precision: 10, scale: 2 },
  { kind: 'bool' },
];

export function sampleSchema(table: string, columns: number = sampleTypes.length): TableSchema {
  const all = sampleTypes.map((type, id) => ({ id, name: `c${id}`, type, sourceType: type.kind, fidelity: 'exact' as const }));
  return { table, schema: 's', name: table, id: table, columns: all.slice(0, columns), key: [0], identity: 'key', version: 'v1' };
}

/** A draft that is a transaction of its own, reaching position `n`. */
export function sampleDraft(n: number, steps: readonly Step[] = [{ kind: 'truncate', table: `t${n}` }], more: Partial<Draft> = {}): Draft {
  return {
    first: true,
    last: true,
    steps,
    position: makePosition('test/one', String(n).padStart(6, '0')),
    committedAt: BigInt(n),
    bytes: 0,
    changes: 1,
    ...more,
  };
}

/** Transaction `n`: a schema, and rows in two files. */
export function rowsDraft(n: number, more: Partial<Draft> = {}): Draft {
  const builder = new BatchBuilder([{ kind: 'int32' }, { kind: 'text' }]);
  const word = new TextEncoder().encode(`row ${n}`);
  for (const column of builder.columns) {
    if (column.width === 0) column.bytes(word, 0, word.length);
    else column.view.setInt32(column.fixed(), n, true);
  }
  const inserts = builder.take();
  const removes = { rows: 1, columns: inserts.columns.slice(0, 1) };
  const rows = { kind: 'rows' as const, table: 'a', removes, inserts, patches: undefined, replaces: false };
  return sampleDraft(n, n === 1 ? [{ kind: 'schema', schema: sampleSchema('a', 2), fills: [] }, rows] : [rows], { bytes: 40, ...more });
}
