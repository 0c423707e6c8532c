import { fault, policies, toFault, type Fault } from './fault.ts';
import type { Log } from './log.ts';

/** A part that runs until it is told to stop. */
export interface Service {
  readonly name: string;
  /** Settles soon after `signal` aborts. A rejection means: try again later. Returning before that means: nothing left to do. */
  run(signal: AbortSignal): Promise<void>;
}

export interface Supervision {
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Between 0 and 1; given by tests. */
  readonly random?: () => number;
  /** Given by tests. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Monotonic milliseconds; given by tests. */
  readonly now?: () => number;
}

const firstBackoffMs = 250;
const longestBackoffMs = 30_000;
/** A run that lasted this long was well: its failure counts as the first. */
const wellAfterMs = 60_000;

/** How long to wait before attempt `attempt + 1` (from 0): doubling up to 30 s, of which a random half to whole, so that many do not come back at once. */
export function backoffMs(attempt: number, random: number): number {
  const whole = Math.min(longestBackoffMs, firstBackoffMs * 2 ** Math.min(attempt, 20));
  return Math.round(whole / 2 + (whole / 2) * random);
}

/** Waits. Throws `cancelled` as soon as the signal aborts. */
export function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => {
      clearTimeout(timer);
      reject(fault('cancelled', 'Canceled', 'The wait was cancelled.'));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', cancel);
      resolve();
    }, ms);
    if (signal.aborted) return cancel();
    signal.addEventListener('abort', cancel, { once: true });
  });
}

/**
 * Runs services side by side; one that fails is run again, for ever, after growing pauses. Answers when all have ended: each either had
 * nothing left to do or was told to stop by the signal. Never rejects.
 */
export async function supervise(services: readonly Service[], supervision: Supervision): Promise<void> {
  await Promise.all(services.map((service) => keepRunning(service, supervision)));
}

async function keepRunning(
  service: Service,
  { signal, log, random = Math.random, pause = delay, now = () => performance.now() }: Supervision,
): Promise<void> {
  const speaker = log.child({ service: service.name });
  let attempt = 0;
  while (!signal.aborted) {
    const startedMs = now();
    const trouble = await runOnce(service, signal);
    if (trouble === undefined || signal.aborted) return;
    if (now() - startedMs >= wellAfterMs) attempt = 0;
    const retryMs = backoffMs(attempt, random());
    attempt += 1;
    speaker[retryLevel(trouble, retryMs)]({ err: trouble, retryMs, attempt }, 'service failed and will be run again');
    await pause(retryMs, signal).catch(ignoreCancelled);
  }
}

async function runOnce(service: Service, signal: AbortSignal): Promise<Fault | undefined> {
  try {
    await service.run(signal);
    return undefined;
  } catch (error) {
    return toFault(error);
  }
}

/** What may pass by itself becomes louder the longer it lasts; anything else is as loud as its kind. */
export function retryLevel(trouble: Fault, retryMs: number): 'debug' | 'info' | 'warn' | 'error' {
  const { retry, log } = policies[trouble.kind];
  if (retry !== 'backoff') return log;
  if (retryMs < 1_000) return 'info';
  return retryMs < 10_000 ? 'warn' : 'error';
}

function ignoreCancelled(error: unknown): void {
  if (toFault(error).kind !== 'cancelled') throw error;
}
