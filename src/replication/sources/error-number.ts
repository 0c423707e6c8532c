import type { Fault } from '#base/fault.ts';

const numbers = new WeakMap<Fault, number>();

/** The same fault, with the number that the server itself gives to what is wrong. */
export function withErrorNumber(trouble: Fault, number: number): Fault {
  numbers.set(trouble, number);
  return trouble;
}

/** SQL Server's or MySQL's own number of what is wrong; undefined where the server said none. */
export function errorNumberOf(trouble: Fault): number | undefined {
  return numbers.get(trouble);
}
