import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AuditEntry } from '#arm/store.ts';
import { emptyHead, nextRow, type AuditHead, type AuditRow } from './audit-record.ts';
import type { AuditSeal } from './audit-seal.ts';

/** What a record says that was written because the log's end was not the one that had been sealed. Verification fails at it. */
export const brokenAction = 'Isthmus.Audit/log/sealBroken';

/** Appends records within the transactions of the store's connection. */
export class AuditWriter {
  readonly #insert: StatementSync;
  readonly #putHead: StatementSync;
  readonly #seal: AuditSeal;
  #head: AuditHead;
  #sealed: number;

  /** Looks whether the log ends where it was sealed; where not, its first record says so. */
  constructor(db: DatabaseSync, seal: AuditSeal, nowIso: string) {
    this.#seal = seal;
    this.#insert = db.prepare('INSERT INTO audit (sequence, at, entry, previous, hash) VALUES (?, ?, ?, ?, ?)');
    this.#putHead = db.prepare('INSERT OR REPLACE INTO audit_head (one, sequence, hash, seal) VALUES (1, ?, ?, ?)');
    const last = db.prepare('SELECT * FROM audit ORDER BY sequence DESC LIMIT 1').get() as AuditRow | undefined;
    const kept = db.prepare('SELECT * FROM audit_head').get() as (AuditHead & { readonly seal: string }) | undefined;
    this.#head = last ?? emptyHead;
    this.#sealed = this.#head.sequence;
    const sound = kept === undefined ? last === undefined && isNew(db) : isEnd(kept, this.#head) && seal.holds(kept, kept.seal);
    if (!sound) this.#tellBroken(kept?.sequence, nowIso);
    else if (kept === undefined) this.#putSealed();
  }

  /** The end of the log, records of the open transaction included. */
  get head(): AuditHead {
    return this.#head;
  }

  append(entry: AuditEntry, nowIso: string): void {
    const row = nextRow(this.#head, entry, nowIso);
    this.#insert.run(row.sequence, row.at, row.entry, row.previous, row.hash);
    this.#head = row;
  }

  /** After a rollback: the end is what it was. */
  rewind(head: AuditHead): void {
    this.#head = head;
    this.#sealed = Math.min(this.#sealed, head.sequence);
  }

  /** To be called before each commit. */
  sealHead(): void {
    if (this.#sealed === this.#head.sequence) return;
    this.#putSealed();
  }

  #putSealed(): void {
    const { sequence, hash } = this.#head;
    this.#putHead.run(sequence, hash, this.#seal.seal(this.#head));
    this.#sealed = sequence;
  }

  #tellBroken(sealed: number | undefined, nowIso: string): void {
    this.append(
      {
        action: brokenAction,
        scope: '/',
        principal: '00000000-0000-0000-0000-000000000000',
        principalName: 'isthmus',
        outcome: 'refused',
        code: 'AuditSealBroken',
        correlationId: '00000000-0000-0000-0000-000000000000',
        changes: [{ name: 'sequence', before: sealed?.toString(), after: String(this.#head.sequence) }],
      },
      nowIso,
    );
    this.sealHead();
  }
}

/** Only a store in which nothing was ever kept has a log without an end. */
function isNew(db: DatabaseSync): boolean {
  return db.prepare('SELECT 1 FROM resources UNION ALL SELECT 1 FROM settings LIMIT 1').get() === undefined;
}

function isEnd(kept: Pick<AuditHead, 'sequence' | 'hash'>, head: AuditHead): boolean {
  return kept.sequence === head.sequence && kept.hash === head.hash;
}
