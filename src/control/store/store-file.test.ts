import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { Fault } from '#base/fault.ts';
import { openSqliteStore } from './sqlite-store.ts';
import { storeFault } from './store-file.ts';

async function scratch(): Promise<{ readonly path: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-file-'));
  return { path: join(folder, 'store.db'), [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

async function openAndClose(path: string): Promise<void> {
  await using _store = await openSqliteStore({ path });
}

test('a file of a newer version is refused, and left as it is', async () => {
  await using home = await scratch();
  await openAndClose(home.path);
  using db = new DatabaseSync(home.path);
  db.exec('PRAGMA user_version = 999');
  await expect(openAndClose(home.path)).rejects.toMatchObject({
    kind: 'unsupported',
    code: 'StoreNewer',
    remedy: expect.stringContaining('newer'),
  });
  expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: 999 });
});

test('a file of some other program is refused, and left as it is', async () => {
  await using home = await scratch();
  {
    using db = new DatabaseSync(home.path);
    db.exec('CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)');
  }
  const before = await readFile(home.path);
  await expect(openAndClose(home.path)).rejects.toMatchObject({ code: 'StoreCorrupt', message: expect.stringContaining('other program') });
  expect(tables(home.path)).toEqual(['theirs']);
  expect(before.length).toBeGreaterThan(0);
});

function tables(path: string): unknown[] {
  using db = new DatabaseSync(path);
  return db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all()
    .map((row) => row['name']);
}

test.each([
  ['no SQLite file', async (path: string) => writeFile(path, 'x'.repeat(9_000))],
  [
    'its first page overwritten',
    async (path: string) => {
      await openAndClose(path);
      await using file = await open(path, 'r+');
      await file.write(Buffer.alloc(3_000, 7), 0, 3_000, 100);
    },
  ],
  [
    'cut off',
    async (path: string) => {
      await openAndClose(path);
      await using file = await open(path, 'r+');
      await file.truncate(5_000);
    },
  ],
])('damaged: %s', async (_, damage) => {
  await using home = await scratch();
  await damage(home.path);
  await expect(openAndClose(home.path)).rejects.toMatchObject({ kind: 'corrupt', code: 'StoreCorrupt', target: home.path });
});

test('a place that is not there, and one that is held by another program', async () => {
  await using home = await scratch();
  await expect(openAndClose(`${home.path}/none/store.db`)).rejects.toMatchObject({ kind: 'unreachable', code: 'StoreUnavailable' });
  expect(storeFault(Object.assign(new Error('database is locked'), { errcode: 5 }), 'p')).toMatchObject({
    kind: 'timeout',
    code: 'StoreBusy',
  });
  expect(storeFault(Object.assign(new Error('full'), { errcode: 13 }), 'p')).toMatchObject({ kind: 'unreachable', code: 'StoreFull' });
  expect(storeFault(new Error('odd'), 'p')).toBeInstanceOf(Fault);
});

test('ended operations are forgotten once they are old and many', async () => {
  await using home = await scratch();
  const dayMs = 86_400_000;
  await openAndClose(home.path);
  {
    using db = new DatabaseSync(home.path);
    const insert = db.prepare(
      `INSERT INTO operations (id, resource, resource_key, kind, generation, status, started_at, ended_at, principal)
         VALUES (?, '/a', '/a', 'put', 1, ?, '', ?, '')`,
    );
    db.exec('BEGIN');
    for (let n = 0; n < 10_050; n += 1) insert.run(`o-${n}`, 'Succeeded', new Date(n).toISOString());
    insert.run('open', 'InProgress', null);
    db.exec('COMMIT');
  }
  await using store = await openSqliteStore({ path: home.path, nowMs: () => dayMs + 40 });
  expect([await store.operation('o-39'), (await store.operation('o-40'))?.id, (await store.operation('open'))?.id]).toEqual([
    undefined,
    'o-40',
    'open',
  ]);
});

test('what a file of an older version holds is found', async () => {
  await using home = await scratch();
  const id = '/subscriptions/s/resourceGroups/Shop';
  {
    using db = new DatabaseSync(home.path);
    for (const step of ['0001-resources.sql', '0002-audit.sql'])
      db.exec(await readFile(new URL(`schema/${step}`, import.meta.url), 'utf8'));
    db.exec('PRAGMA application_id = 0x49535448; PRAGMA user_version = 2');
    const row = {
      key: id.toLowerCase(),
      id,
      type: 'A/groups',
      type_key: 'a/groups',
      parent: '',
      generation: 1,
      etag: 'e',
      deleting: 0,
      inert: 1,
    };
    const asked = JSON.stringify({ tags: { team: 'ÄRZTE', 'other "one"': 'Two Words' }, envelope: {}, properties: {} });
    const rest = {
      asked,
      settled: 1,
      outcome: 'ready',
      status: '{"outputs":{}}',
      mark: 1,
      created_at: '',
      changed_at: '',
      created_by: '',
      changed_by: '',
    };
    const columns = Object.entries({ ...row, ...rest });
    db.prepare(`INSERT INTO resources (${columns.map(([name]) => name).join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`).run(
      ...columns.map(([, value]) => value),
    );
  }
  await using store = await openSqliteStore({ path: home.path });
  for (const text of ['shop', 'a/groups', 'ärzte', 'two words', 'ärzte shop'])
    expect(await store.search({ within: '', text, limit: 5 })).toEqual([{ id, type: 'A/groups' }]);
});
