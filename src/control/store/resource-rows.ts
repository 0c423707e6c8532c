import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Operation } from '#arm/operation.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Asked, Json, JsonObject, Resource, Status, StatusFault } from '#arm/resource.ts';
import type { DueResource, ListQuery } from '#arm/store.ts';

/** A row of `resources`. */
export interface ResourceRow {
  readonly n: number;
  readonly key: string;
  readonly id: string;
  readonly type: string;
  readonly parent: string;
  readonly generation: number;
  readonly etag: string;
  readonly deleting: number;
  readonly inert: number;
  readonly asked: string;
  readonly settled: number;
  readonly outcome: Status['outcome'];
  readonly status: string;
  readonly due_ms: number | null;
  readonly mark: number;
  readonly created_at: string;
  readonly changed_at: string;
  readonly created_by: string;
  readonly changed_by: string;
}

interface OperationRow {
  readonly id: string;
  readonly resource: string;
  readonly kind: Operation['kind'];
  readonly generation: number;
  readonly status: Operation['status'];
  readonly error: string | null;
  readonly result: string | null;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly principal: string;
}

/** What is kept in the column `status`. */
export type StatusText = Pick<Status, 'waitingFor' | 'fault' | 'outputs'>;

const columns =
  'n, key, id, type, parent, generation, etag, deleting, inert, asked, settled, outcome, status, due_ms, mark, created_at, changed_at, created_by, changed_by';
/** Everything in the resource whose key is given twice: '0' follows '/'. */
export const inside = `key > ? || '/' AND key < ? || '0'`;

/** Reads rows over one connection; statements are prepared once. */
export class ResourceRows {
  readonly #db: DatabaseSync;
  readonly #kept = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** The statement of this text, prepared at first use. */
  statement(sql: string): StatementSync {
    let statement = this.#kept.get(sql);
    if (statement === undefined) this.#kept.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }

  row(key: string): ResourceRow | undefined {
    return this.statement(`SELECT ${columns} FROM resources WHERE key = ?`).get(key) as ResourceRow | undefined;
  }

  get(id: string): Resource | undefined {
    const row = this.row(placeKey(id));
    return row && resourceOf(row);
  }

  list(query: ListQuery): Resource[] {
    const within = placeKey(query.within);
    const after = query.after === undefined ? '' : placeKey(query.after);
    const type = query.type === undefined ? [] : [query.type.toLowerCase()];
    const limit = query.limit ?? -1;
    const typed = type.length === 0 ? '' : 'type_key = ? AND ';
    if (query.direct && type.length === 0) {
      const sql = `SELECT ${columns} FROM resources INDEXED BY resources_parent WHERE parent = ? AND key > ? ORDER BY key LIMIT ?`;
      return this.#all(sql, [within, after, limit]);
    }
    // One lower bound, so that a page begins where the last one ended and not where the place begins.
    const range = `${typed}key > max(?, ? || '/') AND key < ? || '0'${query.direct ? ' AND parent = ?' : ''}`;
    const index = type.length === 0 ? '' : 'INDEXED BY resources_type ';
    const itself = query.direct || within === '' || within <= after ? [] : this.#itself(within, type);
    if (limit >= 0 && limit <= itself.length) return itself.slice(0, limit);
    const rest = limit < 0 ? -1 : limit - itself.length;
    const values = [...type, after, within, within, ...(query.direct ? [within] : []), rest];
    return [...itself, ...this.#all(`SELECT ${columns} FROM resources ${index}WHERE ${range} ORDER BY key LIMIT ?`, values)];
  }

  #itself(within: string, type: readonly string[]): Resource[] {
    const row = this.row(within);
    return row === undefined || (type.length > 0 && row.type.toLowerCase() !== type[0]) ? [] : [resourceOf(row)];
  }

  #all(sql: string, values: readonly (string | number)[]): Resource[] {
    return (this.statement(sql).all(...values) as unknown as ResourceRow[]).map(resourceOf);
  }

  referrers(id: string): string[] {
    const key = placeKey(id);
    const rows = this.statement(
      `SELECT id FROM resources WHERE n IN (
         SELECT from_n FROM resource_references WHERE to_key = ?
         UNION SELECT from_n FROM resource_references WHERE to_key > ? || '/' AND to_key < ? || '0'
       ) AND key <> ? AND NOT (${inside}) ORDER BY key`,
    ).all(key, key, key, key, key, key);
    return (rows as { id: string }[]).map((row) => row.id);
  }

  due(nowMs: number, limit: number): DueResource[] {
    const rows = this.statement('SELECT id, mark FROM resources WHERE due_ms <= ? ORDER BY due_ms, key LIMIT ?').all(nowMs, limit);
    return (rows as unknown as DueResource[]).map(({ id, mark }) => ({ id, mark }));
  }

  nextDueMs(afterMs: number): number | undefined {
    const row = this.statement('SELECT due_ms FROM resources WHERE due_ms > ? ORDER BY due_ms LIMIT 1').get(afterMs);
    return (row as { due_ms: number } | undefined)?.due_ms;
  }

  operation(id: string): Operation | undefined {
    const row = this.statement('SELECT * FROM operations WHERE id = ?').get(id.toLowerCase());
    return row && operationOf(row as unknown as OperationRow);
  }

  setting(name: string): JsonObject | undefined {
    const row = this.statement('SELECT value FROM settings WHERE name = ?').get(name) as { value: string } | undefined;
    return row && (JSON.parse(row.value) as JsonObject);
  }

  settings(prefix: string): ReadonlyMap<string, JsonObject> {
    const rows = this.statement('SELECT name, value FROM settings WHERE name >= ?1 AND substr(name, 1, length(?1)) = ?1 ORDER BY name');
    const found = rows.all(prefix) as { name: string; value: string }[];
    return new Map(found.map(({ name, value }) => [name, JSON.parse(value) as JsonObject]));
  }
}

/** The key of an id that may have been written with a slash at its end. */
export function placeKey(id: string): string {
  const key = keyOf(id);
  return key.endsWith('/') ? key.slice(0, -1) : key;
}

export function resourceOf(row: ResourceRow): Resource {
  const asked = JSON.parse(row.asked) as Omit<Asked, 'location'> & { readonly location?: string };
  const status = JSON.parse(row.status) as Pick<Status, 'outputs'> & { readonly waitingFor?: string; readonly fault?: StatusFault };
  return {
    id: row.id,
    type: row.type,
    name: row.id.slice(row.id.lastIndexOf('/') + 1),
    location: asked.location,
    tags: asked.tags,
    envelope: asked.envelope,
    properties: asked.properties,
    generation: row.generation,
    etag: row.etag,
    deleting: row.deleting === 1,
    status: {
      settled: row.settled,
      outcome: row.outcome,
      waitingFor: status.waitingFor,
      fault: faultOf(status.fault),
      outputs: status.outputs,
    },
    createdAt: row.created_at,
    changedAt: row.changed_at,
    createdBy: row.created_by,
    changedBy: row.changed_by,
  };
}

function faultOf(kept: Partial<StatusFault> | undefined): StatusFault | undefined {
  return kept && { code: kept.code ?? '', message: kept.message ?? '', target: kept.target, remedy: kept.remedy };
}

function operationOf(row: OperationRow): Operation {
  return {
    id: row.id,
    resource: row.resource,
    kind: row.kind,
    generation: row.generation,
    status: row.status,
    error: row.error === null ? undefined : faultOf(JSON.parse(row.error) as StatusFault),
    result: row.result === null ? undefined : (JSON.parse(row.result) as Json),
    startedAt: row.started_at,
    endedAt: row.ended_at ?? undefined,
    principal: row.principal,
  };
}
