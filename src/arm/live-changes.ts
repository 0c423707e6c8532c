/** A resource of which a read shows something else than before, though nothing was written: what runs for it has moved on. */
export interface LiveChange {
  readonly id: string;
  /** In the type's own casing. */
  readonly type: string;
}

/** Who sees that something has changed rings; who shows it listens. A ring says nothing of what has changed: whoever wants to know reads. */
export interface LiveChanges extends Disposable {
  /** Quick, and never throws. May be rung at any rate. */
  ring(id: string, type: string): void;
  /** Returns what ends it. Listeners are quick and never throw. */
  onLive(listener: (change: LiveChange) => void): () => void;
}

export interface LiveClock {
  /** Calls `wake` once, after so long. Returns what stops it. */
  readonly timer: (ms: number, wake: () => void) => () => void;
}

/** The least time between two that are told of the same resource. */
export const livePauseMs = 500;

interface Pause {
  stop: () => void;
  /** Rung since the last was told. */
  again: LiveChange | undefined;
}

/** The first ring of a resource is told at once, those of the next half second as one at its end. */
export function liveChanges({ timer }: LiveClock = usualClock): LiveChanges {
  const listeners = new Set<(change: LiveChange) => void>();
  const pauses = new Map<string, Pause>();
  const tell = (key: string, change: LiveChange): void => {
    const pause: Pause = { stop: () => undefined, again: undefined };
    pauses.set(key, pause);
    pause.stop = timer(livePauseMs, () => {
      pauses.delete(key);
      if (pause.again !== undefined) tell(key, pause.again);
    });
    for (const listener of listeners) listener(change);
  };
  return {
    ring: (id, type) => {
      const key = id.toLowerCase();
      const pause = pauses.get(key);
      if (pause === undefined) tell(key, { id, type });
      else pause.again ??= { id, type };
    },
    onLive: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    [Symbol.dispose]: () => {
      for (const { stop } of pauses.values()) stop();
      pauses.clear();
      listeners.clear();
    },
  };
}

const usualClock: LiveClock = {
  timer: (ms, wake) => {
    const timer = setTimeout(wake, ms);
    return () => clearTimeout(timer);
  },
};
