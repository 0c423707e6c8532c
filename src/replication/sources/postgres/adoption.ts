import { must } from '#base/fault.ts';
import { ColumnBuilder, type Column } from '#replication/column.ts';
import { freshProgress, recopied } from '#replication/link-book.ts';
import type { TableSchema } from '#replication/schema.ts';
import type { Step } from '#replication/segment.ts';
import type { FollowedTables } from '#replication/source.ts';
import type { Relation } from '#wire/pgoutput/messages.ts';
import { readTables, sameShape, type CatalogOptions, type PgTable } from './catalog.ts';
import type { PgConnection } from './connection.ts';
import { bind, relationTable, type Binding } from './relation-binding.ts';
import { TextValueDecoder } from './types/text-value-decoder.ts';

export interface Adoption {
  /** Undefined: the table is not one of the link's; its events are passed over. */
  readonly binding: Binding | undefined;
  /** What the pool must do before the relation's next event. */
  readonly steps: readonly Step[];
}

/**
 * Decides what a relation of the stream means for its table.
 *
 * - It looks like the link's schema: nothing is to be done.
 * - It looks like the catalog now, and the table is in step: the table was altered here in the log. The pool is altered at this very place;
 *   rows that the source rewrote without logging them (another type, a default computed per row) are copied again while following.
 * - Otherwise the log is behind further alterations, or the table is being copied anyway: the shape of now is taken and the table copied again.
 */
export async function adoptRelation(connection: PgConnection, options: { readonly catalog: CatalogOptions; readonly tables: FollowedTables }, relation: Relation): Promise<Adoption> {
  const name = relationTable(relation);
  const schema = options.tables.schema(name);
  const progress = options.tables.progress(name);
  if (!schema || !progress || schema.id !== String(relation.oid)) return { binding: undefined, steps: [] };
  const patterns = { matches: (s: string, n: string) => s === schema.schema && n === schema.name, exact: [] };
  const [table] = await readTables(connection, { ...options.catalog, patterns });
  if (!table || table.oid !== schema.id) return { binding: bind(relation, schema, () => true), steps: [] };
  const declared = await declaredTypes(connection, table);
  const usable = (column: string): boolean => {
    const sent = relation.columns.find((one) => one.name === column);
    return sent !== undefined && declared.get(column) === `${sent.typeOid} ${sent.typeModifier}`;
  };
  const current = relation.columns.length === declared.size && relation.columns.every((column) => usable(column.name));
  if (sameShape(table.schema, schema)) return { binding: bind(relation, schema, usable), steps: [] };
  const altered: Step = { kind: 'schema', schema: table.schema, fills: [] };
  if (!current || progress.state !== 'Replicating') {
    const binding = bind(relation, table.schema, usable);
    const lead: Step[] = binding.lost ? [{ kind: 'truncate', table: name }] : [];
    const next = progress.state === 'Waiting' ? freshProgress(name) : recopied(progress);
    return { binding, steps: [...lead, altered, { kind: 'progress', progress: next }] };
  }
  const { fills, rewritten } = await compare(connection, schema, table);
  const again: Step[] = rewritten ? [{ kind: 'progress', progress: recopied(progress) }] : [];
  return { binding: bind(relation, table.schema, usable), steps: [{ ...altered, fills }, ...again] };
}

/** The published columns' declared types, as relation messages give them. */
async function declaredTypes(connection: PgConnection, table: PgTable): Promise<ReadonlyMap<string, string>> {
  const generated = connection.serverVersion >= 180_000 ? "a.attgenerated IN ('', 's')" : "a.attgenerated = ''";
  const rows = await connection.query(
    `SELECT a.attname, a.atttypid, a.atttypmod FROM pg_catalog.pg_attribute a WHERE a.attrelid = ${table.oid} AND a.attnum > 0 AND NOT a.attisdropped AND ${generated} ORDER BY a.attnum`,
  );
  return new Map(rows.map((row) => [must(row[0], 'a column without name'), `${row[1]} ${row[2]}`]));
}

interface Difference {
  readonly fills: readonly { readonly id: number; readonly value: Column }[];
  /** Existing rows changed at the source without being logged. */
  readonly rewritten: boolean;
}

async function compare(connection: PgConnection, before: TableSchema, table: PgTable): Promise<Difference> {
  const known = new Map(before.columns.map((column) => [column.id, column]));
  const retyped = table.schema.columns.some((column) => known.has(column.id) && known.get(column.id)!.sourceType !== column.sourceType);
  const fills: { id: number; value: Column }[] = [];
  let computed = false;
  for (const [place, column] of table.schema.columns.entries()) {
    if (known.has(column.id)) continue;
    const added = await addedValue(connection, table, column.id);
    if (added === 'computed') computed = true;
    else if (added !== undefined) fills.push({ id: column.id, value: oneValue(table.schema, place, added) });
  }
  return { fills, rewritten: retyped || computed };
}

/**
 * What existing rows have in a column that was added. PostgreSQL keeps a constant default beside the table (`attmissingval`) and writes one
 * that differs from row to row into the rows; neither is logged. A default set later leaves existing rows null: that looks like the latter.
 */
async function addedValue(connection: PgConnection, table: PgTable, id: number): Promise<string | 'computed' | undefined> {
  const [row] = await connection.query(
    `SELECT a.atthasmissing, a.atthasdef, a.attidentity <> '' OR a.attgenerated <> '', a.attmissingval::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = ${table.oid} AND a.attnum = ${id}`,
  );
  if (row?.[0] === 't') return soleElement(must(row[3], 'a missing value'));
  return row?.[1] === 't' || row?.[2] === 't' ? 'computed' : undefined;
}

/** The element of an array of one element in PostgreSQL's text form. */
export function soleElement(array: string): string {
  const inner = array.slice(1, -1);
  return inner.startsWith('"') ? inner.slice(1, -1).replaceAll(/\\(.)/gs, '$1') : inner;
}

function oneValue(schema: TableSchema, place: number, text: string): Column {
  const decoder = new TextValueDecoder(schema.columns, schema.table);
  const builder = new ColumnBuilder(schema.columns[place]!.type, 1);
  decoder.bytes = Buffer.from(text, 'utf8');
  decoder.append(place, 0, decoder.bytes.length, builder);
  return builder.build();
}
