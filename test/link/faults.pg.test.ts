import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { never, Scene } from './scene.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

const setup = `CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a SELECT i, 'v' || i FROM generate_series(1, 20) i`;
const resync = expect.stringContaining('--resync');

/** What a link makes at the source. */
async function traces(scene: Scene): Promise<unknown> {
  return scene.sql(
    `SELECT (SELECT count(*) FROM pg_replication_slots WHERE database = current_database()), (SELECT count(*) FROM pg_publication)`,
  );
}

/** The pool is as it was, and copying anew makes it right. */
async function copiesAnew(scene: Scene, rowsBefore: number): Promise<void> {
  expect(scene.texts.rows('public.a')).toHaveLength(rowsBefore);
  await scene.run({ resync: 'everything' });
  expect(await scene.differences()).toEqual([]);
  await scene.sql(`UPDATE a SET v = 'again' WHERE id = 5`);
  await scene.run();
  expect(await scene.differences()).toEqual([]);
}

test('wal_level is not logical', async () => {
  await using poor = await startPostgres({ settings: { wal_level: 'replica' } });
  await using scene = await Scene.make(poor, setup);
  const failure = await scene.failure();
  expect(failure).toMatchObject({
    kind: 'precondition',
    code: 'WalLevel',
    remedy: expect.stringMatching(/^ALTER SYSTEM SET wal_level = logical;/),
  });
  expect(await traces(scene)).toEqual([['0', '0']]);
  await scene.script(failure.remedy!);
  expect(await scene.sql(`SELECT setting FROM pg_file_settings WHERE name = 'wal_level' ORDER BY seqno DESC LIMIT 1`)).toEqual([
    ['logical'],
  ]);
  await poor.stop('fast');
  await poor.start({ wal_level: 'logical' });
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});

test('no replication slot is left', async () => {
  await using small = await startPostgres({ settings: { max_replication_slots: '1' } });
  await using scene = await Scene.make(small, setup);
  await scene.sql(`SELECT pg_create_physical_replication_slot('other')`);
  expect(await scene.failure()).toMatchObject({ kind: 'precondition', code: 'NoSlotLeft', remedy: expect.stringMatching(/^ALTER SYSTEM/) });
  expect(await traces(scene)).toEqual([['0', '0']]);
  await scene.sql(`SELECT pg_drop_replication_slot('other')`);
  await scene.run();
  expect(await scene.differences()).toEqual([]);
  // With a slot of its own none needs to be free.
  await scene.sql('DELETE FROM a WHERE id = 1');
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});

test('missing rights keep the link, or one table, from being replicated', async () => {
  await using scene = await Scene.make(
    server,
    `${setup}; CREATE TABLE b (id int PRIMARY KEY); INSERT INTO b VALUES (1); CREATE TABLE c (id int PRIMARY KEY)`,
  );
  const name = `r_${scene.database}`;
  await scene.sql(`CREATE ROLE ${name} LOGIN PASSWORD 'secret'; REVOKE ALL ON SCHEMA public FROM PUBLIC`);
  scene.set({ user: { name, password: 'secret' } });
  const steps = [
    ['NoReplicationRight', `ALTER ROLE ${name} REPLICATION`],
    ['NoCreateRight', `GRANT CREATE ON DATABASE ${scene.database} TO ${name}`],
  ] as const;
  for (const [code, mend] of steps) {
    expect(await scene.failure()).toMatchObject({ kind: 'precondition', code });
    expect(await traces(scene)).toEqual([['0', '0']]);
    await scene.sql(mend);
  }
  await scene.run();
  expect([...scene.texts.progress.tables.keys()]).toEqual([]);
  await scene.sql(`GRANT USAGE ON SCHEMA public TO ${name}; ALTER TABLE a OWNER TO ${name}; GRANT SELECT ON b TO ${name}`);
  await scene.run();
  expect([...scene.texts.progress.tables.keys()]).toEqual(['public.a']);
  await using source = await scene.source();
  const errors = (await source.check()).filter((one) => one.severity === 'error');
  expect(errors.map((one) => `${one.code} ${one.target}`)).toEqual(['NotOwner public.b', 'NoSelectRight public.c', 'NotOwner public.c']);
  expect(await scene.differences()).toEqual([]);
  // Taken away while the link runs, it concerns that table only.
  await scene.sql(`ALTER TABLE b OWNER TO ${name}; ALTER TABLE c OWNER TO ${name}`);
  await using link = scene.start();
  await link.state('Replicating', 'a', 'b', 'c');
  await scene.sql(`ALTER TABLE c OWNER TO postgres; REVOKE ALL ON c FROM ${name}`);
  await link.until((tables) => tables.get('public.c')?.fault?.code === 'TableGone');
  await scene.sql('INSERT INTO b VALUES (2)');
  await link.caughtUp();
  await link.stop();
  expect(await scene.differences()).toEqual([]);
});

test('rights that are lost between the look and the page fail the table only', async () => {
  await using scene = await Scene.make(server, `${setup}; CREATE TABLE b (id int PRIMARY KEY); INSERT INTO b VALUES (1)`);
  const name = `r_${scene.database}`;
  await scene.sql(
    `CREATE ROLE ${name} LOGIN REPLICATION PASSWORD 'secret'; GRANT CREATE ON DATABASE ${scene.database} TO ${name}; ALTER TABLE a OWNER TO ${name}; ALTER TABLE b OWNER TO ${name}`,
  );
  scene.set({ user: { name, password: 'secret' } });
  let applied = 0;
  scene.set({
    afterApply: async () => {
      if (applied++ === 0) await scene.sql(`REVOKE SELECT ON b FROM ${name}`);
    },
  });
  await scene.run();
  expect(scene.state('b')).toMatchObject({
    state: 'Failed',
    fault: { code: 'PermissionDenied', remedy: expect.stringContaining('SELECT') },
  });
  expect(scene.state('a').state).toBe('Replicating');
  expect(await scene.differences(['public.b'])).toEqual([]);
});

test('the slot was dropped, made anew by another, made for something else', async () => {
  await using scene = await Scene.make(server, setup);
  await scene.run();
  await scene.sql(`DELETE FROM a WHERE id < 4; SELECT pg_drop_replication_slot('${scene.slot}')`);
  expect(await scene.failure()).toMatchObject({ kind: 'lost-history', code: 'SlotMissing', target: scene.slot, remedy: resync });
  await scene.sql(`SELECT pg_create_logical_replication_slot('${scene.slot}', 'pgoutput')`);
  expect(await scene.failure()).toMatchObject({ kind: 'lost-history', code: 'SlotAhead', remedy: resync });
  await scene.sql(`SELECT pg_drop_replication_slot('${scene.slot}')`);
  await scene.sql(`SELECT pg_create_physical_replication_slot('${scene.slot}')`);
  const taken = await scene.failure();
  expect(taken).toMatchObject({ kind: 'conflict', code: 'SlotTaken', remedy: expect.stringContaining('pg_drop_replication_slot') });
  expect(await scene.failure({ resync: 'everything' })).toMatchObject({ kind: 'conflict', code: 'SlotTaken' });
  expect(await scene.sql(`SELECT slot_type FROM pg_replication_slots WHERE slot_name = '${scene.slot}'`)).toEqual([['physical']]);
  await scene.sql(`SELECT pg_drop_replication_slot('${scene.slot}')`);
  await copiesAnew(scene, 20);
});

test('the slot was read by another program', async () => {
  await using scene = await Scene.make(server, setup);
  await scene.run();
  await scene.sql(`UPDATE a SET v = 'taken'`);
  await scene.sql(`SELECT pg_replication_slot_advance('${scene.slot}', pg_current_wal_lsn())`);
  expect(await scene.failure()).toMatchObject({ kind: 'lost-history', code: 'SlotAhead', remedy: resync });
  await copiesAnew(scene, 20);
});

test('the slot is read by another link, of this or of another pool', async () => {
  await using scene = await Scene.make(server, setup);
  await using link = scene.start();
  await link.state('Replicating', 'a');
  await using second = await scene.source();
  await expect(second.open([scene.texts.schema('public.a')], scene.texts.progress.position)).rejects.toMatchObject({
    kind: 'unreachable',
    code: 'SlotActive',
    remedy: expect.stringContaining('pg_terminate_backend'),
  });
  await expect(second.open([scene.texts.schema('public.a')], undefined)).rejects.toMatchObject({ code: 'SlotActive' });
  await scene.sql('DELETE FROM a WHERE id = 3');
  await link.caughtUp();
  await link.stop();
  scene.set({ source: { slot: `${scene.slot}_other` } });
  expect(await scene.failure()).toMatchObject({ kind: 'conflict', code: 'OtherLink' });
  expect(await scene.differences()).toEqual([]);
});

test('a publication of the name is not ours', async () => {
  await using scene = await Scene.make(server, `${setup}; CREATE PUBLICATION other FOR TABLE a`);
  scene.set({ source: { slot: 'other' } });
  expect(await scene.failure()).toMatchObject({ kind: 'conflict', code: 'PublicationTaken', target: 'other' });
  expect(await scene.sql(`SELECT count(*) FROM pg_publication_tables WHERE pubname = 'other'`)).toEqual([['1']]);
  expect(await scene.sql(`SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'other'`)).toEqual([['0']]);
});

test('the source kept no more log for us', async () => {
  await using frugal = await startPostgres({ settings: { max_slot_wal_keep_size: '1MB', min_wal_size: '32MB', max_wal_size: '48MB' } });
  await using scene = await Scene.make(frugal, setup);
  await scene.run();
  await scene.sql(`UPDATE a SET v = 'unread'`);
  for (let i = 0; i < 4; i++)
    await scene.script(
      `CREATE TABLE filler AS SELECT repeat('x', 100) FROM generate_series(1, 50000); DROP TABLE filler; SELECT pg_switch_wal(); CHECKPOINT`,
    );
  expect(await scene.sql(`SELECT wal_status FROM pg_replication_slots`)).toEqual([['lost']]);
  expect(await scene.failure()).toMatchObject({
    kind: 'lost-history',
    code: 'SlotInvalidated',
    remedy: expect.stringContaining('max_slot_wal_keep_size'),
  });
  await copiesAnew(scene, 20);
});

test('a value that the column type cannot hold stops its table only: in a page, and in a change', async () => {
  const made = (table: string, last: string): string =>
    `CREATE TABLE ${table} (id int PRIMARY KEY, n numeric(10,2), v text); INSERT INTO ${table} SELECT i, ${last}, 'v' FROM generate_series(1, 40) i`;
  await using scene = await Scene.make(
    server,
    `${setup}; ${made('paged', "CASE i WHEN 35 THEN numeric 'NaN' ELSE i END")}; ${made('changed', 'i')}; ${made('mended', "CASE i WHEN 5 THEN numeric 'NaN' ELSE i END")}`,
    { pages: { pageBytes: 2400, batchBytes: 60 } },
  );
  await scene.run();
  expect(scene.state('paged')).toMatchObject({
    state: 'Failed',
    fault: { code: 'ValueOutOfRange', remedy: expect.stringContaining('--as-text public.paged.n') },
  });
  expect([scene.state('changed').state, scene.state('a').state]).toEqual(['Replicating', 'Replicating']);
  await scene.sql(
    `UPDATE changed SET n = 7 WHERE id = 1; UPDATE a SET v = 'same transaction'; UPDATE changed SET n = 'NaN' WHERE id = 2; INSERT INTO a VALUES (99, 'and after it')`,
  );
  await scene.sql(
    `UPDATE changed SET v = 'later'; DELETE FROM a WHERE id = 1; DELETE FROM paged WHERE id = 35; ALTER TABLE mended ALTER n TYPE text`,
  );
  await scene.run();
  expect(scene.state('changed')).toMatchObject({ state: 'Failed', fault: { code: 'ValueOutOfRange' } });
  expect(scene.state('mended').state).toBe('Replicating');
  expect(await scene.differences(['public.paged', 'public.changed'])).toEqual([]);
  scene.set({ asText: ['public.changed.n'] });
  await scene.run({ resync: (table) => table === 'public.paged' });
  expect(await scene.differences()).toEqual([]);
  await scene.sql(`UPDATE changed SET n = 5 WHERE id = 2; UPDATE paged SET n = 1.5 WHERE id = 1`);
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});

test('a column that is to travel as text from now on is copied again', async () => {
  await using scene = await Scene.make(
    server,
    `CREATE TABLE t (id int PRIMARY KEY, n numeric(10,2), f float8, d date); INSERT INTO t SELECT i, i, i, '2024-01-01' FROM generate_series(1, 20) i`,
    { follow: { watchMs: 20 } },
  );
  await scene.run();
  scene.set({ asText: ['public.t.n', 'public.t.f', 'public.t.d'] });
  await using link = scene.start();
  await link.until(() => scene.texts.schema('public.t').columns.every((column) => column.name === 'id' || column.type.kind === 'text'));
  await link.caughtUp();
  await scene.sql(`UPDATE t SET n = 'NaN', d = '0044-03-15 BC' WHERE id = 2`);
  await link.caughtUp();
  await link.stop();
  expect(await scene.differences()).toEqual([]);
});

test('what is to be released is given back, also when the link just ended and when it is gone already', async () => {
  await using scene = await Scene.make(server, setup);
  await scene.run();
  await using source = await scene.source();
  await source.release();
  expect(await traces(scene)).toEqual([['0', '0']]);
  await source.release();
  await using link = scene.start({ resync: 'everything' });
  await link.caughtUp();
  const releasing = source.release();
  await link.stop();
  await releasing;
  expect(await traces(scene)).toEqual([['0', '0']]);
  expect(never.aborted).toBe(false);
});
