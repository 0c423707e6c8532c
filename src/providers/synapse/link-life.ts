import { mkdir, rm } from 'node:fs/promises';
import { fault, toFault, type Fault } from '#base/fault.ts';
import { backoffMs, retryLevel } from '#base/service.ts';
import type { Log } from '#base/log.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import { wantedOf } from '#replication/link-state.ts';
import type { RunningJob } from '#runtime/runtime.ts';
import { Bell } from './bell.ts';
import { LinkAttendance } from './link-attendance.ts';
import { standingOf } from './link-budget.ts';
import { askOnce } from './link-job.ts';
import type { MeasuredLink } from './link-metrics.ts';
import { filledTables } from './link-filled.ts';
import { LinkNews } from './link-news.ts';
import { LinkPath } from './link-path.ts';
import { filling, givenBack, moved, owing, resumedByItself, suspended, troubled } from './link-moves.ts';
import type { SynapseLinkOptions } from './link-options.ts';
import { linkFolder, runFolder, runFolders, runsOnDisk, shortName } from './link-places.ts';
import type { LinkRecord, LinkRecords, LinkRun, RecordChange } from './link-record.ts';
import { budgetOf, captureOf, type LinkProperties } from './link-shape.ts';
import { workerTables } from './link-tables.ts';
import { poolIdOf } from './link-target.ts';
import { behindMs, type LinkLive, type LinkSeen } from './link-view.ts';
import { checkWay, type LinkWay, wayOf } from './link-way.ts';
import type { PoolLinkReport } from './pool-host.ts';
import { sameReport } from './pool-news.ts';
import type { SqlPoolOrders } from './sql-pool-orders.ts';
import { linkConnectionType } from './type-names.ts';

/** What a life needs besides the options. */
export interface LifeTools {
  readonly options: SynapseLinkOptions;
  readonly records: LinkRecords;
  readonly orders: SqlPoolOrders;
}

/** A check of a paused link's log. */
const healthEveryMs = 180_000;
const shortJobMs = 60_000;
const idleMs = 600_000;
/** A follow that lasted this long was well: its failure counts as the first. */
const steadyMs = 60_000;

/** Has one link be what its record says it is to be, one thing at a time, as long as it is there. */
export class LinkLife {
  readonly id: string;
  readonly bell: Bell;
  /** Its workers begin by this. */
  readonly path: LinkPath;
  readonly #tools: LifeTools;
  readonly #log: Log;
  #attempt = 0;
  #attendance: LinkAttendance | undefined;
  #job: RunningJob | undefined;
  #nextBatchMs: number | undefined;
  #last: Resource<LinkProperties> | undefined;
  readonly #news: LinkNews;
  /** What its pool told of it last. */
  #told: PoolLinkReport | undefined;
  /** When the log of the paused link was looked at, and as what the link was saved then. */
  #looked = { ms: -Infinity, generation: 0 };
  #held: LinkLive['looked'];

  constructor(id: string, tools: LifeTools) {
    this.id = id;
    this.#tools = tools;
    this.bell = new Bell(tools.options.clock);
    this.#log = tools.options.log.child({ link: shortName(id) });
    this.path = new LinkPath({ id, options: tools.options, records: tools.records, log: this.#log });
    this.#news = new LinkNews({ seen: () => this.#seen(), records: tools.records, log: this.#log, pools: tools.options.pools });
  }

  get live(): LinkLive {
    const attendance = this.#attendance;
    return {
      report: attendance?.report,
      isolated: this.#job?.isolated,
      pid: this.#job?.pid,
      nextBatchMs: this.#nextBatchMs,
      heardMs: attendance?.heardMs,
      looked: this.#held,
    };
  }

  /** What it waits for may be there: it is looked after at once, and soon again, since what is written takes a moment to be true. */
  hurry(): void {
    this.#attempt = 0;
    this.bell.ring();
  }

  /** The key of the pool that it fills; undefined: it was not looked at yet. */
  get pool(): string | undefined {
    return this.#last === undefined ? undefined : keyOf(poolIdOf(this.#last));
  }

  /** Its pool has told something. */
  poolTold(): void {
    const report = this.#seen()?.pool.report;
    if (sameReport(report, this.#told)) return;
    this.#told = report;
    this.#heard();
  }

  #heard(): void {
    this.#ring();
    this.#news.note();
  }

  /** Its pool runs, or runs no more. */
  poolMoved(): void {
    this.#ring();
    this.#news.note();
  }

  /** As it was when last looked at. */
  get measured(): MeasuredLink | undefined {
    const seen = this.#seen();
    return seen && { id: this.id, state: seen.record.state, behindMs: behindMs(seen) };
  }

  #seen(): LinkSeen | undefined {
    const [link, record] = [this.#last, this.#tools.records.latest(this.id)];
    return link && record && seenLink({ link, record, live: this.live }, this.#tools);
  }

  /** Until the signal aborts or the link is gone. Rejects only where the store fails. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#run(signal);
    } finally {
      await this.#news[Symbol.asyncDispose]();
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    await this.path.begin();
    // Whatever was followed was followed by a process that is no more.
    await this.#change(moved('lost', this.#now(), 'The program began anew: the worker is started again.'));
    while (!signal.aborted) {
      const link = await this.#link();
      if (link === undefined) return;
      const begunMs = this.#clock.monotonicMs();
      try {
        await this.#step(link, signal);
        this.#attempt = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (this.#clock.monotonicMs() - begunMs > steadyMs) this.#attempt = 0;
        await this.#failed(toFault(error), signal);
      }
    }
  }

  async #step(link: Resource<LinkProperties>, signal: AbortSignal): Promise<void> {
    const record = await this.#tools.records.read(this.id);
    switch (wantedOf(record.state)) {
      case 'run':
        return await this.#follow(link, record, signal);
      case 'rest':
        return await this.#rest(link, record, signal);
      case 'release':
        return await this.#release(link, record, signal);
      case 'nothing':
        return await this.bell.wait(idleMs, signal);
    }
  }

  /** It is said, and tried again after a growing pause, or as soon as something that matters has changed. */
  async #failed(trouble: Fault, signal: AbortSignal): Promise<void> {
    const retryMs = backoffMs(this.#attempt, this.#tools.options.random());
    this.#attempt += 1;
    this.#log[retryLevel(trouble, retryMs)]({ err: trouble, retryMs }, 'link waits');
    await this.#change(moved('lost', this.#now(), trouble.message));
    if (trouble.kind === 'lost-history') await this.#giveUp(trouble);
    else await this.#change(troubled(trouble, this.#now()));
    await this.bell.wait(retryMs, signal);
  }

  /** Reads its source until it is to do something else. */
  async #follow(link: Resource<LinkProperties>, { run, owed }: LinkRecord, signal: AbortSignal): Promise<void> {
    if (run === null) throw fault('bug', 'LinkWithoutRun', 'A link is to run and has no run.', { target: this.id });
    // Its next pause begins with a look.
    this.#looked = { ms: -Infinity, generation: 0 };
    const { options } = this.#tools;
    // Its tables may be in the pool already, and what the pool says of them is wanted even while the source is away.
    const former = (await runsOnDisk(options.folder, this.id)).filter((one) => one !== run.id);
    void this.#settle(link, former).catch((error: unknown) => this.#log.warn({ err: toFault(error) }, 'pool cannot be opened'));
    const way = await wayOf(link, options);
    await checkWay(way, options.explain);
    for (const slot of owed) if (slot !== run.slot) await this.#releaseSlot(way, slot, signal);
    const folders = runFolders(options.folder, this.id, run);
    await mkdir(folders.landing, { recursive: true, mode: 0o700 });
    await mkdir(folders.spool, { recursive: true, mode: 0o700 });
    await this.#change(owing(run.slot));
    const minutes = link.properties.compute?.dataProcessIntervalMinutes ?? 0;
    const ended = await this.#attend({ link, run, way, once: minutes > 0 }, signal);
    if (ended !== 'done') return;
    if (minutes === 0) throw fault('unreachable', 'LinkWorkerEnded', 'The worker of the link ended unasked.', { target: this.id });
    await this.#change(moved('following', this.#now(), 'A batch is done.'));
    await this.#change(troubled(undefined, this.#now()));
    await this.#betweenBatches(minutes * 60_000, run, signal);
  }

  /** Once the pool has forgotten the runs before this one, nobody needs what they left. */
  async #settle(link: Resource<LinkProperties>, former: readonly string[]): Promise<void> {
    const { options, orders } = this.#tools;
    await orders.settle(poolIdOf(link));
    for (const run of former) await rm(runFolder(options.folder, this.id, { id: run }), { recursive: true, force: true });
  }

  async #attend(
    { link, run, way, once }: { link: Resource<LinkProperties>; run: LinkRun; way: LinkWay; once: boolean },
    signal: AbortSignal,
  ): Promise<'done' | 'told'> {
    const { options, records } = this.#tools;
    const { landing, spool } = runFolders(options.folder, this.id, run);
    const tables = workerTables(link.properties, new Set(run.over));
    const order = {
      name: shortName(this.id),
      slot: run.slot,
      store: way.login,
      tables,
      capture: captureOf(link.properties),
      landing,
      spool,
      once,
    };
    const name = `link ${shortName(this.id)}`;
    await using job = await this.path.start(
      { segment: way.segment, name, job: { kind: 'link', link: order }, writable: [landing, spool] },
      signal,
    );
    this.#job = job;
    this.#ring();
    this.#log.info({ run: run.number, tables: tables.length, isolated: job.isolated }, 'link is read');
    const attendance = new LinkAttendance({
      id: this.id,
      run,
      way,
      tables,
      once,
      job,
      bell: this.bell,
      options,
      records,
      onHeard: () => this.#heard(),
    });
    this.#attendance = attendance;
    return await attendance.run(signal);
  }

  /** The worker is gone until the next batch, unless something else is asked meanwhile. */
  async #betweenBatches(ms: number, run: LinkRun, signal: AbortSignal): Promise<void> {
    const endMs = this.#clock.monotonicMs() + ms;
    this.#nextBatchMs = this.#clock.nowMs() + ms;
    this.#ring();
    try {
      for (let left = ms; left > 0 && !signal.aborted; left = endMs - this.#clock.monotonicMs()) {
        await this.bell.wait(left, signal);
        const record = await this.#tools.records.read(this.id);
        const link = await this.#link();
        if (link === undefined || record.run?.id !== run.id || wantedOf(record.state) !== 'run' || record.recopy.length > 0) return;
        if ((link.properties.compute?.dataProcessIntervalMinutes ?? 0) * 60_000 !== ms) return;
      }
    } finally {
      this.#nextBatchMs = undefined;
      this.#ring();
    }
  }

  /** No worker, and its place is kept, unless it gave that up. */
  async #rest(link: Resource<LinkProperties>, record: LinkRecord, signal: AbortSignal): Promise<void> {
    await this.#change(filling(filledTables(link, record.run, this.#tools.options)));
    if (record.suspended !== null) {
      if (record.owed.length > 0) return await this.#giveBack(link, record, signal);
      if (record.state === 'Pausing') await this.#change(moved('rested', this.#now(), 'Its place was given up.'));
      const again = await this.#change(resumedByItself({ ...this.#now(), link: this.id, newId: this.#tools.options.newId() }));
      if (wantedOf(again.state) === 'rest') await this.bell.wait(idleMs, signal);
      return;
    }
    const rested = await this.#change(moved('rested', this.#now(), 'The worker has ended; the place in the source is kept.'));
    const { generation } = link;
    // Whoever saves the link may have given it another budget.
    const leftMs = generation === this.#looked.generation ? this.#looked.ms + healthEveryMs - this.#clock.monotonicMs() : 0;
    if (leftMs > 0 || rested.owed.length === 0) return await this.bell.wait(leftMs > 0 ? leftMs : idleMs, signal);
    this.#looked = { ms: this.#clock.monotonicMs(), generation };
    await this.#lookAtLog(link, rested, signal);
  }

  /** What the source keeps for a link that is paused must not grow without end. */
  async #lookAtLog(link: Resource<LinkProperties>, { run }: LinkRecord, signal: AbortSignal): Promise<void> {
    if (run === null) return;
    const way = await wayOf(link, this.#tools.options);
    await checkWay(way, this.#tools.options.explain);
    const job = {
      kind: 'check' as const,
      store: way.login,
      slot: run.slot,
      tables: [],
      capture: captureOf(link.properties),
      timeoutMs: shortJobMs,
    };
    const { held, findings } = await askOnce(this.path, this.#shortOrder(way, job), 'checked', signal);
    this.#held = { heldBytes: held?.heldBytes, atMs: this.#clock.nowMs() };
    const gone = findings.find(({ code }) => code === 'SlotInvalidated');
    if (gone !== undefined)
      return await this.#giveUp(
        fault('lost-history', gone.code, gone.message, { target: this.id, remedy: 'Resume the link: everything is copied anew.' }),
      );
    const heldBytes = held === null ? undefined : BigInt(held.heldBytes);
    const standing = standingOf(heldBytes, budgetOf(link.properties), this.id);
    if (standing.kind === 'exceeded') await this.#giveUp(standing.why);
    else await this.#change(troubled(standing.kind === 'warn' ? standing.why : undefined, this.#now()));
  }

  #shortOrder<Job>(way: LinkWay, job: Job): { segment: string; name: string; job: Job; writable: readonly string[] } {
    return { segment: way.segment, name: `link ${shortName(this.id)}`, job, writable: [] };
  }

  async #giveUp(why: Fault): Promise<void> {
    const link = await this.#link();
    const byItself = link !== undefined && budgetOf(link.properties).whenExceeded === 'reseed';
    this.#log.error({ err: why, byItself }, 'link gives its place up');
    await this.#change(suspended(why, byItself, this.#now()));
    this.bell.ring();
  }

  /** The pool forgets the run, the source gets all back, the landing zone goes. Tables stay. */
  async #release(link: Resource<LinkProperties>, record: LinkRecord, signal: AbortSignal): Promise<void> {
    const { orders, options } = this.#tools;
    await orders.settle(poolIdOf(link)).catch((error: unknown) => this.#log.warn({ err: toFault(error) }, 'pool cannot be opened'));
    if (record.abandoned) this.#log.warn({ slots: record.owed }, 'link is abandoned: its slots are not given back');
    else await this.#giveBack(link, record, signal);
    await rm(linkFolder(options.folder, this.id), { recursive: true, force: true });
    await this.#change(moved('released', this.#now(), record.abandoned ? 'Abandoned.' : 'The source keeps nothing for it any more.'));
    await this.#change(troubled(undefined, this.#now()));
  }

  async #giveBack(link: Resource<LinkProperties>, { owed }: LinkRecord, signal: AbortSignal): Promise<void> {
    if (owed.length === 0) return;
    const way = await wayOf(link, this.#tools.options);
    await checkWay(way, this.#tools.options.explain);
    for (const slot of owed) await this.#releaseSlot(way, slot, signal);
  }

  async #releaseSlot(way: LinkWay, slot: string, signal: AbortSignal): Promise<void> {
    const job = { kind: 'release' as const, store: way.login, slot, timeoutMs: shortJobMs };
    await using running = await this.path.start(this.#shortOrder(way, job), signal);
    for await (const event of running.events) if (event.kind === 'done') break;
    signal.throwIfAborted();
    await this.#change(givenBack(slot));
    this.#log.info({ slot }, 'the source keeps nothing more for it');
  }

  async #link(): Promise<Resource<LinkProperties> | undefined> {
    this.#last = (await this.#tools.options.store.get(this.id)) as unknown as Resource<LinkProperties> | undefined;
    return this.#last;
  }

  async #change(change: RecordChange): Promise<LinkRecord> {
    return await this.#tools.records.change(this.id, change);
  }

  #ring(): void {
    this.#tools.options.ring(this.id, linkConnectionType);
  }

  get #clock() {
    return this.#tools.options.clock;
  }

  #now(): { readonly at: string } {
    return { at: new Date(this.#clock.nowMs()).toISOString() };
  }
}

/** What is known of a link, with what its pool says. */
export function seenLink({ link, record, live }: Pick<LinkSeen, 'link' | 'record' | 'live'>, { options, orders }: LifeTools): LinkSeen {
  const pool = poolIdOf(link);
  const report = options.pools.report(keyOf(pool));
  const run = record.run === null ? undefined : report?.links.get(record.run.id);
  return {
    link,
    record,
    live,
    pool: { standing: orders.standing(pool), trouble: orders.trouble(pool) ?? report?.trouble, report: run },
    nowMs: options.clock.nowMs(),
  };
}
