import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { Scene } from './scene.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Long text that does not compress, so that PostgreSQL keeps it out of line. */
const long = (seed: string): string => `(SELECT string_agg(md5(${seed} || i::text), '') FROM generate_series(1, 200) i)`;

test('rows that are there and rows that come, change and go', async () => {
  await using scene = await Scene.make(
    server,
    `CREATE TABLE t (id int PRIMARY KEY, v text, n numeric(10,2));
     INSERT INTO t SELECT i, 'v' || i, i * 1.5 FROM generate_series(1, 100) i;
     CREATE TABLE empty (id int PRIMARY KEY)`,
  );
  await scene.run();
  expect([scene.state('t').state, scene.state('empty').state]).toEqual(['Replicating', 'Replicating']);
  expect(scene.state('t').rowsCopied).toBe(100);
  expect(await scene.differences()).toEqual([]);
  await scene.sql(`INSERT INTO t VALUES (101, NULL, NULL); UPDATE t SET v = 'x' WHERE id % 7 = 0; DELETE FROM t WHERE id % 10 = 3;
    UPDATE t SET id = id + 1000 WHERE id < 10; INSERT INTO empty SELECT generate_series(1, 3)`);
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});

test('many changes of one row in one transaction, and over several in one batch', async () => {
  await using scene = await Scene.make(
    server,
    `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'first' FROM generate_series(1, 20) i`,
  );
  await scene.run();
  const life = `INSERT INTO t VALUES (100, 'a'); UPDATE t SET v = 'b' WHERE id = 100; DELETE FROM t WHERE id = 100`;
  await scene.sql(life);
  await scene.script(life);
  await scene.sql(`DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (1, 'again'); UPDATE t SET v = 'and again' WHERE id = 1`);
  await scene.script(
    `DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (2, 'again'); DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (2, 'for good')`,
  );
  await scene.sql(`DELETE FROM t WHERE id = 3; INSERT INTO t VALUES (3, 'x'); DELETE FROM t WHERE id = 3`);
  await scene.script(`INSERT INTO t VALUES (101, 'a'); DELETE FROM t WHERE id = 101; INSERT INTO t VALUES (101, 'b')`);
  // Keys that change places, wander and meet those of rows that went.
  await scene.sql(`UPDATE t SET id = -4 WHERE id = 4; UPDATE t SET id = 4 WHERE id = 5; UPDATE t SET id = 5 WHERE id = -4`);
  await scene.script(
    `UPDATE t SET id = 200 WHERE id = 6; UPDATE t SET id = 201, v = 'moved' WHERE id = 200; INSERT INTO t VALUES (6, 'new')`,
  );
  await scene.script(
    `DELETE FROM t WHERE id = 7; UPDATE t SET id = 7 WHERE id = 8; UPDATE t SET v = 'was 8' WHERE id = 7; UPDATE t SET id = 8 WHERE id = 9`,
  );
  await scene.sql(`UPDATE t SET id = id - 1 WHERE id IN (11, 12)`).catch(() => undefined);
  await scene.script(
    `UPDATE t SET id = 300 WHERE id = 13; DELETE FROM t WHERE id = 300; UPDATE t SET id = 301 WHERE id = 14; DELETE FROM t WHERE id = 301; INSERT INTO t VALUES (14, 'z')`,
  );
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});

test('a transaction and savepoints that were rolled back leave nothing', async () => {
  await using scene = await Scene.make(server, `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'kept')`);
  await scene.run();
  await scene.script(`BEGIN; INSERT INTO t VALUES (2, 'void'); UPDATE t SET v = 'void'; ROLLBACK;
    BEGIN; INSERT INTO t VALUES (3, 'kept'); SAVEPOINT a; UPDATE t SET v = 'void'; SAVEPOINT b; DELETE FROM t; ROLLBACK TO a; UPDATE t SET v = 'b' WHERE id = 3; RELEASE a; COMMIT`);
  await scene.run();
  expect(await scene.differences()).toEqual([]);
  expect(scene.texts.rows('public.t')).toHaveLength(2);
});

test('large values that did not change keep what they were', async () => {
  await using scene = await Scene.make(
    server,
    `CREATE TABLE t (id int PRIMARY KEY, big text, doc jsonb, n int);
     ALTER TABLE t ALTER big SET STORAGE EXTERNAL, ALTER doc SET STORAGE EXTERNAL;
     INSERT INTO t SELECT k, ${long('k')}, jsonb_build_object('big', ${long("'d' || k")}), 0 FROM generate_series(1, 12) k`,
  );
  await scene.run();
  await scene.script(
    `UPDATE t SET n = 1 WHERE id <= 8; UPDATE t SET n = 2, big = 'short' WHERE id = 2; UPDATE t SET doc = NULL WHERE id = 3; UPDATE t SET n = 3 WHERE id IN (2, 3)`,
  );
  // In one batch: new, then changed in another column; the key changed once and twice; taken from a row that went.
  await scene.script(`INSERT INTO t SELECT 20, ${long("'n'")}, '{}', 0; UPDATE t SET n = 5 WHERE id = 20; UPDATE t SET n = 6, doc = jsonb_build_object('big', ${long("'m'")}) WHERE id = 20;
    UPDATE t SET n = 7 WHERE id = 20; UPDATE t SET id = 104 WHERE id = 4; UPDATE t SET n = 9 WHERE id = 104; UPDATE t SET id = 204 WHERE id = 104;
    INSERT INTO t SELECT 4, ${long("'fresh'")}, NULL, 1; UPDATE t SET n = 10 WHERE id = 4; DELETE FROM t WHERE id = 5; UPDATE t SET id = 5 WHERE id = 6; UPDATE t SET n = 11 WHERE id = 5`);
  await scene.run();
  expect(await scene.differences()).toEqual([]);
  await scene.sql(`UPDATE t SET n = n + 100; UPDATE t SET id = id + 1000`);
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});

test('large values in keys, and under REPLICA IDENTITY FULL', async () => {
  const key = (k: string): string => `(SELECT string_agg(md5(${k} || i::text), '') FROM generate_series(1, 70) i)`;
  await using scene = await Scene.make(
    server,
    `CREATE TABLE longkey (k text PRIMARY KEY, n int, big text);
     ALTER TABLE longkey ALTER k SET STORAGE EXTERNAL, ALTER big SET STORAGE EXTERNAL;
     INSERT INTO longkey SELECT ${key("'k' || j")}, j, ${long("'b' || j")} FROM generate_series(1, 6) j;
     CREATE TABLE whole (id int PRIMARY KEY, big text, n int);
     ALTER TABLE whole REPLICA IDENTITY FULL, ALTER big SET STORAGE EXTERNAL;
     INSERT INTO whole SELECT j, ${long("'w' || j")}, j FROM generate_series(1, 6) j;
     CREATE TABLE keyless (big text, n int);
     ALTER TABLE keyless REPLICA IDENTITY FULL, ALTER big SET STORAGE EXTERNAL;
     INSERT INTO keyless SELECT ${long("'x' || (j / 2)")}, j % 3 FROM generate_series(1, 8) j`,
  );
  await scene.run();
  expect(await scene.differences()).toEqual([]);
  await scene.script(`UPDATE longkey SET n = n + 10; UPDATE longkey SET k = ${key("'new'")} WHERE n = 11; UPDATE longkey SET n = 99 WHERE n = 11; DELETE FROM longkey WHERE n = 12;
    UPDATE whole SET n = n + 10; UPDATE whole SET id = id + 100 WHERE id < 3; UPDATE whole SET n = 0 WHERE id = 101; DELETE FROM whole WHERE id = 102;
    UPDATE keyless SET n = n + 10 WHERE n = 1; DELETE FROM keyless WHERE n = 2; INSERT INTO keyless SELECT big, 5 FROM keyless WHERE n = 0; UPDATE keyless SET n = 6 WHERE n = 5`);
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});

test('tables without key: equal rows are counted, nulls are equal to nulls, and appends only grow', async () => {
  await using scene = await Scene.make(
    server,
    `CREATE TABLE bag (a int, b text, f float8); ALTER TABLE bag REPLICA IDENTITY FULL;
     INSERT INTO bag VALUES (1, 'x', 0), (1, 'x', 0), (1, 'x', '-0'), (NULL, NULL, NULL), (NULL, NULL, NULL), (2, '', 'NaN');
     CREATE TABLE log (at int, what text); INSERT INTO log SELECT i, 'e' FROM generate_series(1, 5) i;
     CREATE TABLE nothing (id int PRIMARY KEY, v text); ALTER TABLE nothing REPLICA IDENTITY NOTHING; INSERT INTO nothing VALUES (1, 'a')`,
  );
  await scene.run();
  expect(await scene.differences()).toEqual([]);
  await scene.script(`DELETE FROM bag WHERE ctid = (SELECT min(ctid) FROM bag WHERE a = 1); INSERT INTO bag VALUES (1, 'x', 0), (NULL, NULL, NULL); UPDATE bag SET b = 'y' WHERE ctid = (SELECT min(ctid) FROM bag WHERE a IS NULL);
    UPDATE bag SET a = NULL WHERE f = 'NaN'; DELETE FROM bag WHERE ctid = (SELECT max(ctid) FROM bag WHERE a IS NULL AND b IS NULL);
    INSERT INTO log VALUES (6, NULL), (6, NULL)`);
  await scene.sql(
    `INSERT INTO bag VALUES (9, 'z', 1), (9, 'z', 1); DELETE FROM bag WHERE ctid = (SELECT min(ctid) FROM bag WHERE a = 9); UPDATE bag SET f = -1 WHERE a = 9`,
  );
  await scene.run();
  expect(await scene.differences()).toEqual([]);
  // Our publication makes none of these fail; what they do does not travel, as the findings say.
  await scene.sql(
    `UPDATE log SET what = 'changed' WHERE at = 1; DELETE FROM log WHERE at = 2; UPDATE nothing SET v = 'b'; DELETE FROM nothing; INSERT INTO log VALUES (7, 'still')`,
  );
  await scene.run();
  expect(scene.texts.rows('public.log')).toHaveLength(8);
  expect(scene.texts.rows('public.nothing')).toEqual([['1', 'a']]);
  await scene.sql(`TRUNCATE log, nothing`);
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});

test('replica identities: an index, all columns beside a key, a deferrable key', async () => {
  await using scene = await Scene.make(
    server,
    `CREATE TABLE indexed (a int NOT NULL, b text NOT NULL, c int, v text);
     CREATE UNIQUE INDEX by_b_a ON indexed (b, a) INCLUDE (c); ALTER TABLE indexed REPLICA IDENTITY USING INDEX by_b_a;
     INSERT INTO indexed SELECT i, 'b' || i % 3, i, 'v' FROM generate_series(1, 9) i;
     CREATE TABLE both_ways (id int PRIMARY KEY, code text NOT NULL UNIQUE, v text); ALTER TABLE both_ways REPLICA IDENTITY USING INDEX both_ways_code_key;
     INSERT INTO both_ways SELECT i, 'c' || i, 'v' FROM generate_series(1, 5) i;
     CREATE TABLE later (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, v text); INSERT INTO later SELECT i, 'v' FROM generate_series(1, 5) i;
     CREATE TABLE later_full (id int PRIMARY KEY DEFERRABLE, v text); ALTER TABLE later_full REPLICA IDENTITY FULL; INSERT INTO later_full SELECT i, 'v' FROM generate_series(1, 5) i`,
  );
  await scene.run();
  expect(
    ['indexed', 'both_ways', 'later', 'later_full']
      .map((name) => scene.texts.schema(`public.${name}`))
      .map(({ identity, key }) => [identity, key]),
  ).toEqual([
    ['key', [1, 0]],
    ['key', [1]],
    ['append', []],
    ['full', []],
  ]);
  await scene.script(`UPDATE indexed SET v = 'w' WHERE a < 4; UPDATE indexed SET b = 'z' WHERE a = 5; UPDATE indexed SET a = 50, c = NULL WHERE a = 6; DELETE FROM indexed WHERE a = 7;
    UPDATE both_ways SET id = id + 10 WHERE id < 3; UPDATE both_ways SET code = 'n' || code WHERE id = 4; DELETE FROM both_ways WHERE id = 5; INSERT INTO both_ways VALUES (5, 'c5', 'again');
    UPDATE later_full SET id = 6 - id; DELETE FROM later_full WHERE id = 3; INSERT INTO later VALUES (9, 'x')`);
  await scene.run();
  expect(await scene.differences()).toEqual([]);
  await scene.sql(`UPDATE later SET id = 10 - id`);
  await scene.run();
  expect(scene.texts.rows('public.later')).toHaveLength(6);
});

test('TRUNCATE alone, before rows, after rows, of several tables and of what refers to them', async () => {
  await using scene = await Scene.make(
    server,
    `CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a); CREATE TABLE c (v text); CREATE TABLE d (v int); ALTER TABLE d REPLICA IDENTITY FULL;
     INSERT INTO a SELECT i, 'a' FROM generate_series(1, 10) i; INSERT INTO b SELECT i, i FROM generate_series(1, 10) i; INSERT INTO c SELECT 'c' FROM generate_series(1, 4); INSERT INTO d VALUES (1), (1)`,
  );
  await scene.run();
  await scene.sql('TRUNCATE c');
  await scene.run();
  expect(await scene.differences()).toEqual([]);
  await scene.script(`INSERT INTO c VALUES ('x'); INSERT INTO d VALUES (2); BEGIN; INSERT INTO a VALUES (11, 'void'); TRUNCATE a CASCADE; INSERT INTO a VALUES (1, 'first'), (2, 'second'); UPDATE a SET v = 'changed' WHERE id = 1; DELETE FROM a WHERE id = 2; COMMIT;
    INSERT INTO b VALUES (1, 1); TRUNCATE c, d; INSERT INTO d VALUES (3), (3); DELETE FROM d WHERE ctid = (SELECT min(ctid) FROM d); TRUNCATE c; INSERT INTO c VALUES ('last')`);
  await scene.run();
  expect(await scene.differences()).toEqual([]);
  await scene.script(`BEGIN; TRUNCATE a CASCADE; ROLLBACK; INSERT INTO a VALUES (5, 'x'); TRUNCATE b RESTART IDENTITY`);
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});

test('keys of every kind, under odd collations', async () => {
  await using scene = await Scene.make(
    server,
    `CREATE COLLATION deaf (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
     CREATE COLLATION swedish (provider = icu, locale = 'sv');
     CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad'); CREATE DOMAIN code AS text CHECK (value <> '');
     CREATE TABLE texts (k text COLLATE deaf PRIMARY KEY, v int); INSERT INTO texts SELECT chr(96 + i) || 'Å', i FROM generate_series(1, 9) i;
     CREATE TABLE swedes (k varchar(9) COLLATE swedish, m mood, PRIMARY KEY (k, m)); INSERT INTO swedes VALUES ('ö', 'sad'), ('z', 'glad'), ('Ö', 'ok'), ('', 'sad');
     CREATE TABLE ids (u uuid, d date, n numeric, PRIMARY KEY (n, d, u)); INSERT INTO ids SELECT md5(i::text)::uuid, date '2024-02-28' + i, i / 7.0 FROM generate_series(1, 9) i;
     CREATE TABLE odd (c char(5), b bytea, t timestamptz, f float8, e code, PRIMARY KEY (e, f, t, b, c));
     INSERT INTO odd SELECT 'x', decode(md5(i::text), 'hex'), timestamptz '2024-01-01 12:00+02' + i * interval '1.000001 s', i / 3.0, '''"' || i FROM generate_series(1, 9) i;
     CREATE TABLE bools (b bool PRIMARY KEY, i interval); INSERT INTO bools VALUES (true, '1 day'), (false, '2 mons -1 day')`,
    { pages: { pageBytes: 96 } },
  );
  await scene.run();
  expect(await scene.differences()).toEqual([]);
  await scene.script(`UPDATE texts SET k = upper(k) WHERE v < 4; UPDATE texts SET v = -v WHERE v > 2; DELETE FROM texts WHERE k = 'Iå'; UPDATE swedes SET k = 'Z' WHERE k = 'z'; UPDATE swedes SET m = 'ok' WHERE k = ''; DELETE FROM swedes WHERE m = 'sad';
    UPDATE ids SET n = 1.0 WHERE n = 1; UPDATE ids SET n = 1.000 WHERE n = 1; UPDATE ids SET d = d - 1 WHERE n > 1; DELETE FROM ids WHERE n < 0.3;
    UPDATE odd SET f = '-0' WHERE f < 1; UPDATE odd SET f = 0, c = 'yy' WHERE f = 0; UPDATE odd SET t = 'infinity', e = e || E'\\n' WHERE f > 2; DELETE FROM odd WHERE f BETWEEN 1 AND 1.5; DELETE FROM bools WHERE b; INSERT INTO bools VALUES (true, '00:00:01')`);
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});

test('names with quotes, dots, capitals and other scripts', async () => {
  await using scene = await Scene.make(
    server,
    `CREATE SCHEMA "S.one"; CREATE SCHEMA "schema ""two""";
     CREATE TABLE "S.one"."T.able" ("Id" int, "a ""b""" text, "select" text, "naïve 名" text, PRIMARY KEY ("Id"));
     CREATE TABLE "schema ""two"""."t';DROP" ("k'ey" text PRIMARY KEY, "x.y" int, "%s" text);
     CREATE TABLE "schema ""two"""."T" (id int PRIMARY KEY, v text); CREATE TABLE "schema ""two"""."t" (id int PRIMARY KEY, v text);
     INSERT INTO "S.one"."T.able" VALUES (1, 'a', 'b', 'c'), (2, 'ä', E'\\t', '🙂');
     INSERT INTO "schema ""two"""."t';DROP" VALUES ('it''s', 1, '\\'), ('"', 2, ''); INSERT INTO "schema ""two"""."T" VALUES (1, 'upper'); INSERT INTO "schema ""two"""."t" VALUES (1, 'lower')`,
    { tables: '*.*', pages: { pageBytes: 24 } },
  );
  await scene.run();
  const shown = await scene.sql(`SELECT count(*) FROM pg_publication_tables WHERE pubname = '${scene.slot}'`);
  expect(shown).toEqual([['4']]);
  await scene.script(`UPDATE "S.one"."T.able" SET "Id" = 3, "naïve 名" = '名' WHERE "Id" = 1; DELETE FROM "S.one"."T.able" WHERE "Id" = 2; UPDATE "schema ""two"""."t';DROP" SET "x.y" = 5; UPDATE "schema ""two"""."t';DROP" SET "k'ey" = 'o''er' WHERE "%s" = '';
    UPDATE "schema ""two"""."T" SET v = 'UP'; INSERT INTO "schema ""two"""."t" VALUES (2, 'low')`);
  await scene.run();
  for (const [table, rows] of [
    ['"S.one"."T.able"', 1],
    ['"schema ""two"""."t\';DROP"', 2],
    ['"schema ""two"""."T"', 1],
    ['"schema ""two""".t', 2],
  ] as const)
    expect(scene.texts.rows(table)).toHaveLength(rows);
  expect(await scene.differences()).toEqual([]);
});
