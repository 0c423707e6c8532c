import { must, fault } from '#base/fault.ts';
import { BatchBuilder, isNull, type ColumnBatch, type ColumnBuilder } from './column.ts';
import { checkContinues, footingAfter, isHeld, noFooting } from './continuation.ts';
import { DirectHandover } from './direct-handover.ts';
import { withMoved } from './link-book.ts';
import { LinkWishes } from './link-wishes.ts';
import type { PoolWriter } from './pool-writer.ts';
import { makePosition, placeOf } from './position.ts';
import type { TableSchema } from './schema.ts';
import type { Draft, Footing, Position, Progress, Segment, Step, TableProgress } from './segment.ts';
import type { ChangeSource, FollowedTables, PageEnd } from './source.ts';
import { TableChanges, type EventRow } from './table-changes.ts';
import type { LinkRun } from './run-link.ts';

/** One row event at the simulated source; `big` undefined: unchanged, and so unsent. */
export type Op =
  | { readonly kind: 'put'; readonly table: TableKey; readonly k: number; readonly v: number; readonly big: string | undefined }
  | { readonly kind: 'move'; readonly table: TableKey; readonly k: number; readonly to: number }
  | { readonly kind: 'delete'; readonly table: TableKey; readonly k: number }
  | { readonly kind: 'truncate'; readonly table: TableKey };
export type TableKey = 'a' | 'b';
/** What is asked of the link once so many steps were made. */
export interface Edit {
  readonly at: number;
  /** The tables from now on. */
  readonly tables: readonly TableKey[];
  /** Those to be copied anew. */
  readonly recopy: readonly TableKey[];
}
interface Row {
  readonly v: number;
  readonly big: string;
}
type Rows = Map<number, Row>;
type Tables = Record<TableKey, Rows>;
/** What the log holds of one event. */
type Event =
  | { readonly kind: 'insert'; readonly table: TableKey; readonly k: number; readonly row: Row }
  | {
      readonly kind: 'update';
      readonly table: TableKey;
      readonly k: number;
      readonly oldK: number;
      readonly v: number;
      readonly big: string | undefined;
    }
  | { readonly kind: 'delete'; readonly table: TableKey; readonly k: number }
  | { readonly kind: 'truncate'; readonly table: TableKey };

const types = [{ kind: 'int32' }, { kind: 'int32' }, { kind: 'text' }] as const;
const schemaOf = (table: string): TableSchema => ({
  table,
  schema: 's',
  name: table,
  id: table,
  key: [0],
  identity: 'key',
  columns: ['k', 'v', 'big'].map((name, id) => ({ id, name, type: types[id]!, sourceType: '', fidelity: 'exact' as const })),
});
const at = (n: number): Position => makePosition('sim/one', String(n).padStart(6, '0'));
const cloneTables = (tables: Tables): Tables => ({ a: new Map(tables.a), b: new Map(tables.b) });

/** A source that keeps changing and a pool that keeps what it was told, in one process that can be killed at any step. */
export class World {
  readonly source: Tables = { a: new Map(), b: new Map() };
  readonly log: Event[][] = [];
  /** The source's tables after each transaction of the log. */
  readonly history: Tables[] = [];
  readonly #pending: (readonly Op[])[];
  readonly #kills: Set<number>;
  readonly #edits: Edit[];
  #steps = 0;
  /** The tables last asked for; undefined: none were. */
  asked: readonly TableKey[] | undefined;
  /** Of the process that lives now. */
  wishes: LinkWishes = new LinkWishes();
  confirmed = 0;
  pool: Tables = { a: new Map(), b: new Map() };
  poolTables: Map<string, TableProgress> = new Map();
  poolSchemas: Map<string, TableSchema> = new Map();
  footing: Footing = noFooting;

  constructor(schedule: Pick<Schedule, 'initial' | 'pending' | 'kills' | 'edits'>) {
    const { initial, pending, kills, edits = [] } = schedule;
    this.#pending = [...pending];
    this.#kills = new Set(kills);
    this.#edits = edits.toSorted((x, y) => x.at - y.at);
    for (const op of initial) this.#commit([op]);
    this.log.length = 0;
    this.history.length = 0;
    this.history.push(cloneTables(this.source));
  }

  get poolPosition(): Position | undefined {
    return this.footing.position;
  }

  /** What the pool holds. */
  get progress(): Progress {
    return { ...this.footing, tables: new Map(this.poolTables), schemas: new Map(this.poolSchemas) };
  }

  get quiet(): boolean {
    return this.#pending.length === 0 && this.#edits.length === 0;
  }

  /** Something happens at the source, and perhaps the process dies here. */
  point(): void {
    const next = this.#pending.shift();
    if (next) {
      const events = this.#commit(next);
      if (events.length > 0) {
        this.log.push(events);
        this.history.push(cloneTables(this.source));
      }
    }
    if ((this.#edits[0]?.at ?? Infinity) <= this.#steps) this.#edit(this.#edits.shift()!);
    if (this.#kills.delete(this.#steps++)) throw fault('cancelled', 'Killed', 'killed');
  }

  #edit(edit: Edit): void {
    this.asked = edit.tables;
    this.wishes.lookAgain();
    this.wishes.recopy(edit.recopy);
  }

  #commit(ops: readonly Op[]): Event[] {
    const events: Event[] = [];
    for (const op of ops) {
      const rows = this.source[op.table];
      if (op.kind === 'truncate') {
        rows.clear();
        events.push(op);
      } else if (op.kind === 'delete') {
        if (rows.delete(op.k)) events.push(op);
      } else if (op.kind === 'move') {
        const row = rows.get(op.k);
        if (!row || rows.has(op.to)) continue;
        rows.delete(op.k);
        rows.set(op.to, row);
        events.push({ kind: 'update', table: op.table, oldK: op.k, k: op.to, v: row.v, big: undefined });
      } else {
        const old = rows.get(op.k);
        const row = { v: op.v, big: op.big ?? old?.big ?? 'first' };
        rows.set(op.k, row);
        if (old) events.push({ kind: 'update', table: op.table, oldK: op.k, k: op.k, v: op.v, big: op.big });
        else events.push({ kind: 'insert', table: op.table, k: op.k, row });
      }
    }
    return events;
  }
}

const row = (k: number, v: number, big: string | undefined): EventRow => ({
  append(column: number, into: ColumnBuilder): boolean {
    if (column === 2) {
      if (big === undefined) return false;
      const bytes = new TextEncoder().encode(big);
      into.bytes(bytes, 0, bytes.length);
    } else {
      const offset = into.fixed();
      into.view.setInt32(offset, column === 0 ? k : v, true);
    }
    return true;
  },
});

/** The simulated source: pages of two rows, drafts of a few transactions, large transactions in parts. */
export class SimulatedSource implements ChangeSource {
  readonly #world: World;
  readonly #chosen: () => readonly TableKey[];
  constructor(world: World, chosen: () => readonly TableKey[]) {
    this.#world = world;
    this.#chosen = chosen;
  }
  check: ChangeSource['check'] = async () => [];
  describe = async (): Promise<readonly TableSchema[]> => this.#chosen().map(schemaOf);
  estimate = async (): Promise<ReadonlyMap<string, number>> => new Map();
  open = async (_tables: readonly TableSchema[], from: Position | undefined): Promise<Position> => {
    this.#world.point();
    if (from !== undefined && Number(placeOf(from)) < this.#world.confirmed)
      throw fault('lost-history', 'LostHistory', 'the log was forgotten too early');
    return from ?? at(this.#world.confirmed);
  };
  choose = async (): Promise<void> => this.#world.point();
  head = async (): Promise<Position> => {
    this.#world.point();
    return at(this.#world.log.length);
  };
  confirm = (upTo: Position): void => {
    this.#world.confirmed = Math.max(this.#world.confirmed, Number(placeOf(upTo)));
  };
  health: ChangeSource['health'] = async () => {
    throw fault('unsupported', 'NoHealth', 'the simulation keeps no log');
  };
  release = async (): Promise<void> => undefined;
  [Symbol.asyncDispose] = async (): Promise<void> => undefined;

  async *page(table: TableSchema, progress: TableProgress): AsyncGenerator<ColumnBatch, PageEnd> {
    this.#world.point();
    const live = this.#world.source[table.table as TableKey];
    const after = progress.after ? Number(progress.after[0]) : -1;
    const keys = [...live.keys()]
      .filter((k) => k > after)
      .toSorted((x, y) => x - y)
      .slice(0, 2);
    const batches = keys.map((k) => batchOf([[k, must(live.get(k), 'row')]]));
    for (const batch of batches) {
      this.#world.point();
      yield batch;
    }
    return { after: keys.length < 2 ? undefined : [String(keys.at(-1))], seen: undefined };
  }

  async *fetch(table: TableSchema, keys: readonly (readonly string[])[]): AsyncGenerator<ColumnBatch, PageEnd> {
    this.#world.point();
    const live = this.#world.source[table.table as TableKey];
    const wanted = new Set(keys.map((key) => Number(key[0])));
    const rows = [...live].filter(([k]) => wanted.has(k));
    if (rows.length > 0) yield batchOf(rows);
    return { after: undefined, seen: undefined };
  }

  async *follow(from: Position, tables: FollowedTables, signal: AbortSignal): AsyncGenerator<Draft> {
    let n = Number(placeOf(from));
    for (let idle = 0; idle < 60 && !signal.aborted;) {
      this.#world.point();
      const group = this.#world.log.slice(n, n + 1 + ((n * 7) % 3));
      idle = group.length > 0 || !this.#world.quiet || tables.impatient ? 0 : idle + 1;
      n += group.length;
      const parts = split(group.flat(), group.length === 1 ? 3 : 1000);
      for (const [i, events] of parts.entries()) {
        this.#world.point();
        const last = i === parts.length - 1;
        yield {
          first: i === 0,
          last,
          steps: collapse(events, tables),
          position: last ? at(n) : undefined,
          committedAt: undefined,
          bytes: 0,
          changes: events.length,
        };
      }
    }
  }
}

function split<T>(list: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let i = 0; i < list.length; i += size) parts.push(list.slice(i, i + size));
  return parts.length > 0 ? parts : [[]];
}

function batchOf(rows: readonly (readonly [number, Row])[]): ColumnBatch {
  const builder = new BatchBuilder(types, 4);
  for (const [k, one] of rows) for (let column = 0; column < 3; column++) row(k, one.v, one.big).append(column, builder.columns[column]!);
  return builder.take();
}

/** The events as steps, by the same code that the real sources use. */
function collapse(events: readonly Event[], tables: FollowedTables): Step[] {
  const steps: Step[] = [];
  for (const table of ['a', 'b'] as const) {
    const progress = tables.progress(table);
    if (progress)
      collapseTable(
        events.filter((event) => event.table === table),
        progress,
        steps,
      );
  }
  return steps;
}

function collapseTable(events: readonly Event[], progress: TableProgress, steps: Step[]): void {
  const { table } = progress;
  const moved: string[][] = [];
  let changes = new TableChanges(schemaOf(table), progress.state === 'Replicating');
  for (const event of events) {
    if (event.kind === 'truncate') {
      steps.push({ kind: 'truncate', table });
      changes = new TableChanges(schemaOf(table), true);
    } else if (collect(changes, event) && progress.state !== 'Replicating') moved.push([String(event.k)]);
  }
  const step = changes.take();
  if (step) steps.push(step);
  if (moved.length > 0) steps.push({ kind: 'progress', progress: withMoved(progress, moved) });
}

/** True: a moved row left unsent columns to the pool. */
function collect(changes: TableChanges, event: Exclude<Event, { kind: 'truncate' }>): boolean {
  const key = String(event.k);
  if (event.kind === 'insert') changes.insert(key, row(event.k, event.row.v, event.row.big));
  else if (event.kind === 'delete') changes.delete(key, row(event.k, 0, undefined));
  else return changes.update({ key, oldKey: String(event.oldK) }, row(event.k, event.v, event.big), row(event.oldK, 0, undefined));
  return false;
}

/** The simulated pool: one open transaction, lost by a kill. */
export class SimulatedPool implements PoolWriter {
  readonly #world: World;
  #open: Step[] | undefined;
  /** Called after each commit. */
  readonly #onCommit: () => void;
  constructor(world: World, onCommit: () => void) {
    this.#world = world;
    this.#onCommit = onCommit;
  }
  progress = async (): Promise<Progress> => this.#world.progress;
  apply = async (segment: Segment): Promise<void> => {
    const world = this.#world;
    world.point();
    if (isHeld(segment, world.footing, 'link')) return;
    checkContinues(segment, world.footing, 'link');
    if (segment.first) this.#open = [];
    const open = must(this.#open, 'a part without a first');
    open.push(...segment.steps);
    if (!segment.last) return;
    const pool = cloneTables(world.pool);
    for (const step of open) applyStep(pool, world, step);
    this.#open = undefined;
    world.pool = pool;
    world.footing = footingAfter(world.footing, segment);
    this.#onCommit();
    world.point();
  };
  [Symbol.asyncDispose] = async (): Promise<void> => undefined;
}

const int = (batch: ColumnBatch, column: number, r: number): number =>
  new DataView(batch.columns[column]!.data.buffer, batch.columns[column]!.data.byteOffset).getInt32(r * 4, true);
function text(batch: ColumnBatch, r: number): string {
  const column = batch.columns[2]!;
  if (isNull(column, r)) return 'null';
  return new TextDecoder().decode(column.data.subarray(column.offsets![r], column.offsets![r + 1]));
}

function applyStep(pool: Tables, world: World, step: Step): void {
  if (step.kind === 'progress') world.poolTables.set(step.progress.table, step.progress);
  else if (step.kind === 'leave') {
    world.poolTables.delete(step.table);
    world.poolSchemas.delete(step.table);
  } else if (step.kind === 'schema') {
    if (!world.poolSchemas.has(step.schema.table)) pool[step.schema.table as TableKey].clear();
    world.poolSchemas.set(step.schema.table, step.schema);
  } else if (step.kind === 'truncate') pool[step.table as TableKey].clear();
  else if (step.kind === 'rows') applyRows(pool[step.table as TableKey], step, world.poolTables.get(step.table)?.state === 'Replicating');
}

function applyRows(rows: Rows, step: Extract<Step, { kind: 'rows' }>, exact: boolean): void {
  const patched: [number, Row][] = [];
  const patches = step.patches;
  for (let r = 0; patches && r < patches.rows.rows; r++) {
    const old = rows.get(int(patches.from, 0, r));
    const keeps = patches.kept[2] !== undefined && (patches.kept[2][r >> 3]! & (1 << (r & 7))) !== 0;
    if (keeps && !old && exact) throw fault('corrupt', 'RowMissing', 'a patched row is not there');
    patched.push([int(patches.rows, 0, r), { v: int(patches.rows, 1, r), big: keeps ? (old?.big ?? 'null') : text(patches.rows, r) }]);
  }
  for (let r = 0; step.removes && r < step.removes.rows; r++) rows.delete(int(step.removes, 0, r));
  for (let r = 0; step.inserts && r < step.inserts.rows; r++) {
    const k = int(step.inserts, 0, r);
    if (rows.has(k) && !step.replaces) throw fault('corrupt', 'RowDoubled', 'a row was put in twice');
    rows.set(k, { v: int(step.inserts, 1, r), big: text(step.inserts, r) });
  }
  for (const [k, one] of patched) {
    if (rows.has(k)) throw fault('corrupt', 'RowDoubled', 'a row was put in twice');
    rows.set(k, one);
  }
}

const show = (rows: Rows): string => JSON.stringify([...rows].toSorted((x, y) => x[0] - y[0]));

/** What happens, and when. */
export interface Schedule {
  readonly initial: readonly Op[];
  readonly pending: readonly (readonly Op[])[];
  /** Steps at which the process dies. */
  readonly kills: readonly number[];
  /** The life of the process from which on the table `b` is chosen too. */
  readonly joinsAt: number;
  readonly edits?: readonly Edit[];
}

/** Runs one schedule to its end. Answers what went wrong, or undefined. */
export async function simulate(runLink: (run: LinkRun) => Promise<void>, schedule: Schedule): Promise<string | undefined> {
  const world = new World(schedule);
  let wrong: string | undefined;
  const look = (): void => {
    for (const table of ['a', 'b'] as const) {
      if (world.poolTables.get(table)?.state !== 'Replicating') continue;
      const then = must(world.history[Number(placeOf(must(world.poolPosition, 'position')))], 'history')[table];
      if (show(then) !== show(world.pool[table]))
        wrong ??= `${table} at ${world.poolPosition}: pool ${show(world.pool[table])}, source then ${show(then)}`;
    }
  };
  const done = (): boolean =>
    world.quiet &&
    Number(placeOf(world.poolPosition ?? at(0))) === world.log.length &&
    [...world.poolTables.keys()].toSorted().join() === (world.asked ?? ['a', 'b']).toSorted().join() &&
    [...world.poolTables.values()].every((one) => one.state === 'Replicating');
  for (let life = 0; life < 60 && !wrong && !done(); life++) {
    const chosen = (): readonly TableKey[] => world.asked ?? (life < schedule.joinsAt ? ['a'] : ['a', 'b']);
    const choice = { has: (table: string) => chosen().some((one) => one === table), placement: () => undefined };
    const wishes = (world.wishes = new LinkWishes());
    const handover = new DirectHandover(new SimulatedPool(world, look));
    try {
      const source = new SimulatedSource(world, chosen);
      await runLink({ source, handover, signal: AbortSignal.timeout(20_000), idleMs: 0, choice, wishes });
    } catch (error) {
      if (!(error instanceof Error) || error.message !== 'killed') return String(error);
    }
  }
  return wrong ?? (done() ? undefined : 'never caught up');
}
