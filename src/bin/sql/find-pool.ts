import { existsSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fault } from '#base/fault.ts';
import { places } from '../up/home-folder.ts';

/** Which pool is meant, as options say. */
export interface PoolChoice {
  readonly file: string | undefined;
  readonly pool: string | undefined;
  /** The data folder. */
  readonly data: string;
}

/** A pool of a data folder. */
interface FoundPool {
  /** `workspace/pool`, or its one word where it is no workspace's. */
  readonly name: string;
  readonly file: string;
}

const fileName = 'pool.duckdb';
/** Pools lie in a folder of their own, or in one of their workspace's. */
const mostDepth = 2;

/**
 * The pool file that is meant. Names of pools are those of their folders: `pool`, or `workspace/pool` where several workspaces have one of that
 * name; upper and lower case are the same. Faults: `NoPool`, `PoolMissing` (missing), `WhichPool` (invalid).
 */
export function poolFile({ file, pool, data }: PoolChoice): string {
  if (file !== undefined && pool !== undefined)
    throw fault('invalid', 'WhichPool', 'Both --pool and --file are given.', { remedy: 'Give one of them.' });
  if (file === undefined) return poolNamed(pool, data);
  if (existsSync(file)) return file;
  throw fault('missing', 'PoolMissing', `There is no file ${file}.`, {
    target: file,
    remedy: 'Name the file that isthmus link --to fills.',
  });
}

function poolNamed(name: string | undefined, data: string): string {
  const all = poolsOf(data);
  const named = name === undefined ? all : all.filter((one) => isNamed(one, name.toLowerCase()));
  const [only] = named;
  if (only && named.length === 1) return only.file;
  const list = (pools: readonly FoundPool[]): string => pools.map((one) => one.name).join(', ');
  if (all.length === 0) {
    throw fault('missing', 'NoPool', `There is no pool in ${data}.`, {
      target: data,
      remedy: 'Start one with isthmus up --demo, name its folder with --data, or name a pool file with --file.',
    });
  }
  if (only)
    throw fault('invalid', 'WhichPool', `There are several pools${name === undefined ? '' : ` ${name}`} in ${data}: ${list(named)}.`, {
      remedy: 'Name one with --pool, its workspace first where that is needed.',
    });
  throw fault('missing', 'NoPool', `There is no pool ${name!} in ${data}.`, { target: name, remedy: `There are: ${list(all)}.` });
}

function isNamed({ name }: FoundPool, wanted: string): boolean {
  const known = name.toLowerCase();
  return known === wanted || known.slice(known.lastIndexOf('/') + 1) === wanted;
}

/** All of them, by name. */
function poolsOf(data: string): readonly FoundPool[] {
  const root = places.pools(data);
  return foldersOf(root, mostDepth)
    .map((folder) => ({ name: relative(root, folder).replaceAll(sep, '/'), file: join(folder, fileName) }))
    .filter(({ file }) => existsSync(file))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function foldersOf(root: string, depth: number): readonly string[] {
  if (depth === 0 || !existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => [join(root, entry.name), ...foldersOf(join(root, entry.name), depth - 1)]);
}
