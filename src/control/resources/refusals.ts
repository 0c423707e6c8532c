import { policies, type Fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import type { Principal } from '#arm/resource-type.ts';
import type { AuditEntry, ResourceStore } from '#arm/store.ts';
import { clip } from './places.ts';

/** What was refused. */
export interface Refusal {
  readonly action: string;
  readonly scope: string;
  readonly principal: Principal;
  readonly correlationId: string;
}

/** Writes refusals of writes into the audit log. */
export interface Refusals {
  /** Answers when it is written. Faults that are not the caller's doing are left out; so is what is over the bound, which is counted. Never throws. */
  record(refusal: Refusal, trouble: Fault): Promise<void>;
}

/** As many may wait to be written: more would let a flood of refused requests take the disk. */
const maxWaiting = 256;

/** Those that come together are written in one transaction. */
export function refusalsOf(store: ResourceStore, log: Log): Refusals {
  let waiting: AuditEntry[] = [];
  let dropped = 0;
  let writing: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  const flush = async (): Promise<void> => {
    await writing;
    next = undefined;
    const entries = waiting;
    const lost = dropped;
    waiting = [];
    dropped = 0;
    writing = write(store, lost === 0 ? entries : [...entries, droppedEntry(entries[0]!, lost)]).catch((error: unknown) => {
      log.error({ err: error, entries: entries.length }, 'refusals could not be written to the audit log');
    });
    await writing;
  };
  return {
    record: async (refusal, trouble) => {
      if (policies[trouble.kind].http >= 500) return;
      if (waiting.length >= maxWaiting) {
        dropped += 1;
        return;
      }
      waiting.push(entryOf(refusal, trouble));
      next ??= flush();
      await next;
    },
  };
}

async function write(store: ResourceStore, entries: readonly AuditEntry[]): Promise<void> {
  await store.write(async (transaction) => {
    for (const entry of entries) await transaction.audit(entry);
  });
}

function entryOf({ action, scope, principal, correlationId }: Refusal, { code }: Fault): AuditEntry {
  return {
    action: clip(action),
    scope: clip(scope, 1000),
    principal: principal.id,
    principalName: principal.name,
    outcome: 'refused',
    code,
    correlationId,
    changes: [],
  };
}

function droppedEntry(like: AuditEntry, count: number): AuditEntry {
  return {
    ...like,
    action: 'refusalsNotWritten',
    scope: '/',
    code: 'TooManyRefusals',
    changes: [{ name: 'count', before: undefined, after: String(count) }],
  };
}
