import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { checkServerIdentity, connect, type TLSSocket } from 'node:tls';
import { Fault } from '#base/fault.ts';
import { waitFault, type Connecting } from '../connecting.ts';
import { certificateFault, connectionFault } from './faults.ts';

export interface TlsAsk {
  readonly mode: 'prefer' | 'require' | 'verify-ca' | 'verify-full';
  /** The name that the certificate must hold with `verify-full`. */
  readonly name: string;
  /** TLS comes before anything else, as TDS 8 has it. */
  readonly first: boolean;
}

/**
 * Shakes hands over `below` and looks at the certificate before anything is sent. On a fault the streams are destroyed.
 * Faults: `TlsFailed` (unreachable), those of the certificate (unauthenticated), those of the deadline.
 */
export async function shakeHands(below: Duplex, ask: TlsAsk, connecting: Connecting): Promise<TLSSocket> {
  const socket = connect({
    socket: below,
    // Chain and name are checked below, so that each has a fault of its own.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    // Within TDS 7 there is no place for what TLS 1.3 sends after the handshake.
    ...(ask.first ? { ALPNProtocols: ['tds/8.0'] } : { maxVersion: 'TLSv1.2' }),
    ...(isIP(ask.name) === 0 ? { servername: ask.name } : {}),
  });
  // Whoever reads it is told by a listener of its own; while nobody does, a lost connection is no uncaught error.
  socket.on('error', () => socket.destroy());
  try {
    await handsShaken(socket, connecting);
    verify(socket, ask, connecting.target);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function handsShaken(socket: TLSSocket, connecting: Connecting): Promise<void> {
  const { deadline, target } = connecting;
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      socket.removeListener('error', onLost);
      socket.removeListener('close', onLost);
      deadline.removeEventListener('abort', onAbort);
      outcome();
    };
    const onLost = (cause?: unknown): void =>
      settle(() => reject(cause instanceof Fault ? cause : connectionFault('tlsFailed', target, cause)));
    const onAbort = (): void => settle(() => reject(waitFault(connecting, 'the TLS handshake')));
    if (deadline.aborted) return onAbort();
    deadline.addEventListener('abort', onAbort, { once: true });
    socket.on('error', onLost);
    socket.on('close', onLost);
    socket.once('secureConnect', () => settle(resolve));
  });
}

function verify(socket: TLSSocket, { mode, name }: TlsAsk, target: string): void {
  if (mode === 'prefer' || mode === 'require') return;
  if (!socket.authorized) throw certificateFault(String(socket.authorizationError), target);
  if (mode !== 'verify-full') return;
  const wrong = checkServerIdentity(name, socket.getPeerCertificate());
  if (wrong !== undefined) throw connectionFault('certificateName', target, wrong);
}
