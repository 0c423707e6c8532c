import type { SqlValue } from '#pool/tsql/session.ts';
import type { DoubleRow, TableState } from './table.ts';
import type { DoubleType } from './types.ts';

/** A log sequence number of SQL Server: ten bytes, here as a number. */
export type Lsn = bigint;

/** Between two transactions of the log; their changes lie in between. */
export const lsnStep = 0x100_0000n;

/** What one statement did to one row. */
export interface RowChange {
  readonly objectId: number;
  readonly command: number;
  readonly before: DoubleRow | undefined;
  readonly after: DoubleRow | undefined;
}

/** A transaction, or a DDL statement, in the log that the capture job reads. */
export interface LogEntry {
  readonly lsn: Lsn;
  readonly committedAt: string;
  readonly changes: readonly RowChange[];
  readonly ddl: { readonly objectId: number; readonly command: string; readonly requiresColumnUpdate: boolean } | undefined;
}

/** One row of a change table. 1: delete; 2: insert; 3, 4: before and after an update. */
export interface CapturedChange {
  readonly startLsn: Lsn;
  readonly seqval: Lsn;
  readonly commandId: number;
  readonly operation: 1 | 2 | 3 | 4;
  /** Values by `column_id` of the source. */
  readonly row: DoubleRow;
}

export interface CapturedColumn {
  readonly id: number;
  readonly name: string;
  readonly type: DoubleType;
  readonly ordinal: number;
}

export interface DdlEntry {
  readonly requiresColumnUpdate: boolean;
  readonly command: string;
  readonly lsn: Lsn;
  readonly at: string;
}

/** A capture instance: what `cdc.change_tables` says of it, and its change table. */
export interface CaptureInstance {
  readonly name: string;
  /** Of the change table. */
  readonly objectId: number;
  readonly sourceObjectId: number;
  readonly createdAt: string;
  readonly startLsn: Lsn;
  /** `fn_cdc_get_min_lsn`: the cleanup moves it on. */
  readonly minLsn: Lsn;
  readonly columns: readonly CapturedColumn[];
  readonly supportsNetChanges: boolean;
  readonly role: string | null;
  readonly changes: readonly CapturedChange[];
  readonly ddl: readonly DdlEntry[];
}

/** A row of `cdc.lsn_time_mapping`; without a transaction it is a heartbeat of the capture job. */
export interface MappedLsn {
  readonly lsn: Lsn;
  readonly at: string;
  readonly isTransaction: boolean;
}

export interface CaptureState {
  readonly instances: readonly CaptureInstance[];
  readonly mapping: readonly MappedLsn[];
}

export function lsnBytes(lsn: Lsn): Uint8Array {
  return Uint8Array.from(Buffer.from(lsn.toString(16).padStart(20, '0'), 'hex'));
}

export function lsnOf(bytes: Uint8Array): Lsn {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

/** The capture job reads one entry of the log. */
export function captured(state: CaptureState, entry: LogEntry, tables: ReadonlyMap<number, TableState>): CaptureState {
  let isCaptured = false;
  const instances = state.instances.map((instance) => {
    if (entry.lsn <= instance.startLsn) return instance;
    const { ddl } = entry;
    if (ddl !== undefined && ddl.objectId === instance.sourceObjectId) {
      const told: DdlEntry = {
        requiresColumnUpdate: ddl.requiresColumnUpdate,
        command: ddl.command,
        lsn: entry.lsn,
        at: entry.committedAt,
      };
      return { ...instance, ddl: [...instance.ddl, told] };
    }
    const changes = entry.changes.flatMap((change, index) =>
      change.objectId === instance.sourceObjectId ? rowsOf(change, { entry, index, instance, table: tables.get(change.objectId) }) : [],
    );
    isCaptured ||= changes.length > 0;
    return changes.length === 0 ? instance : { ...instance, changes: [...instance.changes, ...changes] };
  });
  const mapping = isCaptured ? [...state.mapping, { lsn: entry.lsn, at: entry.committedAt, isTransaction: true }] : state.mapping;
  return { instances, mapping };
}

interface Capturing {
  readonly entry: LogEntry;
  readonly index: number;
  readonly instance: CaptureInstance;
  readonly table: TableState | undefined;
}

/** An update of a key is a delete and an insert that share their place in the log. */
function rowsOf(change: RowChange, { entry, index, instance, table }: Capturing): readonly CapturedChange[] {
  const seqval = entry.lsn - lsnStep / 2n + BigInt(index + 1);
  const of = (operation: CapturedChange['operation'], row: DoubleRow): CapturedChange => ({
    startLsn: entry.lsn,
    seqval,
    commandId: change.command,
    operation,
    row: new Map(instance.columns.map(({ id }) => [id, row.get(id) ?? null])),
  });
  const { before, after } = change;
  if (before === undefined) return after === undefined ? [] : [of(2, after)];
  if (after === undefined) return [of(1, before)];
  const moved = table?.key.some((id) => !sameValue(before.get(id), after.get(id))) === true;
  return moved ? [of(1, before), of(2, after)] : [of(3, before), of(4, after)];
}

function sameValue(a: SqlValue | undefined, b: SqlValue | undefined): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.compare(a, b) === 0 : (a ?? null) === (b ?? null);
}

/** The cleanup job has gone up to `upTo`: what was before is known no longer. */
export function cleanedCapture(state: CaptureState, upTo: Lsn): CaptureState {
  return {
    instances: state.instances.map((instance) => ({
      ...instance,
      minLsn: upTo > instance.minLsn ? upTo : instance.minLsn,
      changes: instance.changes.filter(({ startLsn }) => startLsn >= upTo),
    })),
    mapping: state.mapping.filter(({ lsn }) => lsn >= upTo),
  };
}
