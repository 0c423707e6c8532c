import { must } from '#base/fault.ts';
import { sameKey, sameShape, type TableSchema } from '#replication/schema.ts';
import type { Step, TableProgress } from '#replication/segment.ts';
import type { Relation } from '#wire/pgoutput/messages.ts';
import { againSteps, alterSteps, freshSteps } from './alteration.ts';
import { readTablesById, wasRewritten, type CatalogOptions, type PgTable } from './catalog.ts';
import { bind, type Binding } from './relation-binding.ts';
import type { Sql } from './sql-session.ts';

export interface Adoption {
  readonly binding: Binding;
  /** What the pool must do before the relation's next event. */
  readonly steps: readonly Step[];
}

/** The table that a relation's next event is of, as the link has it. */
export interface Known {
  readonly schema: TableSchema;
  readonly progress: TableProgress;
}

/**
 * Decides what a relation of the stream means for its table, right before its next event.
 *
 * - It looks like the link's schema: the log has not come to an alteration. (If the catalog looks the same and yet the rows were rewritten, that
 *   was somewhere near: they are copied again.)
 * - It looks like the catalog now, and the table is whole in the pool: it was altered here in the log, and so the pool is, here.
 * - Otherwise the log is behind further alterations, or the table is being copied: the shape of now is taken and the table copied again.
 */
export async function adoptRelation(
  sql: Sql,
  options: Pick<CatalogOptions, 'asText'>,
  relation: Relation,
  known: Known,
): Promise<Adoption> {
  const { schema, progress } = known;
  const sent = await sentTypes(sql, relation);
  const usable = (column: string, type: string): boolean => sent.get(column) === type;
  const [table] = await readTablesById(sql, options, [schema.id]);
  if (!table || table.schema.table !== schema.table) return { binding: bind(relation, schema, usable), steps: [] };
  const same = sameShape(table.schema, schema);
  if (isOf(relation, sent, { schema, leftOut: table.leftOut })) {
    const again = same && wasRewritten(schema, table.schema) ? againSteps(table.schema, progress) : [];
    return { binding: bind(relation, again.length > 0 ? table.schema : schema, usable), steps: again };
  }
  if (same) return { binding: bind(relation, schema, usable), steps: [] };
  const binding = bind(relation, table.schema, usable);
  if (!sameKey(table.schema, schema) || binding.lost) return { binding, steps: freshSteps(table.schema) };
  const whole = progress.state === 'Replicating' && isOf(relation, sent, table);
  return { binding, steps: whole ? await alterSteps(sql, schema, { table, progress }) : againSteps(table.schema, progress) };
}

/** The relation's columns' types as SQL spells them, by name. A type that is no longer there looks like no other. */
async function sentTypes(sql: Sql, relation: Relation): Promise<ReadonlyMap<string, string>> {
  if (relation.columns.length === 0) return new Map();
  const oids = relation.columns.map((column) => column.typeOid).join(',');
  const modifiers = relation.columns.map((column) => column.typeModifier).join(',');
  const rows = await sql.query(
    `SELECT pg_catalog.format_type(t.oid, t.modifier) FROM unnest('{${oids}}'::pg_catalog.oid[], '{${modifiers}}'::pg_catalog.int4[]) WITH ORDINALITY AS t (oid, modifier, place) ORDER BY t.place`,
  );
  return new Map(relation.columns.map((column, place) => [column.name, must(rows[place]?.[0], 'a column without type')]));
}

/** Does the relation have exactly the columns of this shape (and those that are left out because of their type), and its key? */
function isOf(relation: Relation, sent: ReadonlyMap<string, string>, shape: Pick<PgTable, 'schema' | 'leftOut'>): boolean {
  const { schema, leftOut } = shape;
  if (!schema.columns.every((column) => sent.get(column.name) === column.sourceType)) return false;
  const refused = leftOut.filter((column) => column.why === 'refused' && sent.get(column.name) === column.sourceType);
  return sent.size === schema.columns.length + refused.length && sendsKey(relation, schema);
}

/** With `FULL` every column is marked; otherwise those marked are the key, whatever the order. */
function sendsKey(relation: Relation, schema: TableSchema): boolean {
  if (relation.replicaIdentity === 'f') return schema.identity !== 'append';
  const marked = relation.columns.filter((column) => column.key).map((column) => column.name);
  const key = schema.key.map((place) => schema.columns[place]!.name);
  return schema.identity === 'append' || (key.length === marked.length && key.every((name) => marked.includes(name)));
}
