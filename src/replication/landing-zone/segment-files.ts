import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { takeBuffer } from '../buffer-shelf.ts';
import { recycle, type ColumnBatch } from '../column.ts';
import type { TableSchema } from '../schema.ts';
import type { Patches, Segment, Step } from '../segment.ts';
import { decodeArrowFile, encodeArrowFile, type ArrowColumn } from './arrow-file.ts';
import { eachOf } from './disk.ts';
import { checksumOf, sealRecord, zoneFormat, type FileEntry, type Manifest, type StoredStep } from './manifest.ts';
import { errorCode, segmentCorrupt, segmentMissing } from './zone-faults.ts';
import { manifestName, segmentName, spaceOf } from './zone-folder.ts';

/** A file to write: its pieces one after the other. They are views of the segment's own columns. */
export interface PackedFile {
  readonly name: string;
  readonly pieces: readonly Uint8Array[];
}

/**
 * The files of a segment's folder. `shapes`: for each step of kind `rows` the table as it was put, for the names of its columns;
 * where it is not known columns are called by their places.
 */
export async function packSegment(
  segment: Segment,
  shapes: readonly (TableSchema | undefined)[],
): Promise<{ files: PackedFile[]; space: number }> {
  const files: PackedFile[] = [];
  const entries: FileEntry[] = [];
  const add = async (rows: number, columns: readonly ArrowColumn[]): Promise<number> => {
    const pieces = await encodeArrowFile(rows, columns);
    const name = `${String(files.length).padStart(2, '0')}.arrow`;
    files.push({ name, pieces });
    entries.push({ name, size: pieces.reduce((sum, piece) => sum + piece.length, 0), crc32: checksumOf(pieces) });
    return files.length - 1;
  };
  const steps: StoredStep[] = [];
  for (const [i, step] of segment.steps.entries()) steps.push(await packStep(step, shapes[i], add));
  const { number, epoch, continues, first, last, position, committedAt, changes, bytes } = segment;
  const ends = { first, last, position, committedAt, changes, bytes };
  const manifest: Manifest = { format: zoneFormat, number, epoch, continues, ...ends, files: entries, steps };
  const sealed = sealRecord(manifest);
  return { files: [...files, { name: manifestName, pieces: [sealed] }], space: spaceOf(manifest, sealed.length) };
}

type AddFile = (rows: number, columns: readonly ArrowColumn[]) => Promise<number>;

async function packStep(step: Step, shape: TableSchema | undefined, add: AddFile): Promise<StoredStep> {
  if (step.kind === 'schema') {
    const { schema, fills } = step;
    if (fills.length === 0) return { kind: 'schema', schema };
    const columns = fills.map(({ id, value }) => ({
      name: schema.columns.find((one) => one.id === id)?.name ?? `column ${id}`,
      column: value,
    }));
    return { kind: 'schema', schema, fills: { file: await add(1, columns), ids: fills.map((one) => one.id) } };
  }
  if (step.kind !== 'rows') return step;
  const { table, removes, inserts, patches, replaces } = step;
  const all = shape?.columns.map((one) => one.name) ?? [];
  const keys = shape?.identity === 'full' ? all : (shape?.key.map((place) => all[place]!) ?? []);
  return {
    kind: 'rows',
    table,
    removes: removes && (await add(removes.rows, named(removes, keys))),
    inserts: inserts && (await add(inserts.rows, named(inserts, all))),
    patches: patches && (await packPatches(patches, { all, keys }, add)),
    replaces,
  };
}

async function packPatches(
  patches: Patches,
  names: { readonly all: readonly string[]; readonly keys: readonly string[] },
  add: AddFile,
): Promise<{ file: number; from: number; kept: number[] }> {
  const from = named(
    patches.from,
    names.keys.map((name) => `from:${name}`),
  );
  const kept = patches.kept.flatMap((bits, place) => (bits ? [{ place, name: `kept:${names.all[place] ?? place}`, bits }] : []));
  const file = await add(patches.rows.rows, [...named(patches.rows, names.all), ...from, ...kept]);
  return { file, from: from.length, kept: kept.map((one) => one.place) };
}

function named(batch: ColumnBatch, names: readonly string[]): ArrowColumn[] {
  return batch.columns.map((column, place) => ({ name: names[place] ?? String(place), column }));
}

/** The segment's memory is no longer read by anyone and may be used for another. */
export function releaseSegment(segment: Segment): void {
  for (const step of segment.steps) {
    if (step.kind !== 'rows') continue;
    for (const batch of [step.removes, step.inserts, step.patches?.rows, step.patches?.from]) recycle(batch);
  }
}

/**
 * Reads and verifies the files of a segment. Columns are views of the bytes read; see `releaseSegment`.
 * Faults: `SegmentCorrupt`, `SegmentMissing`, naming the file.
 */
export async function readSegment(folder: string, manifest: Manifest): Promise<Segment> {
  const own = segmentName(manifest.number);
  const contents = new Map<number, Uint8Array>();
  await eachOf(manifest.files.entries(), async ([place, file]) => void contents.set(place, await readChecked(folder, own, file)));
  const { number, epoch, continues, first, last, position, committedAt, changes, bytes } = manifest;
  const steps = manifest.steps.map((step) => unpackStep(step, openFileOf(manifest, contents)));
  return { number, epoch, continues, first, last, position, committedAt, changes, bytes, steps };
}

type OpenFile = (
  place: number,
  bitsFrom?: (columns: number) => number,
) => { readonly rows: number; readonly columns: readonly ArrowColumn[] };

function openFileOf(manifest: Manifest, contents: ReadonlyMap<number, Uint8Array>): OpenFile {
  return (place, bitsFrom) => {
    const file = join(segmentName(manifest.number), manifest.files[place]?.name ?? manifestName);
    const bytes = contents.get(place);
    if (!bytes) throw segmentCorrupt(file, 'a step of it names a file that it does not list');
    try {
      return decodeArrowFile(bytes, bitsFrom);
    } catch (error) {
      throw segmentCorrupt(file, 'it is no Arrow file as they are written here', error);
    }
  };
}

function unpackStep(step: StoredStep, openFile: OpenFile): Step {
  if (step.kind === 'schema') {
    const { schema, fills } = step;
    if (!fills) return { kind: 'schema', schema, fills: [] };
    const values = batchOf(openFile(fills.file)).columns;
    return { kind: 'schema', schema, fills: fills.ids.flatMap((id, i) => (values[i] ? [{ id, value: values[i] }] : [])) };
  }
  if (step.kind !== 'rows') return step;
  const { table, removes, inserts, patches, replaces } = step;
  return {
    kind: 'rows',
    table,
    removes: removes === undefined ? undefined : batchOf(openFile(removes)),
    inserts: inserts === undefined ? undefined : batchOf(openFile(inserts)),
    patches: patches && unpackPatches(patches, openFile),
    replaces,
  };
}

function unpackPatches(
  stored: { readonly file: number; readonly from: number; readonly kept: readonly number[] },
  openFile: OpenFile,
): Patches {
  const { rows, columns } = openFile(stored.file, (count) => count - stored.kept.length);
  const own = columns.length - stored.from - stored.kept.length;
  const kept: (Uint8Array | undefined)[] = Array.from({ length: own }, () => undefined);
  for (const [i, place] of stored.kept.entries()) {
    const one = columns[own + stored.from + i];
    if (one && 'bits' in one) kept[place] = one.bits;
  }
  return {
    rows: batchOf({ rows, columns: columns.slice(0, own) }),
    from: batchOf({ rows, columns: columns.slice(own, own + stored.from) }),
    kept,
  };
}

function batchOf(file: { readonly rows: number; readonly columns: readonly ArrowColumn[] }): ColumnBatch {
  return { rows: file.rows, columns: file.columns.flatMap((one) => ('column' in one ? [one.column] : [])) };
}

async function readChecked(folder: string, own: string, entry: FileEntry): Promise<Uint8Array> {
  const file = join(own, entry.name);
  const bytes = await readExactly(join(folder, file), entry.size);
  if (!bytes) throw segmentMissing(file, 'the manifest names it');
  if (bytes.length !== entry.size) throw segmentCorrupt(file, `it is not the ${entry.size} bytes long that it was written with`);
  if (checksumOf([bytes]) !== entry.crc32) throw segmentCorrupt(file, 'its checksum does not fit');
  return bytes;
}

/** The file's content in memory of its own, so that its columns lie aligned; one byte more where the file is longer than `size`. */
async function readExactly(path: string, size: number): Promise<Uint8Array | undefined> {
  try {
    await using file = await open(path, 'r');
    const bytes = new Uint8Array(takeBuffer(size + 1), 0, size + 1);
    let used = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, used, bytes.length - used);
      used += bytesRead;
      if (bytesRead === 0 || used >= size) return bytes.subarray(0, used);
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
