import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { fault } from '#base/fault.ts';
import { isWithin, keyOf } from '#arm/resource-id.ts';
import { emptyHead, recordOf, rowHash, type AuditHead, type AuditRecord, type AuditRow } from './audit-record.ts';
import { auditKeyPath, readAuditSeal, type AuditSeal } from './audit-seal.ts';
import { brokenAction } from './audit-writer.ts';

export interface AuditQuery {
  /** Only records from then on. ISO 8601, any offset. */
  readonly sinceIso?: string | undefined;
  /** Only what is about this id or anything in it, in any casing. */
  readonly scope?: string | undefined;
  /** Begin after this sequence number. */
  readonly after?: number | undefined;
  /** At most so many; default 100. */
  readonly limit?: number | undefined;
}

/** What became of looking at the whole log. */
export type AuditVerdict =
  | { readonly ok: true; readonly records: number }
  /** `sequence`: the first that is not as it was written, or is missing. `message` says what is wrong with it. */
  | { readonly ok: false; readonly records: number; readonly sequence: number; readonly message: string };

/** Everything that was asked, allowed and refused. */
export interface AuditLog {
  /** In order of sequence. Fault: `InvalidTime` (invalid). */
  read(query: AuditQuery): Promise<readonly AuditRecord[]>;
  /** Looks at every record: finds one that was changed, removed (the last ones too), inserted or moved. */
  verify(): Promise<AuditVerdict>;
}

const usualLimit = 100;
const rowsAtOnce = 1_000;

/** The log in a store's file, over a connection for reading. `seal` undefined: the key is missing, and so the log's end cannot be told. */
export function auditLog(db: DatabaseSync, seal: AuditSeal | undefined): AuditLog {
  return { read: (query) => readAudit(db, query), verify: () => verifyRows(db, seal) };
}

/** Looks at the log in a store's file, which a program may be writing meanwhile. Fault: `StoreUnavailable` (unreachable). */
export async function verifyAudit(path: string): Promise<AuditVerdict> {
  using db = openLog(path);
  return await verifyRows(db, readAuditSeal(auditKeyPath(path), { create: false }));
}

function openLog(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { readOnly: true, timeout: 2_000 });
  } catch (cause) {
    throw fault('unreachable', 'StoreUnavailable', `${path} cannot be read.`, {
      target: path,
      cause,
      remedy: 'Name the file of a store that this user may read.',
    });
  }
}

async function readAudit(db: DatabaseSync, { sinceIso, scope, after = 0, limit = usualLimit }: AuditQuery): Promise<AuditRecord[]> {
  const since = sinceIso === undefined ? undefined : timeOf(sinceIso);
  const place = keyOf(scope ?? '').replace(/\/$/, '');
  const found: AuditRecord[] = [];
  const from = Math.max(after, since === undefined ? 0 : lastBefore(db, since));
  for await (const rows of rowsAfter(db, from)) {
    for (const row of rows) {
      const record = recordOf(row);
      if (record === undefined || (since !== undefined && record.at < since) || !isWithin(keyOf(record.scope), place)) continue;
      if (found.length >= limit) return found;
      found.push(record);
    }
    if (found.length >= limit) return found;
  }
  return found;
}

function timeOf(iso: string): string {
  const ms = Date.parse(iso);
  if (Number.isNaN(ms)) {
    throw fault('invalid', 'InvalidTime', `'${iso.slice(0, 40)}' is not a time.`, { remedy: 'Write it like 2026-11-22T06:00:00Z.' });
  }
  return new Date(ms).toISOString();
}

/** The last sequence number before a time: times only grow, so halves are enough. */
function lastBefore(db: DatabaseSync, since: string): number {
  const last = db.prepare('SELECT max(sequence) AS sequence FROM audit').get() as { sequence: number | null };
  const at = db.prepare('SELECT at FROM audit WHERE sequence <= ? ORDER BY sequence DESC LIMIT 1');
  let before = 0;
  let from = (last.sequence ?? 0) + 1;
  while (from - before > 1) {
    const middle = Math.floor((before + from) / 2);
    const row = at.get(middle) as { at: string } | undefined;
    if (row === undefined || row.at < since) before = middle;
    else from = middle;
  }
  return before;
}

/** Runs of rows in order; other work gets its turn between them. */
async function* rowsAfter(db: DatabaseSync, after: number): AsyncGenerator<readonly AuditRow[]> {
  const next = db.prepare('SELECT sequence, at, entry, previous, hash FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?');
  let at = after;
  for (;;) {
    const rows = next.all(at, rowsAtOnce) as unknown as AuditRow[];
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    at = last.sequence;
    await setImmediate();
  }
}

async function verifyRows(db: DatabaseSync, seal: AuditSeal | undefined): Promise<AuditVerdict> {
  // First, so that what is appended meanwhile is not missed at the end.
  const kept = db.prepare('SELECT sequence, hash, seal FROM audit_head').get() as SealedHead | undefined;
  let head: AuditHead = emptyHead;
  let sealed: AuditHead | undefined = kept?.sequence === 0 ? emptyHead : undefined;
  for await (const rows of rowsAfter(db, -1)) {
    for (const row of rows) {
      const message = wrongWith(row, head);
      if (message !== undefined) return { ok: false, records: head.sequence, sequence: Math.min(row.sequence, head.sequence + 1), message };
      head = row;
      if (row.sequence === kept?.sequence) sealed = row;
    }
  }
  const message = wrongAtEnd({ kept, sealed, head, seal });
  if (message === undefined) return { ok: true, records: head.sequence };
  const sequence = sealed === undefined ? head.sequence + 1 : Math.max(1, sealed.sequence);
  return { ok: false, records: head.sequence, sequence, message };
}

interface SealedHead extends Pick<AuditHead, 'sequence' | 'hash'> {
  readonly seal: string;
}

function wrongWith(row: AuditRow, head: AuditHead): string | undefined {
  const expected = head.sequence + 1;
  if (row.sequence > expected) return `Record ${expected} is missing.`;
  if (row.sequence < expected) return `Record ${row.sequence} was inserted.`;
  if (row.previous !== head.hash) return `Record ${row.sequence} does not follow the one before it.`;
  if (row.hash !== rowHash(row)) return `Record ${row.sequence} was changed.`;
  if (row.at < head.at) return `Record ${row.sequence} is older than the one before it.`;
  const record = recordOf(row);
  if (record === undefined) return `Record ${row.sequence} cannot be read.`;
  if (record.action === brokenAction) {
    const { before, after } = record.changes[0] ?? {};
    return `When the program started here, the log ended with record ${after ?? '?'}, but the end that was sealed is ${before ?? 'gone'}.`;
  }
  return undefined;
}

interface End {
  readonly kept: SealedHead | undefined;
  /** The record that the seal names. */
  readonly sealed: AuditHead | undefined;
  readonly head: AuditHead;
  readonly seal: AuditSeal | undefined;
}

function wrongAtEnd({ kept, sealed, head, seal }: End): string | undefined {
  if (kept === undefined) return 'The seal of the log’s end is gone.';
  if (sealed === undefined) return `Records ${head.sequence + 1} to ${kept.sequence} are missing.`;
  if (sealed.hash !== kept.hash && kept.sequence > 0) return `Record ${kept.sequence} is not the one that was sealed.`;
  if (seal === undefined) return 'The key of the seal is missing: whether records were cut off the end cannot be told.';
  return seal.holds(kept, kept.seal) ? undefined : 'The seal of the log’s end is not ours.';
}
