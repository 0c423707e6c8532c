import { fault } from '#base/fault.ts';
import type { JobEvent } from '#runtime/job.ts';
import type { JobOrder, RuntimeHost } from '#runtime/runtime.ts';

export type JobEventOf<Kind extends JobEvent['kind']> = Extract<JobEvent, { readonly kind: Kind }>;

/** Runs a short job to its end. Answers the one thing of that kind that it told. Faults: its own, `JobSaidNothing` (corrupt). */
export async function askOnce<Kind extends JobEvent['kind']>(
  runtimes: Pick<RuntimeHost, 'start'>,
  order: JobOrder,
  kind: Kind,
  signal: AbortSignal,
): Promise<JobEventOf<Kind>> {
  await using job = await runtimes.start(order, signal);
  let told: JobEventOf<Kind> | undefined;
  for await (const event of job.events) {
    signal.throwIfAborted();
    if (event.kind === kind) told = event as JobEventOf<Kind>;
  }
  if (told !== undefined) return told;
  throw fault('corrupt', 'JobSaidNothing', `The worker ended its job without an answer.`, {
    target: order.name,
    remedy: "Try again; the worker's log says what it did.",
  });
}
