import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { directDialer } from '#base/dialer.ts';
import type { Finding } from '#replication/source.ts';
import { startPostgres, type TestPostgres } from '#test/servers/postgres.ts';
import { PgConnection } from './connection.ts';
import { PostgresSource } from './postgres-source.ts';
import { losesLateTables } from './preflight.ts';
import { parseTablePatterns } from './table-patterns.ts';
import { parsePgUrl, type PgAddress } from './url.ts';

const never = new AbortController().signal;
let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres({ settings: { max_slot_wal_keep_size: '1GB' } });
});
afterAll(() => server[Symbol.asyncDispose]());

/** A database of its own, and a role with no more rights than `grants` give it. */
interface Place extends AsyncDisposable {
  readonly role: string;
  readonly database: string;
  /** Runs statements one by one as a superuser, as psql does. */
  run(script: string): Promise<void>;
  rows(sql: string): Promise<readonly (readonly (string | null)[])[]>;
  check(options?: { readonly tables?: string; readonly user?: string }): Promise<readonly Finding[]>;
}

async function connect(address: PgAddress): Promise<PgConnection> {
  return PgConnection.connect({ ...address, dialer: directDialer, settings: { search_path: 'public' } }, never);
}

async function place(of: TestPostgres, options: { readonly create?: string; readonly setup?: string } = {}): Promise<Place> {
  const database = `d${randomBytes(4).toString('hex')}`;
  const role = `r${database}`;
  await using admin = await connect(parsePgUrl(of.url()));
  await admin.query(`CREATE DATABASE ${database} ${options.create ?? ''}`);
  await admin.query(`CREATE ROLE ${role} LOGIN REPLICATION PASSWORD 'secret'; GRANT CREATE ON DATABASE ${database} TO ${role}`);
  const connection = await connect(parsePgUrl(of.url(database)));
  const run = async (script: string): Promise<void> => {
    const statements = script.replaceAll(/--.*$/gm, '').split(/;\s*/);
    for (const statement of statements) if (statement.trim() !== '') await connection.query(statement);
  };
  await run(options.setup ?? '');
  return {
    role,
    database,
    run,
    rows: (sql) => connection.query(sql),
    check: async ({ tables = 'public.*', user } = {}) => {
      const url = user === undefined ? of.url(database) : `postgres://${user}:secret@127.0.0.1:${of.port}/${database}`;
      const catalog = { patterns: parseTablePatterns(tables), asText: new Set<string>() };
      await using source = await PostgresSource.connect(
        { address: { ...parsePgUrl(url), dialer: directDialer }, slot: 'isthmus_preflight', catalog, failover: false },
        never,
      );
      return await source.check();
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

function one(findings: readonly Finding[], code: string): Finding {
  const found = findings.filter((finding) => finding.code === code);
  expect(found.map((finding) => finding.code)).toEqual([code]);
  return found[0]!;
}

const codes = (findings: readonly Finding[], target?: string): readonly string[] =>
  findings.filter((finding) => target === undefined || finding.target === target).map((finding) => finding.code);

test('a source that is ready, and tables of which nothing is lost', async () => {
  await using here = await place(server, { setup: 'CREATE TABLE t (id int PRIMARY KEY, v text)' });
  expect((await here.check()).map((finding) => `${finding.severity} ${finding.code}`)).toEqual(['info LogBudget', 'info KeyDropped']);
  expect(await here.rows('SELECT count(*) FROM pg_publication')).toEqual([['0']]);
});

test('rights: each remedy, run as it stands, takes its finding away', async () => {
  await using here = await place(server, {
    setup:
      `CREATE SCHEMA "In side"; CREATE TABLE "In side"."T 1" (id int PRIMARY KEY); CREATE ROLE owner_%s; CREATE TABLE t (id int PRIMARY KEY); REVOKE ALL ON SCHEMA public FROM PUBLIC`.replaceAll(
        '%s',
        randomBytes(4).toString('hex'),
      ),
  });
  await here.run(
    `ALTER ROLE ${here.role} NOREPLICATION; REVOKE CREATE ON DATABASE ${here.database} FROM ${here.role}; ALTER TABLE "In side"."T 1" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`,
  );
  const check = (): Promise<readonly Finding[]> => here.check({ tables: '*.*', user: here.role });
  const wanted = ['NoReplicationRight', 'NoCreateRight', 'NoUsageRight', 'NoSelectRight', 'RowSecurity', 'NotOwner'];
  for (let left = await check(), rounds = 0; left.some((finding) => finding.severity === 'error'); left = await check()) {
    const next = left.find((finding) => finding.severity === 'error')!;
    expect(wanted).toContain(next.code);
    await here.run(next.remedy!);
    const after = await check();
    expect(after.filter((finding) => finding.code === next.code && finding.target === next.target)).toEqual([]);
    expect(++rounds).toBeLessThan(12);
  }
  expect(await here.rows(`SELECT rolsuper, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = '${here.role}'`)).toEqual([
    ['f', 't', 't'],
  ]);
});

test('a table of another owner: membership of that role is enough, but nobody is made a superuser', async () => {
  await using here = await place(server, {
    setup: 'CREATE TABLE mine (id int PRIMARY KEY); CREATE TABLE theirs (id int PRIMARY KEY); GRANT SELECT ON mine, theirs TO PUBLIC',
  });
  await here.run(`CREATE ROLE "App ""owner"" ${here.database}"; ALTER TABLE theirs OWNER TO "App ""owner"" ${here.database}"`);
  const findings = (await here.check({ user: here.role })).filter((finding) => finding.code === 'NotOwner');
  expect(findings.map((finding) => finding.remedy)).toEqual([
    `ALTER TABLE "public"."mine" OWNER TO "${here.role}";`,
    `GRANT "App ""owner"" ${here.database}" TO "${here.role}";`,
  ]);
  for (const finding of findings) await here.run(finding.remedy!);
  expect(codes(await here.check({ user: here.role }))).not.toContain('NotOwner');
});

test('tables without key: the remedy depends on what the table has', async () => {
  await using here = await place(server, {
    setup: `CREATE TABLE plain (v text); CREATE TABLE nothing (id int PRIMARY KEY); ALTER TABLE nothing REPLICA IDENTITY NOTHING;
      CREATE TABLE "By Index" (code text NOT NULL UNIQUE, v text); CREATE TABLE later (id int PRIMARY KEY DEFERRABLE);
      CREATE TABLE gone (code text NOT NULL, v text); CREATE UNIQUE INDEX gone_code ON gone (code); ALTER TABLE gone REPLICA IDENTITY USING INDEX gone_code; DROP INDEX gone_code;
      CREATE TABLE part (id int) PARTITION BY RANGE (id); CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (5); CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (5) TO (9);
      CREATE TABLE keyed_part (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE keyed_part_1 PARTITION OF keyed_part FOR VALUES FROM (0) TO (5); ALTER TABLE keyed_part_1 REPLICA IDENTITY NOTHING`,
  });
  const remedies = (await here.check())
    .filter((finding) => finding.code === 'AppendOnly')
    .map((finding) => [finding.target, finding.remedy]);
  expect(remedies).toEqual([
    ['public."By Index"', 'ALTER TABLE "public"."By Index" REPLICA IDENTITY USING INDEX "By Index_code_key";'],
    ['public.gone', 'ALTER TABLE "public"."gone" REPLICA IDENTITY FULL;'],
    [
      'public.keyed_part',
      'ALTER TABLE "public"."keyed_part" REPLICA IDENTITY DEFAULT; ALTER TABLE public.keyed_part_1 REPLICA IDENTITY DEFAULT;',
    ],
    ['public.later', 'ALTER TABLE "public"."later" REPLICA IDENTITY FULL;'],
    ['public.nothing', 'ALTER TABLE "public"."nothing" REPLICA IDENTITY DEFAULT;'],
    [
      'public.part',
      'ALTER TABLE "public"."part" REPLICA IDENTITY FULL; ALTER TABLE public.part_1 REPLICA IDENTITY FULL; ALTER TABLE public.part_2 REPLICA IDENTITY FULL;',
    ],
    ['public.plain', 'ALTER TABLE "public"."plain" REPLICA IDENTITY FULL;'],
  ]);
  for (const [, remedy] of remedies) await here.run(remedy!);
  expect(codes(await here.check())).not.toContain('AppendOnly');
});

test('a table whose rows are found by all their columns: an index mends it where there is one', async () => {
  await using here = await place(server, {
    setup: `CREATE TABLE a (v text); ALTER TABLE a REPLICA IDENTITY FULL; CREATE TABLE b (code text NOT NULL, v text); CREATE UNIQUE INDEX "B code" ON b (code); ALTER TABLE b REPLICA IDENTITY FULL`,
  });
  const found = (await here.check()).filter((finding) => finding.code === 'FullIdentity');
  expect(found.map((finding) => finding.remedy)).toEqual([
    expect.stringContaining('primary key'),
    'ALTER TABLE "public"."b" REPLICA IDENTITY USING INDEX "B code";',
  ]);
  await here.run(found[1]!.remedy!);
  expect(codes(await here.check(), 'public.b')).toEqual([]);
});

test('unlogged tables and partitions', async () => {
  await using here = await place(server, {
    setup:
      'CREATE UNLOGGED TABLE u (id int PRIMARY KEY); CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE UNLOGGED TABLE "P 1" PARTITION OF p FOR VALUES FROM (0) TO (5)',
  });
  const found = (await here.check()).filter((finding) => finding.code === 'Unlogged');
  expect(found.map((finding) => [finding.target, finding.severity])).toEqual([
    ['public.p', 'error'],
    ['public.u', 'error'],
  ]);
  for (const finding of found) await here.run(finding.remedy!);
  expect(codes(await here.check())).not.toContain('Unlogged');
});

test('partitions: what is not in the log', async () => {
  await using here = await place(server, { setup: 'CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id)' });
  expect(one(await here.check(), 'Partitioned')).toMatchObject({
    severity: 'info',
    target: 'public.p',
    remedy: expect.stringContaining('--resync'),
  });
});

test('columns that do not travel, and those that travel as text', async () => {
  await using here = await place(server, {
    setup: `CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE t (id int PRIMARY KEY, m mood, r int4range, v int GENERATED ALWAYS AS (id * 2) VIRTUAL); CREATE TABLE none (); CREATE TABLE only_generated (v int GENERATED ALWAYS AS (1) VIRTUAL)`,
  });
  const found = await here.check();
  expect(codes(found, 'public.t.m')).toEqual(['ColumnAsText']);
  expect(codes(found, 'public.t.r')).toEqual(['ColumnAsText']);
  expect(codes(found, 'public.t.v')).toEqual(['ColumnLeftOut']);
  expect(codes(found, 'public.none')).toEqual(['AppendOnly', 'NoColumns']);
  expect(codes(found, 'public.only_generated')).toEqual(['AppendOnly', 'NoColumns']);
  await here.run('ALTER TABLE none ADD id int PRIMARY KEY');
  expect(codes(await here.check(), 'public.none')).toEqual([]);
});

test('tables that were named and are not there; no table at all', async () => {
  await using here = await place(server, {
    setup:
      'CREATE VIEW v AS SELECT 1; CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (5)',
  });
  expect(
    (await here.check({ tables: 'public.missing,public.v,public.p_1,public.p' }))
      .filter((finding) => finding.code === 'TableMissing')
      .map((finding) => finding.target),
  ).toEqual(['public.missing', 'public.v', 'public.p_1']);
  expect(one(await here.check({ tables: 'other.*' }), 'NoTable').severity).toBe('warning');
});

test('room for log, slots and senders; slots that are invalidated when idle', async () => {
  await using tight = await startPostgres({ settings: { max_replication_slots: '1', max_wal_senders: '1' } });
  await using here = await place(tight, { setup: 'CREATE TABLE t (id int PRIMARY KEY)' });
  await here.run(
    `SELECT pg_create_physical_replication_slot('other'); ALTER SYSTEM SET idle_replication_slot_timeout = '2h'; SELECT pg_reload_conf()`,
  );
  await using sender = await PgConnection.connect(
    { ...parsePgUrl(tight.url(here.database)), dialer: directDialer, replication: 'database' },
    never,
  );
  await sender.query('IDENTIFY_SYSTEM');
  const shown = async (setting: string, value: string): Promise<void> => {
    for (let now; now !== value; [[now]] = (await here.rows(`SHOW ${setting}`)) as [[string]]);
  };
  await shown('idle_replication_slot_timeout', '2h');
  const found = await here.check();
  expect(codes(found)).toEqual(expect.arrayContaining(['NoSlotLeft', 'NoSenderLeft', 'LogUnbounded', 'IdleSlotTimeout']));
  for (const code of ['LogUnbounded', 'IdleSlotTimeout', 'NoSlotLeft', 'NoSenderLeft']) await here.run(one(found, code).remedy!);
  await shown('max_slot_wal_keep_size', '50GB');
  const after = await here.check();
  expect(one(after, 'LogBudget').message).toContain('50GB');
  expect(codes(after)).not.toContain('IdleSlotTimeout');
  // These need a restart, at which the test's own setting would win over the system's.
  expect(
    await here.rows(
      `SELECT name, setting FROM pg_file_settings WHERE name IN ('max_replication_slots', 'max_wal_senders') AND sourcefile LIKE '%auto.conf' ORDER BY name`,
    ),
  ).toEqual([
    ['max_replication_slots', '11'],
    ['max_wal_senders', '11'],
  ]);
  await sender.close();
  await here[Symbol.asyncDispose]();
  await tight.stop('fast');
  await tight.start({ max_replication_slots: '11', max_wal_senders: '11' });
  await using again = await place(tight, { setup: 'CREATE TABLE t (id int PRIMARY KEY)' });
  expect(codes(await again.check()).filter((code) => code.startsWith('No'))).toEqual([]);
});

test('encodings', async () => {
  await using latin = await place(server, {
    create: "ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0",
    setup: 'CREATE TABLE t (id int PRIMARY KEY)',
  });
  expect(one(await latin.check(), 'Encoding')).toMatchObject({ severity: 'info', message: expect.stringContaining('LATIN1') });
  await using none = await place(server, {
    create: "ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0",
    setup: 'CREATE TABLE t (id int PRIMARY KEY)',
  });
  expect(one(await none.check(), 'Encoding').severity).toBe('error');
});

test('a standby', async () => {
  await using standby = await startPostgres();
  await using here = await place(standby, { setup: 'CREATE TABLE t (id int PRIMARY KEY)' });
  await here[Symbol.asyncDispose]();
  await standby.stop('fast');
  writeFileSync(join(dirname(standby.logFile), 'cluster', 'standby.signal'), '');
  await standby.start();
  expect(codes(await here.check())).toContain('Standby');
});

test('minor releases that lose changes of tables published late', () => {
  const versions = [130_020, 130_021, 140_017, 150_013, 160_008, 170_004, 170_005, 180_000, 190_001];
  expect(versions.filter(losesLateTables)).toEqual([130_020, 140_017, 160_008, 170_004]);
});
