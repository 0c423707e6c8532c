import { must } from '#base/fault.ts';
import { ColumnBuilder, type Column, type ColumnType } from '#replication/column.ts';
import { copySteps, recopied } from '#replication/link-book.ts';
import { quoteLiteral, sameKey, sameShape, type ColumnSchema, type TableSchema } from '#replication/schema.ts';
import type { Step, TableProgress } from '#replication/segment.ts';
import { mayBeRewritten, treeOf, wasRewritten, type PgTable } from './catalog.ts';
import type { Sql } from './sql-session.ts';
import { TextValueDecoder } from './types/text-value-decoder.ts';

/** Copies the table from the start, in the given shape: its changes count again from its first page on. See `copySteps`. */
export function freshSteps(schema: TableSchema, known: TableSchema): readonly Step[] {
  return copySteps(schema, known, undefined);
}

/** Takes the shape of now and copies the table once more over its rows, while it goes on following. */
export function againSteps(schema: TableSchema, progress: TableProgress): readonly Step[] {
  return [
    { kind: 'schema', schema, fills: [] },
    { kind: 'progress', progress: recopied(progress) },
  ];
}

/**
 * What the pool must do where the log has come to the very place at which the table, whole in the pool in the shape `before`, became as it is
 * now: nothing, or take its shape. Rows that the source changed without logging them (another type, a default computed per row) are copied
 * again; under another key the table is copied from the start.
 */
export async function alterSteps(
  sql: Sql,
  before: TableSchema,
  now: { readonly table: PgTable; readonly progress: TableProgress },
): Promise<readonly Step[]> {
  const after = now.table.schema;
  if (sameShape(before, after)) {
    if (wasRewritten(before, after)) return againSteps(after, now.progress);
    return before.version === after.version ? [] : [{ kind: 'schema', schema: after, fills: [] }];
  }
  if (!sameKey(before, after)) return freshSteps(after, before);
  if (mayBeRewritten(before, after) || isRetyped(before, after) || isReplaced(before, after)) return againSteps(after, now.progress);
  const fills = await fillsOf(sql, before, now.table);
  return fills ? [{ kind: 'schema', schema: after, fills }] : againSteps(after, now.progress);
}

/** Was a column replaced by one that looks the same? Changes of the new one may have been taken for changes of the old. */
function isReplaced(before: TableSchema, after: TableSchema): boolean {
  return after.columns.some((column) =>
    before.columns.some((old) => old.name === column.name && old.sourceType === column.sourceType && old.id !== column.id),
  );
}

/** Does the pool hold a column in another form? Text of another length and decimals with more digits before the point are the same values. */
function isRetyped(before: TableSchema, after: TableSchema): boolean {
  const known = new Map(before.columns.map((column) => [column.id, column]));
  return after.columns.some((column) => {
    const then = known.get(column.id);
    return then !== undefined && form(then) !== form(column);
  });
}

function form(column: ColumnSchema): string {
  const type: ColumnType = column.type;
  return type.kind === 'decimal' ? `decimal ${type.scale}` : type.kind;
}

/**
 * What existing rows have in columns that were added without writing the rows anew: the constant default, which PostgreSQL then keeps beside the
 * table, or beside each partition (`attmissingval`), or null. Undefined where partitions differ.
 */
async function fillsOf(sql: Sql, before: TableSchema, table: PgTable): Promise<Fills | undefined> {
  const known = new Set(before.columns.map((column) => column.id));
  const fills: { readonly id: number; readonly value: Column }[] = [];
  for (const [place, column] of table.schema.columns.entries()) {
    if (known.has(column.id)) continue;
    const [row] = await sql.query(`
SELECT count(*) FILTER (WHERE a.atthasmissing), count(*), pg_catalog.min(a.attmissingval::text), pg_catalog.max(a.attmissingval::text)
FROM (${treeOf(table.oid, String(table.partitioned))}) t JOIN pg_catalog.pg_class c ON c.oid = t.relid AND c.relkind <> 'p'
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = ${quoteLiteral(column.name)} AND NOT a.attisdropped`);
    const [missing, all, least, most] = row ?? [];
    if (missing === '0') continue;
    if (missing !== all || least !== most) return undefined;
    fills.push({ id: column.id, value: oneValue(table.schema, place, soleElement(must(least, 'a missing value'))) });
  }
  return fills;
}

type Fills = Extract<Step, { readonly kind: 'schema' }>['fills'];

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
