import { must } from '#base/fault.ts';
import { sameShape, type TableSchema } from '#replication/schema.ts';
import type { Step, TableProgress } from '#replication/segment.ts';
import type { Relation } from '#wire/pgoutput/messages.ts';
import { againSteps, alterSteps, freshSteps } from './alteration.ts';
import { hasGained, readTablesById, wasRewritten, type CatalogOptions, type PgTable } from './catalog.ts';
import { bind, type Binding } from './relation-binding.ts';
import type { Sql } from './sql-session.ts';

export interface Adoption {
  /** What the pool must do before the relation's next event. */
  readonly steps: readonly Step[];
  /** Undefined and no steps: the relation's events are passed over. */
  readonly binding: Binding | undefined;
  /** The catalog knows more than the relation tells: see `CatalogWatch`. */
  readonly drifted: boolean;
}

/** The table that a relation's next event is of, as the link has it. */
export interface Known {
  readonly schema: TableSchema;
  readonly progress: TableProgress;
}

/**
 * Decides what a relation of the stream means for its table, right before its next event. A relation names its columns, but does not number
 * them as the catalog does: what was altered between two of them can only be guessed, and only one guess is safe.
 *
 * - It looks like the link's schema: the log has not come to an alteration. (One that cannot be seen in a relation is found by `CatalogWatch`.)
 * - It looks like the catalog now, and the table is whole in the pool: it was altered here in the log, and so the pool is, here.
 * - Otherwise the log is behind further alterations, or the table is being copied: it is copied from the start, in the shape of now, and what the
 *   first page sees is passed over.
 */
export async function adoptRelation(
  sql: Sql,
  options: Pick<CatalogOptions, 'asText'>,
  relation: Relation,
  known: Known,
): Promise<Adoption> {
  const { schema, progress } = known;
  const sent = await sentTypes(sql, relation);
  const [present] = await readTablesById(sql, options, [schema.id]);
  const leftOut = present?.leftOut ?? [];
  if (isOf(relation, sent, { schema, leftOut })) {
    // Its rows may be changed from here on, and the pool does not have them.
    if (present && sameShape(present.schema, schema) && hasGained(schema, present.schema)) {
      return { binding: bind(relation, present.schema), steps: againSteps(present.schema, progress), drifted: false };
    }
    const drifted = present !== undefined && (!sameShape(present.schema, schema) || wasRewritten(schema, present.schema));
    return { binding: bind(relation, schema), steps: [], drifted };
  }
  if (!present) return { binding: undefined, steps: [], drifted: false };
  const table = underName(present, schema);
  const isHere = isOf(relation, sent, table) && progress.state === 'Replicating';
  if (!isHere) return { binding: undefined, steps: freshSteps(table.schema, schema), drifted: false };
  const steps = await alterSteps(sql, schema, { table, progress });
  return { binding: bind(relation, steps.length > 0 ? table.schema : schema), steps, drifted: false };
}

/** A table that was renamed goes on under its former name: it may be named back, and is otherwise found to be gone. */
function underName(table: PgTable, { table: name, schema: schemaName, name: plainName }: TableSchema): PgTable {
  return { ...table, schema: { ...table.schema, table: name, schema: schemaName, name: plainName } };
}

/** The relation's columns' types as SQL spells them, in its order. A type that is no longer there looks like no other. */
async function sentTypes(sql: Sql, relation: Relation): Promise<readonly string[]> {
  if (relation.columns.length === 0) return [];
  const oids = relation.columns.map((column) => column.typeOid).join(',');
  const modifiers = relation.columns.map((column) => column.typeModifier).join(',');
  const rows = await sql.query(
    `SELECT pg_catalog.format_type(t.oid, t.modifier) FROM unnest('{${oids}}'::pg_catalog.oid[], '{${modifiers}}'::pg_catalog.int4[]) WITH ORDINALITY AS t (oid, modifier, place) ORDER BY t.place`,
  );
  return rows.map((row) => must(row[0], 'a column without type'));
}

/** Does the relation have exactly the columns of this shape, in its order (and those that are left out because of their type), and its key? */
function isOf(relation: Relation, sent: readonly string[], { schema, leftOut }: Pick<PgTable, 'schema' | 'leftOut'>): boolean {
  const refused = new Set(leftOut.filter((column) => column.why === 'refused').map((column) => `${column.sourceType} ${column.name}`));
  const columns = relation.columns.map((column, place) => `${sent[place]} ${column.name}`).filter((column) => !refused.has(column));
  const wanted = schema.columns.map((column) => `${column.sourceType} ${column.name}`);
  return columns.length === wanted.length && columns.every((column, place) => column === wanted[place]) && sendsKey(relation, schema);
}

/** With `FULL` every column is marked; otherwise those marked are the key, whatever the order. */
function sendsKey(relation: Relation, schema: TableSchema): boolean {
  if (schema.identity === 'append') return true;
  if (relation.replicaIdentity === 'f' || schema.identity === 'full') return relation.replicaIdentity === 'f';
  const marked = relation.columns.filter((column) => column.key).map((column) => column.name);
  const key = schema.key.map((place) => schema.columns[place]!.name);
  return key.length === marked.length && key.every((name) => marked.includes(name));
}
