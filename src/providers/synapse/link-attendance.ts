import { fault, toFault, type Fault } from '#base/fault.ts';
import type { Resource } from '#arm/resource.ts';
import { wantedOf } from '#replication/link-state.ts';
import type { LinkReport, LinkTable, TableName } from '#runtime/job.ts';
import { tableName } from '#replication/schema.ts';
import type { RunningJob } from '#runtime/runtime.ts';
import type { Bell } from './bell.ts';
import { standingOf } from './link-budget.ts';
import { filling, moved, suspended, troubled } from './link-moves.ts';
import type { SynapseLinkOptions } from './link-options.ts';
import { shortName } from './link-places.ts';
import type { LinkRecord, LinkRecords, LinkRun, RecordChange } from './link-record.ts';
import { budgetOf, type LinkProperties } from './link-shape.ts';
import { workerTables } from './link-tables.ts';
import { filledTables } from './link-filled.ts';
import { type LinkWay, sameWay, wayOf } from './link-way.ts';

export interface Attended {
  readonly id: string;
  readonly run: LinkRun;
  /** As the worker was told them. */
  readonly way: LinkWay;
  readonly tables: readonly LinkTable[];
  readonly once: boolean;
  readonly job: RunningJob;
  readonly bell: Bell;
  readonly options: SynapseLinkOptions;
  readonly records: LinkRecords;
  /** Told after each report; quick, and never throws. */
  readonly onHeard: () => void;
}

/** How often it is looked whether the worker is still heard of. */
const lookEveryMs = 2_000;
/** A worker that says nothing for so long is taken for lost. It speaks every few seconds while it is well. */
const silentMs = 30_000;
/** So long may an orderly end take. */
const stopMs = 15_000;

/**
 * Attends one worker of a link: writes down what it tells, tells it what is asked meanwhile, and ends it when it is to end. Progress is in landing
 * zone and pool: nothing is lost with the worker.
 */
export class LinkAttendance {
  readonly #it: Attended;
  #report: LinkReport | undefined;
  #told: string;
  #heardMs: number | undefined;
  #heardAtMs: number;
  #warned = false;
  #over = false;
  /** Tables that the worker was told to copy anew, and by which message of that kind: those before it are among what it says it was asked. */
  readonly #recopied = new Map<string, number>();
  #recopies = 0;

  constructor(it: Attended) {
    this.#it = it;
    this.#told = JSON.stringify(it.tables);
    this.#heardAtMs = it.options.clock.monotonicMs();
  }

  get report(): LinkReport | undefined {
    return this.#report;
  }

  get heardMs(): number | undefined {
    return this.#heardMs;
  }

  /** `done`: the worker has done what it was to do; `told`: it was ended. Throws why it ended otherwise. */
  async run(signal: AbortSignal): Promise<'done' | 'told'> {
    try {
      return await this.#attend(signal);
    } finally {
      this.#over = true;
    }
  }

  async #attend(signal: AbortSignal): Promise<'done' | 'told'> {
    const { bell, job } = this.#it;
    let end: { readonly trouble: Fault | undefined } | undefined;
    const ended = this.#listen()
      .then(
        () => ({ trouble: undefined }),
        (error: unknown) => ({ trouble: toFault(error) }),
      )
      .then((value) => {
        end = value;
        bell.ring();
      });
    // What is asked is told at once: a batch may be a short one.
    while (!signal.aborted && end === undefined && (await this.#look())) await bell.wait(lookEveryMs, signal);
    if (end === undefined) {
      await this.#stop(job, ended);
      return 'told';
    }
    const { trouble } = end as { readonly trouble: Fault | undefined };
    if (trouble !== undefined) throw trouble;
    return 'done';
  }

  async #listen(): Promise<void> {
    for await (const event of this.#it.job.events) {
      // What a worker said that was given up is not true of the next one.
      if (this.#over) return;
      if (event.kind !== 'link') continue;
      await this.#heard(event.report);
    }
  }

  async #heard(report: LinkReport): Promise<void> {
    this.#heardMs = this.#it.options.clock.nowMs();
    this.#heardAtMs = this.#it.options.clock.monotonicMs();
    this.#report = report;
    this.#it.onHeard();
    if (report.following) await this.#change(moved('following', this.#now(), 'The changes of the source are followed.'));
    else await this.#change(moved('lost', this.#now(), report.trouble?.message ?? 'The source is not followed.'));
    await this.#crossOut(report);
    await this.#budget(report);
  }

  /** What the worker has durably begun to copy anew is asked no more; until then it is asked of the next worker too. */
  async #crossOut({ recopies: { asked, open } }: LinkReport): Promise<void> {
    const still = new Set(open.map(keyOfTable));
    const taken = new Set([...this.#recopied].filter(([table, number]) => number <= asked && !still.has(table)).map(([table]) => table));
    if (taken.size === 0) return;
    await this.#change((record) => ({ ...record, recopy: record.recopy.filter((one) => !taken.has(keyOfTable(one))) }));
    for (const table of taken) this.#recopied.delete(table);
  }

  /** The source's log is watched over; what the worker waits for, or the log's size, is what is wrong with the link. */
  async #budget({ heldBytes, trouble }: LinkReport): Promise<void> {
    const link = await this.#link();
    if (link === undefined) return;
    const held = heldBytes === null ? undefined : BigInt(heldBytes);
    const budget = budgetOf(link.properties);
    const standing = standingOf(held, budget, this.#it.id);
    if (standing.kind === 'exceeded') {
      await this.#change(suspended(standing.why, budget.whenExceeded === 'reseed', this.#now()));
      this.#it.bell.ring();
      return;
    }
    if (standing.kind === 'within') this.#warned = false;
    else if (!this.#warned) {
      this.#warned = true;
      this.#it.options.log.warn(
        { link: shortName(this.#it.id), heldBytes, warnBytes: budget.warnBytes },
        'source keeps much log for a link',
      );
    }
    const wrong = trouble ?? (standing.kind === 'warn' ? standing.why : undefined);
    // The size is another one every time.
    await this.#change((record) =>
      wrong !== undefined && record.fault?.code === wrong.code ? undefined : troubled(wrong, this.#now())(record),
    );
  }

  /** What is asked now; false: the worker is to end. */
  async #look(): Promise<boolean> {
    const { id, run, way, once, options, records } = this.#it;
    const record = await records.read(id);
    const link = await this.#link();
    if (link === undefined || record.run?.id !== run.id || wantedOf(record.state) !== 'run') return false;
    if (this.#it.options.clock.monotonicMs() - this.#heardAtMs > silentMs) throw silent(id);
    if ((link.properties.compute?.dataProcessIntervalMinutes ?? 0) > 0 !== once) return false;
    if (!sameWay(await wayOf(link, options), way)) {
      await this.#change(moved('lost', this.#now(), 'The linked service was changed: the worker is started anew.'));
      return false;
    }
    await this.#tell(link, record);
    await this.#noteFilled(link);
    return true;
  }

  async #tell(link: Resource<LinkProperties>, { recopy }: LinkRecord): Promise<void> {
    const { job, run } = this.#it;
    const tables = workerTables(link.properties, new Set(run.over));
    const text = JSON.stringify(tables);
    if (text !== this.#told) {
      job.send({ kind: 'tables', tables });
      this.#told = text;
    }
    const wanted = recopy.filter((one) => !this.#recopied.has(keyOfTable(one)));
    if (wanted.length > 0) {
      job.send({ kind: 'recopy', tables: wanted });
      this.#recopies += 1;
      for (const one of wanted) this.#recopied.set(keyOfTable(one), this.#recopies);
    }
  }

  /** Tables with rows of this run in the pool are the link's own from now on. */
  async #noteFilled(link: Resource<LinkProperties>): Promise<void> {
    await this.#change(filling(filledTables(link, this.#it.run, this.#it.options)));
  }

  async #stop(job: RunningJob, ended: Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#it.options.clock.timer(stopMs, resolve);
    // Whoever does not end in good order is ended by whoever disposes of the job.
    await Promise.race([job.stop().then(() => ended), promise]).catch((error: unknown) => toFault(error));
    cancel();
  }

  async #link(): Promise<Resource<LinkProperties> | undefined> {
    return (await this.#it.options.store.get(this.#it.id)) as unknown as Resource<LinkProperties> | undefined;
  }

  async #change(change: RecordChange): Promise<void> {
    const record = await this.#it.records.read(this.#it.id);
    // Most of what is told changes nothing: the store is not asked to write then.
    if (change(record) !== undefined) await this.#it.records.change(this.#it.id, change);
  }

  #now(): { readonly at: string } {
    return { at: new Date(this.#it.options.clock.nowMs()).toISOString() };
  }
}

function keyOfTable({ schema, name }: TableName): string {
  return tableName(schema, name);
}

function silent(id: string): Fault {
  return fault('unreachable', 'LinkWorkerSilent', `The worker of the link has said nothing for ${silentMs / 1000} seconds.`, {
    target: id,
    remedy: 'It is ended, and another one goes on where it was.',
  });
}
