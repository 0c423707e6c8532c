import { connect, type OnReadOpts, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { fault } from './fault.ts';

/** The only way out: opens a byte stream to a host's port, or throws `unreachable`, `timeout`, `denied` or `cancelled`. */
export interface Dialer {
  dial(host: string, port: number, signal: AbortSignal): Promise<Duplex>;
  /**
   * The same for whoever passes the bytes on, where the dialer can: the socket reads into the caller's buffers, is paused, and keeps one way open
   * when the other has ended.
   */
  relay?(host: string, port: number, signal: AbortSignal, onread: OnReadOpts): Promise<Socket>;
}

const dialTimeoutMs = 15_000;
const keepAliveMs = 30_000;

/** Dials through the operating system, for links that run with no fabric. */
export const directDialer: Dialer = {
  dial: (host, port, signal) =>
    new Promise((resolve, reject) => {
      const target = `${host}:${port}`;
      const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs });
      const settle = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        socket.removeListener('error', onError);
      };
      const fail = (error: Error): void => {
        settle();
        socket.on('error', () => socket.destroy());
        socket.destroy();
        reject(error);
      };
      const onError = (cause: NodeJS.ErrnoException): void =>
        fail(
          fault(
            'unreachable',
            cause.code === 'ENOTFOUND' || cause.code === 'EAI_AGAIN' ? 'HostNotFound' : 'ConnectionFailed',
            `No connection to ${target}: ${cause.code ?? 'failed'}.`,
            {
              target,
              remedy: 'Check host name and port, that the server listens there, and that no firewall is between.',
              cause,
            },
          ),
        );
      const onAbort = (): void => fail(fault('cancelled', 'Canceled', `Dialling ${target} was cancelled.`));
      const timer = setTimeout(
        () =>
          fail(
            fault('timeout', 'ConnectTimeout', `${target} did not answer within ${dialTimeoutMs / 1000} s.`, {
              target,
              remedy: 'Check that a route exists and that no firewall drops the packets.',
            }),
          ),
        dialTimeoutMs,
      );
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      socket.once('error', onError);
      socket.once('connect', () => {
        settle();
        resolve(socket);
      });
    }),
};
