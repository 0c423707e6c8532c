import {
  captured,
  cleanedCapture,
  lsnStep,
  type CaptureInstance,
  type CaptureState,
  type LogEntry,
  type Lsn,
  type RowChange,
} from './capture.ts';
import {
  columnNamed,
  makeColumn,
  placeOfKey,
  rowPlace,
  type ColumnGiven,
  type DoubleColumn,
  type DoubleRow,
  type NamedRow,
  type TableState,
  valueOf,
} from './table.ts';
import { cleanedUp, trackedFrom } from './tracking.ts';
import { heldValue, parseType, type Given } from './types.ts';
import { TableWriting, type Counters, type DoubleWrite } from './writes.ts';

/** `sys.databases.snapshot_isolation_state`: 0 off, 1 on, 2 on its way to off, 3 on its way to on. */
export type SnapshotIsolation = 'off' | 'on' | 'to-off' | 'to-on';

/** One committed state of a database. Never changed, so that a snapshot is a reference. */
export interface DatabaseState {
  readonly tables: ReadonlyMap<number, TableState>;
  /** Of change tracking; undefined: it is off. */
  readonly tracking: { readonly version: bigint; readonly retentionMinutes: number; readonly autoCleanup: boolean } | undefined;
  /** Undefined: change data capture is off. */
  readonly capture: CaptureState | undefined;
  readonly log: readonly LogEntry[];
  readonly lsn: Lsn;
}

/** What tells this database from another of the same name. A restore or a failover changes some of it. */
export interface DatabaseIdentity {
  readonly databaseId: number;
  readonly createdAt: string;
  readonly brokerGuid: string;
  readonly databaseGuid: string;
  readonly familyGuid: string;
  readonly forkGuid: string;
}

/** One database of the double, and what is done to it from outside of the connector. */
export class DatabaseDouble {
  readonly name: string;
  identity: DatabaseIdentity;
  snapshotIsolation: SnapshotIsolation = 'on';
  readCommittedSnapshot = false;
  isReadOnly = false;
  /** Does the capture job follow the log by itself? Otherwise by `capture`. */
  capturesAtOnce = true;
  #state: DatabaseState = { tables: new Map(), tracking: undefined, capture: undefined, log: [], lsn: 0x20_0000_0000_0000n };
  /** Entries of the log that the capture job has read. */
  #read = 0;
  readonly #counters: Counters = { rowVersion: 2000n, heapPlace: 0 };
  #nextObjectId = 245_575_913;
  #clock: number;

  constructor(name: string, databaseId: number, startsAt: string) {
    this.name = name;
    this.#clock = Date.parse(`${startsAt.replace(' ', 'T')}Z`);
    this.identity = {
      databaseId,
      createdAt: this.now(),
      brokerGuid: guidOf(databaseId, 1),
      databaseGuid: guidOf(databaseId, 2),
      familyGuid: guidOf(databaseId, 3),
      forkGuid: guidOf(databaseId, 4),
    };
  }

  get state(): DatabaseState {
    return this.#state;
  }

  /** The server's time, which goes on by itself with each look: `2026-01-01 00:00:00.000`. */
  now(): string {
    this.#clock += 10;
    return new Date(this.#clock).toISOString().replace('T', ' ').slice(0, 23);
  }

  /** Time passes. */
  advance(milliseconds: number): void {
    this.#clock += milliseconds;
  }

  /** `schema.table`; undefined: there is none. */
  find(name: string): TableState | undefined {
    return [...this.#state.tables.values()].find((table) => `${table.schema}.${table.name}`.toLowerCase() === name.toLowerCase());
  }

  table(name: string): TableState {
    const found = this.find(name);
    if (found === undefined) throw new Error(`there is no table ${name} in ${this.name}`);
    return found;
  }

  /** Rows as they are now, by the names of their columns. */
  rows(name: string): readonly NamedRow[] {
    const table = this.table(name);
    return [...table.rows.values()].map((row) =>
      Object.fromEntries(table.columns.map((column) => [column.name, valueOf(table, row, column)])),
    );
  }

  /** CREATE TABLE. `key`: names of the columns of its clustered primary key. */
  create(name: string, columns: Readonly<Record<string, ColumnGiven>>, key: readonly string[] = []): void {
    if (this.find(name) !== undefined) throw new Error(`there is a table ${name} already`);
    const [schema = '', table = ''] = name.split('.');
    const at = this.now();
    const made = Object.entries(columns).map(([column, given], index) => makeColumn(index + 1, column, given));
    const state: TableState = {
      objectId: this.#newObjectId(),
      schema,
      name: table,
      columns: made,
      nextColumnId: made.length + 1,
      key: key.map((one) => made.find((column) => column.name === one)!.id),
      definition: 1,
      storage: 1,
      createdAt: at,
      modifiedAt: at,
      rows: new Map(),
      tracking: undefined,
      isMemoryOptimized: false,
      isFiltered: false,
    };
    this.#put(state);
  }

  drop(name: string): void {
    const table = this.table(name);
    const tables = new Map(this.#state.tables);
    tables.delete(table.objectId);
    const capture = this.#state.capture && {
      ...this.#state.capture,
      instances: this.#state.capture.instances.filter((instance) => instance.sourceObjectId !== table.objectId),
    };
    this.#state = { ...this.#state, tables, capture };
  }

  /** One transaction, whole or not at all. */
  transact(writes: readonly DoubleWrite[]): void {
    const writing = new Map<number, TableWriting>();
    writes.forEach((write, index) => {
      const table = this.table(write.table);
      if (write.kind === 'truncate' && this.#isCaptured(table))
        throw new Error(`${write.table} is captured and cannot be truncated (4711)`);
      const one = writing.get(table.objectId) ?? new TableWriting(table, this.#counters);
      writing.set(table.objectId, one);
      one.write(write, index + 1);
    });
    const changes = [...writing.values()].flatMap((one) => one.changes);
    const tracked = [...writing].some(([objectId, one]) => this.#tracks(objectId) && (one.changes.length > 0 || one.truncated));
    const tracking = this.#state.tracking && { ...this.#state.tracking, version: this.#state.tracking.version + (tracked ? 1n : 0n) };
    const tables = new Map(this.#state.tables);
    for (const [objectId, one] of writing) tables.set(objectId, written(tables.get(objectId)!, one, tracking?.version ?? 0n));
    this.#state = { ...this.#state, tables, tracking };
    this.#logged(changes.toSorted((a, b) => a.command - b.command));
  }

  /** ALTER TABLE … ADD. Rows that exist hold `fill`, which change tracking does not tell. */
  addColumn(name: string, column: string, given: ColumnGiven, fill: Given = null): void {
    const table = this.table(name);
    const made = makeColumn(table.nextColumnId, column, given);
    const value = heldValue(made.type, fill);
    const rows = value === null ? table.rows : mapRows(table, (row) => new Map(row).set(made.id, value));
    const changed = { ...table, columns: [...table.columns, made], nextColumnId: table.nextColumnId + 1, rows };
    this.#define(changed, `ALTER TABLE ${name} ADD ${column}`, false);
  }

  dropColumn(name: string, column: string): void {
    const table = this.table(name);
    const gone = columnNamed(table, column);
    const rows = mapRows(table, (row) => new Map([...row].filter(([id]) => id !== gone.id)));
    const columns = table.columns.filter(({ id }) => id !== gone.id);
    this.#define({ ...table, columns, rows }, `ALTER TABLE ${name} DROP COLUMN ${column}`, true);
  }

  /** ALTER TABLE … ALTER COLUMN; `convert` makes new values of the old. */
  alterColumn(name: string, column: string, type: string, convert: (value: NamedRow[string]) => Given): void {
    const table = this.table(name);
    const before = columnNamed(table, column);
    const after: DoubleColumn = { ...before, type: parseType(type), formerTypes: [before.type, ...before.formerTypes] };
    const rows = mapRows(table, (row) => new Map(row).set(before.id, heldValue(after.type, convert(row.get(before.id) ?? null))));
    const columns = table.columns.map((one) => (one.id === before.id ? after : one));
    this.#define({ ...table, columns, rows }, `ALTER TABLE ${name} ALTER COLUMN ${column} ${type}`, true);
  }

  /** sp_rename of a column. */
  renameColumn(name: string, column: string, to: string): void {
    const table = this.table(name);
    const columns = table.columns.map((one) => (one.name === column ? { ...one, name: to } : one));
    this.#define({ ...table, columns }, `EXEC sp_rename '${name}.${column}', '${to}', 'COLUMN'`, false);
  }

  /** A security policy with a filter, or memory for its ground. */
  mark(name: string, marks: Partial<Pick<TableState, 'isFiltered' | 'isMemoryOptimized'>>): void {
    this.#put({ ...this.table(name), ...marks });
  }

  /** ALTER DATABASE … SET CHANGE_TRACKING = ON. Versions begin where they are said to. */
  trackChanges(retentionMinutes = 2880, version = 0n): void {
    this.#state = { ...this.#state, tracking: { version, retentionMinutes, autoCleanup: true } };
  }

  /** ALTER TABLE … ENABLE CHANGE_TRACKING. */
  trackTable(...names: readonly string[]): void {
    const { tracking } = this.#state;
    if (tracking === undefined) throw new Error('change tracking is not on (22115)');
    for (const name of names) {
      const table = this.table(name);
      if (table.key.length === 0) throw new Error(`${name} has no primary key (4997)`);
      this.#put({ ...table, tracking: trackedFrom(tracking.version, this.now()) });
    }
  }

  /** ALTER TABLE … DISABLE CHANGE_TRACKING. */
  untrackTable(name: string): void {
    this.#put({ ...this.table(name), tracking: undefined });
  }

  /** ALTER DATABASE … SET CHANGE_TRACKING = OFF, which all tables were to leave before. */
  untrackChanges(): void {
    for (const table of this.#state.tables.values()) if (table.tracking !== undefined) throw new Error('tables are still tracked (22114)');
    this.#state = { ...this.#state, tracking: undefined };
  }

  /** Change tracking's cleanup goes up to a version, by default to the last. */
  cleanUpTracking(given?: bigint): void {
    const upTo = given ?? this.#state.tracking?.version ?? 0n;
    for (const table of this.#state.tables.values())
      if (table.tracking !== undefined) this.#put({ ...table, tracking: cleanedUp(table.tracking, upTo) });
  }

  /** sys.sp_cdc_enable_db. */
  enableCapture(): void {
    this.#state = { ...this.#state, capture: { instances: [], mapping: [] } };
  }

  /** sys.sp_cdc_enable_table. At most two instances for a table. */
  captureTable(
    name: string,
    more: { readonly instance?: string; readonly columns?: readonly string[]; readonly role?: string } = {},
  ): void {
    const table = this.table(name);
    const { capture } = this.#state;
    if (capture === undefined) throw new Error('the database is not enabled for change data capture (22901)');
    if (capture.instances.filter(({ sourceObjectId }) => sourceObjectId === table.objectId).length >= 2)
      throw new Error('a table has two capture instances at most (22962)');
    const lsn = this.#nextLsn();
    const columns = table.columns.filter((column) => column.computed === undefined && (more.columns?.includes(column.name) ?? true));
    const instance: CaptureInstance = {
      name: more.instance ?? `${table.schema}_${table.name}`,
      objectId: this.#newObjectId(),
      sourceObjectId: table.objectId,
      createdAt: this.now(),
      startLsn: lsn,
      minLsn: lsn,
      columns: columns.map((column, index) => ({ id: column.id, name: column.name, type: column.type, ordinal: index + 1 })),
      supportsNetChanges: false,
      role: more.role ?? null,
      changes: [],
      ddl: [],
    };
    this.#state = { ...this.#state, capture: { ...capture, instances: [...capture.instances, instance] } };
    this.heartbeat();
  }

  /** sys.sp_cdc_disable_table. */
  dropInstance(name: string): void {
    const capture = this.#captureState();
    this.#state = { ...this.#state, capture: { ...capture, instances: capture.instances.filter((one) => one.name !== name) } };
  }

  /** sys.sp_cdc_disable_db. */
  disableCapture(): void {
    this.#state = { ...this.#state, capture: undefined };
  }

  /** The capture job reads what it has not read of the log: all of it, or so many transactions. */
  capture(most?: number): void {
    for (let count = 0; count !== most && this.#read < this.#state.log.length; count += 1) {
      const entry = this.#state.log[this.#read]!;
      this.#read += 1;
      const { capture } = this.#state;
      if (capture !== undefined) this.#state = { ...this.#state, capture: captured(capture, entry, this.#state.tables) };
    }
  }

  /** The capture job says that it is alive: the log is read up to here, and there was nothing for it. */
  heartbeat(): void {
    if (this.#read < this.#state.log.length) return;
    const capture = this.#captureState();
    const mapped = { lsn: this.#nextLsn(), at: this.now(), isTransaction: false };
    this.#state = { ...this.#state, capture: { ...capture, mapping: [...capture.mapping, mapped] } };
  }

  /** The capture's cleanup job goes up to a place in the log, by default to its end. */
  cleanUpCapture(upTo?: Lsn): void {
    const capture = this.#captureState();
    this.#state = { ...this.#state, capture: cleanedCapture(capture, upTo ?? capture.mapping.at(-1)?.lsn ?? 0n) };
  }

  /** BACKUP and RESTORE: what was written since is gone, and the log goes on otherwise. */
  restore(backup: DatabaseState): void {
    this.#state = backup;
    this.#read = Math.min(this.#read, backup.log.length);
    const { databaseId } = this.identity;
    this.identity = { ...this.identity, createdAt: this.now(), forkGuid: guidOf(databaseId, this.#clock) };
  }

  /** Its replica takes over, with a state of its own where it had not received everything. */
  failOver(received?: DatabaseState): void {
    if (received === undefined) return;
    this.#state = received;
    this.#read = Math.min(this.#read, received.log.length);
    this.identity = { ...this.identity, forkGuid: guidOf(this.identity.databaseId, this.#clock) };
  }

  #captureState(): CaptureState {
    const { capture } = this.#state;
    if (capture === undefined) throw new Error('the database is not enabled for change data capture (22901)');
    return capture;
  }

  #tracks(objectId: number): boolean {
    return this.#state.tables.get(objectId)?.tracking !== undefined;
  }

  #isCaptured(table: TableState): boolean {
    return this.#state.capture?.instances.some(({ sourceObjectId }) => sourceObjectId === table.objectId) === true;
  }

  #put(table: TableState): void {
    this.#state = { ...this.#state, tables: new Map(this.#state.tables).set(table.objectId, table) };
  }

  #define(table: TableState, command: string, requiresColumnUpdate: boolean): void {
    this.#put({ ...table, definition: table.definition + 1, modifiedAt: this.now() });
    if (this.#isCaptured(table)) this.#log([], { objectId: table.objectId, command, requiresColumnUpdate });
  }

  #logged(changes: readonly RowChange[]): void {
    if (changes.length > 0) this.#log(changes, undefined);
  }

  /** Only what is captured reads the log. */
  #log(changes: readonly RowChange[], ddl: LogEntry['ddl']): void {
    if (this.#state.capture === undefined) return;
    const entry: LogEntry = { lsn: this.#nextLsn(), committedAt: this.now(), changes, ddl };
    this.#state = { ...this.#state, log: [...this.#state.log, entry] };
    if (this.capturesAtOnce) this.capture();
  }

  #nextLsn(): Lsn {
    const lsn = this.#state.lsn + lsnStep;
    this.#state = { ...this.#state, lsn };
    return lsn;
  }

  #newObjectId(): number {
    return (this.#nextObjectId += 16);
  }
}

function written(before: TableState, writing: TableWriting, version: bigint): TableState {
  const { rows } = writing;
  const table = { ...before, storage: before.storage + (writing.truncated ? 1 : 0) };
  if (table.tracking === undefined) return { ...table, rows };
  if (writing.truncated)
    return { ...table, rows, tracking: { ...trackedFrom(version, table.tracking.createdAt), changes: writing.tracked(version) } };
  return { ...table, rows, tracking: { ...table.tracking, changes: [...table.tracking.changes, ...writing.tracked(version)] } };
}

function mapRows(table: TableState, change: (row: DoubleRow) => DoubleRow): ReadonlyMap<string, DoubleRow> {
  return new Map([...table.rows].map(([place, row]) => [table.key.length === 0 ? place : rowPlace(table, row, () => place), change(row)]));
}

/** The row of a key that a table holds in some state of it. */
export function rowByKey(table: TableState, key: readonly NamedRow[string][]): DoubleRow | undefined {
  return table.rows.get(placeOfKey(table, key));
}

function guidOf(databaseId: number, what: number): string {
  const digits = (databaseId * 1_000_003 + what * 7919).toString(16).toUpperCase().padStart(12, '0').slice(-12);
  return `6F9619FF-8B86-D011-B42D-${digits}`;
}
