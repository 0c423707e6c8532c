import { fault, toFault, type Fault } from '#base/fault.ts';
import type { JobEvent, RuntimeJob } from '#runtime/job.ts';
import type { RuntimeHost } from '#runtime/runtime.ts';

/** A short job that somebody waits for. */
export interface InteractiveJob {
  readonly segment: string;
  /** For logs and refusals: `test of the connection of shop`. */
  readonly name: string;
  readonly job: RuntimeJob & { readonly timeoutMs: number };
}

/** What became of it. */
export interface InteractiveOutcome {
  /** All that the worker told before its end. */
  readonly events: readonly JobEvent[];
  /** How long it took until a worker had the job. */
  readonly startMs: number;
  readonly isolated: boolean;
  /** Why it came to no good end. */
  readonly failed: Fault | undefined;
}

/** Each is a process. */
const mostJobs = 12;
/** What a worker may take beyond the time of its job. */
const graceMs = 10_000;
const mostEvents = 1_000;

/** Runs the jobs that interactive authoring serves, each in a worker of its own, in the managed virtual network. */
export class InteractiveJobs {
  readonly #runtimes: Pick<RuntimeHost, 'start'>;
  #running = 0;

  constructor(runtimes: Pick<RuntimeHost, 'start'>) {
    this.#runtimes = runtimes;
  }

  /** Faults: `TooManyInteractiveJobs` (throttled), and those of starting a worker: `NotIsolated`. What the job itself refuses is in the outcome. */
  async run({ segment, name, job }: InteractiveJob, signal: AbortSignal): Promise<InteractiveOutcome> {
    if (this.#running >= mostJobs)
      throw fault('throttled', 'TooManyInteractiveJobs', `${mostJobs} connections are being tested or browsed already.`, {
        remedy: 'Try again in a moment.',
      });
    this.#running += 1;
    try {
      return await this.#run({ segment, name, job }, signal);
    } finally {
      this.#running -= 1;
    }
  }

  async #run({ segment, name, job }: InteractiveJob, signal: AbortSignal): Promise<InteractiveOutcome> {
    const fromMs = performance.now();
    const deadline = AbortSignal.timeout(job.timeoutMs + graceMs);
    const either = AbortSignal.any([signal, deadline]);
    await using running = await this.#runtimes.start({ segment, name, job, writable: [] }, either);
    const startMs = Math.round(performance.now() - fromMs);
    const events: JobEvent[] = [];
    let failed: Fault | undefined;
    try {
      for await (const event of running.events) {
        events.push(event);
        if (events.length > mostEvents) throw tooMuch(name);
      }
      if (either.aborted) failed = deadline.aborted ? late(name) : undefined;
    } catch (error) {
      failed = deadline.aborted ? late(name) : toFault(error);
    }
    return { events, startMs, isolated: running.isolated, failed };
  }
}

function late(name: string): Fault {
  return fault('timeout', 'JobTimedOut', `The ${name} did not end in its time.`, {
    remedy: 'Try again; the log of control says what its worker did.',
  });
}

function tooMuch(name: string): Fault {
  return fault('corrupt', 'WorkerBroken', `The worker of the ${name} tells more than there can be.`, { remedy: 'Try again.' });
}
