import { createHash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { LinkRun } from './link-record.ts';

/** Long names, and names that a file system would not take, are replaced by what is made of them. */
function folderName(name: string): string {
  const plain = keyOf(name);
  if (/^[a-z0-9][a-z0-9._-]{0,79}$/.test(plain)) return plain;
  return `~${createHash('sha256').update(plain).digest('hex').slice(0, 32)}`;
}

/** `DIR/pools/{workspace}/{pool}` */
export function poolFolder(folder: string, pool: string): string {
  const [workspace = '', name = ''] = parseResourceId(pool).names;
  return join(folder, 'pools', folderName(workspace), folderName(name));
}

/** The pool's own file in its folder. */
export function poolFile(folder: string, pool: string): string {
  return join(poolFolder(folder, pool), 'pool.duckdb');
}

/** `DIR/links/{workspace}/{link}`: of all its runs. */
export function linkFolder(folder: string, link: string): string {
  const [workspace = '', name = ''] = parseResourceId(link).names;
  return join(folder, 'links', folderName(workspace), folderName(name));
}

export interface RunFolders {
  readonly landing: string;
  readonly spool: string;
}

/** `DIR/links/{workspace}/{link}/{run}` */
export function runFolder(folder: string, link: string, run: Pick<LinkRun, 'id'>): string {
  return join(linkFolder(folder, link), run.id);
}

/** The ids of runs that left anything. */
export async function runsOnDisk(folder: string, link: string): Promise<readonly string[]> {
  const place = linkFolder(folder, link);
  await mkdir(place, { recursive: true, mode: 0o700 });
  return await readdir(place);
}

export function runFolders(folder: string, link: string, run: Pick<LinkRun, 'id'>): RunFolders {
  const place = runFolder(folder, link, run);
  return { landing: join(place, 'landing'), spool: join(place, 'spool') };
}

/** `workspace.name`, for logs and metrics. */
export function shortName(id: string): string {
  return parseResourceId(id).names.join('.');
}

/**
 * What a run makes at its source is named so. Sources allow lower-case letters, digits and underscores, and PostgreSQL 63 of them, of which
 * publications need some.
 */
export function slotName(link: string, run: string): string {
  const plain = keyOf(parseResourceId(link).name)
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_|_$/g, '')
    .slice(0, 24);
  return `isthmus_${plain === '' ? 'link' : plain}_${run.replaceAll('-', '').slice(0, 16)}`;
}
