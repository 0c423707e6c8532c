import { afterAll, beforeAll, expect, test } from 'vitest';
import { directDialer } from '#base/dialer.ts';
import { toFault, type Fault } from '#base/fault.ts';
import type { CopyBoth } from '#replication/sources/postgres/copy-both.ts';
import { PgConnection } from '#replication/sources/postgres/connection.ts';
import { parsePgUrl } from '#replication/sources/postgres/url.ts';
import { jobContext, JobScene, linked, never, storeOf } from '#test/link/job-scene.ts';
import { startPostgres, type TestPostgres } from '#test/servers/postgres.ts';
import type { BrowsedTable, JobEvent, StoreLogin, TableName } from '../job.ts';
import { browse } from './browse.ts';
import { check } from './check.ts';
import { preview } from './preview.ts';
import { release } from './release.ts';

const odd = 'a "quoted"; DROP TABLE x --\n. ö';
const setup = `
  CREATE TABLE plain (id int8 PRIMARY KEY, v text); INSERT INTO plain SELECT i, 'v' || i FROM generate_series(1, 200) i;
  CREATE TABLE heap (v text); CREATE UNLOGGED TABLE fleeting (id int PRIMARY KEY); CREATE TABLE empty ();
  CREATE SCHEMA "${odd.replaceAll('"', '""')}"; CREATE TABLE "${odd.replaceAll('"', '""')}"."${odd.replaceAll('"', '""')}" (id int PRIMARY KEY, "${odd.replaceAll('"', '""')}" text);
  CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE parts1 PARTITION OF parts FOR VALUES FROM (0) TO (100); CREATE TABLE parts2 PARTITION OF parts FOR VALUES FROM (100) TO (200);
  INSERT INTO parts SELECT generate_series(1, 150);
  CREATE TYPE mood AS ENUM ('fine', 'bad');
  CREATE TABLE typed (id int PRIMARY KEY, exact numeric(18,4), loose numeric, wide numeric(50,2), padded char(5), doc jsonb, mood mood, list int[], span int4range, doubled int GENERATED ALWAYS AS (id * 2) STORED, host inet);
  INSERT INTO typed VALUES (1, 12.5, 1e40, -7, 'ab', '{"a": 1}', 'fine', '{1,NULL}', '[1,5)', DEFAULT, '10.0.0.1');
  ANALYZE plain; ANALYZE parts; ANALYZE parts1; ANALYZE parts2`;

let server: TestPostgres;
let scene: JobScene;
beforeAll(async () => {
  server = await startPostgres();
  scene = await JobScene.make(server, setup);
  await scene.sql(`CREATE ROLE stranger LOGIN PASSWORD 'strange'`);
});
afterAll(async () => {
  await scene[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

async function told<Kind extends JobEvent['kind']>(
  kind: Kind,
  work: (context: ReturnType<typeof jobContext>) => Promise<void>,
): Promise<Extract<JobEvent, { readonly kind: Kind }>> {
  const events: JobEvent[] = [];
  await work(jobContext({ tell: (event) => events.push(event) }));
  expect(events.map((event) => event.kind)).toEqual([kind]);
  return events[0] as Extract<JobEvent, { readonly kind: Kind }>;
}

async function toItsEnd(stream: CopyBoth): Promise<void> {
  while ((await stream.read()) !== undefined);
}

const faultOf = (work: Promise<unknown>): Promise<Fault | undefined> => work.then(() => undefined, toFault);

/** Everything at the source that a question could leave behind. */
async function traces(): Promise<unknown> {
  return [
    await scene.sql(`SELECT slot_name::text, active::text FROM pg_replication_slots WHERE database = '${scene.database}'`),
    await scene.sql('SELECT p.pubname::text, r.prrelid::text FROM pg_publication p LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid'),
    await scene.sql('SELECT oid::text, relname::text, relreplident::text FROM pg_class ORDER BY oid'),
  ];
}

async function browsed(store: StoreLogin): Promise<ReadonlyMap<string, BrowsedTable>> {
  const { tables } = await told('tables', (context) => browse({ kind: 'browse', store, timeoutMs: 10_000 }, context));
  return new Map(tables.map((one) => [one.name, one]));
}

const previewed = (table: TableName, mostRows: number) =>
  told('rows', (context) => preview({ kind: 'preview', store: scene.store(), table, mostRows, timeoutMs: 10_000 }, context));

test('browse shows every table, what is known of it, and what stands against it', async () => {
  const before = await traces();
  const tables = await browsed(scene.store());
  expect([...tables.keys()].toSorted()).toEqual([odd, 'empty', 'fleeting', 'heap', 'parts', 'plain', 'typed'].toSorted());
  expect(tables.get('plain')).toEqual({ schema: 'public', name: 'plain', estimatedRows: 200, hasKey: true, refusal: null });
  expect(tables.get('parts')).toMatchObject({ estimatedRows: 150, hasKey: true, refusal: null });
  expect(tables.get('heap')).toMatchObject({ estimatedRows: null, hasKey: false, refusal: null });
  expect(tables.get(odd)).toMatchObject({ schema: odd, hasKey: true, refusal: null });
  expect(tables.get('fleeting')?.refusal).toMatchObject({
    severity: 'error',
    code: 'Unlogged',
    remedy: expect.stringContaining('SET LOGGED'),
  });
  expect(tables.get('empty')?.refusal).toMatchObject({ code: 'NoColumns' });
  const foreign = await browsed(scene.store({ user: 'stranger', password: 'strange' }));
  expect(foreign.get('plain')?.refusal).toMatchObject({ code: 'NoSelectRight', remedy: expect.stringContaining('GRANT SELECT') });
  expect(await traces()).toEqual(before);
});

test('preview shows the first rows as the store writes them, of all columns', async () => {
  const { columns, rows } = await previewed({ schema: 'public', name: 'typed' }, 10);
  expect(columns.map((column) => column.name)).toEqual([
    'id',
    'exact',
    'loose',
    'wide',
    'padded',
    'doc',
    'mood',
    'list',
    'span',
    'doubled',
    'host',
  ]);
  expect(columns[1]).toEqual({ name: 'exact', sourceType: 'numeric(18,4)' });
  expect(rows).toEqual([
    ['1', '12.5000', `1${'0'.repeat(40)}`, '-7.00', 'ab   ', '{"a": 1}', 'fine', '{1,NULL}', '[1,5)', '2', '10.0.0.1'],
  ]);
  expect((await previewed({ schema: 'public', name: 'plain' }, 7)).rows).toHaveLength(7);
  expect((await previewed({ schema: 'public', name: 'parts' }, 1_000_000)).rows).toHaveLength(150);
  expect((await previewed({ schema: 'public', name: 'empty' }, 5)).rows).toEqual([]);
  await scene.sql(
    `INSERT INTO "${odd.replaceAll('"', '""')}"."${odd.replaceAll('"', '""')}" VALUES (1, E'tab\\t, back\\\\slash\\nline'), (2, NULL)`,
  );
  const strange = await previewed({ schema: odd, name: odd }, 5);
  expect(strange.columns[1]?.name).toBe(odd);
  expect(strange.rows).toEqual([
    ['1', 'tab\t, back\\slash\nline'],
    ['2', null],
  ]);
});

test('preview is bounded: long values are cut, many of them end it, a row beyond all measure is refused', async () => {
  await scene.sql(
    `CREATE TABLE long (id int PRIMARY KEY, v text); INSERT INTO long SELECT i, repeat('😀', 100000) FROM generate_series(1, 150) i`,
  );
  const { rows } = await previewed({ schema: 'public', name: 'long' }, 1000);
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.length).toBeLessThan(60);
  expect(rows[0]?.[1]).toBe(`${'😀'.repeat(5000)}…`);
  await scene.sql(`CREATE TABLE huge (v text); INSERT INTO huge SELECT repeat('x', 20000000)`);
  expect(await faultOf(previewed({ schema: 'public', name: 'huge' }, 1))).toMatchObject({
    kind: 'unsupported',
    code: 'ValueTooLarge',
    remedy: expect.anything(),
  });
});

test('preview of what is missing, refused or locked ends in time, with the reason', async () => {
  expect(await faultOf(previewed({ schema: 'public', name: 'PLAIN' }, 1))).toMatchObject({
    kind: 'missing',
    code: 'TableMissing',
    target: 'public."PLAIN"',
  });
  const long = 'x'.repeat(63);
  await scene.sql(`CREATE TABLE ${long} (id int)`);
  expect((await previewed({ schema: 'public', name: long }, 1)).rows).toEqual([]);
  expect(await faultOf(previewed({ schema: 'public', name: `${long}y` }, 1))).toMatchObject({ code: 'TableMissing' });
  const stranger = scene.store({ user: 'stranger', password: 'strange' });
  const table = { schema: 'public', name: 'plain' };
  const ask = { kind: 'preview' as const, table, mostRows: 1 };
  const context = jobContext({ tell: () => undefined });
  expect(await faultOf(preview({ ...ask, store: stranger, timeoutMs: 5000 }, context))).toMatchObject({ kind: 'denied' });
  await using locking = await scene.session();
  await locking.query('BEGIN; LOCK TABLE plain IN ACCESS EXCLUSIVE MODE');
  const begun = performance.now();
  expect(await faultOf(preview({ ...ask, store: scene.store(), timeoutMs: 1000 }, context))).toMatchObject({
    kind: 'throttled',
    remedy: expect.anything(),
  });
  expect(performance.now() - begun).toBeLessThan(5000);
  await locking.query('ROLLBACK');
});

test("check finds what would keep tables out, tells each column's fate, and changes nothing", async () => {
  const before = await traces();
  const tables = [linked('plain'), linked('heap'), linked('fleeting'), linked('typed'), linked('gone'), linked(odd, { schema: odd })];
  const {
    findings,
    tables: plans,
    held,
  } = await told('checked', (context) =>
    check({ kind: 'check', store: scene.store(), slot: 'isthmus_never', tables, timeoutMs: 10_000 }, context),
  );
  const of = (code: string) => findings.filter((one) => one.code === code);
  expect(of('TableMissing')).toMatchObject([{ severity: 'error', target: 'public.gone' }]);
  expect(of('Unlogged')).toMatchObject([{ severity: 'error', target: 'public.fleeting' }]);
  expect(of('AppendOnly')).toMatchObject([
    { severity: 'warning', target: 'public.heap', remedy: expect.stringContaining('REPLICA IDENTITY') },
  ]);
  expect(findings.filter((one) => one.severity === 'error')).toHaveLength(2);
  expect(held).toBeNull();
  expect(plans.map((one) => one.name).toSorted()).toEqual([odd, 'fleeting', 'heap', 'plain', 'typed'].toSorted());
  const typed = plans.find((one) => one.name === 'typed')?.columns.map((one) => [one.name, one.fidelity, one.reason]);
  expect(typed).toEqual([
    ['id', 'exact', null],
    ['exact', 'exact', null],
    ['loose', 'text', expect.stringContaining('number of digits is not declared')],
    ['wide', 'text', expect.stringContaining('up to 38 digits')],
    ['padded', 'widened', expect.stringContaining('Blanks')],
    ['doc', 'text', expect.stringContaining('document')],
    ['mood', 'text', expect.stringContaining('label')],
    ['list', 'text', expect.stringContaining('array')],
    ['span', 'text', expect.stringContaining('range')],
    // PostgreSQL 18 logs stored generated columns.
    ['doubled', 'exact', null],
    ['host', 'text', expect.stringContaining('text that PostgreSQL writes')],
  ]);
  expect(await traces()).toEqual(before);
});

test("that another link publishes the table is nothing against it; the log that a link's slot holds is told", async () => {
  await using first = scene.start([linked('plain')], { slot: 'isthmus_first' });
  await scene.until(() => first.table('plain')?.state === 'Replicating');
  const asked = (slot: string) =>
    told('checked', (context) =>
      check({ kind: 'check', store: scene.store(), slot, tables: [linked('plain')], timeoutMs: 10_000 }, context),
    );
  const other = await asked('isthmus_second');
  expect(other.findings.filter((one) => one.severity === 'error')).toEqual([]);
  expect(other.held).toBeNull();
  expect((await asked('isthmus_first')).held).toMatchObject({ heldBytes: expect.stringMatching(/^\d+$/), headroomBytes: null });
  await first.stop();
  const context = jobContext({ tell: () => undefined });
  await release({ kind: 'release', store: scene.store(), slot: 'isthmus_first', timeoutMs: 10_000 }, context);
  expect(await scene.sql(`SELECT slot_name FROM pg_replication_slots WHERE slot_name ~ 'isthmus_first'`)).toEqual([]);
  expect(await scene.sql(`SELECT pubname FROM pg_publication WHERE pubname ~ 'isthmus_first'`)).toEqual([]);
});

test("release takes nothing that is not the link's, does nothing twice, and ends a reader that was left behind", async () => {
  const context = jobContext({ tell: () => undefined });
  const give = (slot: string, database = scene.database): Promise<void> =>
    release({ kind: 'release', store: storeOf(server, database), slot, timeoutMs: 20_000 }, context);
  await scene.sql(`CREATE PUBLICATION isthmus_other FOR TABLE plain`);
  await scene.sql(
    `SELECT pg_create_logical_replication_slot('isthmus_other', 'test_decoding'), pg_create_logical_replication_slot('isthmus_left', 'pgoutput'), pg_create_logical_replication_slot('isthmus_left_2', 'pgoutput')`,
  );
  const before = await traces();
  await give('isthmus_other');
  await give('isthmus_unknown');
  // Slots are the whole server's: one of this name that was made in another database is another link's.
  await give('isthmus_left', 'postgres');
  expect(await faultOf(give('isthmus%'))).toMatchObject({ kind: 'invalid', code: 'SlotName' });
  expect(await traces()).toEqual(before);
  const reader = await PgConnection.connect(
    { ...parsePgUrl(server.url(scene.database)), dialer: directDialer, replication: 'database' },
    never,
  );
  const stream = await reader.copyBoth(
    `START_REPLICATION SLOT isthmus_left LOGICAL 0/0 (proto_version '1', publication_names 'isthmus_other')`,
  );
  await give('isthmus_left');
  await give('isthmus_left');
  await expect(toItsEnd(stream)).rejects.toMatchObject({ kind: 'unreachable' });
  expect(await scene.sql(`SELECT slot_name FROM pg_replication_slots WHERE slot_name ~ 'isthmus' ORDER BY 1`)).toEqual([
    ['isthmus_left_2'],
    ['isthmus_other'],
  ]);
  await scene.sql(`SELECT pg_drop_replication_slot('isthmus_other'), pg_drop_replication_slot('isthmus_left_2')`);
});

test('a slot that went with its database is released; one whose database was renamed is not', async () => {
  const context = jobContext({ tell: () => undefined });
  const give = (slot: string, database: string): Promise<void> =>
    release({ kind: 'release', store: storeOf(server, database), slot, timeoutMs: 20_000 }, context);
  await scene.sql('CREATE DATABASE dropped');
  await scene.sql('CREATE DATABASE renamed');
  for (const database of ['dropped', 'renamed']) {
    await using there = await PgConnection.connect({ ...parsePgUrl(server.url(database)), dialer: directDialer }, never);
    await there.query(`SELECT pg_create_logical_replication_slot('isthmus_${database}', 'pgoutput')`);
  }
  await scene.sql('DROP DATABASE dropped WITH (FORCE)');
  await scene.sql('ALTER DATABASE renamed RENAME TO anew');
  await give('isthmus_dropped', 'dropped');
  expect(await faultOf(give('isthmus_renamed', 'renamed'))).toMatchObject({
    kind: 'conflict',
    code: 'SlotElsewhere',
    message: expect.stringContaining('anew'),
  });
  await give('isthmus_renamed', 'anew');
  expect(
    await faultOf(
      release({ kind: 'release', store: storeOf(server, 'nowhere', { password: 'wrong' }), slot: 'isthmus_x', timeoutMs: 5000 }, context),
    ),
  ).toMatchObject({ code: 'WrongPassword' });
});

test('stores of other kinds are refused with what can be linked', async () => {
  const store = scene.store({ kind: 'mysql' });
  const context = jobContext({ tell: () => undefined });
  expect(await faultOf(browse({ kind: 'browse', store, timeoutMs: 1000 }, context))).toMatchObject({
    kind: 'unsupported',
    code: 'StoreNotReplicated',
    remedy: expect.stringContaining('PostgreSQL'),
  });
});
