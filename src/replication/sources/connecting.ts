import type { Duplex } from 'node:stream';
import type { Dialer } from '#base/dialer.ts';
import { fault, Fault } from '#base/fault.ts';

/** A server that is being connected to. */
export interface Connecting {
  /** `host:port`, for faults. */
  readonly target: string;
  /** `SQL Server`, for faults. */
  readonly server: string;
  /** Ends all waiting; its reason says whether time ran out or somebody gave up. */
  readonly deadline: AbortSignal;
}

/** Why waiting ended: `Canceled`, or `ServerSilent` (timeout), which says what was waited for. */
export function waitFault({ target, server, deadline }: Connecting, waitsFor: string): Fault {
  const reason: unknown = deadline.reason;
  if (reason instanceof Fault) return reason;
  if (reason instanceof Error && reason.name === 'TimeoutError')
    return fault('timeout', 'ServerSilent', `${target} took the connection and says nothing where ${waitsFor} of a ${server} is due.`, {
      target,
      remedy: `Check that the ${server} behind the path is well and not overloaded, and what the forwarder passes on to.`,
    });
  return fault('cancelled', 'Canceled', `Connecting to ${target} was cancelled.`, { target });
}

/** The promise's outcome, or the fault of the deadline if that comes first. */
export function untilDeadline<T>(promise: Promise<T>, connecting: Connecting, waitsFor: string | (() => string)): Promise<T> {
  const { deadline } = connecting;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(waitFault(connecting, typeof waitsFor === 'string' ? waitsFor : waitsFor()));
    if (deadline.aborted) return onAbort();
    deadline.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => deadline.removeEventListener('abort', onAbort));
  });
}

/** A stream to the server. Faults: the dialer's; `ConnectTimeout` (timeout), `Canceled`. */
export async function dialServer(dialer: Dialer, host: string, port: number, connecting: Connecting): Promise<Duplex> {
  const { target, deadline } = connecting;
  const dialled = dialer.dial(host, port, deadline);
  try {
    return await untilDeadline(dialled, connecting, 'a connection');
  } catch (error) {
    // A dialer that minds no signal may still open a stream, which nobody waits for any more.
    dialled.then(
      (late) => late.destroy(),
      () => undefined,
    );
    if (deadline.aborted && waitFault(connecting, '').kind === 'timeout')
      throw fault('timeout', 'ConnectTimeout', `${target} took no connection in time.`, {
        target,
        remedy: 'Check that a route exists and that no firewall drops the packets.',
        cause: error,
      });
    throw error;
  }
}
