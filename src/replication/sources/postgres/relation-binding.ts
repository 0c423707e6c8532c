import { tableName, type TableSchema } from '#replication/schema.ts';
import type { Relation } from '#wire/pgoutput/messages.ts';
import type { TupleMap } from './event-row.ts';
import { TextValueDecoder } from './types/text-value-decoder.ts';
import { parseSnapshot, type Snapshot } from './visibility.ts';

/** How the events of one relation of the stream become changes of one table. */
export interface Binding {
  readonly relation: Relation;
  readonly table: string;
  /** The schema it was made for; another one in the book means that it must be made anew. */
  readonly schema: TableSchema;
  readonly map: TupleMap;
  /** Events cannot be matched to rows: the key is not among the relation's columns. */
  readonly lost: boolean;
}

/**
 * Binds a relation to the table's schema by column name. `usable` says whether the relation's column of this name has this type, for which
 * the schema's column was planned; the others count as not sent.
 */
export function bind(relation: Relation, schema: TableSchema, usable: (name: string, sourceType: string) => boolean): Binding {
  const byName = new Map(relation.columns.map((column, place) => [column.name, place]));
  const places = Int32Array.from(schema.columns, (column) =>
    usable(column.name, column.sourceType) ? (byName.get(column.name) ?? -1) : -1,
  );
  const key = schema.key.map((column) => places[column]!);
  return {
    relation,
    table: schema.table,
    schema,
    map: { places, key, text: new TextValueDecoder(schema.columns, schema.table) },
    lost: key.includes(-1),
  };
}

export function relationTable(relation: Relation): string {
  return tableName(relation.schema, relation.name);
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
