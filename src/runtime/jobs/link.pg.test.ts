import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '#test/servers/postgres.ts';
import { JobScene, linked } from '#test/link/job-scene.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres({ settings: { max_slot_wal_keep_size: '1GB' } });
});
afterAll(() => server[Symbol.asyncDispose]());

const setup = `CREATE TABLE a (id int PRIMARY KEY, v int); CREATE TABLE b (id int PRIMARY KEY, v int); CREATE TABLE c (id int PRIMARY KEY, v text);
  INSERT INTO a SELECT i, 100 FROM generate_series(1, 300) i; INSERT INTO b SELECT i, 100 FROM generate_series(1, 300) i; INSERT INTO c SELECT i, 'v' || i FROM generate_series(1, 50) i;
  ANALYZE`;
const [a, b, c] = [linked('a'), linked('b'), linked('c')];

test('existing rows and changes travel through the landing zone, of the chosen tables and no others', async () => {
  await using scene = await JobScene.make(server, setup);
  await using job = scene.start([a, b]);
  await scene.caughtUp([a, b]);
  await scene.sql('UPDATE a SET v = v + 1; INSERT INTO b VALUES (1000, 1); DELETE FROM b WHERE id = 3; INSERT INTO c VALUES (1000)');
  await scene.caughtUp([a, b]);
  expect(await scene.differences([a, b])).toEqual([]);
  expect([...scene.progress.tables.keys()]).toEqual(['public.a', 'public.b']);
  await scene.until(() => job.report?.heardMs !== null && job.report?.heldBytes !== null);
  expect(job.report).toMatchObject({
    following: true,
    trouble: null,
    position: expect.stringContaining(scene.slot),
    headroomBytes: expect.stringMatching(/^\d+$/),
    tables: [
      { schema: 'public', name: 'a', state: 'Replicating', rowsCopied: 300, estimatedRows: 300, fault: null },
      { schema: 'public', name: 'b', state: 'Replicating', rowsCopied: 300, estimatedRows: 300, fault: null },
    ],
  });
  expect(Math.abs(Date.now() - job.report!.heardMs!)).toBeLessThan(30_000);
  await job.stop();
});

test('once ends when the landing zone holds what the source held; the next run goes on from there', async () => {
  await using scene = await JobScene.make(server, setup);
  await using first = scene.start([a, c], { once: true });
  await first.ended();
  expect(first.report?.tables.map((one) => one.state)).toEqual(['Replicating', 'Replicating']);
  await scene.sql('DELETE FROM a WHERE id > 100; UPDATE c SET v = id');
  await using second = scene.start([a, c], { once: true });
  await second.ended();
  await scene.until(() => scene.progress.position === second.report?.position);
  expect(await scene.differences([a, c])).toEqual([]);
});
