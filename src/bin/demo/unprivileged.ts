import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { completeBinaries, copyBinaries, postgresProgram } from './postgres-binaries.ts';

/** How and where PostgreSQL's programs are run. They refuse to run as root. */
export interface Place {
  /** Put before each command, for example `unshare -U`. */
  readonly prefix: readonly string[];
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly nativeDir: string;
  readonly dataDir: string;
}

export interface PlaceRequest {
  readonly nativeDir: string;
  readonly dataDir: string;
  /** The program that makes user namespaces; another name only in tests. */
  readonly unshare?: string | undefined;
  /** Told, in one sentence, when files had to be copied elsewhere. */
  readonly onNotice?: ((text: string) => void) | undefined;
}

/** The environment of PostgreSQL's programs: nothing of ours, so no PGPORT or LD_PRELOAD changes what they do. */
export const programEnvironment: Readonly<Record<string, string>> = { LC_ALL: 'C', PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin' };

const movedFile = 'moved-to';

/**
 * Makes the data folder, owned by who will run PostgreSQL, and completes the binaries. As an ordinary user nothing else is needed. As root
 * PostgreSQL runs in a user namespace without identities, where it cannot see that it is root; where that is refused it runs as `nobody`,
 * and what `nobody` cannot reach is copied to the system's folder for temporary files.
 */
export function findPlace(request: PlaceRequest): Place {
  mkdirSync(request.dataDir, { recursive: true, mode: 0o700 });
  const dataDir = movedTo(request.dataDir) ?? request.dataDir;
  const isRoot = process.getuid?.() === 0;
  const asIs: Place = { prefix: [], uid: undefined, gid: undefined, nativeDir: request.nativeDir, dataDir };
  if (!isRoot && hasAccount()) return completed(request, asIs);
  const inNamespace: Place = { ...asIs, prefix: [request.unshare ?? 'unshare', '-U'] };
  if (hidesIdentity(inNamespace)) {
    if (isRoot) own(dataDir, 0, 0);
    return completed(request, inNamespace);
  }
  if (!isRoot) return completed(request, asIs);
  const nobody = nobodyIds();
  const there = completed(request, { ...asIs, ...nobody });
  own(dataDir, nobody.uid, nobody.gid);
  return canWork(there) ? there : moved(request, there);
}

/** Runs a program there, in a session of its own: Ctrl-C in a terminal reaches us first, and we end the program in good order. */
export function runThere(place: Place, path: string, args: readonly string[], stdio: StdioOptions): ChildProcess {
  const { file, rest, ids } = commandAt(place, path, args);
  return spawn(file, rest, { ...ids, env: programEnvironment, cwd: place.dataDir, stdio, detached: true });
}

/** What a short program prints there, or undefined where it fails or cannot be run. */
export function askThere(place: Place, path: string, args: readonly string[]): string | undefined {
  const { file, rest, ids } = commandAt(place, path, args);
  const done = spawnSync(file, rest, { ...ids, env: programEnvironment, cwd: '/', encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return done.status === 0 ? done.stdout.trim() : undefined;
}

function commandAt(
  place: Place,
  path: string,
  args: readonly string[],
): { readonly file: string; readonly rest: string[]; readonly ids: { uid?: number; gid?: number } } {
  const [prefix, ...more] = place.prefix;
  const ids = place.uid === undefined || place.gid === undefined ? {} : { uid: place.uid, gid: place.gid };
  return prefix === undefined ? { file: path, rest: [...args], ids } : { file: prefix, rest: [...more, path, ...args], ids };
}

function canWork(place: Place): boolean {
  const reaches = askThere(place, '/bin/sh', ['-c', 'cd "$1" && test -w .', 'sh', place.dataDir]) !== undefined;
  return reaches && askThere(place, postgresProgram(place.nativeDir, 'postgres'), ['--version']) !== undefined;
}

/** In the namespace both root and a number without an account appear as `nobody`, which has one. */
function hidesIdentity(place: Place): boolean {
  return askThere(place, '/bin/sh', ['-c', 'test "$(id -u)" != 0 && id -un']) !== undefined;
}

/** PostgreSQL asks for the name of who runs it; containers often run as a number that has none. */
function hasAccount(): boolean {
  try {
    return userInfo().username !== '';
  } catch {
    return false;
  }
}

/** Binaries that lack their symbolic links and cannot be given them are copied beside the data. */
function completed(request: PlaceRequest, place: Place): Place {
  if (completeBinaries(place.nativeDir)) return place;
  request.onNotice?.(`PostgreSQL's programs are copied to ${place.dataDir}, since ${place.nativeDir} cannot be completed.`);
  return { ...place, nativeDir: copyBinaries(place.nativeDir, place.dataDir) };
}

function moved(request: PlaceRequest, place: Place): Place {
  const home = place.dataDir === request.dataDir ? mkdtempSync(join(tmpdir(), 'isthmus-postgres-')) : join(place.dataDir, '..');
  chmodSync(home, 0o711);
  const dataDir = join(home, 'data');
  if (!existsSync(dataDir)) {
    cpSync(request.dataDir, dataDir, { recursive: true });
    chmodSync(dataDir, 0o700);
    own(request.dataDir, 0, 0);
    writeFileSync(join(request.dataDir, movedFile), `${dataDir}\n`);
  }
  const nativeDir = existsSync(join(home, 'native')) ? join(home, 'native') : copyBinaries(place.nativeDir, home);
  own(dataDir, place.uid ?? 0, place.gid ?? 0);
  request.onNotice?.(
    `PostgreSQL may not run as root, and the user nobody cannot reach ${request.dataDir}: its data and programs are in ${home}.`,
  );
  return { ...place, nativeDir, dataDir };
}

function movedTo(dataDir: string): string | undefined {
  const file = join(dataDir, movedFile);
  // Root gives the named folder to another user: only its own word counts.
  if (!existsSync(file) || lstatSync(file).uid !== process.getuid?.()) return undefined;
  const path = readFileSync(file, 'utf8').trim();
  return existsSync(path) ? path : undefined;
}

/** Gives a file or folder with all that is in it to one user, unless it is that user's already. */
function own(path: string, uid: number, gid: number): void {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return lchownSync(path, uid, gid);
  if (stat.uid !== uid) chownSync(path, uid, gid);
  if (stat.isDirectory()) for (const name of readdirSync(path)) own(join(path, name), uid, gid);
}

/** Lets the programs there read what we wrote. */
export function giveTo(place: Place, path: string): void {
  if (place.uid !== undefined && place.gid !== undefined) own(path, place.uid, place.gid);
}

/** `nobody` as this system numbers it (−2 on macOS). */
function nobodyIds(): { readonly uid: number; readonly gid: number } {
  const ask = (flag: string): number => {
    const found = spawnSync('id', [flag, 'nobody'], { env: programEnvironment, encoding: 'utf8' }).stdout?.trim();
    return found ? Number(found) | 0 : 65534;
  };
  return { uid: ask('-u'), gid: ask('-g') };
}
