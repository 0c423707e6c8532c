import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Progress, Segment } from '../segment.ts';
import { LandingReader } from './landing-reader.ts';
import { LandingZone, type LandingZoneOptions } from './landing-zone.ts';
import { sealRecord, type Manifest } from './manifest.ts';
import { rowsDraft } from './sample-drafts.contract.ts';
import { readZone } from './zone-folder.ts';

/** A folder that goes away with the test. */
export async function scratchFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'isthmus-zone-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A zone of `count` transactions, one segment each, and its progress. */
export async function filledZone(folder: string, count: number): Promise<Progress> {
  await using zone = await LandingZone.open({ folder, maxBytes: 2 ** 30 });
  await Promise.all(Array.from({ length: count }, (_, i) => zone.put(rowsDraft(i + 1))));
  return zone.progress();
}

/** The segments after `after` up to the one with number `upTo`. */
export async function readSegments(folder: string, after: number, upTo: number): Promise<Segment[]> {
  const found: Segment[] = [];
  if (after >= upTo) return found;
  for await (const segment of new LandingReader({ folder }).segments(after, AbortSignal.timeout(10_000))) {
    found.push(segment);
    if (segment.number === upTo) break;
  }
  return found;
}

/** What the zone's progress was at segment `number`. */
export async function progressAt(folder: string, number: number): Promise<Progress> {
  return (await readZone(folder, number)).progress.get();
}

/**
 * Opens a zone as a worker does that looked at `base` when the pool had replaced it already. `blind`: it never sees the pool's one; what puts that
 * back is answered.
 */
export async function openStale(
  options: LandingZoneOptions,
  base: Uint8Array,
  blind = false,
): Promise<{ readonly zone: LandingZone; readonly see: () => Promise<void> }> {
  const path = join(options.folder, 'base.json');
  const now = await readFile(path);
  const see = (): Promise<void> => writeFile(path, now);
  await writeFile(path, base);
  try {
    return { zone: await LandingZone.open(options), see };
  } finally {
    if (!blind) await see();
  }
}

/** Makes the zone one that format 1 left: no segment says what it goes on from, nor the base who wrote what it ends with. */
export async function toFormat1(folder: string): Promise<void> {
  for (const file of await filesOf(folder)) {
    if (!file.endsWith('.json')) continue;
    const path = join(folder, file);
    const { body } = JSON.parse(await readFile(path, 'utf8')) as { body: Record<string, unknown> };
    delete body[file === 'base.json' ? 'epoch' : 'continues'];
    await writeFile(path, sealRecord({ ...body, format: 1 } as unknown as Manifest));
  }
}

export async function copyOf(folder: string, to: string): Promise<string> {
  await cp(folder, to, { recursive: true });
  return to;
}

/** Every file of the zone that a segment or the progress lies in, as paths within it. */
export async function filesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => /\.(json|arrow)$/.test(name)).toSorted();
}
