import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { z } from 'zod';
import { fault } from '#base/fault.ts';

const loopback = '127.0.0.1';
const lastPort = 65_535;
const kept = z.record(z.string(), z.int().min(1).max(lastPort));

/** Which port each SQL pool has on this machine: kept in a file, so that whoever wrote down where a pool is finds it there tomorrow. */
export class PoolPorts {
  readonly #path: string;
  readonly #first: number;
  readonly #ports: Map<string, number>;
  /** One after the other, or two pools would find the same port free. */
  #turn: Promise<unknown> = Promise.resolve();

  /** `first`: of the first pool; 0: any free ones. Fault: `SqlPortsBroken` (corrupt). */
  constructor(path: string, first: number) {
    this.#path = path;
    this.#first = first;
    this.#ports = new Map(Object.entries(read(path)));
  }

  /** The pool's own; where another program has taken it in the meantime the next one that is free, from then on. Fault: `NoPortFree` (conflict). */
  async of(pool: string): Promise<number> {
    const mine = this.#turn.then(
      () => this.#find(pool),
      () => this.#find(pool),
    );
    this.#turn = mine;
    return await mine;
  }

  forget(pool: string): void {
    if (this.#ports.delete(pool)) this.#write();
  }

  async #find(pool: string): Promise<number> {
    const before = this.#ports.get(pool);
    if (before !== undefined && (await freePort(before)) !== undefined) return before;
    const port = this.#first === 0 ? await freePort(0) : await this.#next();
    if (port === undefined)
      throw fault('conflict', 'NoPortFree', `No port from ${this.#first} on is free for a SQL pool.`, {
        target: pool,
        remedy: 'Start with --sql-port and a lower port, or 0 for any free ones.',
      });
    this.#ports.set(pool, port);
    this.#write();
    return port;
  }

  async #next(): Promise<number | undefined> {
    const taken = new Set(this.#ports.values());
    for (let port = this.#first; port <= lastPort; port += 1) if (!taken.has(port) && (await freePort(port)) !== undefined) return port;
    return undefined;
  }

  #write(): void {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    writeFileSync(`${this.#path}.new`, `${JSON.stringify(Object.fromEntries(this.#ports), undefined, 2)}\n`, { mode: 0o600, flush: true });
    renameSync(`${this.#path}.new`, this.#path);
  }
}

function read(path: string): Readonly<Record<string, number>> {
  if (!existsSync(path)) return {};
  try {
    return kept.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw fault('corrupt', 'SqlPortsBroken', `The file ${path} does not say which port each SQL pool has.`, {
      target: path,
      remedy: 'Put it back from a backup, or delete it: pools get ports anew.',
      cause,
    });
  }
}

/** The port where it can be listened on at the moment, or any free one for 0. */
async function freePort(port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen(port, loopback);
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : undefined;
  } catch {
    // Another program's, or not for this user.
    return undefined;
  } finally {
    server.close();
  }
}
