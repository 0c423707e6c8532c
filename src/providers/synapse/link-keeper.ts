import { toFault } from '#base/fault.ts';
import type { Service } from '#base/service.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { ResourceChange } from '#arm/store.ts';
import { filledTables } from './link-filled.ts';
import { LinkLife, type LifeTools, seenLink } from './link-life.ts';
import { showLinks } from './link-metrics.ts';
import { asked, filling, type LinkAsk, type MoveContext } from './link-moves.ts';
import type { SynapseLinkOptions } from './link-options.ts';
import { LinkRecords, type LinkRecord, type RecordChange } from './link-record.ts';
import type { LinkProperties } from './link-shape.ts';
import type { LinkSeen } from './link-view.ts';
import type { SeenPaths } from './path-view.ts';
import { PoolNews } from './pool-news.ts';
import { SqlPoolOrders } from './sql-pool-orders.ts';
import { linkConnectionType, workspaceType } from './type-names.ts';

interface Kept {
  readonly life: LinkLife;
  readonly ended: Promise<void>;
}

/** Has every link connection be what is asked of it: one life each, as long as the program runs and the link is there. */
export class LinkKeeper implements Service {
  readonly name = 'links';
  readonly records: LinkRecords;
  readonly orders: SqlPoolOrders;
  readonly #options: SynapseLinkOptions;
  readonly #tools: LifeTools;
  readonly #pools: PoolNews;
  readonly #lives = new Map<string, Kept>();

  constructor(options: SynapseLinkOptions) {
    this.#options = options;
    this.records = new LinkRecords(options.store, (link) => options.ring(link, linkConnectionType));
    this.orders = new SqlPoolOrders(options, this.records, (pool) => this.#poolMoved(pool));
    this.#pools = new PoolNews(options);
    this.#tools = { options, records: this.records, orders: this.orders };
  }

  /** Until the signal aborts; then every worker has ended in good order. Rejects where the store fails; it may be run again. */
  async run(signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const halt = AbortSignal.any([signal, failed.signal]);
    let failure: unknown;
    const fail = (error: unknown): void => {
      failure ??= error;
      failed.abort();
    };
    const begin = (id: string): void => this.#begin(id, halt, fail);
    const ignoreReports = this.#options.pools.onReport((pool) => this.#poolTold(pool));
    const ignoreChanges = this.#options.store.onChange((change) => this.#changed(change, begin));
    using _shown = showLinks(() => [...this.#lives.values()].flatMap(({ life }) => life.measured ?? []));
    try {
      for (const { id } of await this.#options.store.list({ within: '', type: linkConnectionType })) begin(id);
      await this.orders.run(halt);
    } catch (error) {
      fail(error);
    } finally {
      ignoreChanges();
      ignoreReports();
      await Promise.all([...this.#lives.values()].map(({ ended }) => ended));
    }
    if (failed.signal.aborted && !signal.aborted) throw failure;
  }

  /** What people ask, written down before it is answered. Faults: `LinkStateConflict`, `ResourceBeingDeleted` (conflict). */
  async ask(link: string, ask: LinkAsk): Promise<LinkRecord> {
    const context: MoveContext & { readonly name: string } = {
      link,
      name: parseResourceId(link).name,
      at: new Date(this.#options.clock.nowMs()).toISOString(),
      newId: this.#options.newId(),
    };
    const ofLink = (await this.#options.store.get(link)) as unknown as Resource<LinkProperties> | undefined;
    // A run that begins anew takes over what the one before it filled until now.
    const known = (record: LinkRecord): LinkRecord =>
      (ofLink && filling(filledTables(ofLink, record.run, this.#options))(record)) ?? record;
    return await this.change(link, (record) => asked(ask, context)(known(record)), true);
  }

  /** Whatever is waited for in the link's life is looked at anew after it. */
  async change(link: string, change: RecordChange, ifKept = false): Promise<LinkRecord> {
    const record = await this.records.change(link, change, ifKept);
    this.#lives.get(keyOf(link))?.life.bell.ring();
    return record;
  }

  /** All that is known of a link now. */
  async seen(link: Resource<LinkProperties>): Promise<LinkSeen> {
    const record = await this.records.read(link.id);
    return seenLink({ link, record, live: this.#lives.get(keyOf(link.id))?.life.live }, this.#tools);
  }

  /** What its workers moved, by both sides: of the one that runs, and of those that have ended. */
  async paths(link: Resource<LinkProperties>): Promise<SeenPaths> {
    const now = await this.#lives.get(keyOf(link.id))?.life.path.now();
    const { path } = await this.records.read(link.id);
    return { link, now, path, engine: this.#options.counter.kind, nowMs: this.#options.clock.nowMs() };
  }

  /** All that is known now of every link whose record was looked at. */
  async seenAll(): Promise<readonly LinkSeen[]> {
    const links = (await this.#options.store.list({
      within: '',
      type: linkConnectionType,
    })) as unknown as readonly Resource<LinkProperties>[];
    return links.flatMap((link) => {
      const record = this.records.latest(link.id);
      return record === undefined ? [] : [seenLink({ link, record, live: this.#lives.get(keyOf(link.id))?.life.live }, this.#tools)];
    });
  }

  /** See `LinkRecords.onHappened`. */
  onHappened(...listener: Parameters<LinkRecords['onHappened']>): () => void {
    return this.records.onHappened(...listener);
  }

  #begin(id: string, signal: AbortSignal, fail: (error: unknown) => void): void {
    const key = keyOf(id);
    if (signal.aborted || this.#lives.has(key)) return;
    const life = new LinkLife(id, this.#tools);
    let broken = false;
    const ended = life
      .run(signal)
      .catch((error: unknown) => {
        // Others go on without the one whose record nobody can read.
        if (toFault(error).kind !== 'corrupt') return fail(error);
        this.#options.log.error({ link: id, err: error }, 'link cannot be kept');
        broken = true;
      })
      .then(async () => {
        this.#lives.delete(key);
        // Made anew before the life of the former had ended.
        if (!signal.aborted && !broken && (await this.#options.store.get(id)) !== undefined) this.#begin(id, signal, fail);
      })
      .catch(fail);
    this.#lives.set(key, { life, ended });
  }

  /** What a pool tells is shown of itself, and of each link that fills it. */
  #poolTold(pool: string): void {
    this.#pools.reported(pool);
    for (const life of this.#livesOf(pool)) life.poolTold();
  }

  #poolMoved(pool: string): void {
    this.#pools.moved(pool);
    for (const life of this.#livesOf(pool)) life.poolMoved();
  }

  #livesOf(pool: string): readonly LinkLife[] {
    const key = keyOf(pool);
    return [...this.#lives.values()].flatMap(({ life }) => (life.pool === key ? [life] : []));
  }

  /** A link begins with its resource; whatever of its workspace and of the network is written may be what it waits for. */
  #changed({ id, type, kind }: ResourceChange, begin: (id: string) => void): void {
    const key = keyOf(id);
    if (type === linkConnectionType) {
      if (kind !== 'settled') begin(id);
      this.#lives.get(key)?.life.bell.ring();
      return;
    }
    const ofNetwork = type.startsWith('Microsoft.Network/') || type.endsWith('/privateEndpointConnections');
    if (!ofNetwork && !type.startsWith(`${workspaceType}/`)) return;
    const workspace = `${key.split('/').slice(0, 9).join('/')}/`;
    for (const [link, { life }] of this.#lives) if (ofNetwork || link.startsWith(workspace)) life.hurry();
  }
}
