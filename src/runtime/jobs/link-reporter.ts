import type { Fault } from '#base/fault.ts';
import { faultText, type FaultText } from '#base/fault-text.ts';
import type { ChosenTables, PlacedTable } from '#replication/chosen-tables.ts';
import type { LinkBook } from '#replication/link-book.ts';
import type { LinkWishes } from '#replication/link-wishes.ts';
import { tableName } from '#replication/schema.ts';
import type { TableProgress } from '#replication/segment.ts';
import type { Finding, SourceHealth } from '#replication/source.ts';
import type { JobEvent, LinkReport, LinkTableReport } from '../job.ts';
import { jobFindings } from './job-finding.ts';

/** Reports are told at most this often, */
const everyMs = 200;
/** and at least this often, so that a worker that says nothing is known to be stuck. */
const aliveMs = 5_000;

interface Deferral {
  readonly why: Fault;
  /** As the table was then: once it is otherwise, the reason has passed. */
  readonly progress: TableProgress | undefined;
}

/** Gathers what is known of a link, and tells it: always the whole, soon after it has changed. */
export class LinkReporter implements Disposable {
  readonly #choice: ChosenTables;
  readonly #tell: (event: JobEvent) => void;
  readonly #deferrals = new Map<string, Deferral>();
  #book: LinkBook | undefined;
  #following = false;
  #trouble: Fault | undefined;
  #poolBehind: Fault | undefined;
  #findings: readonly Finding[] = [];
  #estimates: ReadonlyMap<string, number> = new Map();
  #health: SourceHealth | undefined;
  #timer: NodeJS.Timeout | undefined;
  #over = false;
  #toldMs = Number.NEGATIVE_INFINITY;
  readonly #wishes: LinkWishes;
  readonly #beat: NodeJS.Timeout = setInterval(() => this.touch(), aliveMs);

  constructor(choice: ChosenTables, wishes: LinkWishes, tell: (event: JobEvent) => void) {
    this.#choice = choice;
    this.#wishes = wishes;
    this.#tell = tell;
  }

  take(book: LinkBook): void {
    this.#book = book;
    this.touch();
  }

  follows(book: LinkBook): void {
    this.#following = true;
    this.#trouble = undefined;
    this.take(book);
  }

  waits(trouble: Fault): void {
    this.#following = false;
    this.#trouble = trouble;
    this.touch();
  }

  /** The landing zone has no room until the pool has taken some of it. */
  poolIsBehind(why: Fault | undefined): void {
    this.#poolBehind = why;
    this.touch();
  }

  deferred(table: string, why: Fault): void {
    this.#deferrals.set(table, { why, progress: this.#book?.progress(table) });
    this.touch();
  }

  found(findings: readonly Finding[]): void {
    this.#findings = findings;
    this.touch();
  }

  estimated(rows: ReadonlyMap<string, number>): void {
    this.#estimates = rows;
    this.touch();
  }

  felt(health: SourceHealth): void {
    this.#health = health;
    this.touch();
  }

  /** Chosen tables that the link does not have, because something stands against it or because they are about to be taken in. */
  get absent(): boolean {
    return this.#choice.names.some((table) => this.#book?.progress(table) === undefined);
  }

  /** Something has changed. */
  touch(): void {
    if (this.#timer || this.#over) return;
    const waitMs = this.#toldMs + everyMs - performance.now();
    if (waitMs <= 0) this.flush();
    else this.#timer = setTimeout(() => this.flush(), waitMs);
  }

  /** Tells it now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#toldMs = performance.now();
    this.#tell({ kind: 'link', report: this.#whole() });
  }

  [Symbol.dispose](): void {
    this.#over = true;
    clearTimeout(this.#timer);
    clearInterval(this.#beat);
  }

  #whole(): LinkReport {
    const trouble = this.#trouble ?? this.#poolBehind;
    return {
      following: this.#following,
      tables: this.#choice.exact.map((one) => this.#table(one)),
      position: this.#book?.position ?? null,
      heldBytes: this.#health === undefined ? null : String(this.#health.heldBytes),
      headroomBytes: this.#health?.headroomBytes === undefined ? null : String(this.#health.headroomBytes),
      findings: jobFindings([...this.#keptPlaces(), ...this.#findings.filter((one) => one.severity !== 'info')]),
      trouble: trouble === undefined ? null : faultText(trouble),
      heardMs: this.#health?.heardMs === undefined ? null : Math.round(this.#health.heardMs),
      recopies: {
        asked: this.#wishes.asked,
        open: this.#choice.exact.flatMap(({ schema, name }) => (this.#wishes.wants(tableName(schema, name)) ? [{ schema, name }] : [])),
      },
    };
  }

  #table({ schema, name }: PlacedTable): LinkTableReport {
    const table = tableName(schema, name);
    const estimatedRows = this.#estimates.get(table) ?? null;
    const progress = this.#book?.progress(table);
    if (progress && this.#wishes.wants(table)) return { schema, name, state: 'Waiting', rowsCopied: 0, estimatedRows, fault: null };
    if (progress) {
      const { state, rowsCopied } = progress;
      return { schema, name, state, rowsCopied, estimatedRows, fault: this.#faultOf(table, progress) };
    }
    const against = this.#findings.find((one) => one.severity === 'error' && one.target === table);
    return { schema, name, state: against ? 'Failed' : 'Waiting', rowsCopied: 0, estimatedRows, fault: against ? asFault(against) : null };
  }

  #faultOf(table: string, progress: TableProgress): FaultText | null {
    if (progress.fault) return { kind: 'precondition', target: table, ...progress.fault };
    const deferral = this.#deferrals.get(table);
    if (deferral === undefined) return null;
    if (deferral.progress === progress) return faultText(deferral.why);
    this.#deferrals.delete(table);
    return null;
  }

  /** Tables that were given another place while the link has them. */
  #keptPlaces(): Finding[] {
    const kept: Finding[] = [];
    for (const { schema, name, placement } of this.#choice.exact) {
      const table = tableName(schema, name);
      const here = this.#book?.schema(table)?.placement;
      if (!here || (here.schema === placement.schema && here.name === placement.name)) continue;
      kept.push({
        severity: 'warning',
        code: 'PlacementKept',
        message: `${table} goes on to ${tableName(here.schema, here.name)}: a table that the link has is not moved to another place.`,
        target: table,
        remedy: 'Take the table out of the link, and add it again with its new place: it is then copied there.',
      });
    }
    return kept;
  }
}

function asFault({ code, message, target, remedy }: Finding): FaultText {
  return { kind: code === 'TableMissing' ? 'missing' : 'precondition', code, message, target, remedy };
}
