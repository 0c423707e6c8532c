import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { failpoint } from '#base/failpoint.ts';
import { fault } from '#base/fault.ts';

/** Who may read a file: only this user, or everybody. */
export type FileMode = 0o600 | 0o644;

/** Makes a folder that only this user may look into. One that is there keeps its mode. */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/**
 * Puts `content` at `path`: after a crash at any point the file holds all of the old or all of the new. Durable when it returns. One
 * process writes a path at a time.
 */
export async function writeDurably(path: string, content: string | Uint8Array, mode: FileMode): Promise<void> {
  const draft = `${path}.new`;
  // A draft that a crash left may have another mode, or be a link that someone put there.
  await rm(draft, { force: true });
  const file = await open(draft, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await failpoint('identity.file.before');
  await rename(draft, path);
  await syncFolder(dirname(path));
}

/** What was renamed or removed in a folder stays so. */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}

/**
 * The content of a file; undefined: there is none. A private file (0600) that others may read is closed to them again.
 * Fault: `IdentityFileDenied` (denied).
 */
export async function readIfThere(path: string, mode: FileMode): Promise<Buffer | undefined> {
  try {
    const content = await readFile(path);
    if (mode === 0o600 && ((await stat(path)).mode & 0o077) !== 0) await chmod(path, mode);
    return content;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fault('denied', 'IdentityFileDenied', `The file ${path} cannot be read.`, {
      target: path,
      remedy: 'Let the user that runs Isthmus own the data folder and all in it.',
      cause,
    });
  }
}
