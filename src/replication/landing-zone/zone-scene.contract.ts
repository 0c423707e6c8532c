import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Progress, Segment } from '../segment.ts';
import { LandingReader } from './landing-reader.ts';
import { LandingZone } from './landing-zone.ts';
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

export async function copyOf(folder: string, to: string): Promise<string> {
  await cp(folder, to, { recursive: true });
  return to;
}

/** Every file of the zone that a segment or the progress lies in, as paths within it. */
export async function filesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => /\.(json|arrow)$/.test(name)).toSorted();
}
