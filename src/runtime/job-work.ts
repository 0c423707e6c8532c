import type { Dialer } from '#base/dialer.ts';
import type { Log } from '#base/log.ts';
import type { JobEvent, LinkMessage } from './job.ts';

/** What a job works with, inside its worker. */
export interface JobContext {
  /** The worker's only way to anything. */
  readonly dialer: Dialer;
  /** Aborts when the job is to end in good order. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Tells the control side. Of `link` events only the latest is sure to arrive. */
  readonly tell: (event: JobEvent) => void;
  /** What the control side says to a link. One listener at a time; what came before it was set is told to it at once, in order. */
  onMessage(listener: (message: LinkMessage) => void): void;
}

/** Does one kind of job; returns when it is done, throws its fault. `begun`, `done` and `failed` are told by the worker itself. */
export type JobWork<Job> = (job: Job, context: JobContext) => Promise<void>;
