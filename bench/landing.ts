import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { compared, worst, type Benchmark } from './benchmark.ts';
import { Truth } from './digest.ts';
import { makeWide } from './fixtures.ts';
import { dropLinks, startServer, type BenchServer } from './servers.ts';
import { startSide } from './side-run.ts';
import { scaled, type Workplace } from './workplace.ts';

interface Copy {
  readonly seconds: number;
  /** Of each process, in MB. */
  readonly peaks: readonly number[];
}

export const landing: Benchmark = {
  name: 'landing',
  about: 'First copy of the wide table through the landing zone into a pool in another process, against the hand-over in memory',
  run: async (place) => {
    await using source = await startServer();
    await makeWide(source, scaled(place, 2_000_000, 2000));
    const truth = await Truth.of(source, ['wide']);
    const rounds: { readonly direct: Copy; readonly landed: Copy }[] = [];
    for (let round = 0; round < place.rounds; round++) {
      const direct = await copy(place, { source, truth, landed: false });
      const landed = await copy(place, { source, truth, landed: true });
      const peaks = landed.peaks.map((one) => one.toFixed(0)).join(' + ');
      place.say(`landing: direct ${direct.seconds.toFixed(2)} s, landing zone ${landed.seconds.toFixed(2)} s (${peaks} MB)`);
      rounds.push({ direct, landed });
    }
    return [
      compared(
        'landing zone ÷ direct hand-over',
        rounds.map(({ direct, landed }) => [landed.seconds, direct.seconds]),
        { ratioAtLeast: 0.8 },
      ),
      worst(
        'peak memory of the worker',
        'MB',
        rounds.map(({ landed }) => landed.peaks[0]!),
        { atMost: 512 },
      ),
      worst(
        'peak memory of the pool process',
        'MB',
        rounds.map(({ landed }) => landed.peaks[1]!),
        { atMost: 512 },
      ),
    ];
  },
};

/** From the start of the programs to their end with all rows in the pool. Both ways are the same program, so that only the hand-over differs. */
async function copy(
  place: Workplace,
  how: { readonly source: BenchServer; readonly truth: Truth; readonly landed: boolean },
): Promise<Copy> {
  const file = join(place.folder, 'landing.duckdb');
  const zone = join(place.folder, 'zone');
  const url = how.source.url();
  const begun = performance.now();
  const sides = how.landed
    ? [
        ['worker', url, zone, 'public.wide'],
        ['pool', file, zone],
      ]
    : [['both', url, file, 'public.wide']];
  const probed = await Promise.all(sides.map((side) => startSide(place, [...side, '--once']).ended));
  const seconds = (performance.now() - begun) / 1000;
  await how.truth.expectInPool(file);
  await dropLinks(how.source, 'bench_%');
  rmSync(file);
  rmSync(zone, { recursive: true, force: true });
  return { seconds, peaks: probed.map((one) => one.peakMb) };
}
