import { realpathSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import type { PoolHost, PoolLoginDecision, PoolLoginVerdict, PoolOrder } from '#providers/synapse/pool-host.ts';
import { serverText } from '#providers/synapse/sql-endpoint.ts';
import type { PoolTdsJob } from './channel.ts';
import { places } from './home-folder.ts';
import { PoolPorts } from './pool-ports.ts';
import { PoolProcess } from './pool-process.ts';

export interface PoolHostOptions {
  /** The data folder. */
  readonly folder: string;
  readonly sql: PoolSqlOptions;
  readonly log: Log;
  /** How long `run` waits for a pool to be online before it says why it is not; given by tests. */
  readonly patienceMs?: number;
}

/** How pools speak TDS. */
export interface PoolSqlOptions {
  /** The first pool's port on this machine; the others have those after it. */
  readonly firstPort: number;
  readonly encryption: PoolTdsJob['encryption'];
  readonly certificate: PoolTdsJob['certificate'];
}

/** The processes of SQL pools; disposing of it ends them all in good order. */
export interface PoolProcesses extends PoolHost, AsyncDisposable {
  /** The measurements of each as text. */
  metrics(): Promise<readonly string[]>;
  /** Where clients of SQL Server reach those that they reach at the moment, by `workspace.pool`: `localhost,14330`. */
  addresses(): Readonly<Record<string, string>>;
  /** They show this certificate from now on. */
  renew(certificate: PoolTdsJob['certificate']): void;
}

const loopback = '127.0.0.1';

/** Within what the parent waits for its own: see `ChildService.metrics`. */
const metricsMs = 1_000;
const usualPatienceMs = 15_000;

/** Runs a process for each SQL pool, as children of this one. */
export function openPoolHost(options: PoolHostOptions): PoolProcesses {
  return new ChildPools(options);
}

class ChildPools implements PoolProcesses {
  readonly #options: PoolHostOptions;
  readonly #pools = new Map<string, PoolProcess>();
  readonly #listeners = new Set<(id: string) => void>();
  /** By id: what is done to a pool is done one after the other. */
  readonly #turns = new Map<string, Promise<void>>();

  readonly #ports: PoolPorts;
  #certificate: PoolTdsJob['certificate'];
  #decide: PoolLoginDecision = nobodyDecides;

  constructor(options: PoolHostOptions) {
    this.#options = options;
    this.renew(options.sql.certificate);
    this.#ports = new PoolPorts(places.poolPorts(options.folder), options.sql.firstPort);
  }

  decideLogins(decide: PoolLoginDecision): void {
    this.#decide = decide;
  }

  addresses(): Readonly<Record<string, string>> {
    const all = [...this.#pools.values()].flatMap((pool) => {
      const { tds } = pool.report();
      return tds === undefined ? [] : [[pool.name, serverText(tds)] as const];
    });
    return Object.fromEntries(all.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  renew(certificate: PoolTdsJob['certificate']): void {
    this.#certificate = certificate && { cert: certificate.cert, key: certificate.key };
    for (const pool of this.#pools.values()) pool.renew();
  }

  async run(order: PoolOrder): Promise<void> {
    const placed = { ...order, folder: this.#inPools(order.folder) };
    const process = await this.#inTurn(order.id, async () => {
      const running = this.#pools.get(order.id);
      if (running?.takes(placed) === true) return running;
      await running?.stop();
      await mkdir(placed.folder, { recursive: true, mode: 0o700 });
      const started = this.#start(placed, await this.#ports.of(order.id));
      this.#pools.set(order.id, started);
      return started;
    });
    await process.online(this.#options.patienceMs ?? usualPatienceMs);
  }

  async stop(id: string): Promise<void> {
    await this.#inTurn(id, () => this.#stop(id));
  }

  async remove(id: string, folder: string): Promise<void> {
    const path = this.#inPools(folder);
    await this.#inTurn(id, async () => {
      await this.#stop(id);
      this.#ports.forget(id);
      await rm(path, { recursive: true, force: true });
    });
  }

  report(id: string): ReturnType<PoolHost['report']> {
    return this.#pools.get(id)?.report();
  }

  onReport(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  metrics(): Promise<readonly string[]> {
    return Promise.all([...this.#pools.values()].map((pool) => pool.metrics(metricsMs)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#pools.keys()].map((id) => this.stop(id)));
  }

  #start(order: PoolOrder, port: number): PoolProcess {
    const { folder, log, sql } = this.#options;
    const word = order.name.toLowerCase().replaceAll(/[^a-z0-9._-]/g, '_');
    return new PoolProcess(order, {
      program: fileURLToPath(new URL('../pool.ts', import.meta.url)),
      logFile: places.log(folder, `pool-${word}`),
      log: log.child({ pool: order.name }),
      tds: () => ({ host: loopback, port, encryption: sql.encryption, certificate: this.#certificate }),
      onLogin: (asked) => this.#decide(order.id, asked),
      onReport: () => {
        for (const listener of this.#listeners) listener(order.id);
      },
    });
  }

  async #stop(id: string): Promise<void> {
    await this.#pools.get(id)?.stop();
    this.#pools.delete(id);
  }

  async #inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const done = (this.#turns.get(id) ?? Promise.resolve()).then(work);
    const quiet = done.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(id, quiet);
    try {
      return await done;
    } finally {
      if (this.#turns.get(id) === quiet) this.#turns.delete(id);
    }
  }

  /** The folder of a pool by its real path. Whatever it is told, a pool's data lies below the data folder's own place for pools. Fault: `FolderOutside` (denied). */
  #inPools(folder: string): string {
    const pools = places.pools(this.#options.folder);
    const inside = relative(realPathOf(pools), realPathOf(folder));
    if (inside !== '' && inside !== '..' && !inside.startsWith(`..${sep}`) && resolve(inside) !== inside) return realPathOf(folder);
    throw fault('denied', 'FolderOutside', `The folder ${folder} is not a pool's: it does not lie in ${pools}.`, {
      target: folder,
      remedy: `Give the pool a folder in ${pools}.`,
    });
  }
}

function nobodyDecides(): Promise<PoolLoginVerdict> {
  const text = 'The control plane is not ready to decide about logins. Try again.';
  return Promise.resolve({ kind: 'refused', messages: [{ number: 40_613, state: 1, text }] });
}

/** Links are followed as far as the path exists. */
function realPathOf(path: string): string {
  const whole = resolve(path);
  try {
    return realpathSync(whole);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(whole) === whole) throw error;
    return join(realPathOf(dirname(whole)), basename(whole));
  }
}
