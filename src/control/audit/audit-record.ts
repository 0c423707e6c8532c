import { hash } from 'node:crypto';
import type { AuditEntry } from '#arm/store.ts';

/** One record of the audit log, as it is read. */
export interface AuditRecord extends AuditEntry {
  /** 1 for the first record, one more with each that followed. */
  readonly sequence: number;
  /** ISO 8601, UTC; never before that of the record before it. */
  readonly at: string;
  /** The hash of the record before it; that of the first is `firstPrevious`. */
  readonly previous: string;
  readonly hash: string;
}

/** A record as it is kept: the entry in its canonical text. */
export interface AuditRow {
  readonly sequence: number;
  readonly at: string;
  readonly entry: string;
  readonly previous: string;
  readonly hash: string;
}

/** The end of the log. */
export interface AuditHead {
  readonly sequence: number;
  readonly hash: string;
  readonly at: string;
}

export const firstPrevious: string = '0'.repeat(64);

/** What is the end of a log without records. */
export const emptyHead: AuditHead = { sequence: 0, hash: firstPrevious, at: '' };

/** An entry as text: its members in a fixed order, what is absent as null. Equal texts, equal entries. */
export function entryText(entry: AuditEntry): string {
  return JSON.stringify([
    entry.action,
    entry.scope,
    entry.principal,
    entry.principalName,
    entry.outcome,
    entry.code ?? null,
    entry.correlationId,
    entry.changes.map(({ name, before, after }) => [name, before ?? null, after ?? null]),
  ]);
}

/** The record that follows `head`. */
export function nextRow(head: AuditHead, entry: AuditEntry, nowIso: string): AuditRow {
  const row = {
    sequence: head.sequence + 1,
    at: nowIso > head.at ? nowIso : head.at,
    entry: entryText(entry),
    previous: head.hash,
  };
  return { ...row, hash: rowHash(row) };
}

/** SHA-256, as hex, over all that a record is. No field but the last can hold a line's end. */
export function rowHash({ sequence, at, previous, entry }: Omit<AuditRow, 'hash'>): string {
  return hash('sha256', `${sequence}\n${at}\n${previous}\n${entry}`, 'hex');
}

type Change = readonly [string, string | null, string | null];
type EntryParts = readonly [string, string, string, string, AuditEntry['outcome'], string | null, string, readonly Change[]];

/** Undefined: the row's entry is no text of an entry. */
export function recordOf(row: AuditRow): AuditRecord | undefined {
  const parts = entryParts(row.entry);
  if (parts === undefined) return undefined;
  const [action, scope, principal, principalName, outcome, code, correlationId, changes] = parts;
  return {
    sequence: row.sequence,
    at: row.at,
    action,
    scope,
    principal,
    principalName,
    outcome,
    code: code ?? undefined,
    correlationId,
    changes: changes.map(([name, before, after]) => ({ name, before: before ?? undefined, after: after ?? undefined })),
    previous: row.previous,
    hash: row.hash,
  };
}

function entryParts(text: string): EntryParts | undefined {
  try {
    const parts = JSON.parse(text) as EntryParts;
    return Array.isArray(parts) && parts.length === 8 && Array.isArray(parts[7]) ? parts : undefined;
  } catch {
    // Somebody wrote into the file: verification says so.
    return undefined;
  }
}
