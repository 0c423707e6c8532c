import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { Scene } from './scene.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

test('rows that are there and rows that come, change and go', async () => {
  await using scene = await Scene.make(
    server,
    `CREATE TABLE t (id int PRIMARY KEY, v text, n numeric(10,2)); INSERT INTO t SELECT i, 'v' || i, i * 1.5 FROM generate_series(1, 100) i; CREATE TABLE empty (id int PRIMARY KEY)`,
  );
  await scene.run();
  expect(scene.state('t').state).toBe('Replicating');
  await scene.equal();
  await scene.sql(
    `INSERT INTO t VALUES (101, NULL, NULL); UPDATE t SET v = 'x' WHERE id % 7 = 0; DELETE FROM t WHERE id % 10 = 3; UPDATE t SET id = id + 1000 WHERE id < 10`,
  );
  await scene.run();
  await scene.equal();
});
