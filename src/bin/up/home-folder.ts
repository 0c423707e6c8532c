import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fault, type Fault } from '#base/fault.ts';
import type { ControlReport } from './channel.ts';

/** The folder that holds everything of one `isthmus up`, and who uses it. */
export interface HomeFolder extends Disposable {
  readonly path: string;
  /** Says where the running program answers; for `isthmus status` and the commands for resources. */
  announce(address: Address & Partial<Control>): void;
}

/** Where a running `up` answers, and what a question must carry. */
export interface Address {
  readonly url: string;
  readonly token: string;
}

/** Where resources are asked for. */
type Control = Omit<ControlReport, 'url' | 'studio'> & { readonly arm: string };

export interface Announcement extends Address {
  readonly pid: number;
}

export const defaultData = './.isthmus';
const sqliteBusy = 5;
const announcementName = 'up.json';

/** The places in a data folder. Names of links and pools are plain words. */
export const places = {
  workerCache: (path: string): string => join(path, 'cache', 'worker'),
  store: (path: string): string => join(path, 'control', 'resources.db'),
  demo: (path: string): string => join(path, 'demo', 'postgres'),
  pool: (path: string, workspace: string, name: string): string => join(path, 'pools', workspace, name, 'pool.duckdb'),
  pools: (path: string): string => join(path, 'pools'),
  poolPorts: (path: string): string => join(path, 'control', 'sql-ports.json'),
  log: (path: string, process: string): string => join(path, 'logs', `${process}.log`),
};

/**
 * Makes this process the folder's only user until it is disposed of or dead: the lock is SQLite's on an empty file, which the kernel gives
 * back however the process ends.
 * Faults: `DataInUse` (conflict), `DataDenied`.
 */
export function takeHomeFolder(dir: string): HomeFolder {
  const path = resolve(dir);
  const lock = lockFolder(path);
  const file = join(path, announcementName);
  const announce = (address: Partial<Address & Control>): void => writeDurably(file, { pid: process.pid, ...address });
  announce({});
  return {
    path,
    announce,
    [Symbol.dispose]: () => {
      rmSync(file, { force: true });
      lock.close();
    },
  };
}

function lockFolder(path: string): DatabaseSync {
  let lock: DatabaseSync | undefined;
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    lock = new DatabaseSync(join(path, 'lock'));
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (cause) {
    lock?.close();
    if (cause instanceof Error && 'errcode' in cause && cause.errcode === sqliteBusy) throw inUse(path);
    throw fault('denied', 'DataDenied', `The data folder ${path} cannot be used.`, {
      target: path,
      remedy: 'Give this user the right to write there, or name another folder with --data.',
      cause,
    });
  }
}

function inUse(path: string): Fault {
  const pid = readAnnouncement(path)?.pid;
  const who = pid === undefined ? 'Another process' : `Process ${pid}`;
  return fault('conflict', 'DataInUse', `${who} runs isthmus up in ${path}.`, {
    target: path,
    remedy: `Stop it${pid === undefined ? '' : ` (kill ${pid})`}, or name another folder with --data.`,
  });
}

/** What the folder's last user said; it may be gone since. Undefined: nothing, or nothing that can be read. */
export function readAnnouncement(dir: string): (Pick<Announcement, 'pid'> & Partial<Address>) | undefined {
  const file = join(dir, announcementName);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Announcement;
  } catch {
    return undefined;
  }
}

export function newToken(): string {
  return randomBytes(24).toString('base64url');
}

function writeDurably(file: string, value: unknown): void {
  const fresh = `${file}.new`;
  const handle = openSync(fresh, 'w', 0o600);
  chmodSync(fresh, 0o600);
  writeSync(handle, `${JSON.stringify(value)}\n`);
  fsyncSync(handle);
  closeSync(handle);
  renameSync(fresh, file);
}
