/** Answers a whole number from 0 to `sides` - 1. */
export type Dice = (sides: number) => number;

/** The same numbers for the same seed (mulberry32). */
export function dice(seed: number): Dice {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

export function oneOf<T>(roll: Dice, all: readonly T[]): T {
  const one = all[roll(all.length)];
  if (one === undefined) throw new Error('one of nothing');
  return one;
}
