import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { Scene } from './scene.ts';

let server: TestPostgres;
let spoolFolder: string;
beforeAll(async () => {
  spoolFolder = mkdtempSync(join(tmpdir(), 'isthmus-large-'));
  server = await startPostgres({ settings: { logical_decoding_work_mem: '64kB' } });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(spoolFolder, { recursive: true });
});

const setup = `CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE u (id int PRIMARY KEY, v text, big text); ALTER TABLE u ALTER big SET STORAGE EXTERNAL; CREATE TABLE bag (v text); ALTER TABLE bag REPLICA IDENTITY FULL;
  INSERT INTO t SELECT i, 'first' FROM generate_series(1, 2000) i; INSERT INTO u SELECT i, 'first', (SELECT string_agg(md5((i * j)::text), '') FROM generate_series(1, 80) j) FROM generate_series(1, 100) i`;
const rows = (table: string, from: number, to: number): string =>
  `INSERT INTO ${table} (id, v) SELECT i, 'large ' || i FROM generate_series(${from}, ${to}) i`;

test.each([
  ['streamed before their commit', true],
  ['sent at their commit', false],
])('large transactions, %s: parts that are void, parts that change one row again, several at once', async (_how, streaming) => {
  await using scene = await Scene.make(server, setup, { follow: { streaming, spoolFolder, maxBytes: 32 * 1024 } });
  await scene.run();
  const [one, two, three] = await Promise.all([scene.session(), scene.session(), scene.session()]);
  await one.query(`BEGIN; ${rows('t', 10_000, 13_000)}`);
  await two.query(`BEGIN; ${rows('u', 20_000, 23_000)}`);
  await three.query(`BEGIN; ${rows('t', 30_000, 33_000)}; DELETE FROM bag`);
  await one.query(`SAVEPOINT a; UPDATE t SET v = 'void' WHERE id < 12000; SAVEPOINT b; DELETE FROM t WHERE id > 12500`);
  await scene.sql(`INSERT INTO t VALUES (3000, 'small, between'); INSERT INTO bag VALUES ('x'), ('x')`);
  await two.query(
    `UPDATE u SET v = 'changed' WHERE id < 50; UPDATE u SET id = id + 500 WHERE id < 20; SAVEPOINT s; ${rows('u', 24_000, 26_000)}; ROLLBACK TO s; ${rows('u', 24_000, 24_500)}`,
  );
  await one.query(
    `ROLLBACK TO a; SAVEPOINT c; UPDATE t SET v = 'kept' WHERE id BETWEEN 11000 AND 11500; SAVEPOINT d; DELETE FROM t WHERE id < 1000; RELEASE d; INSERT INTO bag SELECT 'one' FROM generate_series(1, 500)`,
  );
  await three.query('ROLLBACK');
  await two.query(`SAVEPOINT e; DELETE FROM u WHERE id > 22000; ROLLBACK TO e; DELETE FROM u WHERE id BETWEEN 20000 AND 20100; COMMIT`);
  await scene.sql(`UPDATE u SET v = 'after two' WHERE id = 600`);
  await one.query(`TRUNCATE bag; INSERT INTO bag VALUES ('last'); COMMIT`);
  for (const session of [one, two, three]) await session.close();
  let streamed = 0;
  await scene.run({ events: { onPut: () => void (streamed += readdirSync(spoolFolder).length) } });
  expect(await scene.differences()).toEqual([]);
  expect(streamed > 0).toBe(streaming);
  expect(readdirSync(spoolFolder)).toEqual([]);
  const [stats] = await scene.sql(`SELECT stream_txns > 0 FROM pg_stat_replication_slots WHERE slot_name = '${scene.slot}'`);
  expect(stats).toEqual([streaming ? 't' : 'f']);
});

test('altered inside a large transaction that is streamed, and in a part of it that is void', async () => {
  await using scene = await Scene.make(server, setup, { follow: { spoolFolder, maxBytes: 32 * 1024 } });
  await scene.run();
  await using link = scene.start();
  await link.state('Replicating', 't', 'u', 'bag');
  await scene.sql(
    `BEGIN; ${rows('t', 10_000, 12_000)}; SAVEPOINT s; ALTER TABLE t ADD gone int DEFAULT 1; ${rows('t', 13_000, 15_000)}; ROLLBACK TO s; ${rows('t', 13_000, 14_000)}; ALTER TABLE t ADD c text DEFAULT 'c'; ${rows('t', 15_000, 16_000)}; UPDATE t SET c = 'd' WHERE id < 10; COMMIT`,
  );
  await scene.sql(
    `BEGIN; SAVEPOINT s; INSERT INTO u VALUES (1000, 'void'); ROLLBACK TO s; ${rows('u', 2000, 4000)}; ALTER TABLE u DROP v; DELETE FROM u WHERE id = 2001; COMMIT`,
  );
  await link.caughtUp();
  await link.stop();
  expect(await scene.differences()).toEqual([]);
});

test('killed at any part of large transactions, all of each arrives once', async () => {
  await using scene = await Scene.make(server, setup, { follow: { spoolFolder, maxBytes: 16 * 1024 } });
  await scene.run();
  const open = await scene.session();
  await open.query(`BEGIN; ${rows('t', 10_000, 13_000)}; UPDATE t SET v = v || '.' WHERE id < 500`);
  await scene.sql(
    `${rows('u', 10_000, 12_000)}; UPDATE u SET v = v || '.' WHERE id < 50; INSERT INTO bag SELECT 'x' FROM generate_series(1, 300)`,
  );
  for (let part = 1; part <= 24; part += 4) {
    const stop = new AbortController();
    let parts = 0;
    scene.set({
      afterApply: async () => {
        if (++parts >= part) stop.abort();
      },
    });
    await scene.run({ signal: stop.signal }).catch(() => undefined);
    await scene.sql(`DELETE FROM bag WHERE ctid = (SELECT min(ctid) FROM bag); INSERT INTO t VALUES (${50_000 + part}, 'between')`);
  }
  await open.query('COMMIT');
  await open.close();
  scene.set({ afterApply: undefined });
  await scene.run();
  expect(await scene.differences()).toEqual([]);
  expect(readdirSync(spoolFolder)).toEqual([]);
});
