import { existsSync, readdirSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fault, toFault } from '#base/fault.ts';
import { delay } from '#base/service.ts';
import { openReader } from '#pool/query-server.ts';
import type { PoolReader } from '#pool/query.ts';
import { places } from '../up/home-folder.ts';
import { resultWriter, type Format } from './result-format.ts';

/** `isthmus sql`, as its options say. */
export interface SqlCommand {
  /** `-`: from standard input. */
  readonly sql: string;
  readonly pool: string | undefined;
  readonly file: string | undefined;
  readonly data: string;
  readonly format: Format;
}

export interface SqlStreams {
  readonly input: NodeJS.ReadableStream;
  /** Resolves when there is room for more. */
  readonly write: (text: string) => Promise<void>;
}

const patienceMs = 5_000;

/**
 * Runs one reading statement on a pool and writes its result: through the process that holds the pool if one does.
 * Faults: `NoPool`, `WhichPool`, `PoolMissing`, and those of the pool's reader.
 */
export async function sqlCommand(command: SqlCommand, streams: SqlStreams, signal: AbortSignal): Promise<void> {
  const file = poolFile(command);
  const sql = command.sql === '-' ? await text(streams.input) : command.sql;
  await using reader = await openPatiently(file, signal);
  const writer = resultWriter(command.format);
  for await (const part of reader.run(sql, signal)) {
    const out = writer.part(part);
    if (out !== '') await streams.write(out);
  }
  await streams.write(writer.end());
}

/** Whoever holds the file serves it, save for the moment in which it starts or ends. */
async function openPatiently(file: string, signal: AbortSignal): Promise<PoolReader> {
  const begun = performance.now();
  for (;;) {
    try {
      return await openReader(file);
    } catch (error) {
      if (toFault(error).code !== 'PoolInUse' || performance.now() - begun > patienceMs) throw error;
      await delay(100, signal);
    }
  }
}

/** The pool file that is meant. Names of pools are those of their folders. */
export function poolFile({ file, pool, data }: Pick<SqlCommand, 'file' | 'pool' | 'data'>): string {
  if (file !== undefined && pool !== undefined)
    throw fault('invalid', 'WhichPool', 'Both --pool and --file are given.', { remedy: 'Give one of them.' });
  if (file !== undefined) {
    if (!existsSync(file))
      throw fault('missing', 'PoolMissing', `There is no file ${file}.`, {
        target: file,
        remedy: 'Name the file that isthmus link --to fills.',
      });
    return file;
  }
  const names = poolNames(data);
  const name = pool ?? (names.length === 1 ? names[0] : undefined);
  if (name !== undefined && names.includes(name)) return places.pool(data, name);
  const list = names.join(', ');
  if (names.length === 0) {
    throw fault('missing', 'NoPool', `There is no pool in ${data}.`, {
      target: data,
      remedy: 'Start one with isthmus up --demo, name its folder with --data, or name a pool file with --file.',
    });
  }
  if (name === undefined)
    throw fault('invalid', 'WhichPool', `There are several pools in ${data}: ${list}.`, { remedy: 'Name one with --pool.' });
  throw fault('missing', 'NoPool', `There is no pool ${name} in ${data}.`, { target: name, remedy: `There are: ${list}.` });
}

function poolNames(data: string): string[] {
  const folder = places.pools(data);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(places.pool(data, name)))
    .toSorted();
}
