import { crc32 } from 'node:zlib';
import { z } from 'zod';
import type { ScalarKind } from '../column.ts';
import { parsePosition } from '../position.ts';
import type { ColumnSchema, Fidelity, Identity, TableSchema, OnExisting, TablePlacement } from '../schema.ts';
import type { Footing, Position, TableProgress, TableState } from '../segment.ts';

/** A file of a segment's folder. */
export interface FileEntry {
  readonly name: string;
  readonly size: number;
  readonly crc32: string;
}

/**
 * A step as the manifest tells it. Rows lie in Arrow files, named by their place in `Manifest.files`.
 * A file of patches holds the table's columns, then `from` key columns, then one column of bits for each table column in `kept`.
 */
export type StoredStep =
  | {
      readonly kind: 'rows';
      readonly table: string;
      readonly removes?: number | undefined;
      readonly inserts?: number | undefined;
      readonly patches?: { readonly file: number; readonly from: number; readonly kept: readonly number[] } | undefined;
      readonly replaces: boolean;
    }
  | { readonly kind: 'truncate' | 'drop' | 'leave'; readonly table: string }
  | {
      readonly kind: 'schema';
      readonly schema: TableSchema;
      readonly fills?: { readonly file: number; readonly ids: readonly number[] } | undefined;
    }
  | { readonly kind: 'progress'; readonly progress: TableProgress };

/** The format that manifests and bases are written in. Format 1 does not say what a segment goes on from, nor who wrote what the base ends with. */
export const zoneFormat = 2;
type ZoneFormat = 1 | typeof zoneFormat;

/** What `manifest.json` of a segment's folder says. Times and positions as in `Draft`. */
export interface Manifest {
  readonly format: ZoneFormat;
  readonly number: number;
  /** Which opening of the zone wrote it: parts of one transaction share it. */
  readonly epoch: string;
  /** See `Segment`; in format 1 it is not there. */
  readonly continues?: Footing | undefined;
  readonly first: boolean;
  readonly last: boolean;
  readonly position?: Position | undefined;
  readonly committedAt?: bigint | undefined;
  readonly changes: number;
  readonly bytes: number;
  readonly files: readonly FileEntry[];
  readonly steps: readonly StoredStep[];
}

/** What `base.json` says: all that the segments taken away before it had left. */
export interface BaseRecord {
  readonly format: ZoneFormat;
  readonly number: number;
  /** Which opening of the zone wrote the last of them, as far as the pool knows. */
  readonly epoch?: string | undefined;
  readonly position?: Position | undefined;
  readonly tables: readonly TableProgress[];
  readonly schemas: readonly TableSchema[];
}

const count = z.number().int().nonnegative();
const position = z.string().transform((text) => parsePosition(text));
const texts = z.array(z.string());

/** Every key of a type, and no other: what is added to the type must be added here, or it does not compile. */
type Shape<T> = Record<keyof T, z.ZodType>;

/** One of the words of a type, all of which must be given. */
function oneOf<Word extends string>(words: Record<Word, true>): z.ZodType<Word> {
  return z.custom<Word>((value) => typeof value === 'string' && Object.hasOwn(words, value));
}

const yes = true as const;
const columnType = z.union([
  z.strictObject({ kind: z.literal('decimal'), precision: count, scale: z.number().int() }),
  z.strictObject({
    kind: oneOf<ScalarKind>({
      bool: yes,
      int16: yes,
      int32: yes,
      int64: yes,
      uint32: yes,
      float32: yes,
      float64: yes,
      date: yes,
      time: yes,
      timetz: yes,
      timestamp: yes,
      timestamptz: yes,
      interval: yes,
      uuid: yes,
      text: yes,
      bytes: yes,
    }),
  }),
]);

const column = z.strictObject({
  id: z.number().int(),
  name: z.string(),
  type: columnType,
  sourceType: z.string(),
  fidelity: oneOf<Fidelity>({ exact: yes, widened: yes, text: yes, refused: yes }),
} satisfies Shape<ColumnSchema>);

const schema = z.strictObject({
  table: z.string(),
  schema: z.string(),
  name: z.string(),
  id: z.string(),
  columns: z.array(column),
  key: z.array(count),
  identity: oneOf<Identity>({ key: yes, full: yes, append: yes }),
  version: z.string().optional(),
  placement: z
    .strictObject({
      schema: z.string(),
      name: z.string(),
      onExisting: oneOf<OnExisting>({ drop: yes, 'fail-if-not-empty': yes, merge: yes }),
    } satisfies Shape<TablePlacement>)
    .optional(),
} satisfies Shape<TableSchema>);

const progress = z
  .strictObject({
    table: z.string(),
    state: oneOf<TableState>({ Waiting: yes, Snapshotting: yes, Replicating: yes, Suspended: yes, Failed: yes }),
    after: texts.optional(),
    copied: z.boolean(),
    until: position.optional(),
    seen: z.string().optional(),
    moved: z.array(texts),
    rowsCopied: count,
    fault: z
      .strictObject({ code: z.string(), message: z.string(), remedy: z.string().optional() })
      .transform((one) => ({ ...one, remedy: one.remedy }))
      .optional(),
  } satisfies Shape<TableProgress>)
  .transform((one): TableProgress => ({ ...one, after: one.after, until: one.until, seen: one.seen, fault: one.fault }));

const step = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('rows'),
    table: z.string(),
    removes: count.optional(),
    inserts: count.optional(),
    patches: z.strictObject({ file: count, from: count, kept: z.array(count) }).optional(),
    replaces: z.boolean(),
  }),
  z.strictObject({ kind: z.enum(['truncate', 'drop', 'leave']), table: z.string() }),
  z.strictObject({ kind: z.literal('schema'), schema, fills: z.strictObject({ file: count, ids: z.array(z.number().int()) }).optional() }),
  z.strictObject({ kind: z.literal('progress'), progress }),
]);

const format = z.union([z.literal(1), z.literal(zoneFormat)]);

const footing = z
  .strictObject({ number: count, epoch: z.string().optional(), position: position.optional() } satisfies Shape<Footing>)
  .transform((one): Footing => ({ number: one.number, epoch: one.epoch, position: one.position }));

const manifestShape = z.strictObject({
  format,
  number: count,
  epoch: z.string(),
  continues: footing.optional(),
  first: z.boolean(),
  last: z.boolean(),
  position: position.optional(),
  committedAt: z
    .string()
    .regex(/^-?\d+$/)
    .transform(BigInt)
    .optional(),
  changes: count,
  bytes: count,
  files: z.array(z.strictObject({ name: z.string().regex(/^\d+\.arrow$/), size: count, crc32: z.string() })),
  steps: z.array(step),
} satisfies Shape<Manifest>);
const manifest: z.ZodType<Manifest> = manifestShape.refine((one) => (one.continues !== undefined) === one.format >= 2, {
  path: ['continues'],
});

const base: z.ZodType<BaseRecord> = z.strictObject({
  format,
  number: count,
  epoch: z.string().optional(),
  position: position.optional(),
  tables: z.array(progress),
  schemas: z.array(schema),
} satisfies Shape<BaseRecord>);

/** A record as it is written to disk: JSON that carries the checksum of its own body. */
export function sealRecord(record: Manifest | BaseRecord): Uint8Array {
  const body = JSON.stringify(record, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  return new TextEncoder().encode(`{"crc32":"${checksum(body)}","body":${body}}\n`);
}

/** The manifest in a sealed record, or what is wrong with it. */
export function openManifest(bytes: Uint8Array): Manifest | { readonly wrong: string } {
  return openRecord(bytes, manifest);
}

export function openBase(bytes: Uint8Array): BaseRecord | { readonly wrong: string } {
  return openRecord(bytes, base);
}

/** The CRC-32 of bytes that lie in several pieces, as 8 hex digits. */
export function checksumOf(pieces: readonly Uint8Array[]): string {
  let sum = 0;
  for (const piece of pieces) sum = crc32(piece, sum);
  return hex(sum);
}

function checksum(text: string): string {
  return hex(crc32(text));
}

function hex(sum: number): string {
  return sum.toString(16).padStart(8, '0');
}

function openRecord<T>(bytes: Uint8Array, shape: z.ZodType<T>): T | { readonly wrong: string } {
  const match = /^\{"crc32":"([0-9a-f]{8})","body":(.*)\}\n$/s.exec(new TextDecoder().decode(bytes));
  if (!match) return { wrong: 'it is torn' };
  const [, sum, body = ''] = match;
  if (sum !== checksum(body)) return { wrong: 'its checksum does not fit' };
  const value: unknown = JSON.parse(body);
  const said = z.looseObject({ format: z.number() }).safeParse(value);
  if (said.success && !format.safeParse(said.data.format).success)
    return { wrong: `it has format ${said.data.format}, written by another version` };
  const parsed = shape.safeParse(value);
  return parsed.success ? parsed.data : { wrong: `it does not say what it must (${parsed.error.issues[0]?.path.join('.') ?? ''})` };
}
