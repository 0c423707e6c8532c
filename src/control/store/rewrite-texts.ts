import type { DatabaseSync } from 'node:sqlite';
import { failpoint } from '#base/failpoint.ts';
import type { AuditEntry } from '#arm/store.ts';
import { auditKeyPath, readAuditSeal } from '../audit/audit-seal.ts';
import { AuditWriter } from '../audit/audit-writer.ts';
import { openForWriting, storeFault } from './store-file.ts';

/** Every place where a store keeps JSON that may hold sealed texts, with what names a row. */
const columns = [
  { table: 'resources', row: 'n', column: 'asked' },
  { table: 'resources', row: 'n', column: 'status' },
  { table: 'operations', row: 'n', column: 'error' },
  { table: 'operations', row: 'n', column: 'result' },
  { table: 'settings', row: 'name', column: 'value' },
] as const;
const rowsAtOnce = 200;

/** A store's file, opened for one piece of upkeep by whoever has locked its folder: no program serves it meanwhile. */
export interface StoreUpkeep extends Disposable {
  /**
   * What `change` makes of each JSON text that the store keeps, some rows a transaction: after a crash some are changed and some are not,
   * none by half. Durable when it returns; then the file holds nothing of what was there before. Answers how many texts changed.
   */
  rewriteTexts(change: (json: string) => string): Promise<number>;
  /** Appends to the audit log; durable when it returns. */
  audit(entry: AuditEntry): void;
}

/** Faults: those of opening a store. */
export function openForUpkeep(path: string): StoreUpkeep {
  const db = openForWriting(path);
  try {
    db.exec('PRAGMA synchronous = FULL');
  } catch (error) {
    db.close();
    throw storeFault(error, path);
  }
  return {
    rewriteTexts: async (change) => {
      let changed = 0;
      try {
        for (const place of columns) changed += await rewriteColumn(db, place, change);
        // Unused parts of pages, and the log, hold the texts as they were.
        db.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
        return changed;
      } catch (error) {
        throw storeFault(error, path);
      }
    },
    audit: (entry) => {
      const nowIso = new Date().toISOString();
      inTransaction(db, () => {
        const writer = new AuditWriter(db, readAuditSeal(auditKeyPath(path), { create: true })!, nowIso);
        writer.append(entry, nowIso);
        writer.sealHead();
      });
    },
    [Symbol.dispose]: () => db.close(),
  };
}

async function rewriteColumn(
  db: DatabaseSync,
  { table, row, column }: (typeof columns)[number],
  change: (json: string) => string,
): Promise<number> {
  const from = row === 'n' ? -1 : '';
  const read = db.prepare(`SELECT ${row} AS row, ${column} AS text FROM ${table} WHERE ${row} > ? ORDER BY ${row} LIMIT ${rowsAtOnce}`);
  const write = db.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${row} = ?`);
  let changed = 0;
  let at: number | string = from;
  for (;;) {
    const rows = read.all(at) as unknown as { readonly row: number | string; readonly text: string | null }[];
    const last = rows.at(-1);
    if (last === undefined) return changed;
    await failpoint('store.rewrite.before');
    inTransaction(db, () => {
      for (const one of rows) {
        const text = one.text === null ? null : change(one.text);
        if (text === null || text === one.text) continue;
        write.run(text, one.row);
        changed += 1;
      }
    });
    at = last.row;
  }
}

function inTransaction(db: DatabaseSync, work: () => void): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    work();
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
