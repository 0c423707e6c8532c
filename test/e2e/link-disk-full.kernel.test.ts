import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startPostgres } from '../servers/postgres.ts';
import { ControlPlane } from './control-plane.ts';
import { LinkGround } from './link-ground.ts';
import { until } from './program.ts';

/** The links' folder is a file system of 24 MB, three of the largest segments, which nobody outside sees. */
function onSmallDisk(folder: string): readonly string[] {
  const mounted = 'mkdir -p "$1/links" && mount -t tmpfs -o size=24m none "$1/links" && shift && exec "$@"';
  return ['unshare', '--mount', 'sh', '-c', mounted, 'sh', folder];
}

/** Of rows that are too many to be looked at one by one; the same in the words of both. */
const digest = `SELECT count(*)::text, md5(string_agg(CAST(id AS varchar) || md5(note), '' ORDER BY id)) FROM public.big`;

async function equal(ground: LinkGround): Promise<void> {
  const [wanted] = await ground.source(digest);
  let seen: unknown;
  const isEqual = async (): Promise<boolean> => {
    seen = await ground.query(digest).catch((error: unknown) => error);
    return JSON.stringify(seen) === JSON.stringify([wanted]);
  };
  // A worker that found no room for long looks again after half a minute.
  await until('the rows are equal', isEqual, 90_000).catch((cause: unknown) => {
    throw new Error(`the pool has ${String(seen)} instead of ${String(wanted)}`, { cause });
  });
}

test('a landing zone whose disk is full: the link says so and its source keeps the log, until there is room or too much is kept', async () => {
  await using database = await startPostgres();
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-full-'));
  await using plane = await ControlPlane.start(folder, true, onSmallDisk(folder));
  const ground = new LinkGround(plane, database);
  await ground.lay();
  await ground.approve();
  await ground.fill('big', 100);
  await ground.link('full', ['big']);
  await ground.act('full', 'start');
  await ground.reached('full', 'Running');
  await equal(ground);

  const pause = async (asked: string, status: string): Promise<void> => {
    await ground.send('POST', `${ground.pool}/${asked}`);
    await until(`the pool is ${status}`, async () => (await plane.ask({ path: ground.pool })).json.properties.status === status);
  };
  const write = async (): Promise<void> => {
    for (let round = 0; round < 48; round++)
      await ground.source(
        `UPDATE public.big SET note = (SELECT string_agg(md5(random()::text || id || h), '') FROM generate_series(1, 320) h)`,
      );
  };
  await pause('pause', 'Paused');
  await write();
  const { error } = await ground.reached('full', 'Resuming', 'LandingZoneFull');
  expect(error!.remedy).toContain('Free disk space');
  expect(await ground.kept()).toHaveLength(3);
  await pause('resume', 'Online');
  await ground.reached('full', 'Running');
  await equal(ground);

  await pause('pause', 'Paused');
  await ground.saveLink('full', {}, { isthmus: { logBudget: { mostBytes: 16 * 1_048_576 } } });
  await write();
  await ground.reached('full', 'Paused', 'LogBudgetExceeded');
  await until('the source has its log back', async () => (await ground.kept()).length === 0);
  await pause('resume', 'Online');
  await ground.act('full', 'resume');
  await ground.reached('full', 'Running');
  await equal(ground);
  await plane[Symbol.asyncDispose]();
  plane.forget();
}, 300_000);
