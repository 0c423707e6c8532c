import { fault, type Fault } from '#base/fault.ts';
import type { Footing, Segment } from './segment.ts';

/** Where nothing is yet. */
export const noFooting: Footing = { number: 0, epoch: undefined, position: undefined };

/** Where the pool stands once `last`, the end of a transaction, is applied upon `before`. */
export function footingAfter(before: Footing, last: Pick<Segment, 'number' | 'epoch' | 'position'>): Footing {
  return { number: last.number, epoch: last.epoch, position: last.position ?? before.position };
}

/** Is what is `said` to have been there what is `held`? Who wrote what an earlier version applied is not known: its number and position are. */
export function sameFooting(said: Footing, held: Footing): boolean {
  return said.number === held.number && said.position === held.position && (held.epoch === undefined || said.epoch === held.epoch);
}

/** Refuses a segment that was not written to go on from what the pool holds. `run`: whose it is. Faults: `SegmentForeign`. */
export function checkContinues(segment: Segment, held: Footing, run: string): void {
  const { number, continues } = segment;
  if (continues === undefined || sameFooting(continues, held)) return;
  throw foreign(run, `Segment ${number} of ${run} goes on from ${footingText(continues)}, and the pool holds ${footingText(held)}`);
}

/**
 * Is the segment one that the pool has already, to be passed over? Only numbers of the opening that wrote the last one applied are known to be
 * the same; another with such a number carries something else. Faults: `SegmentForeign`.
 */
export function isHeld(segment: Segment, held: Footing, run: string): boolean {
  if (segment.number > held.number) return false;
  const differs = segment.number === held.number && segment.last && segment.position !== undefined && segment.position !== held.position;
  if (segment.epoch === held.epoch && !differs) return true;
  const what = segment.position === undefined ? '' : `, which reaches ${segment.position},`;
  throw foreign(run, `Segment ${segment.number} of ${run}${what} is not the one that the pool has: it holds ${footingText(held)}`);
}

/** For messages. */
export function footingText({ number, epoch, position }: Footing): string {
  if (number === 0) return 'nothing';
  return `segment ${number} at ${position ?? 'no position'}${epoch === undefined ? '' : ` (writer ${epoch})`}`;
}

function foreign(run: string, what: string): Fault {
  return fault('corrupt', 'SegmentForeign', `${what}. It is not applied, since what lies between would be lost.`, {
    target: run,
    remedy:
      'Stop the link and start it again: it reads on from what the pool holds, and says so where the source no longer keeps that; then the tables are copied anew.',
  });
}
