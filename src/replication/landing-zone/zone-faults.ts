import { fault, Fault, toFault } from '#base/fault.ts';
import { footingText } from '../continuation.ts';
import type { Manifest } from './manifest.ts';

const anew = 'Restore it from a backup, or give the link a new pool and a new landing zone, which copies the tables anew.';

/** A file of the zone is torn or altered. `file`: its path within the zone. */
export function segmentCorrupt(file: string, what: string, cause?: unknown): Fault {
  return fault('corrupt', 'SegmentCorrupt', `${file} in the landing zone is damaged: ${what}.`, { target: file, remedy: anew, cause });
}

/** A file or segment that must be in the zone is not. */
export function segmentMissing(file: string, what: string): Fault {
  return fault('corrupt', 'SegmentMissing', `${file} is missing in the landing zone: ${what}.`, { target: file, remedy: anew });
}

/** A segment came with a number that the pool has taken already. */
export function segmentForeign(file: string, what: string, manifest: Manifest | undefined): Fault {
  const { position, continues } = manifest ?? {};
  const from = continues ? `, goes on from ${footingText(continues)}` : '';
  const to = position === undefined ? '' : `, and reaches ${position}`;
  return fault('corrupt', 'SegmentForeign', `${file} in the landing zone came again with other content: ${what}${from}${to}.`, {
    target: file,
    remedy:
      'Stop the link and start it again: it reads on from what the pool holds, and says so where the source no longer keeps that; then the tables are copied anew.',
  });
}

export function landingZoneTaken(folder: string, what: string): Fault {
  return fault('conflict', 'LandingZoneTaken', `The landing zone ${folder} has another writer: ${what}.`, {
    target: folder,
    remedy: 'Stop the other worker of this link, or give this link a landing zone of its own.',
  });
}

/** A failed file operation in the zone as a fault; faults pass. */
export function zoneFault(error: unknown, folder: string): Fault {
  if (error instanceof Fault) return error;
  const code = errorCode(error);
  if (code === undefined) return toFault(error);
  const options = { target: folder, cause: error };
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return fault('unreachable', 'LandingZoneFull', `The disk of the landing zone ${folder} is full.`, {
        ...options,
        remedy: 'Free disk space, or let the pool take the waiting segments; the link goes on by itself.',
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return fault('denied', 'LandingZoneDenied', `The landing zone ${folder} may not be written (${code}).`, {
        ...options,
        remedy: 'Give this process the right to read and write the folder.',
      });
    case 'ENOENT':
    case 'ENOTDIR':
      return fault('missing', 'LandingZoneGone', `The landing zone ${folder} is no longer there (${code}).`, {
        ...options,
        remedy: 'Put the folder back, or give the link a new pool and a new landing zone, which copies the tables anew.',
      });
    default:
      return fault('unreachable', 'LandingZoneFailed', `The disk of the landing zone ${folder} refuses to work (${code}).`, {
        ...options,
        remedy: 'Look after the disk; the link goes on by itself.',
      });
  }
}

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
