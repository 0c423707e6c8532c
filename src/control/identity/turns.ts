/** Work under the same key runs one after the other, in the order in which it came. */
export interface Turns {
  /** Undefined: too many wait already. */
  take<T>(key: string, work: () => Promise<T>): Promise<T> | undefined;
}

export function turns(maxWaiting: number): Turns {
  const lines = new Map<string, { last: Promise<unknown>; waiting: number }>();
  return {
    take: (key, work) => {
      const line = lines.get(key) ?? { last: Promise.resolve(), waiting: 0 };
      if (line.waiting >= maxWaiting) return undefined;
      const mine = line.last.then(work);
      line.waiting += 1;
      // Whoever asked sees the failure; the next in line only waits for the end.
      line.last = Promise.allSettled([mine]).then(() => {
        line.waiting -= 1;
        if (line.waiting === 0) lines.delete(key);
      });
      lines.set(key, line);
      return mine;
    },
  };
}
