import { useSyncExternalStore } from 'react';

/** One value that is looked at from several places. */
export interface Observable<T> {
  readonly get: () => T;
  readonly set: (value: T) => void;
  /** Returns what ends it. */
  readonly subscribe: (listener: () => void) => () => void;
}

export function observable<T>(first: T): Observable<T> {
  let value = first;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (next) => {
      value = next;
      for (const listener of listeners) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function useObservable<T>(one: Observable<T>): T {
  return useSyncExternalStore(one.subscribe, one.get);
}
