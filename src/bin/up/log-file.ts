import { mkdirSync, openSync, closeSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { createLog, type Log } from '#base/log.ts';

/** A log in a file, of which one older part is kept. */
export interface LogFile extends Disposable {
  readonly log: Log;
}

const maxBytes = 16 * 1024 * 1024;

/** Opens it for appending. Lines are written at once: a process that is killed leaves its last words. */
export function openLogFile(path: string): LogFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  let file = openSync(path, 'a', 0o600);
  let bytes = statSync(path).size;
  const turn = (): void => {
    closeSync(file);
    renameSync(path, `${path}.1`);
    file = openSync(path, 'a', 0o600);
    bytes = 0;
  };
  const write = (line: string): void => {
    if (bytes > maxBytes) turn();
    try {
      bytes += writeSync(file, line);
    } catch {
      // A full disk must not end what is being logged.
    }
  };
  return { log: createLog({ level: 'info', write }), [Symbol.dispose]: () => closeSync(file) };
}
