import { z } from 'zod';
import type { JsonObject } from '#arm/resource.ts';

/** A table of a link, as it is kept. */
export interface LinkTableAsked {
  /** A GUID. */
  readonly id: string;
  readonly source: SourceTable;
  readonly target: TargetTable;
}

export interface SourceTable {
  readonly schemaName: string;
  readonly tableName: string;
}

export interface TargetTable extends SourceTable {
  readonly distributionOptions?: { readonly type: string; readonly distributionColumn?: string | undefined } | undefined;
  readonly structureOptions?: { readonly type: string } | undefined;
}

/** One change of a link's tables. */
export interface TableEdit {
  readonly operation: 'add' | 'update' | 'remove';
  readonly id: string | undefined;
  readonly source: SourceTable | undefined;
  readonly target: Partial<TargetTable> | undefined;
}

/** Of a link, as in Azure. */
export const mostTables = 5_000;

/** How rows are spread over the machines of a dedicated pool. Kept; a pool of one machine has them all. */
export function distributionOf(text: string): 'hash' | 'round-robin' | 'replicate' | undefined {
  const plain = text.toLowerCase().replaceAll(/[^a-z]/g, '');
  if (plain === 'hash' || plain === 'replicate') return plain;
  return plain === 'roundrobin' ? 'round-robin' : undefined;
}

/** How a dedicated pool stores a table. Kept; DuckDB stores all by columns. */
export function structureOf(text: string): 'columnstore' | 'heap' | 'clustered' | undefined {
  switch (text.toLowerCase().replaceAll(/[^a-z]/g, '')) {
    case 'heap':
      return 'heap';
    case 'columnstoreindex':
    case 'clusteredcolumnstoreindex':
    case 'columnstore':
      return 'columnstore';
    case 'clusteredindex':
      return 'clustered';
    default:
      return undefined;
  }
}

const name = z
  .string()
  .min(1)
  .max(128)
  // oxlint-disable-next-line no-control-regex -- they are what is refused
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'must not hold control characters');

const source = z.object({ schemaName: name, tableName: name });

const distributionOptions = z
  .object({
    type: z
      .string()
      .max(40)
      .refine((text) => distributionOf(text) !== undefined, 'must be Hash, Round_Robin or Replicate'),
    distributionColumn: z.string().max(128).optional(),
  })
  .refine(({ type, distributionColumn = '' }) => distributionOf(type) !== 'hash' || distributionColumn !== '', {
    message: 'is needed with the distribution Hash: name the column by which rows are spread',
    path: ['distributionColumn'],
  });

const structureOptions = z.object({
  type: z
    .string()
    .max(60)
    .refine((text) => structureOf(text) !== undefined, 'must be ColumnStoreIndex, Heap or ClusteredIndex'),
});

const target = z.object({
  schemaName: name.optional(),
  tableName: name.optional(),
  distributionOptions: distributionOptions.optional(),
  structureOptions: structureOptions.optional(),
});

const guid = z.guid('must be a GUID');

/** As it comes in a PUT. An id that is missing is made of the table's names, so that the same body gives the same tables. */
export const linkTable: z.ZodType<Omit<LinkTableAsked, 'id'> & { readonly id?: string }> = z
  .object({ id: guid.optional(), source, target: target.optional() })
  .transform(({ id, source: from, target: to }) => ({
    ...(id === undefined ? {} : { id }),
    source: from,
    target: { ...from, ...to },
  })) as never;

const edit = z
  .object({
    id: guid.optional(),
    source: source.optional(),
    target: target.optional(),
    operationType: z
      .string()
      .max(20)
      .transform((text) => text.toLowerCase())
      .pipe(z.enum(['add', 'update', 'remove'], 'must be add, update or remove'))
      .default('add'),
  })
  .refine((one) => one.id !== undefined || one.source !== undefined, 'names no table: give its source, or the id of a table of the link')
  .transform(({ operationType, id, source: from, target: to }) => ({ operation: operationType, id, source: from, target: to }));

/** The body of `edittables`. Some clients write its members with a capital first. */
export const tableEdits: z.ZodType<{ readonly linkTables: readonly TableEdit[] }> = z.preprocess(
  withSmallInitials,
  z.object({ linkTables: z.array(edit).max(mostTables) }),
) as never;

function withSmallInitials(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => withSmallInitials(one));
  if (typeof value !== 'object' || value === null) return value;
  const made = Object.entries(value as JsonObject).map(([key, inner]) => [
    key.slice(0, 1).toLowerCase() + key.slice(1),
    withSmallInitials(inner),
  ]);
  return Object.fromEntries(made) as unknown;
}
