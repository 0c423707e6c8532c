import { connect, type OnReadOpts, type Socket } from 'node:net';
import { fault } from '#base/fault.ts';
import { forbiddenReason, isForbidden } from '../forbidden.ts';

export interface ConnectOptions {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly timeoutMs: number;
  /** For relayed connections; without it the socket is an ordinary stream, not yet read from. */
  readonly onread?: () => OnReadOpts;
  /** The end of one direction leaves the other open. So it is with `onread`, too. */
  readonly halfOpen?: boolean;
  /** Told of each socket that tries. */
  readonly trying: (socket: Socket) => void;
  /** Whether there is still somebody to connect for. */
  readonly wanted: () => boolean;
}

export type Connected =
  | { readonly socket: Socket; readonly address: string }
  /** Why each failed, and the last error. */
  | { readonly socket: undefined; readonly problem: string; readonly cause: unknown };

/** Tries addresses in turn. Each but the last has a share of the time, so that one that swallows packets does not use it up. */
export async function connectInTurn(options: ConnectOptions): Promise<Connected> {
  const { addresses, timeoutMs } = options;
  const problems: string[] = [];
  let cause: unknown;
  for (const [at, address] of addresses.entries()) {
    if (!options.wanted()) break;
    const shareMs = at === addresses.length - 1 ? timeoutMs : Math.ceil(timeoutMs / addresses.length);
    const tried = await connectOnce(options, address, shareMs);
    if (tried.error === undefined) return { socket: tried.socket, address };
    cause = tried.error;
    problems.push(addresses.length === 1 ? problemOf(tried.error, shareMs) : `${address}: ${problemOf(tried.error, shareMs)}`);
  }
  return { socket: undefined, problem: problems.join('; '), cause };
}

/** What the operating system says, or one of our own faults. */
type Trouble = Error & { readonly code?: string | undefined };

type Tried = { readonly socket: Socket; readonly error: undefined } | { readonly error: Trouble };

function connectOnce(options: ConnectOptions, host: string, timeoutMs: number): Promise<Tried> {
  if (isForbidden(host))
    return Promise.resolve({ error: fault('denied', 'TargetForbidden', 'The address is one to which no network leads.') });
  return new Promise((settle) => {
    const { port, onread } = options;
    const socket = connect({
      host,
      port,
      allowHalfOpen: onread !== undefined || options.halfOpen === true,
      noDelay: true,
      ...(onread === undefined ? {} : { onread: onread() }),
    });
    // A relayed socket would read before the client's end is tied to it.
    if (onread !== undefined) socket.pause();
    options.trying(socket);
    const timer = setTimeout(() => socket.destroy(fault('timeout', 'ConnectTimeout', 'The connect took too long.')), timeoutMs);
    const fail = (error: Trouble): void => {
      clearTimeout(timer);
      socket.removeListener('close', closed);
      settle({ error });
    };
    const closed = (): void => fail(fault('cancelled', 'Canceled', 'The connect was given up.'));
    socket.once('error', fail);
    socket.once('close', closed);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeListener('error', fail);
      socket.removeListener('close', closed);
      settle({ socket, error: undefined });
    });
  });
}

function problemOf(error: Trouble, timeoutMs: number): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'it refuses connections (nothing listens there)';
    case 'ETIMEDOUT':
    case 'ConnectTimeout':
      return `no answer within ${timeoutMs / 1_000} s`;
    case 'TargetForbidden':
      return forbiddenReason;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'there is no route to it';
    case 'EMFILE':
    case 'ENFILE':
      return 'this host has no file descriptors left';
    case undefined:
      return 'the connection failed';
    default:
      return error.code;
  }
}
