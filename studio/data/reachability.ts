import { observable, type Observable } from './observable.ts';

export interface Reachability {
  /** Whether changes are being told as they happen. */
  readonly live: boolean;
  /** Milliseconds since 1970: when `live` became what it is. */
  readonly sinceMs: number;
  /** The session is over: only signing in again helps. */
  readonly signedOut: boolean;
}

/** What is known of the way to the server. Pages show what they have as old while it is not live. */
export const reachability: Observable<Reachability> = observable<Reachability>({ live: false, sinceMs: Date.now(), signedOut: false });

export function setLive(live: boolean): void {
  const now = reachability.get();
  if (now.live !== live) reachability.set({ ...now, live, sinceMs: Date.now() });
}

/** Told of each answer; undefined: there was none. */
export function reportAnswer(status: number | undefined): void {
  const now = reachability.get();
  if (status === undefined) setLive(false);
  else if ((status === 401) !== now.signedOut) reachability.set({ ...now, signedOut: status === 401 });
}
