import { policies, toFault, type Fault } from '#base/fault.ts';
import type { TableChoice } from './chosen-tables.ts';
import type { ColumnBatch } from './column.ts';
import type { Handover } from './handover.ts';
import { Lane, noteDraft, stepBytes } from './lane.ts';
import { copySteps, failed, LinkBook } from './link-book.ts';
import type { LinkWishes } from './link-wishes.ts';
import { hasReached } from './position.ts';
import { sameShape, type TableSchema } from './schema.ts';
import type { Draft, Position, Step, TableProgress } from './segment.ts';
import type { ChangeSource, Deferred, FollowedTables, PageEnd } from './source.ts';

/** What a link tells while it runs. Calls are cheap and in order. */
export interface LinkEvents {
  /** The source keeps its log for the link, and its changes come. */
  readonly onFollow?: (book: LinkBook) => void;
  /** A part is on its way; tables as they will be then. */
  readonly onPut?: (draft: Draft, book: LinkBook) => void;
  /** A whole transaction is durable. */
  readonly onDurable?: (draft: Draft, book: LinkBook) => void;
  /** A table cannot be copied at the moment; it is tried again. */
  readonly onDeferred?: (table: string, why: Fault) => void;
}

export interface LinkRun {
  readonly source: ChangeSource;
  readonly handover: Handover;
  readonly signal: AbortSignal;
  /** End once the pool holds everything that the source held when the run began, and every table is copied. */
  readonly once?: boolean;
  /** Tables to empty and copy anew before going on; `everything` also gives up the place in the source's log and takes a new one. */
  readonly resync?: 'everything' | ((table: string) => boolean) | undefined;
  /** Where tables are named one by one. A table that the link has and that is not among them leaves it. */
  readonly choice?: TableChoice | undefined;
  readonly wishes?: LinkWishes | undefined;
  readonly events?: LinkEvents;
  /** How often the chosen tables are looked up anew. */
  readonly lookMs?: number;
  /** An idle position is written down at most this often. */
  readonly idleMs?: number;
  readonly now?: () => number;
}

const none: ReadonlySet<string> = new Set();
const maxBytesInFlight = 24 * 1024 * 1024;
/** A table that could not be copied is tried again after this. */
const deferMs = 100;

/**
 * Copies what is not yet copied and follows the source, for ever or until `once` is fulfilled or the signal aborts.
 * Throws the first fault; nothing durable is lost by it, and another run goes on from there.
 *
 * The loop: apply nothing out of order; between two transactions copy at most one page of a table. A page is read and put with no change
 * put in between, so a row in it is at least as new as every change applied before it, and changes applied after it only repeat or renew it.
 */
export async function runLink(run: LinkRun): Promise<void> {
  const book = new LinkBook(await run.handover.progress());
  const chosen = await run.source.describe();
  if (run.resync === 'everything') await run.source.release();
  const start = await run.source.open(chosen, run.resync === 'everything' ? undefined : book.position);
  const loop = new LinkLoop(run, book);
  await loop.begin(chosen, start);
  const goal = run.once ? await run.source.head() : undefined;
  let follows = false;
  try {
    for await (const draft of run.source.follow(start, loop.followed, run.signal)) {
      if (!follows) run.events?.onFollow?.(book);
      follows = true;
      await loop.take(draft);
      if (!draft.last) continue;
      await loop.turn();
      if (goal !== undefined && (await loop.isFulfilled(goal))) break;
      if (run.signal.aborted) break;
    }
  } catch (error) {
    if (!run.signal.aborted || toFault(error).kind !== 'cancelled') throw error;
  }
  await loop.drain();
}

class LinkLoop {
  /** What the source must know. */
  readonly followed: FollowedTables;
  readonly #run: LinkRun;
  readonly #book: LinkBook;
  readonly #lane: Lane;
  readonly #now: () => number;
  #lookedAt: number;
  #notedAt: number;
  /** Where the source is followed to, though not yet written down because nothing came of it. */
  #seen: Position | undefined;
  /** Tables that could not be copied a moment ago, and when to try again. */
  readonly #deferred = new Map<string, number>();

  constructor(run: LinkRun, book: LinkBook) {
    this.#run = run;
    this.#book = book;
    this.#now = run.now ?? (() => performance.now());
    this.#lookedAt = this.#notedAt = this.#now();
    this.#lane = new Lane(run.handover, {
      maxInFlight: 3,
      maxBytes: maxBytesInFlight,
      onDurable: (draft) => {
        if (draft.position !== undefined) run.source.confirm(draft.position);
        run.events?.onDurable?.(draft, book);
      },
    });
    book.isBusy = () => this.#lane.busy;
    const isImpatient = (): boolean => book.catchingUp.length > 0 || this.#nextToCopy() !== undefined;
    this.followed = {
      get impatient() {
        return isImpatient();
      },
      get busy() {
        return book.busy;
      },
      schema: (table) => book.schema(table),
      progress: (table) => book.progress(table),
    };
  }

  /** Writes down where the link starts and the tables it has not met. */
  async begin(chosen: readonly TableSchema[], start: Position): Promise<void> {
    const { resync, wishes } = this.#run;
    const wished = wishes?.begin() ?? none;
    const again = (table: string): boolean => wished.has(table) || resync === 'everything' || resync?.(table) === true;
    const steps = [...this.#newTables(chosen, again), ...this.#goneTables(chosen)];
    if (steps.length > 0 || this.#book.position === undefined || this.#book.position !== start) await this.#put(noteDraft(steps, start));
    await this.#granted(wished);
  }

  async take(draft: Draft): Promise<void> {
    if (draft.position !== undefined) this.#seen = draft.position;
    const idle = draft.first && draft.last && draft.steps.length === 0;
    if (idle && !this.#positionIsDue()) return;
    this.#notedAt = this.#now();
    await this.#put(draft);
  }

  /** Between two transactions: tables that came or went, tables that caught up, one page. */
  async turn(): Promise<void> {
    if (this.#run.wishes?.pending || this.#now() - this.#lookedAt >= (this.#run.lookMs ?? 10_000)) await this.#look();
    await this.#promote();
    const next = this.#nextToCopy();
    if (next) await this.#copyPage(next);
  }

  #nextToCopy(): TableProgress | undefined {
    return this.#book.copying.find((one) => (this.#deferred.get(one.table) ?? Number.NEGATIVE_INFINITY) <= this.#now());
  }

  async isFulfilled(goal: Position): Promise<boolean> {
    // What is asked for now is done before the end.
    if (this.#run.wishes?.pending === true || this.#book.impatient || !hasReached(this.#seen ?? this.#book.position, goal)) return false;
    if (this.#seen !== undefined && this.#seen !== this.#book.position) await this.#put(noteDraft([], this.#seen));
    await this.drain();
    return true;
  }

  drain(): Promise<void> {
    return this.#lane.drain();
  }

  async #put(unplaced: Draft): Promise<void> {
    const draft = this.#placed(unplaced);
    this.#book.note(draft);
    this.#run.events?.onPut?.(draft, this.#book);
    await this.#lane.put(draft);
  }

  /** Where a table goes is said when it comes to the link, and stays so until it leaves. */
  #placed(draft: Draft): Draft {
    const { choice } = this.#run;
    if (!choice || !draft.steps.some((step) => step.kind === 'schema')) return draft;
    const steps = draft.steps.map((step): Step => {
      if (step.kind !== 'schema') return step;
      const { table } = step.schema;
      const known = this.#book.schema(table);
      return { ...step, schema: { ...step.schema, placement: known ? known.placement : choice.placement(table) } };
    });
    return { ...draft, steps };
  }

  /** A run that breaks before it is durable does it again. */
  async #granted(wished: ReadonlySet<string>): Promise<void> {
    if (wished.size === 0) return;
    await this.drain();
    this.#run.wishes?.done(wished);
  }

  #positionIsDue(): boolean {
    if (this.#seen === undefined || this.#seen === this.#book.position) return false;
    return this.#book.catchingUp.length > 0 || this.#now() - this.#notedAt >= (this.#run.idleMs ?? 10_000);
  }

  async #promote(): Promise<void> {
    const ready = this.#book.catchingUp.filter((one) => hasReached(this.#book.position, one.until!));
    if (ready.length === 0) return;
    await this.#put(
      noteDraft(ready.map((one) => ({ kind: 'progress', progress: { ...one, state: 'Replicating', until: undefined, seen: undefined } }))),
    );
  }

  async #look(): Promise<void> {
    const wished = this.#run.wishes?.begin() ?? none;
    const chosen = await this.#run.source.describe();
    this.#lookedAt = this.#now();
    const steps = [...this.#newTables(chosen, (table) => wished.has(table)), ...this.#goneTables(chosen)];
    if (steps.length > 0) {
      await this.#run.source.choose(chosen);
      await this.#put(noteDraft(steps));
    }
    await this.#granted(wished);
  }

  #goneTables(chosen: readonly TableSchema[]): Step[] {
    const names = new Set(chosen.map((schema) => schema.table));
    const { choice } = this.#run;
    const gone = this.#book.tables.filter((one) => !names.has(one.table) && (one.state !== 'Failed' || choice?.has(one.table) === false));
    return gone.map((one) => {
      if (choice?.has(one.table) === false) return { kind: 'leave', table: one.table };
      const message = `${one.table} is no longer at the source, no longer chosen, or no longer ours to read; its rows stay as they are.`;
      const remedy = 'See what a check finds; create the table again, give its rights back, or take it out of the link.';
      return { kind: 'progress', progress: { ...one, state: 'Failed', fault: { code: 'TableGone', message, remedy } } };
    });
  }

  /** Steps for tables that are new, or were dropped and made anew, or came back, or failed in another shape, or shall be copied anew. */
  #newTables(chosen: readonly TableSchema[], again: (table: string) => boolean): Step[] {
    const steps: Step[] = [];
    for (const schema of chosen) {
      const known = this.#book.schema(schema.table);
      const progress = this.#book.progress(schema.table);
      const back =
        progress?.state === 'Failed' && (progress.fault?.code === 'TableGone' || (known !== undefined && !sameShape(known, schema)));
      if (known?.id === schema.id && !back && !again(schema.table)) continue;
      steps.push(...copySteps(schema, known, progress));
    }
    return steps;
  }

  async #copyPage(progress: TableProgress): Promise<void> {
    try {
      await (progress.copied ? this.#fetchMoved(progress) : this.#readPage(progress));
    } catch (error) {
      const fault = toFault(error);
      if ((fault.code === 'TableChanged' || fault.code === 'TableMissing') && fault.target === progress.table)
        return this.#adoptShape(progress.table);
      if (!concernsTableOnly(fault, progress.table)) throw error;
      await this.#put(noteDraft([{ kind: 'progress', progress: failed(this.#book.progress(progress.table) ?? progress, fault) }]));
    }
  }

  async #readPage(progress: TableProgress): Promise<void> {
    const schema = this.#book.schemaOf(progress.table);
    const fresh = progress.after === undefined;
    const restart = fresh && schema.identity !== 'key';
    const lead: Step[] = restart ? [{ kind: 'truncate', table: progress.table }] : [];
    // That its changes count from the first page on must be durable before the source begins to log them: else, killed in between, the link
    // would take them for logged all along.
    if (progress.state === 'Waiting') await this.drain();
    const pages = this.#run.source.page(schema, progress, this.#run.signal);
    const { end, rows } = await this.#putBatches(schema, pages, lead);
    if ('deferred' in end) return this.#defer(progress.table, end);
    const rowsCopied = (fresh ? 0 : progress.rowsCopied) + rows;
    const current = this.#book.progress(progress.table) ?? progress;
    const next: TableProgress = {
      ...current,
      state: 'Snapshotting',
      after: end.after,
      copied: end.after === undefined,
      seen: end.seen,
      rowsCopied,
    };
    await this.#finishPage(next);
  }

  /** The table was altered between the last change and this page: take its shape as it is now and copy it from the start. */
  async #adoptShape(table: string): Promise<void> {
    const schema = (await this.#run.source.describe()).find((one) => one.table === table);
    const known = this.#book.schema(table);
    if (!schema || schema.id !== known?.id) return this.#look();
    await this.#put(noteDraft(copySteps(schema, known, undefined)));
  }

  #defer(table: string, { deferred }: Deferred): void {
    this.#deferred.set(table, this.#now() + deferMs);
    this.#run.events?.onDeferred?.(table, deferred);
  }

  async #fetchMoved(progress: TableProgress): Promise<void> {
    const schema = this.#book.schemaOf(progress.table);
    const { end } = await this.#putBatches(schema, this.#run.source.fetch(schema, progress.moved, this.#run.signal), []);
    if ('deferred' in end) return this.#defer(progress.table, end);
    await this.#finishPage({ ...progress, moved: [] });
  }

  async #finishPage(next: TableProgress): Promise<void> {
    const until = next.copied && next.moved.length === 0 ? await this.#run.source.head() : undefined;
    await this.#put({ ...noteDraft([{ kind: 'progress', progress: { ...next, until } }]), first: false });
  }

  /** Puts batches as parts of a transaction that the caller ends; nothing where the source has deferred it. */
  async #putBatches(schema: TableSchema, batches: Batches, lead: readonly Step[]): Promise<{ end: PageEnd | Deferred; rows: number }> {
    let rows = 0;
    let next = await batches.next();
    if (next.done && 'deferred' in next.value) return { end: next.value, rows };
    await this.#put({ ...noteDraft(lead), last: false });
    for (; !next.done; next = await batches.next()) {
      rows += next.value.rows;
      const step: Step = { kind: 'rows', table: schema.table, removes: undefined, inserts: next.value, patches: undefined, replaces: true };
      await this.#put({ ...noteDraft([step]), first: false, last: false, bytes: stepBytes(step) });
    }
    return { end: next.value, rows };
  }
}

type Batches = AsyncGenerator<ColumnBatch, PageEnd | Deferred>;

/** A fault that names one table and that waiting does not mend stops that table only. */
function concernsTableOnly(fault: Fault, table: string): boolean {
  if (fault.target === undefined || !(fault.target === table || fault.target.startsWith(`${table}.`))) return false;
  return policies[fault.kind].retry === 'never' && fault.kind !== 'cancelled' && fault.kind !== 'bug' && fault.kind !== 'corrupt';
}
