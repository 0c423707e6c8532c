import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { armFailpoints } from '#base/failpoint.ts';
import { fault } from '#base/fault.ts';
import { CommitQueue } from './commit-queue.ts';
import { openForWriting, storeFault } from './store-file.ts';

interface Scene extends AsyncDisposable {
  readonly db: DatabaseSync;
  /** What happened, in order. */
  readonly told: string[];
  /** The disk: each sync waits for its turn. */
  readonly syncs: PromiseWithResolvers<void>[];
  /** Adds a write of a setting; what comes of it is told. */
  add(name: string, work?: () => void | Promise<void>): void;
  settings(): unknown[];
}

async function scene(): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-queue-'));
  const db = openForWriting(join(folder, 'store.db'));
  const told: string[] = [];
  const syncs: PromiseWithResolvers<void>[] = [];
  const queue = new CommitQueue({
    db,
    log: {
      datasync: () => {
        const sync = Promise.withResolvers<void>();
        syncs.push(sync);
        return sync.promise;
      },
    },
    beforeCommit: () => undefined,
    ended: () => undefined,
    rolledBack: () => told.push('rolled back'),
    faultOf: (error) => storeFault(error, 'the file'),
  });
  const insert = db.prepare('INSERT INTO settings (name, value) VALUES (?, ?)');
  return {
    db,
    told,
    syncs,
    add: (name, work = () => undefined) => {
      queue.add({
        run: async () => {
          if (name !== 'nothing') insert.run(name, '{}');
          await work();
          return name !== 'nothing';
        },
        undone: (trouble) => told.push(`${name} undone: ${storeFault(trouble, '').code}`),
        committed: () => told.push(`${name} committed`),
        durable: () => told.push(`${name} durable`),
      });
    },
    settings: () =>
      db
        .prepare('SELECT name FROM settings ORDER BY name')
        .all()
        .map((row) => row['name']),
    [Symbol.asyncDispose]: async () => {
      for (const sync of syncs) sync.resolve();
      db.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}

test('writes that wait share a commit, and are done when the disk has it; those that come meanwhile share the next', async () => {
  await using it = await scene();
  for (const name of ['a', 'b']) it.add(name);
  await until(() => it.syncs.length === 1);
  for (const name of ['c', 'd']) it.add(name);
  await until(() => it.told.length === 4);
  expect(it.told).toEqual(['a committed', 'b committed', 'c committed', 'd committed']);
  it.syncs[0]?.resolve();
  await until(() => it.syncs.length === 2);
  expect(it.told.slice(4)).toEqual(['a durable', 'b durable']);
  it.syncs[1]?.resolve();
  await until(() => it.told.length === 8);
  expect(it.told.slice(6)).toEqual(['c durable', 'd durable']);
});

test('what wrote nothing waits for no disk', async () => {
  await using it = await scene();
  it.add('nothing');
  await until(() => it.told.length === 2);
  expect([it.told, it.syncs.length]).toEqual([['nothing committed', 'nothing durable'], 0]);
});

test('a commit that fails takes all back that shared it, and no more', async () => {
  await using it = await scene();
  using _points = armFailpoints('store.commit.before=throw');
  for (const name of ['a', 'b']) it.add(name);
  await until(() => it.told.length === 3);
  expect(it.told).toEqual(['rolled back', 'a undone: Failpoint', 'b undone: Failpoint']);
  it.add('c');
  await until(() => it.syncs.length === 1);
  expect(it.settings()).toEqual(['c']);
});

test('a disk that refuses to keep what was committed: all that waited are told, and nothing more is written', async () => {
  await using it = await scene();
  it.add('a');
  await until(() => it.syncs.length === 1);
  it.add('b');
  await until(() => it.told.some((line) => line.startsWith('b')));
  it.syncs[0]?.reject(fault('unreachable', 'Broken', 'EIO'));
  await until(() => it.syncs.length === 2);
  it.syncs[1]?.resolve();
  it.add('c');
  await until(() => it.told.some((line) => line.startsWith('c')));
  expect(it.told).toContain('a undone: StoreFailed');
  expect(it.told).toContain('c undone: StoreFailed');
  expect(it.settings()).not.toContain('c');
});

test('a disk that is full takes back what did not fit, and nothing is half there', async () => {
  await using it = await scene();
  const pages = Number(it.db.prepare('PRAGMA page_count').get()?.['page_count']);
  it.db.exec(`PRAGMA max_page_count = ${pages + 4}`);
  const big = (name: string): void => void it.db.prepare('INSERT INTO settings (name, value) VALUES (?, ?)').run(name, 'x'.repeat(100_000));
  it.add('a');
  it.add('b', () => big('b2'));
  it.add('c');
  await until(() => it.told.filter((line) => /committed|undone/.test(line)).length === 3);
  expect(it.told).toContain('b undone: StoreFull');
  const kept = it.settings();
  expect(kept).not.toContain('b');
  expect(kept).not.toContain('b2');
  for (const name of ['a', 'c']) expect(it.told.includes(`${name} committed`)).toBe(kept.includes(name));
});

test('a file that another program holds: those that wait are told, and later ones go on', async () => {
  await using it = await scene();
  it.db.exec('PRAGMA busy_timeout = 1');
  using other = new DatabaseSync(it.db.location()!);
  other.exec('BEGIN IMMEDIATE');
  it.add('a');
  await until(() => it.told.length === 2);
  expect(it.told).toEqual(['rolled back', 'a undone: StoreBusy']);
  other.exec('ROLLBACK');
  it.add('b');
  await until(() => it.syncs.length === 1);
  expect(it.settings()).toEqual(['b']);
});
