import { mkdir } from 'node:fs/promises';
import { toFault } from '#base/fault.ts';
import { faultText, type FaultText } from '#base/fault-text.ts';
import { backoffMs } from '#base/service.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import { wantedOf } from '#replication/link-state.ts';
import { Bell } from './bell.ts';
import type { SynapseLinkOptions } from './link-options.ts';
import { poolFolder, runFolders, shortName } from './link-places.ts';
import type { LinkRecords } from './link-record.ts';
import type { LinkProperties } from './link-shape.ts';
import { poolIdOf } from './link-target.ts';
import type { PoolLink, PoolOrder } from './pool-host.ts';
import { memoryOf, type SqlPoolProperties } from './sql-pool-shape.ts';
import { linkConnectionType, sqlPoolType } from './type-names.ts';

type Options = Pick<SynapseLinkOptions, 'store' | 'pools' | 'folder' | 'hostMemoryMb' | 'log' | 'clock' | 'random'>;

const idleMs = 60_000;

/** What a pool was found to be when it was last settled. */
export type PoolStanding = 'running' | 'paused' | 'gone';

/** Has the processes of pools be as what is asked of pools and links says: whole orders, one after the other for each pool. */
export class SqlPoolOrders {
  readonly #options: Options;
  readonly #records: LinkRecords;
  readonly #onMove: (pool: string) => void;
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #standings = new Map<string, PoolStanding>();
  readonly #troubles = new Map<string, FaultText>();
  readonly #bell: Bell;

  /** `onMove`: told when the standing or the trouble of a pool is another one than before; quick, and never throws. */
  constructor(options: Options, records: LinkRecords, onMove: (pool: string) => void) {
    this.#onMove = onMove;
    this.#options = options;
    this.#records = records;
    this.#bell = new Bell(options.clock);
  }

  /** Makes true what is asked of the pool now. Idempotent. Faults: those of opening the pool. */
  async settle(pool: string): Promise<PoolStanding> {
    return await this.#inTurn(pool, async () => {
      const standing = await this.#settle(pool);
      this.#stands(pool, standing);
      return standing;
    });
  }

  /** Its process ends and its data goes. */
  async remove(pool: string): Promise<void> {
    await this.#inTurn(pool, () => this.#options.pools.remove(keyOf(pool), poolFolder(this.#options.folder, pool)));
    this.#stands(pool, 'gone');
  }

  #stands(pool: string, standing: PoolStanding): void {
    if (this.#standings.get(keyOf(pool)) === standing) return;
    this.#standings.set(keyOf(pool), standing);
    this.#onMove(pool);
  }

  /** Why the pool could not be had last; undefined: it could. */
  trouble(pool: string): FaultText | undefined {
    return this.#troubles.get(keyOf(pool));
  }

  /** As it was found last. */
  standing(pool: string): PoolStanding | 'unknown' {
    return this.#standings.get(keyOf(pool)) ?? 'unknown';
  }

  /** Settles every pool, and those that could not be had again and again, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const pools = await this.#options.store.list({ within: '', type: sqlPoolType });
    await Promise.all(pools.map(({ id }) => this.#try(id)));
    for (let attempt = 0; !signal.aborted;) {
      const well = this.#troubles.size === 0;
      await this.#bell.wait(well ? idleMs : backoffMs(attempt, this.#options.random()), signal);
      attempt = well ? 0 : attempt + 1;
      if (!signal.aborted) await Promise.all([...this.#troubles.keys()].map((id) => this.#try(id)));
    }
  }

  /** Settles it; what goes wrong is kept as its trouble, and tried again by `run`. */
  async #try(pool: string): Promise<void> {
    try {
      await this.settle(pool);
    } catch (error) {
      this.#options.log.warn({ pool: shortName(pool), err: toFault(error) }, 'pool cannot be opened');
    }
  }

  async #inTurn<T>(pool: string, work: () => Promise<T>): Promise<T> {
    const key = keyOf(pool);
    const before = this.#turns.get(key) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#turns.set(key, turn);
    try {
      const answer = await turn;
      if (this.#troubles.delete(key)) this.#onMove(pool);
      return answer;
    } catch (error) {
      this.#troubles.set(key, faultText(toFault(error)));
      this.#bell.ring();
      this.#onMove(pool);
      throw error;
    } finally {
      if (this.#turns.get(key) === turn) this.#turns.delete(key);
    }
  }

  async #settle(pool: string): Promise<PoolStanding> {
    const { store, pools, folder, hostMemoryMb } = this.#options;
    const self = (await store.get(pool)) as unknown as Resource<SqlPoolProperties> | undefined;
    if (self === undefined || self.deleting) return 'gone';
    if (self.properties.paused === true) {
      await pools.stop(keyOf(pool));
      return 'paused';
    }
    const place = poolFolder(folder, pool);
    await mkdir(place, { recursive: true, mode: 0o700 });
    const wanted = await this.#linksOf(pool);
    const names = { name: shortName(pool), serverName: parseResourceId(parseResourceId(pool).parent!).name, database: self.name };
    await pools.run({ id: keyOf(pool), ...names, folder: place, memoryMb: memoryOf(self, hostMemoryMb), ...wanted });
    return 'running';
  }

  /** Runs that fill the pool, or will when they go on. One whose record cannot be read keeps no other from it, and loses nothing there. */
  async #linksOf(pool: string): Promise<Required<Pick<PoolOrder, 'links' | 'keepsOthers'>>> {
    const { store, folder } = this.#options;
    const found: PoolLink[] = [];
    let keepsOthers = false;
    for (const link of await store.list({ within: parseResourceId(pool).parent!, direct: true, type: linkConnectionType })) {
      if (keyOf(poolIdOf(link as unknown as Resource<LinkProperties>)) !== keyOf(pool)) continue;
      const record = await this.#records.read(link.id).catch((error: unknown) => {
        if (toFault(error).kind !== 'corrupt') throw error;
        keepsOthers = true;
      });
      const wanted = record && wantedOf(record.state);
      const run = record?.run ?? null;
      if (run === null || (wanted !== 'run' && wanted !== 'rest')) continue;
      const { landing } = runFolders(folder, link.id, run);
      await mkdir(landing, { recursive: true, mode: 0o700 });
      found.push({ run: run.id, landing, name: shortName(link.id) });
    }
    return { links: found, keepsOthers };
  }
}
