import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import type { TableProgress } from '#replication/segment.ts';
import { never, Scene, type RunningLink } from './scene.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres({ settings: { max_prepared_transactions: '5' } });
});
afterAll(() => server[Symbol.asyncDispose]());

async function standbys(scene: Scene, names: string): Promise<void> {
  await scene.script(`ALTER SYSTEM SET synchronous_standby_names = '${names}'; SELECT pg_reload_conf()`);
  for (let shown; shown !== names; [[shown]] = (await scene.sql('SHOW synchronous_standby_names')) as [[string]]);
}

async function deferral(link: RunningLink, code: string): Promise<void> {
  await link.when(() => link.deferrals.some((why) => why.code === code));
}

/** With the rights that the manual asks for, and no more. */
const role = (name: string): string =>
  `CREATE ROLE ${name} LOGIN REPLICATION PASSWORD 'secret'; GRANT CREATE ON DATABASE %s TO ${name}; ALTER TABLE a OWNER TO ${name}`;

test.each(['a superuser', 'a role that does not see what others wait for'])(
  'a commit that is logged and not yet visible is not undone by a page: %s',
  async (who) => {
    await using scene = await Scene.make(
      server,
      `CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a SELECT i, 'v' FROM generate_series(1, 20) i`,
    );
    if (who !== 'a superuser') {
      const name = `r_${scene.database}`;
      await scene.sql(role(name).replace('%s', scene.database));
      scene.set({ user: { name, password: 'secret' } });
    }
    await using link = scene.start();
    await link.state('Replicating', 'a');
    await standbys(scene, 'missing');
    const hidden = await scene.session();
    const commit = hidden.query(`SET synchronous_commit = on; UPDATE a SET v = 'hidden' WHERE id = 1`);
    await link.when(() => scene.texts.rows('public.a').some((row) => row[1] === 'hidden'));
    expect((await scene.sql('SELECT v FROM a WHERE id = 1'))[0]).toEqual(['v']);
    await link.stop();
    // Another process, which knows only what the pool knows, is in the midst of copying the table, or copies it anew.
    await using source = await scene.source();
    const schema = scene.texts.schema('public.a');
    await source.open([schema], scene.texts.progress.position);
    const progress: TableProgress = { ...scene.state('a'), state: 'Snapshotting', after: ['0'] };
    expect(await source.page(schema, progress, never).next()).toMatchObject({
      done: true,
      value: { deferred: { code: 'CommitNotVisible' } },
    });
    await source[Symbol.asyncDispose]();
    await using again = scene.start({ resync: (table) => table === 'public.a' });
    await deferral(again, 'WritersOpen');
    await scene.sql(`UPDATE a SET v = 'seen' WHERE id = 2`);
    await standbys(scene, '');
    await commit;
    await hidden.close();
    await again.state('Replicating', 'a');
    await again.caughtUp();
    await again.stop();
    expect(await scene.differences()).toEqual([]);
  },
);

test('a commit that was taken from the log holds up a page until it is visible', async () => {
  await using scene = await Scene.make(server, `CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a VALUES (1, 'v')`);
  await using link = scene.start();
  await link.state('Replicating', 'a');
  await standbys(scene, 'missing');
  const hidden = await scene.session();
  const commit = hidden.query(`SET synchronous_commit = on; UPDATE a SET v = 'hidden'`);
  await link.when(() => scene.texts.rows('public.a').some((row) => row[1] === 'hidden'));
  await scene.sql(`CREATE TABLE b (id int PRIMARY KEY); INSERT INTO b VALUES (1)`);
  await deferral(link, 'CommitNotVisible');
  await standbys(scene, '');
  await commit;
  await hidden.close();
  await link.state('Replicating', 'b');
  await link.stop();
  expect(await scene.differences()).toEqual([]);
});

test('a slot that must wait for an open transaction, or a prepared one, says for which', async () => {
  await using scene = await Scene.make(server, `CREATE TABLE a (id int PRIMARY KEY)`, { source: { slotTimeoutMs: 300 } });
  const open = await scene.session();
  await open.query('BEGIN; INSERT INTO a VALUES (1)');
  const waits = await scene.failure();
  expect(waits).toMatchObject({ kind: 'timeout', code: 'SlotWaits', message: expect.stringContaining(String(open.processId)) });
  await scene.sql(waits.remedy!);
  await scene.sql(`BEGIN; INSERT INTO a VALUES (2); PREPARE TRANSACTION 'half ''done'`);
  const prepared = await scene.failure();
  expect(prepared).toMatchObject({ code: 'SlotWaits', message: expect.stringContaining("half 'done") });
  await scene.sql(prepared.remedy!);
  scene.set({ source: {} });
  await scene.run();
  expect(await scene.differences()).toEqual([]);
  expect(scene.texts.rows('public.a')).toEqual([['2']]);
});

test('a prepared transaction travels when it is committed', async () => {
  await using scene = await Scene.make(server, `CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a VALUES (1, 'a')`);
  await scene.run();
  await scene.script(
    `BEGIN; INSERT INTO a VALUES (2, 'b'); UPDATE a SET v = 'c' WHERE id = 1; PREPARE TRANSACTION 'one'; BEGIN; INSERT INTO a VALUES (3, 'void'); PREPARE TRANSACTION 'two'; INSERT INTO a VALUES (4, 'd')`,
  );
  await scene.run();
  expect(scene.texts.rows('public.a')).toHaveLength(2);
  await scene.script(`COMMIT PREPARED 'one'; ROLLBACK PREPARED 'two'`);
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});
