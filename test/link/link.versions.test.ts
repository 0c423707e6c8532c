import { expect, test } from 'vitest';
import { startPostgres, type PostgresVersion } from '../servers/postgres.ts';
import { Scene } from './scene.ts';

const versions = [13, 14, 15, 16, 17, 'debian', 18] as const satisfies readonly PostgresVersion[];

/** The main path, and what differs between versions: the protocol, generated columns, partitions, how the catalog tells them. */
test.each(versions)(
  'PostgreSQL %s: copy, changes, alterations, large transactions, restarts, release',
  { timeout: 120_000 },
  async (version) => {
    await using server = await startPostgres({ version, settings: { logical_decoding_work_mem: '64kB' } });
    await using scene = await Scene.make(
      server,
      `CREATE TYPE mood AS ENUM ('sad', 'ok');
     CREATE TABLE t (id int PRIMARY KEY, v text, n numeric(10,2), big text, m mood, at timestamptz, doc jsonb); ALTER TABLE t ALTER big SET STORAGE EXTERNAL;
     INSERT INTO t SELECT i, 'v' || i, i * 1.5, CASE WHEN i % 9 = 0 THEN (SELECT string_agg(md5((i * j)::text), '') FROM generate_series(1, 80) j) END, 'sad', timestamptz '2024-01-01Z' + i * interval '1 h', jsonb_build_object('i', i) FROM generate_series(1, 300) i;
     CREATE TABLE pair (b text, a int, v text, PRIMARY KEY (b, a)); INSERT INTO pair SELECT 'b' || i % 4, i, 'v' FROM generate_series(1, 50) i;
     CREATE TABLE bag (v text, n int); ALTER TABLE bag REPLICA IDENTITY FULL; INSERT INTO bag VALUES ('x', 1), ('x', 1), (NULL, NULL);
     CREATE TABLE log (v text); INSERT INTO log VALUES ('a');
     CREATE TABLE p (id int PRIMARY KEY, v text) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (50); CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (50) TO (1000); INSERT INTO p SELECT i, 'p' FROM generate_series(1, 99) i;
     CREATE TABLE g (id int PRIMARY KEY, a int, s int GENERATED ALWAYS AS (a * 2) STORED); INSERT INTO g (id, a) VALUES (1, 1)`,
      { pages: { pageBytes: 480 }, follow: { watchMs: 50, heartbeatMs: 50, maxBytes: 32 * 1024 } },
    );
    await scene.run();
    expect(await scene.differences()).toEqual([]);
    expect(scene.texts.schema('public.g').columns.map((column) => column.name)).toEqual(version === 18 ? ['id', 'a', 's'] : ['id', 'a']);
    await scene.script(`UPDATE t SET n = n + 1 WHERE id < 20; UPDATE t SET id = id + 1000 WHERE id % 9 = 0 AND id < 100; DELETE FROM t WHERE id BETWEEN 200 AND 220; UPDATE pair SET b = 'z' WHERE a < 5; DELETE FROM pair WHERE a = 7;
    DELETE FROM bag WHERE ctid = (SELECT min(ctid) FROM bag WHERE v = 'x'); UPDATE bag SET n = 5 WHERE v IS NULL; INSERT INTO log VALUES ('b'); UPDATE p SET id = id + 100 WHERE id IN (3, 60); UPDATE g SET a = 7; INSERT INTO t (id) VALUES (5000); UPDATE t SET v = 'x' WHERE id = 5000`);
    await scene.sql(`TRUNCATE log; INSERT INTO log VALUES ('after')`);
    await scene.run();
    expect(await scene.differences()).toEqual([]);

    await using link = scene.start();
    await link.caughtUp();
    await scene.script(
      `ALTER TABLE t ADD c text DEFAULT 'c', ADD u uuid DEFAULT md5(random()::text)::uuid; ALTER TABLE t RENAME v TO w; ALTER TABLE pair ALTER a TYPE bigint; UPDATE pair SET v = 'w' WHERE a = 9; ALTER TABLE bag DROP n; INSERT INTO bag VALUES ('y'); ALTER TABLE p ADD d int DEFAULT 4; ALTER TABLE g ADD b int`,
    );
    await scene.sql(
      `BEGIN; INSERT INTO t (id, w) SELECT i, 'large' FROM generate_series(10000, 13000) i; SAVEPOINT s; UPDATE t SET w = 'void'; ROLLBACK TO s; UPDATE t SET w = 'kept' WHERE id > 12000; COMMIT`,
    );
    await scene.sql(
      `BEGIN; INSERT INTO p SELECT i, 'large' FROM generate_series(400, 900) i; SAVEPOINT s; ALTER TABLE p ADD gone int; INSERT INTO p SELECT i, 'void' FROM generate_series(901, 999) i; ROLLBACK TO s; INSERT INTO p SELECT i, 'kept' FROM generate_series(910, 990) i; DELETE FROM log; COMMIT`,
    );
    await scene.sql(`CREATE TABLE late (id int PRIMARY KEY, v text); INSERT INTO late VALUES (1, 'late')`);
    await link.state('Replicating', 'late');
    await link.until(() => scene.texts.schema('public.g').columns.some((column) => column.name === 'b'));
    await link.caughtUp();
    await link.stop();
    expect(await scene.differences(['public.log'])).toEqual([]);

    await server.stop('immediate');
    await server.start();
    await scene.sql(`UPDATE t SET w = 'after the crash' WHERE id < 5; TRUNCATE p`);
    await scene.run();
    expect(await scene.differences(['public.log'])).toEqual([]);
    await using source = await scene.source();
    expect((await source.check()).filter((one) => one.severity === 'error')).toEqual([]);
    await source.release();
    expect(await scene.sql(`SELECT (SELECT count(*) FROM pg_replication_slots), (SELECT count(*) FROM pg_publication)`)).toEqual([
      ['0', '0'],
    ]);
  },
);
