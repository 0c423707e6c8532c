import { afterAll, beforeAll, expect, test } from 'vitest';
import { JobScene, linked } from '#test/link/job-scene.ts';
import { startPostgres, type TestPostgres } from '#test/servers/postgres.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

test('rows of others in a table that is merged into stay, whatever is copied anew', { timeout: 60_000 }, async () => {
  await using scene = await JobScene.make(
    server,
    `CREATE TABLE m (id int PRIMARY KEY, v int); INSERT INTO m SELECT i, 1 FROM generate_series(1, 50) i`,
  );
  await scene.query('CREATE SCHEMA dbo');
  await scene.query('CREATE TABLE dbo.merged AS SELECT i::INTEGER AS id, 7::INTEGER AS v FROM range(41, 61) t(i)');
  const m = linked('m', { placement: { schema: 'dbo', name: 'merged', onExisting: 'merge' } });
  const content = (): Promise<unknown> => scene.query('SELECT v, count(*), min(id), max(id) FROM dbo.merged GROUP BY v ORDER BY v');
  await using job = scene.start([m]);
  await scene.caughtUp([m]);
  expect(await content()).toEqual([
    ['1', '50', '1', '50'],
    ['7', '10', '51', '60'],
  ]);
  job.send({ kind: 'recopy', tables: [m] });
  await scene.until(() => scene.progress.tables.get('public.m')?.state !== 'Replicating');
  await scene.sql('UPDATE m SET v = 2 WHERE id = 5; DELETE FROM m WHERE id IN (1, 50)');
  await scene.caughtUp([m]);
  expect(await content()).toEqual([
    ['1', '47', '2', '49'],
    ['2', '1', '5', '5'],
    ['7', '10', '51', '60'],
  ]);
  await job.stop();
});

test('nor are they emptied where changes of the table were not logged for a while', { timeout: 60_000 }, async () => {
  await using scene = await JobScene.make(
    server,
    `CREATE TABLE m (id int PRIMARY KEY, v int); INSERT INTO m SELECT i, 1 FROM generate_series(1, 50) i`,
  );
  await scene.query('CREATE SCHEMA dbo');
  await scene.query('CREATE TABLE dbo.merged AS SELECT i::INTEGER AS id, 7::INTEGER AS v FROM range(51, 61) t(i)');
  const m = linked('m', { placement: { schema: 'dbo', name: 'merged', onExisting: 'merge' } });
  await using job = scene.start([m]);
  await scene.caughtUp([m]);
  await scene.sql(`ALTER PUBLICATION ${scene.slot} DROP TABLE m`);
  await scene.sql('UPDATE m SET v = 2');
  const content = (): Promise<unknown> => scene.query('SELECT v, count(*) FROM dbo.merged GROUP BY v ORDER BY v');
  await expect.poll(content, { timeout: 30_000 }).toEqual([
    ['2', '50'],
    ['7', '10'],
  ]);
  await job.stop();
});
