import { DatabaseSync } from 'node:sqlite';
import { fault } from '#base/fault.ts';
import { landingZoneTaken } from './zone-faults.ts';

const sqliteBusy = 5;

/**
 * Makes this process the only writer of the zone, until disposed of or dead.
 * The lock is SQLite's on an empty file: the kernel gives it back whatever becomes of the process, and it holds between network and
 * process namespaces, which a file with a process id in it does not.
 * Faults: `LandingZoneTaken`, `LandingZoneDenied`.
 */
export function lockZone(folder: string, path: string): Disposable {
  let file: DatabaseSync | undefined;
  try {
    file = new DatabaseSync(path);
    // Nothing is ever written: without this an empty journal would lie beside the file.
    file.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    file?.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy)
      throw landingZoneTaken(folder, 'its lock is held by a running process');
    throw fault('denied', 'LandingZoneDenied', `The landing zone ${folder} cannot be locked.`, {
      target: folder,
      remedy: 'Give this process the right to read and write the folder.',
      cause: error,
    });
  }
  return {
    [Symbol.dispose]: () => {
      if (file.isOpen) file.close();
    },
  };
}
