import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Segment } from '#replication/segment.ts';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { Scene, type RunningLink } from './scene.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

const small = { pages: { pageBytes: 240, batchBytes: 200 } };
const rows = (table: string, count: number): string => `INSERT INTO ${table} SELECT i, 'v' || i FROM generate_series(1, ${count}) i`;

/** Runs one of the scripts after each page of the table that is applied. */
function afterPages(
  table: string,
  scripts: readonly string[],
  run: (script: string) => Promise<void>,
): (segment: Segment) => Promise<void> {
  const left = [...scripts];
  return async (segment) => {
    const isPage = segment.steps.some((step) => step.kind === 'rows' && step.replaces && step.table === `public.${table}`);
    const next = isPage ? left.shift() : undefined;
    if (next !== undefined) await run(next);
  };
}

async function deferral(link: RunningLink, code: string): Promise<void> {
  await link.when(() => link.deferrals.some((why) => why.code === code));
}

test('a table is copied in pages while its rows change, move across the page that is read, and go', async () => {
  await using scene = await Scene.make(
    server,
    `CREATE TABLE t (id int PRIMARY KEY, v text, big text); ALTER TABLE t ALTER big SET STORAGE EXTERNAL; INSERT INTO t SELECT i * 10, 'v', (SELECT string_agg(md5((i * j)::text), '') FROM generate_series(1, 80) j) FROM generate_series(1, 60) i`,
    small,
  );
  scene.set({
    afterApply: afterPages(
      't',
      [
        `UPDATE t SET v = 'changed' WHERE id IN (10, 590); DELETE FROM t WHERE id IN (20, 580); INSERT INTO t VALUES (15, 'new', 'x'), (595, 'new', 'y')`,
        `UPDATE t SET id = 5 WHERE id = 570; UPDATE t SET id = 599 WHERE id = 30; UPDATE t SET v = 'moved' WHERE id IN (5, 599)`,
        `UPDATE t SET id = 6 WHERE id = 560; UPDATE t SET id = 7 WHERE id = 6; DELETE FROM t WHERE id = 40; INSERT INTO t VALUES (40, 'again', NULL)`,
        `BEGIN; UPDATE t SET id = 8 WHERE id = 550; UPDATE t SET v = 'still unsent' WHERE id = 8; COMMIT; UPDATE t SET id = 550 WHERE id = 8; UPDATE t SET id = 9 WHERE id = 540; DELETE FROM t WHERE id = 9`,
        `UPDATE t SET id = id + 1 WHERE id BETWEEN 300 AND 400; UPDATE t SET v = v || '!'`,
      ],
      (script) => scene.script(script),
    ),
  });
  await scene.run();
  expect(scene.state('t')).toMatchObject({ state: 'Replicating', moved: [] });
  expect(await scene.differences()).toEqual([]);
});

test('TRUNCATE, another shape and another table of the name while a table is copied', async () => {
  const tables = ['truncated', 'dropped', 'added', 'retyped', 'rewritten', 'rekeyed', 'anew', 'gone'];
  await using scene = await Scene.make(
    server,
    tables
      .map(
        (table) =>
          `CREATE TABLE ${table} (id int PRIMARY KEY, v text, n int DEFAULT 1); INSERT INTO ${table} SELECT i, 'v' || i, i FROM generate_series(1, 60) i`,
      )
      .join(';'),
    small,
  );
  const scripts: Readonly<Record<string, readonly string[]>> = {
    truncated: [
      `TRUNCATE truncated; INSERT INTO truncated SELECT i, 'after', 0 FROM generate_series(1, 60, 3) i`,
      'UPDATE truncated SET n = 5 WHERE id < 10; TRUNCATE truncated',
      `INSERT INTO truncated VALUES (7, 'last', 7)`,
    ],
    dropped: ['UPDATE dropped SET n = 0 WHERE id < 3; ALTER TABLE dropped DROP n; UPDATE dropped SET id = id + 100 WHERE id < 3'],
    added: [`ALTER TABLE added ADD c text DEFAULT 'c'; UPDATE added SET c = 'd' WHERE id IN (1, 59)`],
    retyped: [
      `UPDATE retyped SET n = -1 WHERE id = 2; ALTER TABLE retyped ALTER n TYPE text USING 'n' || n; DELETE FROM retyped WHERE id = 1`,
    ],
    rewritten: [
      `UPDATE rewritten SET n = -1 WHERE id IN (2, 50); ALTER TABLE rewritten ALTER n TYPE int USING n * 10`,
      'ALTER TABLE rewritten ALTER n TYPE int USING n + 1',
    ],
    rekeyed: [
      `UPDATE rekeyed SET n = n + 1000; ALTER TABLE rekeyed DROP CONSTRAINT rekeyed_pkey; ALTER TABLE rekeyed ALTER n SET NOT NULL, ADD PRIMARY KEY (n); DELETE FROM rekeyed WHERE n = 1005; UPDATE rekeyed SET n = 1 WHERE n = 1006`,
    ],
    anew: [`DROP TABLE anew; CREATE TABLE anew (id int PRIMARY KEY, w int); INSERT INTO anew SELECT i, i FROM generate_series(50, 80) i`],
    gone: ['DROP TABLE gone'],
  };
  // A page that is being read holds up an alteration, so the scripts run beside the link, each table's in a session of its own.
  const sessions = new Map(await Promise.all(tables.map(async (table) => [table, await scene.session()] as const)));
  const running: Promise<void>[] = [];
  const hooks = tables.map((table) => {
    let before = Promise.resolve();
    return afterPages(table, scripts[table]!, async (script) => {
      before = before.then(() => scene.script(script, sessions.get(table)));
      running.push(before);
    });
  });
  scene.set({
    afterApply: async (segment) => {
      for (const hook of hooks) await hook(segment);
    },
  });
  await using link = scene.start();
  await link.until(
    (now) =>
      tables.slice(0, -1).every((table) => now.get(`public.${table}`)?.state === 'Replicating') &&
      now.get('public.gone')?.fault?.code === 'TableGone',
  );
  await Promise.all(running);
  await scene.sql(`UPDATE anew SET w = 0 WHERE id = 60; DELETE FROM rekeyed WHERE n > 1050`);
  await link.caughtUp();
  await link.stop();
  expect(await scene.differences(['public.gone'])).toEqual([]);
});

test('tables that come and go while others are followed', async () => {
  await using scene = await Scene.make(server, `CREATE TABLE a (id int PRIMARY KEY, v text); ${rows('a', 50)}`, {
    ...small,
    tables: 'public.*,!public.not*',
  });
  await using link = scene.start();
  await link.state('Replicating', 'a');
  await scene.sql(
    `CREATE TABLE b (id int PRIMARY KEY, v text); ${rows('b', 50)}; CREATE TABLE c (v int); INSERT INTO c VALUES (1); CREATE TABLE not_this (id int PRIMARY KEY); CREATE TABLE none (); CREATE UNLOGGED TABLE u (id int)`,
  );
  await scene.sql(`UPDATE a SET v = 'x' WHERE id < 10; UPDATE b SET v = 'x' WHERE id < 10; INSERT INTO c VALUES (2)`);
  await link.state('Replicating', 'b', 'c');
  await scene.script(`DELETE FROM b WHERE id < 5; INSERT INTO c VALUES (3); DROP TABLE a; ALTER TABLE b RENAME TO not_b`);
  await link.until((now) => ['public.a', 'public.b'].every((table) => now.get(table)?.fault?.code === 'TableGone'));
  await scene.script(
    `ALTER TABLE not_b RENAME TO b; UPDATE b SET v = 'back' WHERE id = 20; CREATE TABLE a (id int PRIMARY KEY, other int); INSERT INTO a VALUES (1, 1)`,
  );
  await link.state('Replicating', 'a', 'b', 'c');
  await link.caughtUp();
  await link.stop();
  expect([...scene.texts.progress.tables.keys()]).toEqual(['public.a', 'public.b', 'public.c']);
  expect(await scene.differences()).toEqual([]);
});

test('a transaction that wrote to a table before the link began with it is copied whole, and holds up nothing else', async () => {
  await using scene = await Scene.make(server, `CREATE TABLE a (id int PRIMARY KEY, v text); ${rows('a', 5)}`, small);
  await scene.run();
  await scene.sql(`CREATE TABLE b (id int PRIMARY KEY, v text); ${rows('b', 30)}; CREATE TABLE c (v int); INSERT INTO c VALUES (1)`);
  const open = await scene.session();
  await open.query(`BEGIN; INSERT INTO b VALUES (100, 'before'); UPDATE b SET v = 'before' WHERE id = 1; INSERT INTO c VALUES (100)`);
  await using link = scene.start();
  await deferral(link, 'WritersOpen');
  await open.query(`UPDATE b SET v = 'after' WHERE id IN (2, 100); DELETE FROM b WHERE id = 3; INSERT INTO c VALUES (101)`);
  await scene.script(
    `INSERT INTO b VALUES (200, 'other'); UPDATE b SET id = 201 WHERE id = 30; INSERT INTO c VALUES (200); UPDATE a SET v = 'meanwhile'`,
  );
  await link.when(() => scene.texts.rows('public.a').every((row) => row[1] === 'meanwhile'));
  expect(scene.state('b').state).toBe('Waiting');
  await open.query('COMMIT');
  await open.close();
  await link.state('Replicating', 'b', 'c');
  await link.caughtUp();
  await link.stop();
  expect(await scene.differences()).toEqual([]);
});

test('a table that is locked waits, and the others do not', async () => {
  await using scene = await Scene.make(server, `CREATE TABLE a (id int PRIMARY KEY, v text); ${rows('a', 5)}`, small);
  await scene.run();
  const open = await scene.session();
  await open.query(
    `BEGIN; CREATE TABLE b (id int PRIMARY KEY, v text); ${rows('b', 50)}; COMMIT; BEGIN; LOCK TABLE b IN ACCESS EXCLUSIVE MODE`,
  );
  await using link = scene.start();
  await deferral(link, 'TableLocked');
  await scene.sql(`UPDATE a SET v = 'x'`);
  await link.when(() => scene.texts.rows('public.a').every((row) => row[1] === 'x'));
  await open.query('ROLLBACK');
  await open.close();
  await link.state('Replicating', 'b');
  await link.stop();
  expect(await scene.differences()).toEqual([]);
});

test('killed at any page, the copy goes on from there', async () => {
  await using scene = await Scene.make(
    server,
    `CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE b (k text PRIMARY KEY, v text); CREATE TABLE c (v text); ALTER TABLE c REPLICA IDENTITY FULL; ${rows('a', 40)}; ${rows('b', 40)}; INSERT INTO c SELECT v FROM b`,
    small,
  );
  for (let life = 1; life <= 12; life++) {
    const stop = new AbortController();
    let pages = 0;
    scene.set({
      afterApply: async (segment) => {
        if (segment.last && ++pages >= life) stop.abort();
      },
    });
    await scene.run({ signal: stop.signal }).catch(() => undefined);
    await scene.sql(
      `UPDATE a SET v = v || '.' WHERE id % 7 = ${life % 7}; DELETE FROM b WHERE v = 'v${life}'; UPDATE b SET k = k || 'x' WHERE v = 'v${life + 20}'; INSERT INTO c VALUES ('${life}'), ('${life}'); DELETE FROM c WHERE v = 'v${life}'`,
    );
  }
  scene.set({ afterApply: undefined });
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});

test('more rows than can be remembered move across the page that is read', async () => {
  await using scene = await Scene.make(
    server,
    `CREATE TABLE t (id int PRIMARY KEY, v text, big text); ALTER TABLE t ALTER big SET STORAGE EXTERNAL;
     INSERT INTO t SELECT i, 'v', CASE WHEN i > 1000 THEN repeat(md5(i::text), 70) END FROM generate_series(1, 7000) i`,
    { pages: { pageBytes: 24_000 } },
  );
  scene.set({
    afterApply: afterPages('t', ['', `UPDATE t SET id = -id WHERE id > 1200`, `UPDATE t SET v = 'w' WHERE id < -6000`], (script) =>
      scene.script(script),
    ),
  });
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});
