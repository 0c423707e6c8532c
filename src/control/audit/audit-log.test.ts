import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AuditEntry } from '#arm/store.ts';
import { fault } from '#base/fault.ts';
import { openSqliteStore, type SqliteStore } from '../store/sqlite-store.ts';
import { verifyAudit, type AuditQuery } from './audit-log.ts';
import { entryText, firstPrevious, nextRow, recordOf, rowHash, type AuditRecord, type AuditRow } from './audit-record.ts';

interface Scene extends AsyncDisposable {
  readonly path: string;
  open(nowMs?: () => number): Promise<SqliteStore>;
  /** Writes into the file as somebody who has the rights of the file's owner and knows SQLite. */
  tamper(work: (db: DatabaseSync) => void): void;
}

async function scene(): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-audit-'));
  const path = join(folder, 'store.db');
  return {
    path,
    open: (nowMs = Date.now) => openSqliteStore({ path, nowMs }),
    tamper: (work) => {
      using db = new DatabaseSync(path);
      db.exec('DROP TRIGGER IF EXISTS audit_appends; DROP TRIGGER IF EXISTS audit_keeps; DROP TRIGGER IF EXISTS audit_stays');
      work(db);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

function entry(n: number, more: Partial<AuditEntry> = {}): AuditEntry {
  return {
    action: 'Isthmus.Test/things/write',
    scope: `/subscriptions/s/resourceGroups/g${n % 3}/providers/Isthmus.Test/things/t${n}`,
    principal: 'someone',
    principalName: 'Some One',
    outcome: 'succeeded',
    code: undefined,
    correlationId: `c-${n}`,
    changes: [{ name: 'properties.size', before: undefined, after: String(n) }],
    ...more,
  };
}

async function fill(store: SqliteStore, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, n) => store.write((transaction) => transaction.audit(entry(n + 1)))));
}

test('records are read in order, a page at a time, by time and scope', async () => {
  await using home = await scene();
  let nowMs = 1_000;
  await using store = await home.open(() => nowMs);
  await fill(store, 4);
  nowMs = 3_000;
  await fill(store, 4);
  // A clock that is set back does not make records older than those before them.
  nowMs = 2_000;
  await store.write((transaction) => transaction.audit(entry(9, { outcome: 'refused', code: 'Denied', changes: [] })));
  const read = (query: AuditQuery): Promise<readonly AuditRecord[]> => store.auditLog.read(query);
  const all = await read({});
  expect(all.map((one) => one.sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(all[0]).toEqual({ ...entry(1), sequence: 1, at: '1970-01-01T00:00:01.000Z', previous: firstPrevious, hash: all[1]?.previous });
  expect(all[8]).toMatchObject({ at: '1970-01-01T00:00:03.000Z', outcome: 'refused', code: 'Denied' });
  const numbers = async (query: AuditQuery): Promise<number[]> => (await read(query)).map((one) => one.sequence);
  expect(await numbers({ limit: 2, after: 3 })).toEqual([4, 5]);
  expect(await numbers({ sinceIso: '1970-01-01T00:00:02Z' })).toEqual([5, 6, 7, 8, 9]);
  expect(await numbers({ sinceIso: '1970-01-01T01:00:03+01:00', after: 6 })).toEqual([7, 8, 9]);
  expect(await numbers({ sinceIso: '1970-01-01T00:00:03.001Z' })).toEqual([]);
  expect(await numbers({ scope: '/SUBSCRIPTIONS/s/resourcegroups/G1/' })).toEqual([1, 4, 5, 8]);
  expect(await numbers({ scope: '/subscriptions/s/resourceGroups/g' })).toEqual([]);
  await expect(read({ sinceIso: 'yesterday' })).rejects.toMatchObject({ kind: 'invalid', code: 'InvalidTime' });
});

test('a write that is taken back leaves no record, and the chain holds', async () => {
  await using home = await scene();
  await using store = await home.open();
  await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) =>
      store.write(async (transaction) => {
        await transaction.audit(entry(n));
        await transaction.audit(entry(n));
        if (n % 3 === 0) throw fault('conflict', 'Odd', 'no');
      }),
    ),
  );
  expect(await store.auditLog.read({})).toHaveLength(26);
  expect(await store.auditLog.verify()).toEqual({ ok: true, records: 26 });
});

test('the log is only appended to', async () => {
  await using home = await scene();
  await using store = await home.open();
  await fill(store, 3);
  using db = new DatabaseSync(home.path);
  expect(() => db.exec("UPDATE audit SET at = 'x' WHERE sequence = 1")).toThrow('not changed');
  expect(() => db.exec('DELETE FROM audit WHERE sequence = 3')).toThrow('not removed');
  expect(() => db.exec("INSERT OR REPLACE INTO audit VALUES (2, '', '', '', '')")).toThrow('only appended');
  expect(() => db.exec("INSERT INTO audit VALUES (5, '', '', '', '')")).toThrow('only appended');
});

/** Rewrites the log from a record on, with right hashes, as somebody would who knows how they are made. */
function rechain(db: DatabaseSync, change: (rows: AuditRow[]) => AuditRow[]): void {
  const rows = change(db.prepare('SELECT * FROM audit ORDER BY sequence').all() as unknown as AuditRow[]);
  db.exec('DELETE FROM audit');
  let previous = firstPrevious;
  for (const [at, row] of rows.entries()) {
    const next = { ...row, sequence: at + 1, previous };
    previous = rowHash(next);
    db.prepare('INSERT INTO audit VALUES (?, ?, ?, ?, ?)').run(next.sequence, next.at, next.entry, next.previous, previous);
  }
}

const other = entryText(entry(77, { principalName: 'Somebody Else' }));

/** `first`: the sequence that is named. What was hashed anew is only missed by the seal, which speaks of the end. */
const crimes: readonly { readonly name: string; readonly first: number; readonly work: (db: DatabaseSync) => void }[] = [
  { name: 'an entry changed', first: 4, work: (db) => db.prepare('UPDATE audit SET entry = ? WHERE sequence = 4').run(other) },
  { name: 'a time changed', first: 4, work: (db) => db.exec("UPDATE audit SET at = '2020-01-01T00:00:00.000Z' WHERE sequence = 4") },
  { name: 'a hash changed', first: 4, work: (db) => db.exec('UPDATE audit SET hash = previous WHERE sequence = 4') },
  {
    name: 'an entry changed with its hash',
    first: 5,
    work: (db) => {
      const row = db.prepare('SELECT * FROM audit WHERE sequence = 4').get() as unknown as AuditRow;
      db.prepare('UPDATE audit SET entry = ?, hash = ? WHERE sequence = 4').run(other, rowHash({ ...row, entry: other }));
    },
  },
  { name: 'a record removed', first: 4, work: (db) => db.exec('DELETE FROM audit WHERE sequence = 4') },
  { name: 'the first removed', first: 1, work: (db) => db.exec('DELETE FROM audit WHERE sequence = 1') },
  { name: 'the last ones removed', first: 9, work: (db) => db.exec('DELETE FROM audit WHERE sequence >= 9') },
  {
    name: 'all removed with the head',
    first: 1,
    work: (db) => db.exec("INSERT INTO settings VALUES ('a', '{}'); DELETE FROM audit; DELETE FROM audit_head"),
  },
  { name: 'all removed', first: 1, work: (db) => db.exec('DELETE FROM audit') },
  {
    name: 'all removed with their seal',
    first: 1,
    work: (db) => db.exec("DELETE FROM audit; DELETE FROM audit_head; INSERT INTO audit_head VALUES (1, 0, '', '')"),
  },
  {
    name: 'two exchanged',
    first: 4,
    work: (db) =>
      db.exec(
        'UPDATE audit SET sequence = -4 WHERE sequence = 4; UPDATE audit SET sequence = 4 WHERE sequence = 5; UPDATE audit SET sequence = 5 WHERE sequence = -4',
      ),
  },
  {
    name: 'one inserted before the first',
    first: 0,
    work: (db) => db.exec('INSERT INTO audit SELECT 0, at, entry, previous, hash FROM audit WHERE sequence = 1'),
  },
  { name: 'one removed, all others renumbered and hashed anew', first: 10, work: (db) => rechain(db, (rows) => rows.toSpliced(3, 1)) },
  {
    name: 'one inserted, all others renumbered and hashed anew',
    first: 10,
    work: (db) => rechain(db, (rows) => rows.toSpliced(3, 0, { ...rows[3]!, entry: other })),
  },
  {
    name: 'one changed, all others hashed anew',
    first: 10,
    work: (db) => rechain(db, (rows) => rows.with(3, { ...rows[3]!, entry: other })),
  },
  {
    name: 'one changed, all others and the head hashed anew',
    first: 10,
    work: (db) => {
      rechain(db, (rows) => rows.with(3, { ...rows[3]!, entry: other }));
      db.exec('UPDATE audit_head SET hash = (SELECT hash FROM audit WHERE sequence = 10)');
    },
  },
  {
    name: 'the last ones removed, and the head set back',
    first: 8,
    work: (db) => {
      db.exec('DELETE FROM audit WHERE sequence > 8');
      db.exec('UPDATE audit_head SET sequence = 8, hash = (SELECT hash FROM audit WHERE sequence = 8)');
    },
  },
  { name: 'an entry that is none', first: 3, work: (db) => rechain(db, (rows) => rows.with(2, { ...rows[2]!, entry: '[' })) },
];

test.each(crimes)('found out: $name', async ({ work, first }) => {
  await using home = await scene();
  {
    await using store = await home.open();
    await fill(store, 10);
    expect(await store.auditLog.verify()).toEqual({ ok: true, records: 10 });
  }
  expect(await verifyAudit(home.path)).toEqual({ ok: true, records: 10 });
  home.tamper(work);
  const verdict = await verifyAudit(home.path);
  expect(verdict).toMatchObject({ ok: false, sequence: first });
  // It stays found out, whatever is written later.
  await using store = await home.open();
  await fill(store, 2).catch(() => undefined);
  expect(await store.auditLog.verify()).toMatchObject({ ok: false });
});

test('cut off the end and found at the next start: a record of the log itself says so', async () => {
  await using home = await scene();
  {
    await using store = await home.open();
    await fill(store, 5);
  }
  home.tamper((db) => db.exec('DELETE FROM audit WHERE sequence > 3'));
  expect(await verifyAudit(home.path)).toMatchObject({ ok: false, sequence: 4, message: 'Records 4 to 5 are missing.' });
  await using store = await home.open();
  await fill(store, 2);
  expect(await store.auditLog.verify()).toMatchObject({ ok: false, sequence: 4, message: expect.stringContaining('ended with record 3') });
});

test('without its key the end of the log cannot be told; a new key is told in the log', async () => {
  await using home = await scene();
  {
    await using store = await home.open();
    await fill(store, 2);
  }
  const key = `${home.path}.audit-key`;
  await copyFile(key, `${key}.kept`);
  await rm(key);
  expect(await verifyAudit(home.path)).toMatchObject({ ok: false, sequence: 2, message: expect.stringContaining('key') });
  expect(existsSync(key)).toBe(false);
  {
    await using store = await home.open();
    expect(await store.auditLog.verify()).toMatchObject({ ok: false, sequence: 3 });
  }
  await writeFile(key, 'nonsense');
  await expect(home.open()).rejects.toMatchObject({ code: 'AuditKeyBroken', remedy: expect.stringContaining('backup') });
});

test('verification looks at a file that is being written', async () => {
  await using home = await scene();
  await using store = await home.open();
  await fill(store, 3_000);
  const writing = fill(store, 500);
  const verdicts = await Promise.all([store.auditLog.verify(), verifyAudit(home.path)]);
  await writing;
  expect(verdicts.map((one) => one.ok)).toEqual([true, true]);
  await expect(verifyAudit(`${home.path}-none`)).rejects.toMatchObject({ code: 'StoreUnavailable' });
});

test('an entry is read as it was written, and no two have the same text', () => {
  const text = fc.string({ unit: 'binary', maxLength: 8 });
  const maybe = fc.option(text, { nil: undefined });
  const anyEntry = fc.record({
    action: text,
    scope: text,
    principal: text,
    principalName: text,
    code: maybe,
    correlationId: text,
    outcome: fc.constantFrom('succeeded' as const, 'refused' as const),
    changes: fc.array(fc.record({ name: text, before: maybe, after: maybe }), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(anyEntry, anyEntry, (one, two) => {
      const row = nextRow({ sequence: 0, hash: firstPrevious, at: '' }, one, '2026-01-01T00:00:00.000Z');
      expect(recordOf(row)).toEqual({ ...one, sequence: 1, at: row.at, previous: firstPrevious, hash: row.hash });
      expect(entryText(one) === entryText(two)).toBe(JSON.stringify(one) === JSON.stringify(two));
    }),
  );
});
