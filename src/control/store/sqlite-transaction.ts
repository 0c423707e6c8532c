import type { SQLInputValue } from 'node:sqlite';
import { fault } from '#base/fault.ts';
import type { Operation } from '#arm/operation.ts';
import { keyOf, parsePlace, parseResourceId, segmentsOf, type ResourceId } from '#arm/resource-id.ts';
import type { JsonObject, Resource, StatusFault } from '#arm/resource.ts';
import type { AuditEntry, ListQuery, PutRequest, ResourceChange, Settlement, StoreTransaction } from '#arm/store.ts';
import type { AuditWriter } from '../audit/audit-writer.ts';
import type { ReadCache } from './read-cache.ts';
import { nameKeyOf, searchedWords } from './resource-search.ts';
import { inside, placeKey, resourceOf, type ResourceRow, type ResourceRows, type StatusText } from './resource-rows.ts';

/** What a transaction works on. */
export interface TransactionGround {
  /** Over the writing connection. */
  readonly rows: ResourceRows;
  readonly audit: AuditWriter;
  readonly nowMs: number;
  /** A text never given before. */
  readonly newEtag: () => string;
  /** Whether the transaction that was begun is still open: SQLite ends it by itself where the disk fails. */
  readonly isOpen: () => boolean;
  /** What is known of the committed state. */
  readonly cache: ReadCache;
  /** What was written since the last commit, by this write and those that share the next one with it: of that the cache knows nothing yet. */
  readonly fresh: FreshWrites;
}

/** Keys of resources, and their types in lower case. */
export interface FreshWrites {
  readonly keys: Set<string>;
  readonly types: Set<string>;
}

/** Makes due what has not failed for good and has something to be made true: what failed and is due still is being tried once more. Something that is to go and still holds others waits for the last of them. */
const makeDue = `UPDATE resources SET mark = mark + 1, due_ms = CASE WHEN due_ms IS NULL OR due_ms > ? THEN ? ELSE due_ms END
  WHERE NOT (outcome = 'failed' AND settled = generation AND due_ms IS NULL) AND NOT (inert AND NOT deleting)`;
const holdsNone = `NOT (deleting AND EXISTS (SELECT 1 FROM resources AS held WHERE held.key > resources.key || '/' AND held.key < resources.key || '0'))`;

/** One write. Its changes are told once it is durable. */
export class SqliteTransaction implements StoreTransaction {
  readonly changes: ResourceChange[] = [];
  /** Resources as they are after this write, by key, where that is known without asking. */
  readonly written: Map<string, Resource> = new Map();
  readonly #ground: TransactionGround;
  readonly #rows: ResourceRows;
  readonly #nowIso: string;
  #wrote = false;
  #ended = false;

  constructor(ground: TransactionGround) {
    this.#ground = ground;
    this.#rows = ground.rows;
    this.#nowIso = new Date(ground.nowMs).toISOString();
  }

  /** Whether anything was written at all. */
  get wrote(): boolean {
    return this.#wrote;
  }

  /** From now on each use is a bug. */
  end(): void {
    this.#ended = true;
  }

  async get(id: string): Promise<Resource | undefined> {
    this.#use();
    const key = placeKey(id);
    const { cache, fresh } = this.#ground;
    return fresh.keys.has(key) ? this.#rows.get(key) : cache.get(key, () => this.#rows.get(key));
  }

  async list(query: ListQuery): Promise<readonly Resource[]> {
    this.#use();
    const { cache, fresh } = this.#ground;
    const isFresh = query.type === undefined || fresh.types.has(query.type.toLowerCase());
    return isFresh ? this.#rows.list(query) : cache.list(query, () => this.#rows.list(query));
  }

  async referrers(id: string): Promise<readonly string[]> {
    this.#use();
    return this.#rows.referrers(id);
  }

  async put(request: PutRequest): Promise<Resource> {
    this.#use();
    const before = this.#rows.row(placeKey(request.id));
    if (before?.deleting) throw beingDeleted(before.id);
    const row = before === undefined ? this.#insert(request) : this.#rewrite(before, request);
    this.#refer(row, request.references);
    if (request.ready) {
      this.#endOperations(row, 'Succeeded', undefined);
      this.#wakeDependants(row);
    }
    this.#told(row, 'written');
    const resource = resourceOf(row);
    this.written.set(row.key, resource);
    return resource;
  }

  #insert(request: PutRequest): ResourceRow {
    const id = parseResourceId(request.id);
    const text = this.#placed(id);
    const status = JSON.stringify({ outputs: {} });
    const row = {
      key: keyOf(text),
      id: text,
      type: request.type,
      parent: keyOf(id.parent ?? ''),
      generation: 1,
      etag: this.#ground.newEtag(),
      deleting: 0,
      inert: request.ready ? 1 : 0,
      asked: askedText(request),
      settled: request.ready ? 1 : 0,
      outcome: request.ready ? ('ready' as const) : ('new' as const),
      status,
      due_ms: request.ready ? null : this.#ground.nowMs,
      mark: 1,
      created_at: this.#nowIso,
      changed_at: this.#nowIso,
      created_by: request.principal,
      changed_by: request.principal,
    };
    const names = Object.keys(row);
    const sql = `INSERT INTO resources (${names.join(', ')}, type_key, name_key, words) VALUES (${names.map(() => '?').join(', ')}, ?, ?, ?)`;
    const { lastInsertRowid } = this.#run(sql, [
      ...Object.values(row),
      request.type.toLowerCase(),
      nameKeyOf(row.key),
      searchedWords(row.key, request),
    ]);
    return { ...row, n: Number(lastInsertRowid) };
  }

  /** The id with what it lies in written as that was created. */
  #placed(id: ResourceId): string {
    let outer: string | undefined;
    for (let parent = id.parent; parent !== undefined; parent = parseResourceId(parent).parent) {
      const row = this.#rows.row(keyOf(parent));
      if (row?.deleting) throw beingDeleted(row.id);
      outer ??= row?.id;
    }
    return outer === undefined ? id.text : outer + id.text.slice(outer.length);
  }

  #rewrite(before: ResourceRow, request: PutRequest): ResourceRow {
    const generation = before.generation + 1;
    const row: ResourceRow = {
      ...before,
      type: request.type,
      generation,
      etag: this.#ground.newEtag(),
      inert: request.ready ? 1 : 0,
      asked: askedText(request),
      ...(request.ready ? { settled: generation, outcome: 'ready', status: JSON.stringify({ outputs: outputsOf(before) }) } : {}),
      due_ms: request.ready ? null : this.#ground.nowMs,
      mark: before.mark + 1,
      changed_at: this.#nowIso,
      changed_by: request.principal,
    };
    this.#run(
      `UPDATE resources SET type = ?, generation = ?, etag = ?, inert = ?, asked = ?, settled = ?, outcome = ?, status = ?, due_ms = ?, mark = ?,
         changed_at = ?, changed_by = ? WHERE n = ?`,
      [
        row.type,
        generation,
        row.etag,
        row.inert,
        row.asked,
        row.settled,
        row.outcome,
        row.status,
        row.due_ms,
        row.mark,
        row.changed_at,
        row.changed_by,
        row.n,
      ],
    );
    const words = searchedWords(row.key, request);
    this.#run('UPDATE resources SET words = ? WHERE n = ? AND words <> ?', [words, row.n, words]);
    return row;
  }

  #refer(row: ResourceRow, references: readonly string[]): void {
    const wanted = new Set(references.map(placeKey));
    const kept = new Set(this.#referred(row));
    if (wanted.size === kept.size && [...wanted].every((key) => kept.has(key))) return;
    for (const key of kept)
      if (!wanted.has(key)) this.#run('DELETE FROM resource_references WHERE from_n = ? AND to_key = ?', [row.n, key]);
    for (const key of wanted) if (!kept.has(key)) this.#run('INSERT INTO resource_references (from_n, to_key) VALUES (?, ?)', [row.n, key]);
  }

  #referred(row: ResourceRow): string[] {
    const rows = this.#rows.statement('SELECT to_key FROM resource_references WHERE from_n = ?').all(row.n);
    return (rows as { to_key: string }[]).map(({ to_key: key }) => key);
  }

  async markDeleting(id: string, principal: string): Promise<void> {
    this.#use();
    const key = placeKey(id);
    const { nowMs, newEtag } = this.#ground;
    this.#wrote = true;
    const marked = this.#rows
      .statement(
        `UPDATE resources SET deleting = 1, generation = generation + 1, etag = ? || '.' || n, due_ms = ?, mark = mark + 1, changed_at = ?,
           changed_by = ? WHERE (key = ? OR (${inside})) AND NOT (deleting AND NOT (outcome = 'failed' AND settled = generation))
           RETURNING id, type`,
      )
      .all(newEtag(), nowMs, this.#nowIso, principal, key, key, key);
    for (const row of marked as unknown as ResourceRow[]) this.#told(row, 'written');
  }

  async remove(id: string): Promise<void> {
    this.#use();
    const row = this.#rows.row(placeKey(id));
    if (row === undefined) return;
    const held = this.#rows.statement(`SELECT id FROM resources WHERE ${inside} LIMIT 1`).get(row.key, row.key) as
      | { id: string }
      | undefined;
    if (held !== undefined) throw fault('bug', 'NotEmpty', `${row.id} cannot go before ${held.id}, which lies in it.`, { target: row.id });
    const referred = this.#referred(row);
    this.#run('DELETE FROM resources WHERE n = ?', [row.n]);
    this.#endOperations(row, 'Succeeded', undefined, true);
    this.#wakePlace(row.parent);
    for (const key of referred) this.#wakePlace(key, 'part');
    this.#told(row, 'removed');
  }

  async settle(id: string, generation: number, { status, retryAtMs, mark }: Settlement): Promise<void> {
    this.#use();
    const before = this.#rows.row(placeKey(id));
    if (before === undefined || before.generation !== generation) return;
    const { outcome } = status;
    const text = statusText(status);
    const again = mark !== undefined && before.mark > mark;
    const dueMs = again ? before.due_ms : (retryAtMs ?? null);
    const moved = before.settled !== generation || before.outcome !== outcome;
    const seen = moved || before.status !== text;
    if (seen || before.due_ms !== dueMs) {
      this.#run('UPDATE resources SET settled = ?, outcome = ?, status = ?, due_ms = ?, etag = ? WHERE n = ?', [
        generation,
        outcome,
        text,
        dueMs,
        seen ? this.#ground.newEtag() : before.etag,
        before.n,
      ]);
    }
    if (outcome === 'ready') this.#endOperations(before, 'Succeeded', undefined);
    if (outcome === 'failed') this.#endOperations(before, 'Failed', status.fault);
    if (moved || JSON.stringify(outputsOf(before)) !== JSON.stringify(status.outputs)) this.#wakeDependants(before);
    if (seen) this.#told(before, 'settled');
  }

  /** What refers to it, and what it lies in. */
  #wakeDependants(row: ResourceRow): void {
    const { nowMs } = this.#ground;
    if (!this.#isReferredTo(row.key)) return this.#wakePlace(row.parent);
    this.#run(`${makeDue} AND n <> ? AND n IN (SELECT from_n FROM resource_references WHERE to_key = ?)`, [nowMs, nowMs, row.n, row.key]);
    this.#run(
      `${makeDue} AND n IN (SELECT from_n FROM resource_references WHERE to_key > ? || '/' AND to_key < ? || '0')
         AND key <> ? AND NOT (${inside})`,
      [nowMs, nowMs, row.key, row.key, row.key, row.key, row.key],
    );
    this.#wakePlace(row.parent);
  }

  #isReferredTo(key: string): boolean {
    const sql = `SELECT 1 FROM resource_references WHERE to_key >= ? AND to_key < ? || '0' LIMIT 1`;
    return this.#rows.statement(sql).get(key, key) !== undefined;
  }

  /** The resource of this key, or the nearest one that it lies in; of a `part` only one of the same type's path. */
  #wakePlace(key: string, what: 'place' | 'part' = 'place'): void {
    const { nowMs } = this.#ground;
    for (let at: string | undefined = key; at !== undefined && at !== ''; at = outerKey(at, what)) {
      if (this.#rows.statement('SELECT 1 FROM resources WHERE key = ?').get(at) === undefined) continue;
      this.#run(`${makeDue} AND key = ? AND ${holdsNone}`, [nowMs, nowMs, at]);
      return;
    }
  }

  async putOperation(operation: Operation): Promise<void> {
    this.#use();
    const { id, resource, kind, generation, status, error, result, startedAt, endedAt, principal } = operation;
    const key = placeKey(resource);
    const ended = status === 'InProgress' ? null : (endedAt ?? this.#nowIso);
    this.#run(
      `INSERT OR REPLACE INTO operations (id, resource, resource_key, kind, generation, status, error, result, started_at, ended_at, principal)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [id.toLowerCase(), resource, key, kind, generation, status, jsonOrNull(error), jsonOrNull(result), startedAt, ended, principal],
    );
    if (status !== 'InProgress') return;
    // What it waits for may have come to pass before it was written.
    const row = this.#rows.row(key);
    if (row === undefined && kind === 'delete')
      this.#run(`UPDATE operations SET status = 'Succeeded', ended_at = ? WHERE id = ?`, [this.#nowIso, id.toLowerCase()]);
    if (row === undefined || row.settled !== row.generation || row.settled < generation) return;
    if (row.outcome === 'ready' && !row.deleting) this.#endOperations(row, 'Succeeded', undefined);
    if (row.outcome === 'failed') this.#endOperations(row, 'Failed', resourceOf(row).status.fault);
  }

  /** Those that wait for what became of the resource's generation; where it is gone, only its deletion has succeeded. */
  #endOperations(row: ResourceRow, status: 'Succeeded' | 'Failed', error: StatusFault | undefined, isGone = false): void {
    if (isGone) {
      const over = { code: 'ResourceDeleted', message: `${row.id} was deleted before it had settled.` };
      this.#run(
        `UPDATE operations SET status = 'Canceled', error = ?, ended_at = ? WHERE resource_key = ? AND ended_at IS NULL AND kind <> 'delete'`,
        [JSON.stringify(over), this.#nowIso, row.key],
      );
    }
    this.#run(`UPDATE operations SET status = ?, error = ?, ended_at = ? WHERE resource_key = ? AND ended_at IS NULL AND generation <= ?`, [
      status,
      jsonOrNull(error),
      this.#nowIso,
      row.key,
      row.generation,
    ]);
  }

  async audit(entry: AuditEntry): Promise<void> {
    this.#use();
    this.#wrote = true;
    this.#ground.audit.append(entry, this.#nowIso);
  }

  async setting(name: string): Promise<JsonObject | undefined> {
    this.#use();
    return this.#rows.setting(name);
  }

  async settings(prefix: string): Promise<ReadonlyMap<string, JsonObject>> {
    this.#use();
    return this.#rows.settings(prefix);
  }

  async putSetting(name: string, value: JsonObject | undefined): Promise<void> {
    this.#use();
    if (value === undefined) this.#run('DELETE FROM settings WHERE name = ?', [name]);
    else this.#run('INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)', [name, JSON.stringify(value)]);
  }

  #told({ id, type }: { readonly id: string; readonly type: string }, kind: ResourceChange['kind']): void {
    this.changes.push({ id, type, kind });
    this.written.delete(keyOf(id));
    this.#ground.fresh.keys.add(keyOf(id));
    this.#ground.fresh.types.add(type.toLowerCase());
  }

  #run(sql: string, values: readonly SQLInputValue[]): { readonly lastInsertRowid: number | bigint } {
    this.#use();
    this.#wrote = true;
    return this.#rows.statement(sql).run(...values);
  }

  #use(): void {
    if (this.#ended) throw fault('bug', 'TransactionEnded', 'A transaction was used after its end.');
    if (!this.#ground.isOpen()) throw fault('unreachable', 'StoreUnavailable', 'The disk failed in the midst of a write.');
  }
}

function outerKey(key: string, what: 'place' | 'part'): string | undefined {
  const place = parsePlace(segmentsOf(key));
  if (place?.kind !== 'resource' || place.id.parent === undefined) return undefined;
  return what === 'place' || place.id.names.length > 1 ? keyOf(place.id.parent) : undefined;
}

function askedText({ location, tags, envelope, properties }: PutRequest): string {
  return JSON.stringify({ location, tags, envelope, properties });
}

function statusText({ waitingFor, fault: trouble, outputs }: StatusText): string {
  return JSON.stringify({ waitingFor, fault: trouble, outputs });
}

function outputsOf(row: ResourceRow): JsonObject {
  return (JSON.parse(row.status) as StatusText).outputs;
}

function jsonOrNull(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

function beingDeleted(id: string): Error {
  return fault('conflict', 'BeingDeleted', `${id} is being deleted.`, {
    target: id,
    remedy: 'Wait until it is gone; then send the request again.',
  });
}
