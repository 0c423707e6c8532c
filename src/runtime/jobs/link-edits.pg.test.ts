import { afterAll, beforeAll, expect, test } from 'vitest';
import { JobScene, linked, type LinkRunning } from '#test/link/job-scene.ts';
import { startPostgres, type TestPostgres } from '#test/servers/postgres.ts';
import type { LinkTable } from '../job.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

const setup = `CREATE TABLE a (id int PRIMARY KEY, v int); CREATE TABLE b (id int PRIMARY KEY, v int); CREATE TABLE c (id int PRIMARY KEY, v text);
  INSERT INTO a SELECT i, 100 FROM generate_series(1, 300) i; INSERT INTO b SELECT i, 100 FROM generate_series(1, 300) i; INSERT INTO c SELECT i, 'v' || i FROM generate_series(1, 50) i`;
const [a, b, c] = [linked('a'), linked('b'), linked('c')];

/** Moves amounts between a and b, one transaction each, and keeps c changing, until it is stopped. */
async function write(scene: JobScene): Promise<{ stop: () => Promise<number> }> {
  const session = await scene.session();
  let over = false;
  let rounds = 0;
  const work = (async () => {
    for (; !over; rounds++) {
      const [from, to] = [1 + (rounds % 300), 1 + ((rounds * 7) % 300)];
      await session.query(
        `UPDATE a SET v = v - 1 WHERE id = ${from}; UPDATE b SET v = v + 1 WHERE id = ${to}; UPDATE c SET v = '${rounds}' WHERE id = ${1 + (rounds % 50)}; DELETE FROM c WHERE id = ${60 + (rounds % 9)}; INSERT INTO c VALUES (${60 + ((rounds + 3) % 9)}, 'new') ON CONFLICT DO NOTHING`,
      );
    }
    await session.close();
  })();
  return {
    stop: async () => {
      over = true;
      await work;
      return rounds;
    },
  };
}

const replicating = (scene: JobScene, tables: readonly LinkTable[]): Promise<void> =>
  scene.until(() => tables.every((one) => scene.progress.tables.get(`public.${one.name}`)?.state === 'Replicating'));

async function published(scene: JobScene): Promise<readonly string[]> {
  const rows = await scene.sql(`SELECT tablename FROM pg_publication_tables WHERE pubname ~ '^isthmus' ORDER BY 1`);
  return rows.map(([name]) => String(name));
}

test('tables are added, taken out, put back and copied anew while a writer runs, and others follow on', { timeout: 120_000 }, async () => {
  let commits = 0;
  await using scene = await JobScene.make(server, setup, { onApplied: (segment) => (commits += segment.last ? 1 : 0) });
  await using job = scene.start([a]);
  const writer = await write(scene);
  const live = async (): Promise<void> => {
    const before = commits;
    await scene.until(() => commits > before + 2);
    expect(job.report?.trouble).toBeNull();
  };
  await replicating(scene, [a]);
  job.send({ kind: 'tables', tables: [a, b, c] });
  await replicating(scene, [a, b, c]);
  await live();
  expect(await published(scene)).toEqual(['a', 'b', 'c']);
  job.send({ kind: 'tables', tables: [a, b] });
  await scene.until(() => !scene.progress.tables.has('public.c'));
  expect(await published(scene)).toEqual(['a', 'b']);
  expect((await scene.query('SELECT count(*) FROM public.c'))[0]).not.toEqual(['0']);
  await live();
  job.send({ kind: 'tables', tables: [c, b, a] });
  job.send({ kind: 'recopy', tables: [b] });
  await scene.until(() => scene.progress.tables.get('public.b')?.state !== 'Replicating');
  await replicating(scene, [a, b, c]);
  await live();
  expect(await writer.stop()).toBeGreaterThan(20);
  await scene.caughtUp([a, b, c]);
  expect(await scene.differences([a, b, c])).toEqual([]);
  expect(job.reports.filter((one) => one.trouble !== null)).toEqual([]);
  await job.stop();
});

test('tables of one transaction are never seen apart, and a is never behind b, whatever becomes of c', { timeout: 120_000 }, async () => {
  const sums: Promise<string>[] = [];
  await using scene: JobScene = await JobScene.make(server, setup, {
    onApplied: (segment) => {
      if (segment.last && whole()) sums.push(sum());
    },
  });
  const whole = (): boolean => ['public.a', 'public.b'].every((table) => scene.progress.tables.get(table)?.state === 'Replicating');
  const sum = async (): Promise<string> =>
    String((await scene.query('SELECT (SELECT sum(v) FROM public.a) + (SELECT sum(v) FROM public.b)'))[0]);
  await using job = scene.start([a, b]);
  const writer = await write(scene);
  await replicating(scene, [a, b]);
  for (const tables of [
    [a, b, c],
    [b, a],
    [a, b, c],
  ]) {
    const before = sums.length;
    job.send({ kind: 'tables', tables });
    await scene.until(() => scene.progress.tables.has('public.c') === tables.includes(c) && sums.length > before + 3);
  }
  await writer.stop();
  await job.stop();
  expect(new Set(await Promise.all(sums))).toEqual(new Set(['60000']));
});

test('a table goes where it was placed, and to another place only when it is taken out and added again', async () => {
  await using scene = await JobScene.make(server, setup);
  const placed = (name: string, schema: string, as: string): LinkTable =>
    linked(name, { placement: { schema, name: as, onExisting: 'drop' } });
  await using job = scene.start([placed('a', 'lake', 'accounts'), b]);
  await scene.caughtUp([a, b]);
  expect(scene.progress.schemas.get('public.a')?.placement).toEqual({ schema: 'lake', name: 'accounts', onExisting: 'drop' });
  // An altered table stays where it is.
  await scene.sql('ALTER TABLE a ADD w int; UPDATE a SET w = 1 WHERE id = 1');
  await scene.caughtUp([a, b]);
  expect(scene.progress.schemas.get('public.a')).toMatchObject({ placement: { name: 'accounts' }, columns: [{}, {}, { name: 'w' }] });
  job.send({ kind: 'tables', tables: [placed('a', 'lake', 'elsewhere'), b] });
  await scene.until(() => job.report?.findings.some((one) => one.code === 'PlacementKept' && one.target === 'public.a') === true);
  await scene.sql('UPDATE a SET v = 7 WHERE id = 7');
  await scene.caughtUp([a, b]);
  expect(await scene.differences([a, b])).toEqual([]);
  job.send({ kind: 'tables', tables: [b] });
  await scene.until(() => !scene.progress.tables.has('public.a'));
  job.send({ kind: 'tables', tables: [b, placed('a', 'lake', 'elsewhere')] });
  await scene.caughtUp([a, b]);
  expect(scene.progress.schemas.get('public.a')?.placement).toMatchObject({ name: 'elsewhere' });
  await scene.until(() => job.report?.findings.every((one) => one.code !== 'PlacementKept') === true);
  expect(await scene.differences([a, b])).toEqual([]);
  await job.stop();
});

test('edits made while the link is away hold when it comes back', async () => {
  await using scene = await JobScene.make(server, setup);
  await using first = scene.start([a, b]);
  await scene.caughtUp([a, b]);
  await first.stop();
  await scene.sql('UPDATE a SET v = 5; DELETE FROM b WHERE id > 10; DELETE FROM c WHERE id > 10');
  await using second = scene.start([b, c]);
  await scene.caughtUp([b, c]);
  expect([...scene.progress.tables.keys()].toSorted()).toEqual(['public.b', 'public.c']);
  expect(await published(scene)).toEqual(['b', 'c']);
  await second.stop();
  await using third = scene.start([a, b, c]);
  await scene.caughtUp([a, b, c]);
  expect(await scene.differences([a, b, c])).toEqual([]);
  await third.stop();
});

const odd = ['a.b', 'x"y', "it's", 'SELECT', 'ünï', '*', '%s', '"; DROP TABLE a; --', 'tab\there', ' '];

test('names of every kind are taken exactly, and never as patterns', { timeout: 120_000 }, async () => {
  const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
  const tables = odd.map((name) => linked(name, { schema: name, placement: { schema: name, name: `${name}_`, onExisting: 'drop' } }));
  await using scene = await JobScene.make(
    server,
    `${setup}; ${odd.map((name) => `CREATE SCHEMA ${quoted(name)}; CREATE TABLE ${quoted(name)}.${quoted(name)} (${quoted(name)} int PRIMARY KEY, v text); INSERT INTO ${quoted(name)}.${quoted(name)} VALUES (1, 'one'), (2, 'two')`).join('; ')}`,
  );
  await using job = scene.start(tables);
  await scene.caughtUp(tables);
  expect(scene.progress.tables.size).toBe(odd.length);
  for (const name of odd) await scene.sql(`UPDATE ${quoted(name)}.${quoted(name)} SET v = 'new' WHERE ${quoted(name)} = 1`);
  job.send({ kind: 'tables', tables: tables.slice(1) });
  await scene.caughtUp(tables.slice(1));
  await scene.until(() => scene.progress.tables.size === odd.length - 1);
  expect(await scene.differences(tables.slice(1))).toEqual([]);
  // Reports come a few times a second.
  await scene.until(() => job.report?.tables.length === odd.length - 1);
  expect(job.report?.tables.map((one) => one.name)).toEqual(odd.slice(1));
  await job.stop();
});

const told = (job: LinkRunning, name: string, state: string, code?: string): boolean =>
  job.table(name)?.state === state && job.table(name)?.fault?.code === code;

test(
  'tables that are missing, refused or fail keep only themselves out, say why, and are taken in when that is mended',
  { timeout: 120_000 },
  async () => {
    await using scene = await JobScene.make(
      server,
      `${setup}; CREATE UNLOGGED TABLE fleeting (id int PRIMARY KEY); CREATE TABLE n (id int PRIMARY KEY, v numeric(10,2)); INSERT INTO n VALUES (1, 'NaN')`,
    );
    const tables = [a, linked('gone'), linked('fleeting'), linked('n')];
    await using job = scene.start(tables);
    await scene.until(
      () => told(job, 'a', 'Replicating') && told(job, 'gone', 'Failed', 'TableMissing') && told(job, 'fleeting', 'Failed', 'Unlogged'),
    );
    await scene.until(() => told(job, 'n', 'Failed', 'ValueOutOfRange'));
    expect(job.table('gone')?.fault?.remedy).toMatch(/schema and name/);
    await scene.sql(`CREATE TABLE gone (id int PRIMARY KEY); INSERT INTO gone VALUES (1)`);
    await scene.sql(`ALTER TABLE fleeting SET LOGGED; INSERT INTO fleeting VALUES (2)`);
    await scene.sql(`DELETE FROM n; INSERT INTO n VALUES (2, 2.5)`);
    job.send({ kind: 'recopy', tables: [linked('n')] });
    job.send({ kind: 'tables', tables });
    await scene.caughtUp(tables);
    await scene.until(() => tables.every((one) => told(job, one.name, 'Replicating')));
    expect(await scene.differences(tables)).toEqual([]);
    await scene.sql('DROP TABLE gone');
    // That tables were chosen makes the link look at once.
    job.send({ kind: 'tables', tables });
    await scene.until(() => told(job, 'gone', 'Failed', 'TableGone'));
    await scene.sql(`CREATE TABLE gone (id int PRIMARY KEY); INSERT INTO gone VALUES (3)`);
    job.send({ kind: 'tables', tables });
    await scene.until(() => told(job, 'gone', 'Replicating'));
    await scene.caughtUp([linked('gone')]);
    expect(await scene.differences([linked('gone')])).toEqual([]);
    await job.stop();
  },
);

test('two links on one table go on without each other, in whatever order they come and go', { timeout: 120_000 }, async () => {
  await using one = await JobScene.make(server, setup);
  await using first = one.start([a, b], { slot: 'isthmus_one' });
  await one.caughtUp([a, b]);
  await using other = await JobScene.beside(one);
  await using second = other.start([b, a], { slot: 'isthmus_two' });
  await other.caughtUp([a, b]);
  first.send({ kind: 'tables', tables: [a] });
  await one.until(() => !one.progress.tables.has('public.b'));
  await one.sql('UPDATE a SET v = 1; UPDATE b SET v = 2');
  await Promise.all([one.caughtUp([a]), other.caughtUp([a, b])]);
  expect([await one.differences([a]), await other.differences([a, b])]).toEqual([[], []]);
  await first.stop();
  await second.stop();
});
