import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { Scene } from './scene.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres({ settings: { max_slot_wal_keep_size: '1GB' } });
});
afterAll(() => server[Symbol.asyncDispose]());

const setup = `CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a SELECT i, 'v' || i FROM generate_series(1, 20) i; CREATE TABLE unwatched (v text)`;

async function confirmed(scene: Scene, past: string): Promise<boolean> {
  const [row] = await scene.sql(
    `SELECT confirmed_flush_lsn >= '${past}' AND restart_lsn > '0/0' FROM pg_replication_slots WHERE slot_name = '${scene.slot}'`,
  );
  return row?.[0] === 't';
}

test('a link whose tables rest lets the source forget what others write', async () => {
  await using scene = await Scene.make(server, setup, { tables: 'public.a', follow: { heartbeatMs: 40 } });
  await using link = scene.start();
  await link.caughtUp();
  for (let round = 0; round < 3; round++) {
    await scene.sql(`INSERT INTO unwatched SELECT repeat('x', 500) FROM generate_series(1, 2000)`);
    const [[now]] = (await scene.sql('SELECT pg_current_wal_lsn()')) as [[string]];
    while (!(await confirmed(scene, now))) await link.caughtUp();
  }
  await link.stop();
  // The last transaction alone is kept, to be sent again as a witness.
  await using source = await scene.source();
  await source.open([scene.texts.schema('public.a')], scene.texts.progress.position);
  const health = await source.health();
  expect(Number(health.heldBytes)).toBeLessThan(16 * 1024 * 1024);
  expect(Number(health.headroomBytes)).toBeGreaterThan(500 * 1024 * 1024);
  expect(health.head.split('/').at(-1)! >= scene.texts.progress.position!.split('/').at(-1)!.slice(0, 16)).toBe(true);
});

test('without heartbeats the place moves on by what the source says of itself', async () => {
  await using scene = await Scene.make(server, setup, { tables: 'public.a', follow: { heartbeatMs: 0 } });
  await using link = scene.start();
  await link.caughtUp();
  // More than is kept for a witness' sake.
  for (let i = 0; i < 3; i++)
    await scene.sql(`INSERT INTO unwatched SELECT md5(random()::text) || repeat('x', 500) FROM generate_series(1, 20000)`);
  const [[now]] = (await scene.sql('SELECT pg_current_wal_lsn()')) as [[string]];
  await link.when(() => (scene.texts.progress.position ?? '').split('/').at(-1)!.slice(0, 16) >= lsnHex(now));
  while (!(await confirmed(scene, now))) await scene.sql('SELECT pg_sleep(0.05)');
  await link.stop();
  await scene.sql(`DELETE FROM a WHERE id = 1`);
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});

function lsnHex(text: string): string {
  const [high = '', low = ''] = text.split('/');
  return high.padStart(8, '0').toLowerCase() + low.padStart(8, '0').toLowerCase();
}

test('a slot that standbys keep too, where it is asked for', async () => {
  await using scene = await Scene.make(server, setup, { source: { failover: true } });
  await scene.run();
  expect(await scene.sql(`SELECT failover FROM pg_replication_slots WHERE slot_name = '${scene.slot}'`)).toEqual([['t']]);
  await scene.sql('DELETE FROM a WHERE id = 1');
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});
