import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import type { KillSwitch } from '../handover.contract.ts';
import type { Disk } from './disk.ts';

/**
 * A disk whose user dies at any step, in the middle of a file too. Nothing is made durable: what a dead process wrote is there for the
 * next one, as after `kill -9`.
 */
export function killableDisk(kill: Pick<KillSwitch, 'point'>): Disk {
  return {
    writeFile: async (path, pieces) => {
      kill.point();
      const whole = Buffer.concat(pieces);
      await writeFile(path, whole.subarray(0, whole.length >> 1), { flag: 'wx' });
      kill.point();
      await writeFile(path, whole);
    },
    makeFolder: async (path) => {
      kill.point();
      await mkdir(path);
    },
    syncFolder: async () => kill.point(),
    rename: async (from, to) => {
      kill.point();
      await rename(from, to);
      kill.point();
    },
    remove: async (path) => {
      kill.point();
      await rm(path, { recursive: true, force: true });
    },
  };
}
