import { fault } from '#base/fault.ts';
import { copyAnew } from './copy-anew.ts';
import type { Position } from './segment.ts';

/** A position from its source's identity and a place in that source's log; places of one log sort as text. */
export function makePosition(identity: string, place: string): Position {
  return `${identity}/${place}` as Position;
}

/** Whose log it is: compared before any order is looked at. */
export function identityOf(position: Position): string {
  return position.slice(0, position.lastIndexOf('/'));
}

export function placeOf(position: Position): string {
  return position.slice(position.lastIndexOf('/') + 1);
}

/** Is everything before `goal` followed? Both must come from one source, which `ChangeSource.open` has verified. */
export function hasReached(position: Position | undefined, goal: Position): boolean {
  return position !== undefined && placeOf(position) >= placeOf(goal);
}

/** A text read from outside as a position. */
export function parsePosition(text: string): Position {
  if (!/^[a-z]+\/.+\/[^/]+$/.test(text))
    throw fault('corrupt', 'PositionCorrupt', 'A stored source position cannot be read.', {
      remedy: copyAnew,
    });
  return text as Position;
}
