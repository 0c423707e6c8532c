import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { fault, Fault, toFault } from '#base/fault.ts';

/** What each version of the file adds, in order. A step once released never changes: the next one goes to the end. */
const steps = ['0001-resources.sql', '0002-audit.sql', '0003-search.sql'];

/** `ISTH`: tells a store from any other SQLite file. */
const applicationId = 0x49535448;
const busyMs = 2_000;

/**
 * Opens the store's file for writing, made or brought to this program's version where needed. What is committed is in the file's log but not
 * forced to disk: whoever commits does that (`CommitQueue`).
 * Faults: `StoreNewer`, `StoreCorrupt`, `StoreUnavailable`.
 */
export function openForWriting(path: string): DatabaseSync {
  return opened(path, { timeout: busyMs }, (db) => {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 4000');
    db.exec('PRAGMA cache_size = -32000; PRAGMA temp_store = MEMORY');
    migrate(db, path);
  });
}

/** A connection that only reads: each statement sees what is committed. Faults: as `openForWriting`. */
export function openForReading(path: string): DatabaseSync {
  return opened(path, { timeout: busyMs, readOnly: true }, (db) => {
    db.exec('PRAGMA cache_size = -32000');
    if (versionOf(db, path) > steps.length) throw newer(path);
  });
}

function opened(path: string, options: { timeout: number; readOnly?: boolean }, prepare: (db: DatabaseSync) => void): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, options);
    prepare(db);
    return db;
  } catch (error) {
    db?.close();
    throw storeFault(error, path);
  }
}

function migrate(db: DatabaseSync, path: string): void {
  if (versionOf(db, path) > steps.length) throw newer(path);
  // SQLite's own lower() knows ASCII only.
  db.function('fold', { deterministic: true }, (text) => String(text).toLowerCase());
  db.exec('BEGIN IMMEDIATE');
  try {
    for (let at = versionOf(db, path); at < steps.length; at += 1) {
      db.exec(readFileSync(new URL(`schema/${steps[at]}`, import.meta.url), 'utf8'));
    }
    db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${steps.length}; COMMIT`);
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

function versionOf(db: DatabaseSync, path: string): number {
  const number = (sql: string): number => Number(Object.values(db.prepare(sql).get() ?? {})[0] ?? 0);
  const version = number('PRAGMA user_version');
  const empty = version === 0 && number('SELECT count(*) FROM sqlite_schema') === 0;
  if (!empty && number('PRAGMA application_id') !== applicationId) {
    throw fault('corrupt', 'StoreCorrupt', `${path} is a SQLite file of some other program.`, {
      target: path,
      remedy: 'Name another file, or move this one away.',
    });
  }
  return version;
}

function newer(path: string): Fault {
  return fault('unsupported', 'StoreNewer', `${path} was written by a newer version of this program.`, {
    target: path,
    remedy: 'Run the newer version, or restore a backup made before the upgrade.',
  });
}

/** Whatever SQLite throws, as a fault. */
export function storeFault(error: unknown, path: string): Fault {
  if (error instanceof Fault) return error;
  const code = error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
  const options = { target: path, cause: error };
  switch (code) {
    case 5:
    case 6:
      return fault('timeout', 'StoreBusy', `${path} is locked by another program.`, {
        ...options,
        remedy: 'End that program; then try again.',
      });
    case 11:
    case 26:
      return fault('corrupt', 'StoreCorrupt', `${path} is damaged, or no store at all.`, {
        ...options,
        remedy: 'Restore it from a backup.',
      });
    case 13:
      return fault('unreachable', 'StoreFull', `There is no room for ${path} to grow.`, { ...options, remedy: 'Free some disk space.' });
    case 3:
    case 8:
    case 10:
    case 14:
      return fault('unreachable', 'StoreUnavailable', `${path} cannot be read or written.`, {
        ...options,
        remedy: 'See that its folder exists and that this user may write there.',
      });
    default:
      return toFault(error);
  }
}
