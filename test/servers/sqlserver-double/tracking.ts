import type { SqlValue } from '#pool/tsql/session.ts';
import { placeOfKey, type TableState } from './table.ts';

/** One row of a table's side table: what one transaction did to one key. */
export interface TrackedChange {
  readonly version: bigint;
  readonly operation: 'I' | 'U' | 'D';
  readonly key: readonly SqlValue[];
}

/** Change tracking of one table, as `sys.change_tracking_tables` has it. */
export interface TrackedTable {
  /** When the side table was made. */
  readonly createdAt: string;
  readonly beginVersion: bigint;
  readonly minValidVersion: bigint;
  readonly cleanupVersion: bigint;
  readonly changes: readonly TrackedChange[];
}

/** One row of CHANGETABLE(CHANGES …). */
export interface NetChange {
  readonly version: bigint;
  readonly creationVersion: bigint | null;
  readonly operation: 'I' | 'U' | 'D';
  readonly key: readonly SqlValue[];
}

export function trackedFrom(version: bigint, createdAt: string): TrackedTable {
  return { createdAt, beginVersion: version, minValidVersion: version, cleanupVersion: version, changes: [] };
}

/**
 * Each key that was changed after `from`, once, with the version of its last change. A `from` that is too old gives what is left, without an error,
 * as SQL Server does. A row deleted and inserted again is told as an insert.
 */
export function netChanges(table: TableState, tracking: TrackedTable, from: bigint): readonly NetChange[] {
  const nets = new Map<string, NetChange>();
  for (const change of tracking.changes) {
    if (change.version <= from) continue;
    const place = placeOfKey(table, change.key);
    const before = nets.get(place);
    const creationVersion = change.operation === 'I' ? change.version : (before?.creationVersion ?? null);
    const operation = change.operation === 'U' && before !== undefined && before.operation === 'I' ? 'I' : change.operation;
    nets.set(place, { version: change.version, creationVersion, operation, key: change.key });
  }
  return [...nets.values()].toSorted((a, b) => Number(a.version - b.version));
}

/** The cleanup has gone up to a version: what was changed before is known no longer. */
export function cleanedUp(tracking: TrackedTable, upTo: bigint): TrackedTable {
  if (upTo <= tracking.cleanupVersion) return tracking;
  return {
    ...tracking,
    minValidVersion: upTo > tracking.minValidVersion ? upTo : tracking.minValidVersion,
    cleanupVersion: upTo,
    changes: tracking.changes.filter(({ version }) => version > upTo),
  };
}
