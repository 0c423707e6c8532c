import type { Draft, Progress } from './segment.ts';

/**
 * How segments come from the link to the pool. Two implementations, one suite (`handover.contract.ts`):
 * `DirectHandover` applies them in this process; `LandingZone` makes them durable in a folder from which the pool takes them.
 */
export interface Handover extends AsyncDisposable {
  /** What the last durable transaction left; what was put after it is gone. */
  progress(): Promise<Progress>;
  /** Puts the next part. Calls may overlap, order is kept. Resolves when it is durable (with `last`) or taken (without); its buffers are not read after that, and may be used again. */
  put(draft: Draft): Promise<void>;
}
