import { randomBytes } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { fault } from '#base/fault.ts';
import type { Operation } from '#arm/operation.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type {
  DueResource,
  Found,
  ListQuery,
  ResourceChange,
  ResourceStore,
  SearchPage,
  SearchQuery,
  StoreTransaction,
} from '#arm/store.ts';
import { auditLog, type AuditLog } from '../audit/audit-log.ts';
import { auditKeyPath, readAuditSeal, type AuditSeal } from '../audit/audit-seal.ts';
import { AuditWriter } from '../audit/audit-writer.ts';
import { CommitQueue } from './commit-queue.ts';
import { ReadCache } from './read-cache.ts';
import { placeKey, ResourceRows } from './resource-rows.ts';
import { countRows, searchRows } from './resource-search.ts';
import { SqliteTransaction, type FreshWrites } from './sqlite-transaction.ts';
import { openForReading, openForWriting, storeFault } from './store-file.ts';

export interface SqliteStoreOptions {
  /** The file; made where it is missing, its folder is not. Beside it lie SQLite's own (`-wal`, `-shm`) and the audit log's key. */
  readonly path: string;
  /** Milliseconds since 1970; given by tests. */
  readonly nowMs?: () => number;
}

export interface SqliteStore extends ResourceStore {
  readonly auditLog: AuditLog;
}

const dayMs = 86_400_000;
/** So many ended operations are kept, however old; those of the last day anyway. */
const keptOperations = 10_000;

/**
 * Opens the store in a SQLite file. One process at a time: whoever opens it has locked the folder.
 * Faults: `StoreNewer` (unsupported), `StoreCorrupt`, `AuditKeyBroken` (corrupt), `StoreUnavailable`, `StoreFull` (unreachable), `StoreBusy` (timeout).
 */
export async function openSqliteStore({ path, nowMs = Date.now }: SqliteStoreOptions): Promise<SqliteStore> {
  const writing = openForWriting(path);
  try {
    purgeOperations(writing, nowMs());
    const seal = readAuditSeal(auditKeyPath(path), { create: true })!;
    const audit = new AuditWriter(writing, seal, new Date(nowMs()).toISOString());
    // The log exists by now, since the migration wrote; it is not replaced while a connection is open.
    const log = await open(`${path}-wal`, 'r+');
    await log.datasync();
    await syncFolder(dirname(path));
    const reading = openForReading(path);
    return new OpenSqliteStore({ path, nowMs, writing, reading, log, audit, seal });
  } catch (error) {
    writing.close();
    throw storeFault(error, path);
  }
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}

function purgeOperations(db: DatabaseSync, nowMs: number): void {
  db.prepare(
    `DELETE FROM operations WHERE ended_at < ? AND ended_at <
       (SELECT ended_at FROM operations WHERE ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT 1 OFFSET ?)`,
  ).run(new Date(nowMs - dayMs).toISOString(), keptOperations - 1);
}

interface Opened {
  readonly path: string;
  readonly nowMs: () => number;
  readonly writing: DatabaseSync;
  readonly reading: DatabaseSync;
  readonly log: FileHandle;
  readonly audit: AuditWriter;
  readonly seal: AuditSeal;
}

class OpenSqliteStore implements SqliteStore {
  readonly auditLog: AuditLog;
  readonly #opened: Opened;
  readonly #read: ResourceRows;
  readonly #rows: ResourceRows;
  readonly #queue: CommitQueue;
  readonly #cache: ReadCache;
  readonly #fresh: FreshWrites = { keys: new Set(), types: new Set() };
  readonly #listeners = new Set<(change: ResourceChange) => void>();
  readonly #revisions = new Map<string, number>();
  readonly #etagPrefix = randomBytes(8).toString('hex');
  #etags = 0;
  #closed = false;
  /** The end of the audit log as committed. */
  #auditHead: AuditWriter['head'];

  constructor(opened: Opened) {
    const { writing, reading, log, audit, path, seal } = opened;
    this.#opened = opened;
    this.#read = new ResourceRows(reading);
    this.#cache = new ReadCache((key) => this.#read.get(key));
    this.#rows = new ResourceRows(writing);
    this.#auditHead = audit.head;
    this.auditLog = auditLog(reading, seal);
    this.#queue = new CommitQueue({
      db: writing,
      log,
      beforeCommit: () => audit.sealHead(),
      rolledBack: () => audit.rewind(this.#auditHead),
      ended: () => {
        this.#fresh.keys.clear();
        this.#fresh.types.clear();
      },
      faultOf: (error) => storeFault(error, path),
    });
  }

  write<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closed) return reject(closed());
      let result: T;
      let changes: readonly ResourceChange[] = [];
      let written: ReadonlyMap<string, Resource> = new Map();
      this.#queue.add({
        run: async () => {
          const transaction = this.#transaction();
          const head = this.#opened.audit.head;
          try {
            result = await work(transaction);
          } catch (error) {
            this.#opened.audit.rewind(head);
            throw error;
          } finally {
            transaction.end();
          }
          ({ changes, written } = transaction);
          return transaction.wrote;
        },
        undone: (trouble) => reject(storeFault(trouble, this.#opened.path)),
        committed: () => this.#seen(changes, written),
        durable: () => {
          for (const change of changes) for (const listener of this.#listeners) listener(change);
          resolve(result);
        },
      });
    });
  }

  #transaction(): SqliteTransaction {
    const { writing, audit, nowMs } = this.#opened;
    return new SqliteTransaction({
      rows: this.#rows,
      audit,
      nowMs: nowMs(),
      newEtag: () => `${this.#etagPrefix}${(this.#etags += 1).toString(36)}`,
      isOpen: () => writing.isTransaction,
      cache: this.#cache,
      fresh: this.#fresh,
    });
  }

  #seen(changes: readonly ResourceChange[], written: ReadonlyMap<string, Resource>): void {
    this.#auditHead = this.#opened.audit.head;
    this.#cache.take(changes, written);
    for (const { type } of changes) {
      const key = type.toLowerCase();
      this.#revisions.set(key, (this.#revisions.get(key) ?? 0) + 1);
    }
  }

  get(id: string): Promise<Resource | undefined> {
    const key = placeKey(id);
    return this.#reading((rows) => this.#cache.get(key, () => rows.get(key)));
  }

  list(query: ListQuery): Promise<readonly Resource[]> {
    return this.#reading((rows) => this.#cache.list(query, () => rows.list(query)));
  }

  referrers(id: string): Promise<readonly string[]> {
    return this.#reading((rows) => rows.referrers(id));
  }

  search(query: SearchPage): Promise<readonly Found[]> {
    return this.#reading((rows) => searchRows(rows, query));
  }

  countFound(query: SearchQuery): Promise<ReadonlyMap<string, number>> {
    return this.#reading((rows) => countRows(rows, query));
  }

  operation(id: string): Promise<Operation | undefined> {
    return this.#reading((rows) => rows.operation(id));
  }

  setting(name: string): Promise<JsonObject | undefined> {
    return this.#reading((rows) => rows.setting(name));
  }

  due(nowMs: number, limit: number): Promise<readonly DueResource[]> {
    return this.#reading((rows) => rows.due(nowMs, limit));
  }

  nextDueMs(afterMs: number): Promise<number | undefined> {
    return this.#reading((rows) => rows.nextDueMs(afterMs));
  }

  async #reading<T>(read: (rows: ResourceRows) => T): Promise<T> {
    if (this.#closed) throw closed();
    try {
      return read(this.#read);
    } catch (error) {
      throw storeFault(error, this.#opened.path);
    }
  }

  onChange(listener: (change: ResourceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  revision(type: string): number {
    return this.#revisions.get(type.toLowerCase()) ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#queue.idle();
    await this.#opened.log.close();
    this.#opened.reading.close();
    this.#opened.writing.close();
  }
}

function closed(): Error {
  return fault('cancelled', 'StoreClosed', 'The store is closed.');
}
