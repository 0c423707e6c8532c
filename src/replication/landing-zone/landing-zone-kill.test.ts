import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { failpointVariable } from '#base/failpoint.ts';
import { stepText } from '../handover.contract.ts';
import { placeOf } from '../position.ts';
import type { Progress } from '../segment.ts';
import { LandingReader } from './landing-reader.ts';
import { LandingZone } from './landing-zone.ts';
import { rowsDraft } from './sample-drafts.contract.ts';
import { listSegments } from './zone-folder.ts';
import { scratchFolder } from './zone-scene.contract.ts';

/** A worker of its own that puts transactions of two parts, three at once, from where the zone is, until it is killed. */
const writer = `
  const { LandingZone } = await import(process.argv[1] + 'landing-zone.ts');
  const { rowsDraft } = await import(process.argv[1] + 'sample-drafts.contract.ts');
  const zone = await LandingZone.open({ folder: process.argv[2], maxBytes: 2 ** 30 });
  const { position } = await zone.progress();
  let n = position === undefined ? 0 : Number(position.slice(-6));
  const loop = async () => {
    for (;;) {
      n += 1;
      await Promise.all([zone.put(rowsDraft(n, { last: false, position: undefined })), zone.put(rowsDraft(n, { first: false }))]);
    }
  };
  await Promise.all([loop(), loop(), loop()]);
`;

function startWriter(folder: string, failpoints = ''): ChildProcess {
  const here = new URL('./', import.meta.url).href;
  return spawn(process.execPath, ['--input-type=module', '-e', writer, here, folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, [failpointVariable]: failpoints },
  });
}

function reached(progress: Progress): number {
  return progress.position === undefined ? 0 : Number(placeOf(progress.position));
}

test(
  'a worker killed in the midst of writing leaves a zone that the next one goes on with, and its pool misses nothing',
  { timeout: 60_000 },
  async () => {
    await using folder = await scratchFolder();
    const applied: string[][] = [];
    let open: string[] = [];
    let number = 0;
    for (const more of [3, 20, 1, 11]) {
      const child = startWriter(folder.path);
      const ended = once(child, 'exit');
      const goal = applied.length + more;
      for await (const segment of new LandingReader({ folder: folder.path }).segments(number, AbortSignal.timeout(30_000))) {
        if (segment.first) open = [];
        open.push(...segment.steps.map(stepText));
        if (segment.last) {
          applied.push(open);
          number = segment.number;
        }
        if (applied.length >= goal) break;
      }
      child.kill('SIGKILL');
      await ended;
      // The dead worker's lock is free, and the zone goes at least as far as its pool.
      await using zone = await LandingZone.open({ folder: folder.path, maxBytes: 2 ** 30 });
      expect(reached(await zone.progress())).toBeGreaterThanOrEqual(applied.length);
    }
    expect(applied.length).toBeGreaterThanOrEqual(35);
    expect(applied).toEqual(applied.map((_, i) => [...rowsDraft(i + 1).steps, ...rowsDraft(i + 1).steps].map(stepText)));
  },
);

test.each([
  ['landing.publish.before', 6],
  ['landing.publish.after', 7],
])('a worker that dies at %s of its seventh segment leaves %i', { timeout: 60_000 }, async (point, left) => {
  await using folder = await scratchFolder();
  const child = startWriter(folder.path, `${point}=exit:7`);
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  expect((await listSegments(folder.path)).length).toBe(left);
  await using zone = await LandingZone.open({ folder: folder.path, maxBytes: 2 ** 30 });
  // Two segments make a transaction.
  expect(reached(await zone.progress())).toBe(3);
  expect((await readdir(folder.path)).filter((name) => name.startsWith('tmp-'))).toEqual([]);
});
