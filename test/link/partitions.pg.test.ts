import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { Scene } from './scene.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

async function findings(scene: Scene, target: string): Promise<readonly string[]> {
  await using source = await scene.source();
  return (await source.check()).filter((one) => one.target?.startsWith(target) === true).map((one) => one.code);
}

test('a partitioned table travels as one: rows that move between partitions, columns in another order, sub-partitions', async () => {
  await using scene = await Scene.make(
    server,
    `CREATE TABLE p (region text, id int, v text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
     CREATE TABLE p_north PARTITION OF p FOR VALUES IN ('n');
     CREATE TABLE p_south (v text, id int NOT NULL, region text NOT NULL, PRIMARY KEY (id, region)); ALTER TABLE p ATTACH PARTITION p_south FOR VALUES IN ('s');
     CREATE TABLE p_rest PARTITION OF p DEFAULT PARTITION BY RANGE (id); CREATE TABLE p_rest_low PARTITION OF p_rest FOR VALUES FROM (0) TO (50); CREATE TABLE p_rest_high PARTITION OF p_rest FOR VALUES FROM (50) TO (500);
     INSERT INTO p SELECT (ARRAY['n', 's', 'e'])[i % 3 + 1], i, 'v' || i FROM generate_series(1, 90) i`,
    { pages: { pageBytes: 240 } },
  );
  await scene.run();
  expect([...scene.texts.progress.tables.keys()]).toEqual(['public.p']);
  expect(await scene.differences()).toEqual([]);
  await scene.script(`UPDATE p SET region = 's' WHERE id < 10; UPDATE p SET id = id + 100 WHERE region = 'e' AND id > 80; DELETE FROM p_south WHERE id = 20; INSERT INTO p_north VALUES ('n', 200, 'direct'); UPDATE p SET v = 'w' WHERE id BETWEEN 40 AND 60;
    CREATE TABLE p_west PARTITION OF p FOR VALUES IN ('w'); INSERT INTO p VALUES ('w', 1, 'new partition'); UPDATE p SET region = 'w' WHERE region = 'e';
    ALTER TABLE p ADD c text DEFAULT 'c'; UPDATE p SET c = 'd' WHERE id < 5; ALTER TABLE p_south ALTER c SET DEFAULT 'south'; ALTER TABLE p ADD n int; DELETE FROM p WHERE id = 30`);
  await scene.run();
  expect(await scene.differences()).toEqual([]);
  await scene.sql("TRUNCATE p; INSERT INTO p VALUES ('n', 1, 'after')");
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});

test('a partition that was attached with rows is copied', async () => {
  await using scene = await Scene.make(
    server,
    `CREATE TABLE p (id int PRIMARY KEY, v text) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); INSERT INTO p VALUES (1, 'a');
     CREATE TABLE p2 (id int PRIMARY KEY, v text); INSERT INTO p2 VALUES (11, 'there'), (12, 'before')`,
    { tables: 'public.p' },
  );
  await scene.run();
  await using link = scene.start();
  await scene.sql('ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (10) TO (20)');
  await scene.sql(`UPDATE p SET v = 'changed' WHERE id = 12`);
  await link.stop();
  scene.set({ follow: { watchMs: 10 } });
  await using again = scene.start();
  await again.until((tables) => tables.get('public.p')?.state === 'Snapshotting' || scene.texts.rows('public.p').length === 3);
  await again.caughtUp();
  await again.stop();
  expect(await scene.differences()).toEqual([]);
});

test('a key counts only where every partition sends it, and our publication never makes a write fail', async () => {
  await using scene = await Scene.make(
    server,
    `CREATE TABLE mixed (id int PRIMARY KEY, code int NOT NULL, v text) PARTITION BY RANGE (id);
     CREATE TABLE mixed_default PARTITION OF mixed FOR VALUES FROM (0) TO (10); CREATE TABLE mixed_full PARTITION OF mixed FOR VALUES FROM (10) TO (20); ALTER TABLE mixed_full REPLICA IDENTITY FULL;
     CREATE TABLE other (id int PRIMARY KEY, code int NOT NULL, v text) PARTITION BY RANGE (id);
     CREATE TABLE other_index PARTITION OF other FOR VALUES FROM (0) TO (10); CREATE UNIQUE INDEX other_code ON other_index (code); ALTER TABLE other_index REPLICA IDENTITY USING INDEX other_code;
     CREATE TABLE silent (id int PRIMARY KEY, v text) PARTITION BY RANGE (id); CREATE TABLE silent_1 PARTITION OF silent FOR VALUES FROM (0) TO (10); ALTER TABLE silent_1 REPLICA IDENTITY NOTHING;
     CREATE TABLE keyless (id int, v text) PARTITION BY RANGE (id); ALTER TABLE keyless REPLICA IDENTITY FULL; CREATE TABLE keyless_1 PARTITION OF keyless FOR VALUES FROM (0) TO (10);
     CREATE TABLE keyless_full (id int, v text) PARTITION BY RANGE (id); ALTER TABLE keyless_full REPLICA IDENTITY FULL; CREATE TABLE keyless_full_1 PARTITION OF keyless_full FOR VALUES FROM (0) TO (10); ALTER TABLE keyless_full_1 REPLICA IDENTITY FULL;
     INSERT INTO mixed VALUES (1, 1, 'a'), (11, 11, 'b'), (12, 12, 'c'); INSERT INTO other VALUES (1, 1, 'a'); INSERT INTO silent VALUES (1, 'a'); INSERT INTO keyless VALUES (1, 'a'); INSERT INTO keyless_full VALUES (1, 'a'), (1, 'a')`,
  );
  await scene.run();
  expect(Object.fromEntries([...scene.texts.progress.tables.keys()].map((name) => [name, scene.texts.schema(name).identity]))).toEqual({
    'public.mixed': 'key',
    'public.other': 'append',
    'public.silent': 'append',
    'public.keyless': 'append',
    'public.keyless_full': 'full',
  });
  for (const table of ['other', 'silent', 'keyless']) expect(await findings(scene, `public.${table}`)).toContain('AppendOnly');
  await scene.script(
    `UPDATE mixed SET v = v || 'x'; UPDATE mixed SET id = 13 WHERE id = 1; DELETE FROM mixed WHERE id = 12; UPDATE keyless_full SET v = 'b' WHERE ctid = (SELECT min(ctid) FROM keyless_full)`,
  );
  await scene.run();
  expect(await scene.differences()).toEqual([]);
  for (const table of ['other', 'silent', 'keyless']) await scene.script(`UPDATE ${table} SET v = 'changed'; DELETE FROM ${table}`);
  await scene.run();
  expect(scene.texts.rows('public.silent')).toEqual([['1', 'a']]);
});

test('children that inherit are tables of their own', async () => {
  await using scene = await Scene.make(
    server,
    `CREATE TABLE parent (id int PRIMARY KEY, v text); CREATE TABLE child (extra int) INHERITS (parent); ALTER TABLE child ADD PRIMARY KEY (id); CREATE TABLE left_out (extra int) INHERITS (parent);
     INSERT INTO parent VALUES (1, 'p'); INSERT INTO child VALUES (1, 'c', 5); INSERT INTO left_out VALUES (3, 'no', 1)`,
    { tables: 'public.*,!public.left_out' },
  );
  await scene.run();
  expect(await scene.differences()).toEqual([]);
  expect(scene.texts.rows('public.parent')).toEqual([['1', 'p']]);
  await scene.script(
    `UPDATE parent SET v = v || '!'; DELETE FROM ONLY parent; INSERT INTO parent VALUES (2, 'new'); TRUNCATE ONLY child; INSERT INTO child VALUES (7, 'x', 1); DELETE FROM parent WHERE id = 3`,
  );
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});

test('generated columns: stored ones travel from 18 on, virtual ones are left out with a finding', async () => {
  await using scene = await Scene.make(
    server,
    `CREATE TABLE g (id int PRIMARY KEY, a int, s int GENERATED ALWAYS AS (a * 2) STORED, w int GENERATED ALWAYS AS (a * 3) VIRTUAL);
     CREATE TABLE keyed (a int NOT NULL, k int GENERATED ALWAYS AS (a + 100) STORED PRIMARY KEY, v text);
     INSERT INTO g (id, a) SELECT i, i FROM generate_series(1, 5) i; INSERT INTO keyed (a, v) VALUES (1, 'x'), (2, 'y')`,
  );
  expect(await findings(scene, 'public.g')).toEqual(['ColumnLeftOut']);
  await scene.run();
  expect(scene.texts.schema('public.g').columns.map((column) => column.name)).toEqual(['id', 'a', 's']);
  await scene.script(
    `UPDATE g SET a = a + 10 WHERE id < 3; INSERT INTO g (id, a) VALUES (9, NULL); UPDATE keyed SET a = 5 WHERE a = 1; DELETE FROM keyed WHERE k = 102; ALTER TABLE g ADD z int GENERATED ALWAYS AS (id + 1) STORED; INSERT INTO g (id, a) VALUES (10, 1)`,
  );
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});
