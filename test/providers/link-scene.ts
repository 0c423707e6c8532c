import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fault } from '#base/fault.ts';
import { silentLog } from '#base/log.ts';
import type { Path } from '#fabric/path.ts';
import { InteractiveAuthoring } from '#providers/authoring/interactive-authoring.ts';
import { InteractiveJobs } from '#providers/authoring/interactive-jobs.ts';
import type { AuthoringOptions } from '#providers/authoring/options.ts';
import { storesOf } from '#providers/authoring/store-access.ts';
import type { LinkKeeper } from '#providers/synapse/link-keeper.ts';
import { linkFolder } from '#providers/synapse/link-places.ts';
import type { LinkRecord } from '#providers/synapse/link-record.ts';
import { synapseLinks } from '#providers/synapse/link-types.ts';
import { workspaceHome } from '#providers/synapse/workspace-home.ts';
import { workspaceTypes } from '#providers/synapse/workspace-types.ts';
import { MemoryPools } from './memory-pools.ts';
import { MemoryRuntimes } from './memory-workers.ts';
import { group, providerScene, sealer, type ProviderScene, type Sent } from './provider-scene.ts';

export const workspace: string = `${group}/providers/Microsoft.Synapse/workspaces/shopspace`;
/** Of the workspace's own plane. */
export const plane = '/synapse/shopspace';
export const pool: string = `${workspace}/sqlPools/dw`;

/** A workspace's links over a control plane of their own, with workers and pools in memory, and time that goes a hundred times as fast. */
export interface LinkScene extends AsyncDisposable {
  readonly plane: ProviderScene;
  readonly runtimes: MemoryRuntimes;
  readonly pools: MemoryPools;
  readonly keeper: LinkKeeper;
  readonly folder: string;
  /** Ids that were rung for, since a test emptied it. */
  readonly rung: Set<string>;
  /** What the network's plan says of the way to the source. */
  denied: Path['denied'];
  readonly put: (id: string, body: unknown) => Promise<Sent>;
  /** Workspace with bypass, linked service and pool. */
  ground(properties?: object): Promise<void>;
  link(name: string, more?: LinkBody): Promise<Sent>;
  act(link: string, action: string, body?: unknown): Promise<Sent>;
  status(link: string): Promise<Sent['body']>;
  record(link: string): Promise<LinkRecord>;
  /** Until the link is in that state. */
  reached(link: string, state: string): Promise<void>;
  hasFolder(link: string): Promise<boolean>;
  /** The program is killed and begun anew: its workers go with it, store and sources stay. */
  restart(): Promise<void>;
}

export interface LinkBody {
  readonly source?: string;
  readonly target?: object;
  readonly compute?: object;
  readonly isthmus?: object;
  readonly tables?: readonly object[];
}

const speed = 100;

export const table = (tableName: string, target: object = {}): object => ({ source: { schemaName: 'public', tableName }, target });

export async function linkScene(): Promise<LinkScene> {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-links-'));
  const runtimes = new MemoryRuntimes();
  const pools = new MemoryPools();
  const rung = new Set<string>();
  const ring = (id: string): void => void rung.add(id);
  const held: { keeper: LinkKeeper | undefined; denied: Path['denied']; stop: AbortController; ended: Promise<void> } = {
    keeper: undefined,
    denied: undefined,
    stop: new AbortController(),
    ended: Promise.resolve(),
  };
  const plane = await providerScene(
    ({ store: storeOf, writer }) => {
      const store = storeOf();
      const explain = async (): Promise<Path> => ({ hops: [], denied: held.denied });
      const { types, keeper, ofWorkspaces, sqlAddresses } = synapseLinks({
        store,
        writer,
        runtimes,
        pools,
        stores: storesOf(workspaceHome, sealer),
        explain,
        counter: { kind: 'userspace', passed: (_segment, asker) => runtimes.passed.get(asker) ?? { ways: [], refused: 0 } },
        folder,
        hostMemoryMb: 8_192,
        ring,
        log: silentLog,
        clock: {
          nowMs: Date.now,
          monotonicMs: () => performance.now() * speed,
          timer: (ms, wake) => {
            const timer = setTimeout(wake, ms / speed);
            return () => clearTimeout(timer);
          },
        },
        newId: () => crypto.randomUUID(),
        random: () => 0.5,
      });
      held.keeper = keeper;
      const interactive = new InteractiveAuthoring({ store, runtimes, homes: [workspaceHome], nowMs: Date.now, ring, log: silentLog });
      const authoring = { ...noNetwork, store, runtimes, interactive, jobs: new InteractiveJobs(runtimes) };
      return [...workspaceTypes({ ...authoring, writer, tenant: 'tenant', ofLinks: ofWorkspaces, sqlAddresses }), ...types];
    },
    { waitMs: 500 },
  );
  const begin = (): void => {
    held.stop = new AbortController();
    held.ended = held.keeper!.run(held.stop.signal);
  };
  begin();
  const put = async (id: string, body: unknown): Promise<Sent> => {
    const sent = await plane.send('PUT', id, body);
    if (sent.status > 201) throw fault('invalid', 'NotWritten', `${id}: ${sent.text}`);
    return sent;
  };
  const at = (link: string): string => `${workspace}/linkConnections/${link}`;
  const scene: LinkScene = {
    plane,
    runtimes,
    pools,
    folder,
    rung,
    get keeper() {
      return held.keeper!;
    },
    get denied() {
      return held.denied;
    },
    set denied(why) {
      held.denied = why;
    },
    put,
    ground: async (properties = { trustedServiceBypassEnabled: true }) => {
      await put(workspace, { location: 'eastus', properties: { managedVirtualNetwork: 'default', ...properties } });
      await put(`${workspace}/linkedservices/shop`, postgres('shop'));
      await put(pool, { location: 'eastus', properties: {} });
    },
    link: (name, more) => plane.send('PUT', at(name), linkBody(more)),
    act: (link, action, body) => plane.send('POST', `${at(link)}/${action}`, body),
    status: async (link) => (await plane.send('GET', `${at(link)}/detailedstatus`)).body,
    record: (link) => held.keeper!.records.read(at(link)),
    reached: async (link, state) => {
      const lastMs = performance.now() + 8_000;
      for (;;) {
        const { status, error } = await scene.status(link);
        if (status === state) return;
        if (performance.now() > lastMs)
          throw fault('timeout', 'NeverCame', `The link is ${status} and not ${state}: ${JSON.stringify(error)}`);
        await sleep(2);
      }
    },
    hasFolder: (link) =>
      access(linkFolder(folder, at(link))).then(
        () => true,
        () => false,
      ),
    restart: async () => {
      held.stop.abort();
      for (const worker of runtimes.live) worker.lose();
      await held.ended;
      pools.orders.clear();
      await plane.restart();
      begin();
    },
    [Symbol.asyncDispose]: async () => {
      held.stop.abort();
      await held.ended;
      await plane[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
  return scene;
}

/** Workspaces over a network that carries nothing. */
const noNetwork: Pick<AuthoringOptions, 'sealer' | 'connections' | 'plan' | 'explain'> = {
  sealer,
  connections: {
    ask: async () => undefined,
    withdraw: async () => undefined,
    check: async () => undefined,
    state: async () => undefined,
  },
  plan: { current: async () => undefined },
  explain: async () => ({ hops: [], denied: undefined }),
};

export function postgres(database: string, more: object = {}): object {
  const typeProperties = { server: 'db.shop.example', port: 5432, database, username: 'reader', password: 's3cret-canary', ...more };
  return { properties: { type: 'PostgreSqlV2', typeProperties } };
}

export function linkBody({ source = 'shop', target = {}, compute, isthmus, tables = [table('orders')] }: LinkBody = {}): object {
  return {
    properties: {
      sourceDatabase: { linkedService: { referenceName: source, type: 'LinkedServiceReference' } },
      targetDatabase: {
        linkedService: {
          referenceName: 'shopspace-WorkspaceDefaultSqlServer',
          type: 'LinkedServiceReference',
          parameters: { DBName: 'dw' },
        },
        ...target,
      },
      ...(compute && { compute }),
      ...(isthmus && { isthmus }),
      linkTables: tables,
    },
  };
}
