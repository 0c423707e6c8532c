import type { LinkBook } from '#replication/link-book.ts';
import { draftRows, lagMs } from '#replication/metrics.ts';
import type { Draft } from '#replication/segment.ts';

export interface ProgressOutput {
  readonly write: (text: string) => void;
  /** A terminal: one line is drawn over and over; else whole lines now and then. */
  readonly isTerminal: boolean;
  readonly columns: number;
}

const redrawMs = 200;
const plainMs = 2000;

/** Shows how far a link is: rows copied with a bar and the time left, then changes and lag. */
export class ProgressView {
  readonly #output: ProgressOutput;
  readonly #now: () => number;
  readonly #begun: number;
  #estimates: ReadonlyMap<string, number> = new Map();
  #drawnAt = Number.NEGATIVE_INFINITY;
  #copied = 0;
  #changes = 0;
  #lagMs: number | undefined;
  #drawn = false;
  #lastPlain = '';

  constructor(output: ProgressOutput, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#now = now;
    this.#begun = now();
  }

  /** About how many rows the tables have. */
  estimate(rows: ReadonlyMap<string, number>): void {
    this.#estimates = rows;
  }

  put(draft: Draft, book: LinkBook): void {
    if (draft.changes > 0) this.#changes += draft.changes;
    else this.#copied += draftRows(draft);
    this.#draw(book);
  }

  durable(draft: Draft, book: LinkBook, nowMs: number): void {
    if (draft.committedAt !== undefined) this.#lagMs = lagMs(draft.committedAt, nowMs);
    this.#draw(book);
  }

  /** A whole line of its own. */
  say(text: string): void {
    this.#output.write(`${this.#clear()}${text}\n`);
    this.#drawnAt = Number.NEGATIVE_INFINITY;
  }

  /** The last state as a whole line. */
  end(book: LinkBook | undefined): void {
    if (book) this.#output.write(`${this.#clear()}${this.#line(book)}\n`);
  }

  #draw(book: LinkBook): void {
    const now = this.#now();
    if (now - this.#drawnAt < (this.#output.isTerminal ? redrawMs : plainMs)) return;
    this.#drawnAt = now;
    const line = this.#line(book);
    if (this.#output.isTerminal) {
      this.#output.write(`\r${line.slice(0, this.#output.columns - 1)}\u001B[K`);
      this.#drawn = true;
    } else if (line !== this.#lastPlain) {
      this.#output.write(`${line}\n`);
      this.#lastPlain = line;
    }
  }

  #clear(): string {
    const clear = this.#drawn ? '\r\u001B[K' : '';
    this.#drawn = false;
    return clear;
  }

  #line(book: LinkBook): string {
    const tables = book.tables;
    const ready = tables.filter((one) => one.state === 'Replicating').length;
    const broken = tables.filter((one) => one.state === 'Failed' || one.state === 'Suspended').length;
    const head = `${ready}/${tables.length} tables${broken > 0 ? `, ${broken} failed` : ''}`;
    const changes = `${count(this.#changes)} changes${this.#lagMs === undefined ? '' : `, lag ${duration(this.#lagMs)}`}`;
    if (!book.impatient) return `${head}  ${changes}`;
    return `${head}  ${this.#copying(book)}  ${changes}`;
  }

  #copying(book: LinkBook): string {
    let total = 0;
    let done = 0;
    for (const one of book.tables) {
      const estimated = this.#estimates.get(one.table) ?? 0;
      const copied = one.copied || one.state === 'Replicating';
      total += copied ? one.rowsCopied : Math.max(estimated, one.rowsCopied);
      done += one.rowsCopied;
    }
    const seconds = (this.#now() - this.#begun) / 1000;
    const share = total === 0 ? 1 : done / total;
    const perSecond = this.#copied / Math.max(seconds, 0.001);
    const left = perSecond > 0 ? duration(((total - done) / perSecond) * 1000) : '?';
    const width = 20;
    const filled = Math.round(share * width);
    return `[${'#'.repeat(filled)}${'-'.repeat(width - filled)}] ${Math.floor(share * 100)} %  ${count(done)} rows, ${count(perSecond)}/s, ${left} left`;
  }
}

function count(value: number): string {
  if (value >= 10_000_000) return `${(value / 1_000_000).toFixed(1)} M`;
  if (value >= 10_000) return `${Math.round(value / 1000)} k`;
  return String(Math.round(value));
}

function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}
