import { must } from '#base/fault.ts';
import type { TableSchema } from '#replication/schema.ts';
import type { Relation } from '#wire/pgoutput/messages.ts';
import type { TupleMap } from './event-row.ts';
import { TextValueDecoder } from './types/text-value-decoder.ts';
import { parseSnapshot, type Snapshot } from './visibility.ts';

/** How the events of one relation of the stream become changes of one table. */
export interface Binding {
  readonly table: string;
  /** The schema it was made for; another one in the book means that it must be made anew. */
  readonly schema: TableSchema;
  readonly map: TupleMap;
}

/** Binds a relation to the schema of its table: they have the same columns. */
export function bind(relation: Relation, schema: TableSchema): Binding {
  const byName = new Map(relation.columns.map((column, place) => [column.name, place]));
  const onlyKey = schema.key.length === 1 ? schema.columns[schema.key[0]!]!.type.kind : undefined;
  const places = Int32Array.from(schema.columns, (column) => must(byName.get(column.name), 'a column that the relation does not have'));
  return {
    table: schema.table,
    schema,
    map: {
      places,
      key: schema.key.map((column) => places[column]!),
      numericKey: onlyKey === 'int16' || onlyKey === 'int32' || onlyKey === 'int64' || onlyKey === 'uint32',
      text: new TextValueDecoder(schema.columns, schema.table),
    },
  };
}

/** Parsed once per text. */
export class SnapshotCache {
  readonly #snapshots = new Map<string, Snapshot>();

  get(text: string): Snapshot {
    let snapshot = this.#snapshots.get(text);
    if (!snapshot) {
      if (this.#snapshots.size >= 1000) this.#snapshots.clear();
      snapshot = parseSnapshot(text);
      this.#snapshots.set(text, snapshot);
    }
    return snapshot;
  }
}
