import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { Scene } from './scene.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

const ten = `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 10) i`;

/** Alterations, each with a change behind it so that the log comes to it. */
const alterations: Readonly<Record<string, { readonly setup?: string; readonly alter: string; readonly copied?: boolean }>> = {
  'a column that is null': { alter: 'ALTER TABLE t ADD c int', copied: false },
  'a column with a constant default': {
    alter: `ALTER TABLE t ADD c text DEFAULT 'it''s "quoted", {braced} and \\ slashed'`,
    copied: false,
  },
  'a column with a default that must not be null': { alter: 'ALTER TABLE t ADD c numeric(8,3) NOT NULL DEFAULT 1.5', copied: false },
  'columns of many types with defaults': {
    alter: `ALTER TABLE t ADD a int[] DEFAULT '{1,NULL}', ADD b bytea DEFAULT '\\x0001ff', ADD c timestamptz DEFAULT '2024-01-01 00:00+01', ADD d jsonb DEFAULT '{"a": [1]}', ADD e bool DEFAULT false, ADD f interval DEFAULT '1 mon 2 days'`,
    copied: false,
  },
  'a column with a default that differs from row to row': { alter: 'ALTER TABLE t ADD c uuid DEFAULT gen_random_uuid()', copied: true },
  'a column whose computed default is dropped at once': {
    alter: 'ALTER TABLE t ADD c uuid DEFAULT gen_random_uuid(); ALTER TABLE t ALTER c DROP DEFAULT',
    copied: true,
  },
  'a column whose constant default is changed at once': {
    alter: `ALTER TABLE t ADD c text DEFAULT 'old'; ALTER TABLE t ALTER c SET DEFAULT 'new'`,
    copied: false,
  },
  'a default that comes after the column': { alter: `ALTER TABLE t ADD c text; ALTER TABLE t ALTER c SET DEFAULT 'new'`, copied: false },
  'a serial column': { alter: 'ALTER TABLE t ADD c bigserial', copied: true },
  'an identity column': { alter: 'ALTER TABLE t ADD c int GENERATED ALWAYS AS IDENTITY', copied: true },
  'a column dropped': { alter: 'ALTER TABLE t DROP v', copied: false },
  'a column renamed': { alter: 'ALTER TABLE t RENAME v TO w', copied: false },
  'the key renamed': { alter: 'ALTER TABLE t RENAME id TO "Key"', copied: false },
  'renamed, dropped and added in one': {
    setup: 'ALTER TABLE t ADD x int DEFAULT 7',
    alter: `ALTER TABLE t RENAME v TO w; ALTER TABLE t DROP x; ALTER TABLE t ADD v int DEFAULT 5; ALTER TABLE t ADD x text`,
    copied: false,
  },
  'names that change places': {
    setup: `ALTER TABLE t ADD w text DEFAULT 'w'`,
    alter: 'ALTER TABLE t RENAME v TO x; ALTER TABLE t RENAME w TO v; ALTER TABLE t RENAME x TO w',
    copied: true,
  },
  'int to bigint': { setup: 'ALTER TABLE t ADD n int DEFAULT 3', alter: 'ALTER TABLE t ALTER n TYPE bigint', copied: true },
  'varchar to longer and to text': {
    setup: `ALTER TABLE t ADD s varchar(10) DEFAULT 's', ADD r varchar(10) DEFAULT 'r'`,
    alter: 'ALTER TABLE t ALTER s TYPE text, ALTER r TYPE varchar(20)',
    copied: false,
  },
  'numeric with more digits': {
    setup: 'ALTER TABLE t ADD n numeric(10,2) DEFAULT 1.25, ADD m numeric(10,2) DEFAULT 2',
    alter: 'ALTER TABLE t ALTER n TYPE numeric(12,4), ALTER m TYPE numeric(12,2)',
    copied: true,
  },
  'a type with an expression': {
    setup: 'ALTER TABLE t ADD n int DEFAULT 3',
    alter: `ALTER TABLE t ALTER n TYPE text USING 'n' || (n + id)`,
    copied: true,
  },
  'the same type with an expression': {
    setup: 'ALTER TABLE t ADD n int DEFAULT 3',
    alter: 'ALTER TABLE t ALTER n TYPE int USING n + id',
    copied: true,
  },
  'the key with a wider type': { alter: 'ALTER TABLE t ALTER id TYPE bigint', copied: true },
  'another key': {
    setup: `ALTER TABLE t ADD k uuid NOT NULL DEFAULT gen_random_uuid()`,
    alter: 'ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (k)',
    copied: true,
  },
  'the replica identity': { alter: 'ALTER TABLE t REPLICA IDENTITY FULL', copied: false },
  'nothing, written anew': { alter: 'VACUUM FULL t', copied: false },
  'the table emptied and altered': {
    alter: `TRUNCATE t; ALTER TABLE t ADD c int DEFAULT 1; INSERT INTO t SELECT i, 'w' FROM generate_series(20, 25) i`,
  },
};

const names = Object.keys(alterations);
const all = names.map((_, i) => `a${i}`);
const inTable = (sql: string, name: string): string => sql.replaceAll(/\bt\b(?=[ ;]|$)/g, name).replaceAll('t_pkey', `${name}_pkey`);

/** One table for each alteration. */
function setup(): string {
  return names.map((name, i) => [inTable(ten, all[i]!), inTable(alterations[name]!.setup ?? '', all[i]!)].join(';')).join(';');
}

async function alter(scene: Scene): Promise<void> {
  for (const [i, name] of names.entries()) await scene.script(inTable(alterations[name]!.alter, all[i]!));
}

async function touch(scene: Scene): Promise<void> {
  for (const [i, table] of all.entries()) {
    const key = names[i] === 'the key renamed' ? '"Key"' : 'id';
    await scene.script(`UPDATE ${table} SET ${key} = ${key} + 100 WHERE ${key} = 3; DELETE FROM ${table} WHERE ${key} = 4`);
  }
}

test('tables altered while the link follows, with changes at once behind it', { timeout: 120_000 }, async () => {
  await using scene = await Scene.make(server, setup(), { follow: { watchMs: 600_000 } });
  await scene.run();
  const copied = new Set<string>();
  await using link = scene.start({
    lookMs: 600_000,
    events: {
      onPut: (draft) =>
        draft.steps.forEach(
          (step) =>
            step.kind === 'progress' &&
            (step.progress.state === 'Snapshotting' || step.progress.state === 'Waiting') &&
            copied.add(step.progress.table),
        ),
    },
  });
  await link.state('Replicating', ...all);
  for (const [i, name] of names.entries()) {
    await scene.script(inTable(alterations[name]!.alter, all[i]!));
    const key = name === 'the key renamed' ? '"Key"' : 'id';
    await scene.script(`UPDATE ${all[i]} SET ${key} = ${key} + 100 WHERE ${key} = 3; DELETE FROM ${all[i]} WHERE ${key} = 4`);
    await link.caughtUp();
  }
  await link.stop();
  expect(await scene.differences()).toEqual([]);
  const wanted = names.filter((name) => alterations[name]!.copied !== undefined);
  expect(wanted.filter((name) => copied.has(`public.a${names.indexOf(name)}`))).toEqual(
    wanted.filter((name) => alterations[name]!.copied === true),
  );
});

test('tables altered while the link follows and then left alone', { timeout: 120_000 }, async () => {
  await using scene = await Scene.make(server, setup(), { follow: { watchMs: 50 } });
  await scene.run();
  await using link = scene.start();
  await link.state('Replicating', ...all);
  await alter(scene);
  const shapes = await scene.sql(
    `SELECT c.relname, string_agg(a.attname, ',' ORDER BY a.attnum) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped WHERE c.relname ~ '^a[0-9]+$' GROUP BY c.relname`,
  );
  await link.until(() =>
    shapes.every(
      ([table, columns]) =>
        scene.texts
          .schema(`public.${table}`)
          .columns.map((column) => column.name)
          .join(',') === columns,
    ),
  );
  // What changed without a trace in the shape is found by one more look, which begins after all of it.
  await scene.sql('CREATE TABLE last (id int PRIMARY KEY)');
  await link.state('Replicating', 'last');
  await scene.sql('ALTER TABLE last ADD c int');
  await link.until(() => scene.texts.schema('public.last').columns.length === 2);
  await link.caughtUp();
  await link.stop();
  expect(await scene.differences()).toEqual([]);
});

test('tables altered while the link is away, with changes before, between and after', { timeout: 120_000 }, async () => {
  await using scene = await Scene.make(server, setup(), { follow: { watchMs: 50 } });
  await scene.run();
  for (const table of all)
    await scene.script(
      `INSERT INTO ${table} (id) VALUES (11); UPDATE ${table} SET id = 12 WHERE id = 1; DELETE FROM ${table} WHERE id = 2`,
    );
  await alter(scene);
  await touch(scene);
  await scene.sql(
    `ALTER TABLE a0 RENAME c TO d; ALTER TABLE a0 ADD e int DEFAULT 9; UPDATE a0 SET e = 10 WHERE id = 5; ALTER TABLE a1 DROP v`,
  );
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});

test('altered inside a transaction, with changes before and behind, and rolled back', async () => {
  await using scene = await Scene.make(server, `${ten}; CREATE TABLE u (id int PRIMARY KEY, v text); INSERT INTO u VALUES (1, 'u')`);
  await scene.run();
  await using link = scene.start();
  await link.state('Replicating', 't', 'u');
  await scene.sql(
    `INSERT INTO t VALUES (11, 'before'); DELETE FROM t WHERE id = 1; ALTER TABLE t ADD c int DEFAULT 5; INSERT INTO t VALUES (12, 'after', 6); UPDATE t SET c = 7 WHERE id = 2; ALTER TABLE t DROP v; ALTER TABLE t ADD v text DEFAULT 'anew'; UPDATE t SET v = 'x' WHERE id = 3; INSERT INTO u VALUES (2, 'same transaction')`,
  );
  await scene.script(
    `BEGIN; UPDATE t SET c = 8; ALTER TABLE t ADD gone int; UPDATE t SET gone = 1; ROLLBACK; UPDATE t SET c = 9 WHERE id = 4`,
  );
  await scene.script(
    `BEGIN; INSERT INTO u VALUES (3, 'a'); SAVEPOINT s; ALTER TABLE u ADD gone int; INSERT INTO u VALUES (4, 'b', 1); ROLLBACK TO s; INSERT INTO u VALUES (5, 'c'); COMMIT`,
  );
  await link.caughtUp();
  await link.stop();
  expect(await scene.differences()).toEqual([]);
});

test('dropped and made anew, renamed, renamed and back, moved to another schema, taken over by another', async () => {
  await using scene = await Scene.make(
    server,
    `CREATE SCHEMA other; ${['anew', 'named', 'back', 'moved', 'one', 'two'].map((name) => ten.replaceAll(' t ', ` ${name} `)).join(';')}`,
    { tables: 'public.*,other.*' },
  );
  await scene.run();
  await using link = scene.start();
  await link.state('Replicating', 'anew', 'named', 'back', 'moved', 'one', 'two');
  await scene.script(
    `ALTER TABLE back RENAME TO forth; INSERT INTO forth VALUES (11, 'under the other name'); ALTER TABLE forth RENAME TO back`,
  );
  await scene.script(`DROP TABLE anew; CREATE TABLE anew (v int, id text PRIMARY KEY); INSERT INTO anew VALUES (1, 'x');
    ALTER TABLE named RENAME TO renamed; INSERT INTO renamed VALUES (11, 'new name'); ALTER TABLE moved SET SCHEMA other; DELETE FROM other.moved WHERE id = 1;
    BEGIN; ALTER TABLE one RENAME TO three; ALTER TABLE two RENAME TO one; INSERT INTO one VALUES (12, 'was two'); COMMIT; UPDATE three SET v = 'was one' WHERE id = 2`);
  await link.until(
    (tables) =>
      ['public.anew', 'public.back', 'public.renamed', 'other.moved', 'public.one', 'public.three'].every(
        (name) => tables.get(name)?.state === 'Replicating',
      ) && ['public.named', 'public.moved', 'public.two'].every((name) => tables.get(name)?.fault?.code === 'TableGone'),
  );
  await link.caughtUp();
  await link.stop();
  expect(scene.texts.rows('public.back')).toHaveLength(11);
  for (const [name, table] of [
    ['public.one', 'one'],
    ['public.three', 'three'],
    ['public.renamed', 'renamed'],
    ['other.moved', 'other.moved'],
    ['public.anew', 'anew'],
  ]) {
    expect(
      scene.texts
        .rows(name!)
        .map((row) => row.join())
        .toSorted(),
    ).toEqual((await scene.sql(`SELECT * FROM ${table}`)).map((row) => row.join()).toSorted());
  }
});

test('a primary key that is dropped: writes go on at the source, and what comes later is only appended; and a key that comes back', async () => {
  await using scene = await Scene.make(server, `${ten}; CREATE TABLE n (id int PRIMARY KEY, v text); INSERT INTO n VALUES (1, 'n')`, {
    follow: { watchMs: 50, guardMs: 20 },
  });
  await scene.run();
  await using link = scene.start();
  await link.state('Replicating', 't', 'n');
  await scene.script(
    `UPDATE t SET v = 'before'; ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE n REPLICA IDENTITY NOTHING; INSERT INTO t VALUES (11, 'after')`,
  );
  await link.until(() => scene.texts.schema('public.t').identity === 'append' && scene.texts.schema('public.n').identity === 'append');
  await scene.script(`UPDATE t SET v = 'not sent' WHERE id = 1; DELETE FROM n; INSERT INTO t VALUES (12, 'sent')`);
  await link.state('Replicating', 't', 'n');
  await link.caughtUp();
  expect(scene.texts.rows('public.t').map((row) => row[1])).toContain('sent');
  await scene.script(
    `ALTER TABLE t ADD PRIMARY KEY (id); ALTER TABLE n REPLICA IDENTITY DEFAULT; UPDATE t SET v = 'sent again' WHERE id = 2`,
  );
  await link.until(() => scene.texts.schema('public.t').identity === 'key' && scene.texts.schema('public.n').identity === 'key');
  await link.caughtUp();
  await scene.script(`UPDATE t SET v = 'and now by key' WHERE id = 3; DELETE FROM t WHERE id = 4`);
  await link.caughtUp();
  await link.stop();
  expect(await scene.differences()).toEqual([]);
});

test('a table that somebody takes out of the publication is copied anew; a publication that is dropped is lost history', async () => {
  await using scene = await Scene.make(server, ten, { follow: { watchMs: 50 } });
  await scene.run();
  await scene.script(`ALTER PUBLICATION ${scene.slot} DROP TABLE t; UPDATE t SET v = 'unseen' WHERE id < 5; DELETE FROM t WHERE id = 6`);
  await scene.run();
  expect(await scene.differences()).toEqual([]);
  await using link = scene.start();
  await link.caughtUp();
  await scene.script(
    `ALTER PUBLICATION ${scene.slot} DROP TABLE t; DELETE FROM t WHERE id = 7; ALTER PUBLICATION ${scene.slot}_append ADD TABLE t; UPDATE t SET v = 'unseen too'`,
  );
  await link.until(() => scene.texts.rows('public.t').some((row) => row[1] === 'unseen too'));
  await link.caughtUp();
  expect(await scene.differences()).toEqual([]);
  await scene.script(`DROP PUBLICATION ${scene.slot}; CREATE PUBLICATION ${scene.slot} FOR TABLE t`);
  expect(await link.failure()).toMatchObject({ kind: 'lost-history', code: 'PublicationMissing' });
  expect(await scene.failure()).toMatchObject({
    kind: 'lost-history',
    code: 'PublicationMissing',
    remedy: expect.stringContaining('--resync'),
  });
  expect(await scene.differences()).toEqual([]);
  await scene.script(`DROP PUBLICATION ${scene.slot}`);
  await scene.run({ resync: 'everything' });
  expect(await scene.differences()).toEqual([]);
});
