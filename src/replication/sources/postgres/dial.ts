import type { Duplex } from 'node:stream';
import type { Dialer } from '#base/dialer.ts';
import { connectionFault, dialFault } from './faults.ts';
import { secure, type SecuredStream } from './tls.ts';
import { abortFault } from './transport.ts';
import type { PgAddress } from './url.ts';

export interface DialOptions extends PgAddress {
  readonly dialer: Dialer;
  /** Told how far connecting came, for whoever measures or explains it. */
  readonly onStage?: ((stage: DialStage) => void) | undefined;
}

export type DialStage = { readonly stage: 'dialled' } | { readonly stage: 'secured'; readonly encrypted: boolean };

/** A stream to the server with TLS as asked. Faults: those of the dialer and of `secure`, and the deadline's reason. */
export async function dialSecured(options: DialOptions, deadline: AbortSignal): Promise<SecuredStream> {
  const target = `${options.host}:${options.port}`;
  const dialled = options.dialer.dial(options.host, options.port, deadline);
  let stream: Duplex;
  try {
    stream = await settledOrAborted(dialled, deadline, target);
  } catch (error) {
    // A dialer that minds no signal may still open a stream, which nobody waits for any more.
    dialled.then(
      (late) => late.destroy(),
      () => undefined,
    );
    throw deadline.aborted ? abortFault(deadline, target) : dialFault(error, target);
  }
  options.onStage?.({ stage: 'dialled' });
  const secured = await secure(stream, options, deadline);
  options.onStage?.({ stage: 'secured', encrypted: secured.encrypted });
  return secured;
}

export interface Deadline {
  readonly signal?: AbortSignal;
  readonly timeoutMs: number;
  readonly target: string;
}

/** Runs `work` with a signal whose reason is the fault to end with: the caller's cancellation, or the time-out. */
export async function withDeadline<T>(deadline: Deadline, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { signal, timeoutMs, target } = deadline;
  const ends = new AbortController();
  const onAbort = (): void => ends.abort(abortFault(signal, target));
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => ends.abort(connectionFault('connectTimeout', target)), timeoutMs);
  try {
    if (ends.signal.aborted) throw abortFault(ends.signal, target);
    return await work(ends.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** The promise's outcome, or the abort's fault if that comes first. */
export function settledOrAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined, target: string): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(abortFault(signal, target));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
