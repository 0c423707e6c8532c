import { mkdir, open, rename, rm } from 'node:fs/promises';

/** What is done to the folder of a landing zone. A test may put another in its place that fails or dies at any step. */
export interface Disk {
  /** Creates a file that must not exist, writes the pieces one after the other, and makes its content durable. */
  writeFile(path: string, pieces: readonly Uint8Array[]): Promise<void>;
  makeFolder(path: string): Promise<void>;
  /** Makes durable which names the folder holds. */
  syncFolder(path: string): Promise<void>;
  /** Fails when `to` is a folder with anything in it; replaces a file. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file or a folder with all it holds; nothing when it is not there. */
  remove(path: string): Promise<void>;
}

export const realDisk: Disk = {
  writeFile: async (path, pieces) => {
    await using file = await open(path, 'wx');
    let left = pieces;
    while (left.length > 0) {
      const { bytesWritten } = await file.writev(left);
      left = after(left, bytesWritten);
    }
    await file.sync();
  },
  makeFolder: (path) => mkdir(path),
  syncFolder: async (path) => {
    await using folder = await open(path, 'r');
    await folder.sync();
  },
  rename,
  remove: (path) => rm(path, { recursive: true, force: true }),
};

/** What is left of the pieces after their first `bytes` bytes. */
function after(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let skipped = 0;
  for (const [i, piece] of pieces.entries()) {
    if (skipped + piece.length > bytes) return [piece.subarray(bytes - skipped), ...pieces.slice(i + 1)];
    skipped += piece.length;
  }
  return [];
}

/** Runs `work` for each item, at most 16 at once; ends with the first failure, once none is running any more. */
export async function eachOf<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items].values();
  let failure: { readonly error: unknown } | undefined;
  const lane = async (): Promise<void> => {
    for (const item of queue) {
      if (failure) return;
      try {
        await work(item);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  if (failure) throw failure.error;
}
