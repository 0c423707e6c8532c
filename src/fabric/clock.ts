/** Time as the fabric sees it. Given by tests. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Does something later, once. Keeps no process alive. Answers what calls it off. */
  after(ms: number, action: () => void): () => void;
}

/** Longest wait that the runtime's timers take. */
const longestMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, action) => {
    const timer = setTimeout(action, Math.min(Math.max(0, ms), longestMs)).unref();
    return () => clearTimeout(timer);
  },
};
