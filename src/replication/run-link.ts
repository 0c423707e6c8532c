import { policies, toFault, type Fault } from '#base/fault.ts';
import type { ColumnBatch } from './column.ts';
import type { Handover } from './handover.ts';
import { Lane, noteDraft, stepBytes } from './lane.ts';
import { failed, freshProgress, LinkBook, recopied } from './link-book.ts';
import { hasReached } from './position.ts';
import type { TableSchema } from './schema.ts';
import type { Draft, Position, Step, TableProgress } from './segment.ts';
import type { ChangeSource, PageEnd } from './source.ts';

/** What a link tells while it runs. Calls are cheap and in order. */
export interface LinkEvents {
  /** The source keeps its log for the link; following begins. */
  readonly onFollow?: (book: LinkBook) => void;
  /** A part is on its way; tables as they will be then. */
  readonly onPut?: (draft: Draft, book: LinkBook) => void;
  /** A whole transaction is durable. */
  readonly onDurable?: (draft: Draft, book: LinkBook) => void;
}

export interface LinkRun {
  readonly source: ChangeSource;
  readonly handover: Handover;
  readonly signal: AbortSignal;
  /** End once the pool holds everything that the source held when the run began, and every table is copied. */
  readonly once?: boolean;
  /** Tables to empty and copy anew before going on; `everything` also gives up the place in the source's log and takes a new one. */
  readonly resync?: 'everything' | ((table: string) => boolean) | undefined;
  readonly events?: LinkEvents;
  /** How often the chosen tables are looked up anew. */
  readonly lookMs?: number;
  /** An idle position is written down at most this often. */
  readonly idleMs?: number;
  readonly now?: () => number;
}

const maxBytesInFlight = 24 * 1024 * 1024;

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
  run.events?.onFollow?.(book);
  const goal = run.once ? await run.source.head() : undefined;
  try {
    for await (const draft of run.source.follow(start, book, run.signal)) {
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
  readonly #run: LinkRun;
  readonly #book: LinkBook;
  readonly #lane: Lane;
  readonly #now: () => number;
  #lookedAt: number;
  #notedAt: number;
  /** Where the source is followed to, though not yet written down because nothing came of it. */
  #seen: Position | undefined;

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
  }

  /** Writes down where the link starts and the tables it has not met. */
  async begin(chosen: readonly TableSchema[], start: Position): Promise<void> {
    const steps = this.#newTables(chosen, this.#run.resync);
    if (steps.length > 0 || this.#book.position === undefined || this.#book.position !== start) await this.#put(noteDraft(steps, start));
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
    if (this.#now() - this.#lookedAt >= (this.#run.lookMs ?? 10_000)) await this.#look();
    await this.#promote();
    const next = this.#book.copying[0];
    if (next) await this.#copyPage(next);
  }

  async isFulfilled(goal: Position): Promise<boolean> {
    if (this.#book.impatient || !hasReached(this.#seen ?? this.#book.position, goal)) return false;
    if (this.#seen !== undefined && this.#seen !== this.#book.position) await this.#put(noteDraft([], this.#seen));
    return true;
  }

  drain(): Promise<void> {
    return this.#lane.drain();
  }

  async #put(draft: Draft): Promise<void> {
    this.#book.note(draft);
    this.#run.events?.onPut?.(draft, this.#book);
    await this.#lane.put(draft);
  }

  #positionIsDue(): boolean {
    if (this.#seen === undefined || this.#seen === this.#book.position) return false;
    return this.#book.catchingUp.length > 0 || this.#now() - this.#notedAt >= (this.#run.idleMs ?? 10_000);
  }

  async #promote(): Promise<void> {
    const ready = this.#book.catchingUp.filter((one) => hasReached(this.#book.position, one.until!));
    if (ready.length === 0) return;
    await this.#put(noteDraft(ready.map((one) => ({ kind: 'progress', progress: { ...one, state: 'Replicating', until: undefined, seen: undefined } }))));
  }

  async #look(): Promise<void> {
    const chosen = await this.#run.source.describe();
    this.#lookedAt = this.#now();
    const steps = this.#newTables(chosen);
    const names = new Set(chosen.map((schema) => schema.table));
    for (const one of this.#book.tables) {
      if (names.has(one.table) || one.state === 'Failed') continue;
      const fault = { code: 'TableGone', message: `${one.table} is no longer at the source or no longer chosen; its rows stay as they are.`, remedy: 'Create it again, or choose it again with --tables.' };
      steps.push({ kind: 'progress', progress: { ...one, state: 'Failed', fault } });
    }
    if (steps.length === 0) return;
    await this.#run.source.choose(chosen);
    await this.#put(noteDraft(steps));
  }

  /** Steps for tables that are new, or were dropped and made anew, or came back, or shall be copied anew. */
  #newTables(chosen: readonly TableSchema[], resync?: LinkRun['resync']): Step[] {
    const steps: Step[] = [];
    for (const schema of chosen) {
      const known = this.#book.schema(schema.table);
      const back = this.#book.progress(schema.table)?.fault?.code === 'TableGone';
      const again = resync === 'everything' || resync?.(schema.table) === true;
      if (known?.id === schema.id && !back && !again) continue;
      if (known) steps.push({ kind: 'truncate', table: schema.table });
      steps.push({ kind: 'schema', schema, fills: [] }, { kind: 'progress', progress: freshProgress(schema.table) });
    }
    return steps;
  }

  async #copyPage(progress: TableProgress): Promise<void> {
    try {
      await (progress.copied ? this.#fetchMoved(progress) : this.#readPage(progress));
    } catch (error) {
      const fault = toFault(error);
      if (fault.code === 'TableChanged' && fault.target === progress.table) return this.#adoptShape(progress.table);
      if (!concernsTableOnly(fault, progress.table)) throw error;
      await this.#put(noteDraft([{ kind: 'progress', progress: failed(this.#book.progress(progress.table) ?? progress, fault) }]));
    }
  }

  async #readPage(progress: TableProgress): Promise<void> {
    const schema = this.#book.schemaOf(progress.table);
    const fresh = progress.after === undefined;
    const restart = fresh && schema.identity !== 'key';
    const lead: Step[] = restart ? [{ kind: 'truncate', table: progress.table }] : [];
    const pages = this.#run.source.page(schema, progress, this.#run.signal);
    const { end, rows } = await this.#putBatches(schema, pages, lead);
    const rowsCopied = (fresh ? 0 : progress.rowsCopied) + rows;
    const current = this.#book.progress(progress.table) ?? progress;
    const next: TableProgress = { ...current, state: 'Snapshotting', after: end.after, copied: end.after === undefined, seen: end.seen, rowsCopied };
    await this.#finishPage(next);
  }

  /** The table was altered between the last change and this page: take its shape as it is now and copy it from the start. */
  async #adoptShape(table: string): Promise<void> {
    const schema = (await this.#run.source.describe()).find((one) => one.table === table);
    if (!schema) return this.#look();
    await this.#put(noteDraft([{ kind: 'schema', schema, fills: [] }, { kind: 'progress', progress: recopied(this.#book.progress(table) ?? freshProgress(table)) }]));
  }

  async #fetchMoved(progress: TableProgress): Promise<void> {
    const schema = this.#book.schemaOf(progress.table);
    await this.#putBatches(schema, this.#run.source.fetch(schema, progress.moved, this.#run.signal), []);
    await this.#finishPage({ ...progress, moved: [] });
  }

  async #finishPage(next: TableProgress): Promise<void> {
    const until = next.copied && next.moved.length === 0 ? await this.#run.source.head() : undefined;
    await this.#put({ ...noteDraft([{ kind: 'progress', progress: { ...next, until } }]), first: false });
  }

  /** Puts batches as parts of a transaction that the caller ends. */
  async #putBatches(schema: TableSchema, batches: AsyncGenerator<ColumnBatch, PageEnd>, lead: readonly Step[]): Promise<{ end: PageEnd; rows: number }> {
    let rows = 0;
    let steps: readonly Step[] = lead;
    await this.#put({ ...noteDraft(steps), last: false });
    for (;;) {
      const next = await batches.next();
      if (next.done) return { end: next.value, rows };
      rows += next.value.rows;
      const step: Step = { kind: 'rows', table: schema.table, removes: undefined, inserts: next.value, patches: undefined, replaces: true };
      steps = [step];
      await this.#put({ ...noteDraft(steps), first: false, last: false, bytes: stepBytes(step) });
    }
  }
}

/** A fault that names one table and that waiting does not mend stops that table only. */
function concernsTableOnly(fault: Fault, table: string): boolean {
  if (fault.target === undefined || !(fault.target === table || fault.target.startsWith(`${table}.`))) return false;
  return policies[fault.kind].retry === 'never' && fault.kind !== 'cancelled' && fault.kind !== 'bug' && fault.kind !== 'corrupt';
}
