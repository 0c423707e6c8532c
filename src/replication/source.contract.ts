import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { must, toFault } from '#base/fault.ts';
import { texts, TextPool, type TextRow } from '#test/servers/text-pool.ts';
import type { ColumnBatch } from './column.ts';
import { noteDraft } from './lane.ts';
import { freshProgress, LinkBook } from './link-book.ts';
import { hasReached, identityOf } from './position.ts';
import type { TableSchema } from './schema.ts';
import type { Draft, Position, Step, TableProgress } from './segment.ts';
import type { ChangeSource, Deferred, PageEnd } from './source.ts';

/** One thing done to a row at the source. `keyed` has a key, `bag` has none and identifies rows by all their columns. */
export type SourceOp =
  | { readonly kind: 'put'; readonly table: 'keyed' | 'bag'; readonly id: number; readonly v: string | null }
  | { readonly kind: 'set'; readonly table: 'keyed' | 'bag'; readonly id: number; readonly v: string | null }
  | { readonly kind: 'move'; readonly table: 'keyed'; readonly id: number; readonly to: number }
  | { readonly kind: 'remove'; readonly table: 'keyed' | 'bag'; readonly id: number }
  | { readonly kind: 'truncate'; readonly table: 'keyed' | 'bag' };

/** A database with the tables `keyed` and `bag`, each with the columns id and v, whose pages hold few rows. */
export interface SourcePlace extends AsyncDisposable {
  /** The tables' names as the link has them. */
  readonly tables: { readonly keyed: string; readonly bag: string };
  /** A source as a new process would have it. */
  connect(): Promise<ChangeSource>;
  /** Commits one transaction. */
  transact(ops: readonly SourceOp[]): Promise<void>;
  rows(table: 'keyed' | 'bag'): Promise<readonly TextRow[]>;
  /** What `open` makes at the source, and anything else that a check could change, as text. */
  traces(): Promise<string>;
  /** Tables without key are not taken: the code of the finding that says so. Absent: they are. */
  readonly keylessRefused?: string;
  /** The changes of a row are told as what became of it, not one by one. */
  readonly tellsNet?: boolean;
  /**
   * The source keeps its log for everybody, for a time: nothing is made at it for a link, and a place can be followed from again. Forgets all that
   * it may. Absent: it keeps it for the link, until that confirms.
   */
  readonly forget?: () => Promise<void>;
}

const never = new AbortController().signal;
const put = (table: 'keyed' | 'bag', id: number, v: string | null): SourceOp => ({ kind: 'put', table, id, v });

/** What every source must do. */
export function sourceContract(kind: string, make: () => Promise<SourcePlace>): void {
  describe(`a ${kind} source`, () => {
    let place: SourcePlace;
    beforeEach(async () => {
      place = await make();
    });
    afterEach(() => place[Symbol.asyncDispose]());

    test('check and describe change nothing', async () => {
      await using source = await place.connect();
      const before = await place.traces();
      const { keylessRefused } = place;
      const refused = (await source.check()).filter((one) => one.severity === 'error');
      const told = refused.map(({ code, target, remedy }) => [code, target, typeof remedy]);
      expect(told).toEqual(keylessRefused === undefined ? [] : [[keylessRefused, place.tables.bag, 'string']]);
      const tables = await source.describe();
      const bag = keylessRefused === undefined ? [[place.tables.bag, 'full', ['id', 'v']]] : [];
      expect(tables.map((one) => [one.table, one.identity, one.columns.map((column) => column.name)])).toEqual([
        ...bag,
        [place.tables.keyed, 'key', ['id', 'v']],
      ]);
      expect(await source.describe()).toEqual(tables);
      expect(await place.traces()).toBe(before);
    });

    test('open is idempotent, and release gives back all that it made', async () => {
      const before = await place.traces();
      await using source = await place.connect();
      const tables = await source.describe();
      const first = await source.open(tables, undefined);
      await source[Symbol.asyncDispose]();
      await using second = await place.connect();
      const again = await second.open(tables, undefined);
      expect(identityOf(again)).toBe(identityOf(first));
      await second[Symbol.asyncDispose]();
      await using third = await place.connect();
      expect(hasReached(await third.open(tables, again), again)).toBe(true);
      expect(hasReached(await third.head(), again)).toBe(true);
      expect((await third.health()).heldBytes).toBeGreaterThanOrEqual(0n);
      expect((await place.traces()) === before).toBe(place.forget !== undefined);
      await third.release();
      await third.release();
      expect(await place.traces()).toBe(before);
      await using fourth = await place.connect();
      expect(await opening(fourth, tables, again)).toBe(place.forget === undefined ? 'lost-history with a remedy' : 'reached');
      expect(await place.traces()).toBe(before);
    });

    test('pages hold every row once, each those that follow the last in the order of the key, and end', async () => {
      for (const id of [5, 3, 9, -4, 100, 20])
        await place.transact([put('keyed', id, `v${id}`), put('keyed', id + 1000, null), put('bag', 1, 'same')]);
      await place.transact(Array.from({ length: 60 }, (_, i) => put('keyed', 2000 + i, 'more')));
      await using scene = await Scene.open(place);
      const keyed = await scene.copy(place.tables.keyed);
      expect(keyed.pages.length).toBeGreaterThan(1);
      expect(keyed.pages.flat().toSorted(byText)).toEqual((await place.rows('keyed')).toSorted(byText));
      const ids = keyed.pages.flatMap((page) => page.map((row) => Number(row[0])).toSorted((a, b) => a - b));
      expect(ids).toEqual(ids.toSorted((a, b) => a - b));
      const bag = place.keylessRefused === undefined ? await scene.copy(place.tables.bag) : undefined;
      const equal = Array.from({ length: 6 }, () => ['1', 'same']);
      expect(bag?.pages).toEqual(place.keylessRefused === undefined ? [equal] : undefined);
      expect(bag?.end.seen === undefined).toBe(place.keylessRefused !== undefined);
    });

    test('fetch answers those of the asked rows that exist', async () => {
      await place.transact([put('keyed', 1, 'a'), put('keyed', 2, null), put('keyed', 3, 'c')]);
      await using scene = await Scene.open(place);
      await scene.copy(place.tables.keyed);
      const fetched = await drained(scene.source.fetch(scene.schema(place.tables.keyed), [['3'], ['7'], ['2']], never));
      expect(fetched.batches.flatMap(texts).toSorted(byText)).toEqual([
        ['2', null],
        ['3', 'c'],
      ]);
    });

    test('follow gives transactions whole, in order, each once, and goes on where it was left', async () => {
      await place.transact([put('keyed', 1, 'a'), put('keyed', 2, 'b'), put('bag', 1, 'x'), put('bag', 1, 'x')]);
      await using scene = await Scene.open(place);
      await scene.copyAll();
      await place.transact([
        { kind: 'set', table: 'keyed', id: 1, v: 'changed' },
        { kind: 'move', table: 'keyed', id: 2, to: 20 },
        put('keyed', 3, null),
        { kind: 'remove', table: 'bag', id: 1 },
        put('bag', 2, 'y'),
      ]);
      await place.transact([
        put('keyed', 4, 'short-lived'),
        { kind: 'set', table: 'keyed', id: 4, v: 'x' },
        { kind: 'remove', table: 'keyed', id: 4 },
      ]);
      await scene.followTo(await scene.source.head());
      expect(await scene.differences()).toEqual([]);
      const middle = scene.copyOfPool();
      await place.transact([{ kind: 'truncate', table: 'bag' }, put('bag', 3, 'after'), { kind: 'remove', table: 'keyed', id: 20 }]);
      await scene.followTo(await scene.source.head());
      expect(await scene.differences()).toEqual([]);
      expect(scene.drafts.filter((draft) => draft.first && draft.last).length).toBe(scene.drafts.length);
      const places = scene.drafts.map((draft) => draft.position).filter((position) => position !== undefined);
      expect(places).toEqual(places.toSorted());
      // Another process that has only what was durable in the middle is given the rest once more.
      await scene.restart(middle);
      await scene.followTo(await scene.source.head());
      expect(await scene.differences()).toEqual([]);
    });

    test('an idle source moves on', async () => {
      await using scene = await Scene.open(place);
      await scene.copyAll();
      for (let round = 0; round < 3; round++) await scene.followTo(await scene.source.head());
      expect(scene.drafts.every((draft) => draft.steps.length === 0)).toBe(true);
    });

    test('what was confirmed is not given again; a place before it is lost history', async () => {
      await place.transact([put('keyed', 1, 'a')]);
      await using scene = await Scene.open(place);
      await scene.copyAll();
      const start = scene.position;
      for (let id = 10; id < 14; id++) await place.transact([put('keyed', id, 'x')]);
      const early = scene.copyOfPool();
      await scene.followTo(await scene.source.head(), true);
      expect(await scene.differences()).toEqual([]);
      const opened = await opening(await scene.anew(), scene.schemas, start);
      expect(opened).toBe(place.forget === undefined ? 'lost-history with a remedy' : 'reached');
      expect(place.forget && (await forgotten(scene, early, place.forget))).toEqual(place.forget && recopied);
    });

    test('ended by its signal, follow ends at once', async () => {
      await using scene = await Scene.open(place);
      await scene.copyAll();
      const stop = new AbortController();
      const following = scene.drain(stop.signal);
      stop.abort();
      expect(['cancelled', 'ended']).toContain(await following);
    });
  });
}

/** What comes of opening at a place: `reached`, or the kind of the fault. */
async function opening(source: ChangeSource, tables: readonly TableSchema[], from: Position): Promise<string> {
  try {
    return hasReached(await source.open(tables, from), from) ? 'reached' : 'elsewhere';
  } catch (error) {
    const { kind, remedy } = toFault(error);
    return remedy === undefined ? kind : `${kind} with a remedy`;
  }
}

interface Recopied {
  readonly again: readonly string[];
  readonly replicating: number;
  readonly copied: readonly string[];
}
const recopied: Recopied = { again: [], replicating: 0, copied: [] };

/**
 * An early pool is given the rest once more; and behind what its source has forgotten a table is copied anew: nothing is passed over, and the link
 * goes on by itself.
 */
async function forgotten(scene: Scene, early: TextPool, forget: () => Promise<void>): Promise<Recopied> {
  await scene.restart(early);
  await scene.followTo(await scene.source.head());
  const again = await scene.differences();
  await forget();
  await scene.restart(early);
  await scene.followTo(await scene.source.head());
  const replicating = scene.states().filter((one) => one === 'Replicating').length;
  await scene.copyAll();
  return { again, replicating, copied: await scene.differences() };
}

const byText = (a: TextRow, b: TextRow): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

/** A source that was opened, with a pool of texts behind it. */
class Scene implements AsyncDisposable {
  readonly drafts: Draft[] = [];
  readonly #place: SourcePlace;
  #pool: TextPool;
  source: ChangeSource;
  schemas: readonly TableSchema[];
  position: Position;

  private constructor(
    place: SourcePlace,
    parts: { readonly source: ChangeSource; readonly schemas: readonly TableSchema[]; readonly position: Position },
  ) {
    this.#place = place;
    this.#pool = new TextPool({ takesNet: place.tellsNet === true });
    this.source = parts.source;
    this.schemas = parts.schemas;
    this.position = parts.position;
  }

  static async open(place: SourcePlace): Promise<Scene> {
    const source = await place.connect();
    const schemas = await source.describe();
    const scene = new Scene(place, { source, schemas, position: await source.open(schemas, undefined) });
    const steps = schemas.flatMap((schema): Step[] => [
      { kind: 'schema', schema, fills: [] },
      { kind: 'progress', progress: freshProgress(schema.table) },
    ]);
    await scene.#put(noteDraft(steps, scene.position));
    return scene;
  }

  /** Another process goes on with a pool: this one, or one that was kept when it had reached less. */
  async restart(pool: TextPool = this.#pool): Promise<void> {
    await this.source[Symbol.asyncDispose]();
    this.#pool = pool === this.#pool ? pool : pool.copy();
    this.source = await this.#place.connect();
    this.position = await this.source.open(this.schemas, must(pool.progress.position, 'a position'));
  }

  /** A source as yet another process would have it, in the place of the one before. */
  async anew(): Promise<ChangeSource> {
    await this.source[Symbol.asyncDispose]();
    this.source = await this.#place.connect();
    return this.source;
  }

  states(): readonly TableProgress['state'][] {
    return [...this.#pool.progress.tables.values()].map((one) => one.state);
  }

  copyOfPool(): TextPool {
    return this.#pool.copy();
  }

  schema(table: string): TableSchema {
    return must(this.#pool.progress.schemas.get(table), table);
  }

  async copy(table: string): Promise<{ readonly pages: readonly (readonly TextRow[])[]; readonly end: PageEnd }> {
    const schema = this.schema(table);
    const pages: TextRow[][] = [];
    let progress: TableProgress = must(this.#pool.progress.tables.get(table), table);
    for (;;) {
      const { batches, end } = await drained(this.source.page(schema, progress, never));
      pages.push(batches.flatMap(texts));
      progress = { ...progress, state: 'Snapshotting', after: end.after, copied: end.after === undefined, seen: end.seen };
      const steps = batches.map((inserts): Step => ({
        kind: 'rows',
        table,
        removes: undefined,
        inserts,
        patches: undefined,
        replaces: true,
      }));
      await this.#put(noteDraft([...steps, { kind: 'progress', progress }]));
      if (end.after === undefined) return { pages, end };
    }
  }

  /** Copies all tables; they are whole then, since nothing changes meanwhile. */
  async copyAll(): Promise<void> {
    for (const { table } of this.schemas) await this.copy(table);
    await this.followTo(await this.source.head());
    const whole = [...this.#pool.progress.tables.values()].map((progress): Step => ({
      kind: 'progress',
      progress: { ...progress, state: 'Replicating', seen: undefined },
    }));
    await this.#put(noteDraft(whole));
    this.drafts.length = 0;
  }

  async followTo(goal: Position, confirms = false): Promise<void> {
    const book = new LinkBook(this.#pool.progress);
    for await (const draft of this.source.follow(this.position, book, never)) {
      this.drafts.push(draft);
      book.note(draft);
      await this.#put(draft);
      this.position = draft.position ?? this.position;
      if (confirms && draft.position !== undefined) this.source.confirm(draft.position);
      if (draft.last && hasReached(this.position, goal)) break;
    }
    await this.restart();
  }

  /** Follows until the signal ends it. */
  async drain(signal: AbortSignal): Promise<string> {
    try {
      for await (const draft of this.source.follow(this.position, new LinkBook(this.#pool.progress), signal)) this.drafts.push(draft);
      return 'ended';
    } catch (error) {
      return toFault(error).kind;
    }
  }

  /** What only the pool or only the source has. */
  async differences(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const table of ['keyed', 'bag'] as const) {
      if (table === 'bag' && this.#place.keylessRefused !== undefined) continue;
      const here = this.#pool.rows(this.#place.tables[table]).map((row) => JSON.stringify(row));
      const there = (await this.#place.rows(table)).map((row) => JSON.stringify(row));
      if (here.toSorted().join() !== there.toSorted().join()) found.push(`${table}: ${here.join()} is not ${there.join()}`);
    }
    return found;
  }

  async #put(draft: Draft): Promise<void> {
    const continues = this.#pool.progress;
    await this.#pool.writer().apply({ ...draft, number: continues.number + 1, epoch: 'one', continues });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.source[Symbol.asyncDispose]();
  }
}

/** Everything that a page or fetch gives. Nothing else is done at the source meanwhile, so it is never deferred. */
async function drained(
  batches: AsyncGenerator<ColumnBatch, PageEnd | Deferred>,
): Promise<{ readonly batches: readonly ColumnBatch[]; readonly end: PageEnd }> {
  const all: ColumnBatch[] = [];
  for (;;) {
    const next = await batches.next();
    if (!next.done) all.push(next.value);
    else if ('deferred' in next.value) throw next.value.deferred;
    else return { batches: all, end: next.value };
  }
}
