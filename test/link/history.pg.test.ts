import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { Scene } from './scene.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

const setup = `CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a SELECT i, 'v' || i FROM generate_series(1, 20) i`;
const resync = expect.stringContaining('--resync');

/** The pool is as it was, and copying anew makes it right. */
async function copiesAnew(scene: Scene, rowsBefore: number): Promise<void> {
  expect(scene.texts.rows('public.a')).toHaveLength(rowsBefore);
  await scene.run({ resync: 'everything' });
  expect(await scene.differences()).toEqual([]);
  await scene.sql(`UPDATE a SET v = 'again' WHERE id = 5`);
  await scene.run();
  expect(await scene.differences()).toEqual([]);
}

/** A folder with what the data folder holds now. */
function keepCopy(of: TestPostgres): { restore(): void; [Symbol.dispose](): void } {
  const cluster = join(dirname(of.logFile), 'cluster');
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-copy-'));
  execFileSync('cp', ['-a', cluster, folder]);
  return {
    restore: () => {
      rmSync(cluster, { recursive: true });
      cpSync(join(folder, 'cluster'), cluster, { recursive: true, preserveTimestamps: true });
      execFileSync('chmod', ['0700', cluster]);
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

/** Lets the next start end in a new timeline, as a standby that is promoted does. */
async function startPromoted(of: TestPostgres): Promise<void> {
  const signal = join(dirname(of.logFile), 'cluster', 'recovery.signal');
  writeFileSync(signal, '');
  await of.start({ restore_command: '/bin/false' });
  while (existsSync(signal)) await new Promise((settle) => setTimeout(settle, 20));
}

test(
  'the source was restored from an older state, with less log than before, and with more; and promoted',
  { timeout: 120_000 },
  async () => {
    await using old = await startPostgres();
    await using scene = await Scene.make(old, setup);
    await scene.run();
    await old.stop('fast');
    using copy = keepCopy(old);
    await old.start();
    await scene.sql(`UPDATE a SET v = 'lost again' WHERE id < 10; INSERT INTO a SELECT i, 'lost too' FROM generate_series(100, 400) i`);
    await scene.run();
    await old.stop('fast');
    copy.restore();
    await old.start();
    expect(await scene.failure()).toMatchObject({ kind: 'lost-history', code: 'SourceRestored', remedy: resync });
    // The log goes on past the place that the pool has reached, with other transactions in it.
    await scene.sql(`INSERT INTO a SELECT i, repeat('another history', 10) FROM generate_series(500, 3000) i`);
    expect(await scene.failure()).toMatchObject({
      kind: 'lost-history',
      code: 'SourceRestored',
      message: expect.stringContaining('last transaction'),
      remedy: resync,
    });
    await old.stop('fast');
    copy.restore();
    await startPromoted(old);
    expect(await scene.failure()).toMatchObject({ kind: 'lost-history', code: 'SourceRestored' });
    await scene.sql(`INSERT INTO a SELECT i, repeat('a third history', 10) FROM generate_series(500, 3000) i`);
    expect(await scene.failure()).toMatchObject({ kind: 'lost-history', code: 'OtherTimeline', remedy: resync });
    await copiesAnew(scene, 321);
  },
);

test('a promotion behind the place that was reached loses nothing', async () => {
  await using old = await startPostgres();
  await using scene = await Scene.make(old, setup);
  await scene.run();
  await scene.sql('DELETE FROM a WHERE id < 3');
  await old.stop('fast');
  await startPromoted(old);
  await scene.sql(`UPDATE a SET v = 'on the new timeline' WHERE id = 5`);
  await scene.run();
  expect(await scene.differences()).toEqual([]);
  expect(scene.texts.progress.position).toMatch(/^pg\/\d+\/2\//);
  await scene.sql('DELETE FROM a WHERE id = 6');
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});

test('another cluster answers at the address, or another database', async () => {
  await using scene = await Scene.make(server, setup);
  await scene.run();
  await using other = await startPostgres();
  await using elsewhere = await Scene.make(other, setup);
  await elsewhere.sql(`CREATE DATABASE ${scene.database}`);
  scene.set({ source: { address: { ...elsewhere.sourceOptions().address, database: scene.database } } });
  expect(await scene.failure()).toMatchObject({ kind: 'lost-history', code: 'OtherSource', remedy: resync });
  await using third = await Scene.make(server, setup);
  scene.set({ source: { address: third.sourceOptions().address } });
  expect(await scene.failure()).toMatchObject({ kind: 'conflict', code: 'SlotTaken', message: expect.stringContaining(scene.database) });
  scene.set({ source: {} });
  await scene.sql('DELETE FROM a WHERE id = 1');
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});

test('a source that crashes or stops is waited for, and loses nothing', async () => {
  await using frail = await startPostgres();
  await using scene = await Scene.make(frail, setup);
  for (const end of ['kill', 'immediate', 'fast'] as const) {
    await using link = scene.start();
    await link.caughtUp();
    await scene.sql(`UPDATE a SET v = v || '${end}'; INSERT INTO a SELECT max(id) + 1, '${end}' FROM a`);
    const failure = link.failure();
    await (end === 'kill' ? frail.kill() : frail.stop(end));
    expect(['unreachable', 'timeout']).toContain((await failure).kind);
    expect(['unreachable', 'timeout']).toContain((await scene.failure()).kind);
    await frail.start();
    await scene.run();
    expect(await scene.differences()).toEqual([]);
  }
});
