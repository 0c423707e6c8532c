import { text } from 'node:stream/consumers';
import { toFault } from '#base/fault.ts';
import { delay } from '#base/service.ts';
import { openReader } from '#pool/query-server.ts';
import type { PoolReader } from '#pool/query.ts';
import { poolFile } from './find-pool.ts';
import { resultWriter, type Format } from './result-format.ts';

/** `isthmus sql`, as its options say. */
export interface SqlCommand {
  /** `-`: from standard input. */
  readonly sql: string;
  /** Its name in the data folder, with its workspace's where that is needed: `workspace/pool`. */
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
