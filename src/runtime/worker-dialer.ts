import { connect, type Socket } from 'node:net';
import { directDialer, type Dialer } from '#base/dialer.ts';
import { faultFrom, type FaultText } from '#base/fault-text.ts';
import { fault, toFault, type Fault } from '#base/fault.ts';
import { wayKey, type OwnWay, type StreamAccess } from './channel.ts';
import type { MovedBytes } from './moved-bytes.ts';

/** A dialer whose streams are sockets of this process. */
export interface SocketDialer extends Dialer {
  dial(host: string, port: number, signal: AbortSignal): Promise<Socket>;
}

/** The same, and what its connections move is counted. */
export function countedDialer(dialer: SocketDialer, moved: MovedBytes): Dialer {
  return {
    dial: async (host, port, signal) => {
      const socket = await dialer.dial(host, port, signal);
      moved.follow(socket);
      return socket;
    },
  };
}

/** What became of connections to doors, as the control side tells it: before or after somebody waits for it. */
export class WayNews {
  readonly #told = new Map<string, FaultText | null>();
  readonly #waiting = new Map<string, (trouble: FaultText | null) => void>();

  tell(way: string, trouble: FaultText | null): void {
    const waits = this.#waiting.get(way);
    if (waits !== undefined) return waits(trouble);
    this.#told.set(way, trouble);
    // What nobody asked for belongs to connections that were made without the dialer.
    for (const old of this.#told.keys()) {
      if (this.#told.size <= mostUnasked) break;
      this.#told.delete(old);
    }
  }

  /** Fault: `cancelled`, `ConnectTimeout`. */
  async of(way: string, target: string, signal: AbortSignal): Promise<FaultText | null> {
    const told = this.#told.get(way);
    if (told !== undefined) {
      this.#told.delete(way);
      return told;
    }
    return await new Promise((settle, fail) => {
      const end = (): void => {
        this.#waiting.delete(way);
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        end();
        fail(fault('cancelled', 'Canceled', `Dialling ${target} was cancelled.`));
      };
      const timer = setTimeout(() => {
        end();
        fail(noAnswer(target));
      }, newsMs);
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.set(way, (trouble) => {
        end();
        settle(trouble);
      });
    });
  }
}

const mostUnasked = 256;
/** So long news may come after the end that they tell of. */
const lateNewsMs = 2_000;
/** The far side's own patience is shorter. */
const newsMs = 60_000;

export interface DoorDialerOptions {
  /** Of the job's own target at this moment. */
  readonly own: () => OwnWay | null;
  readonly news: WayNews;
  /** What stands between the worker and its job's own target; null: nothing any more. */
  readonly why: () => Promise<FaultText | null>;
  readonly target: { readonly host: string; readonly port: number };
}

/**
 * Dials inside a sandbox: a plain connect to a door. A connection to a door that somebody passes on counts once the far side is there too, and a
 * refusal is the far side's own; one that the network itself carries counts once it is connected. What the network denies is said here as there.
 */
export function doorDialer(options: DoorDialerOptions): SocketDialer {
  const { own, news, why, target } = options;
  const isTarget = (host: string, port: number): boolean => host.toLowerCase() === target.host.toLowerCase() && port === target.port;
  const connectTo = async (host: string, port: number, signal: AbortSignal): Promise<Socket> => {
    const way = isTarget(host, port) ? own() : null;
    return (await directDialer.dial(way?.address ?? host, port, signal)) as Socket;
  };
  const open = async (host: string, port: number, signal: AbortSignal): Promise<Socket> => {
    try {
      return await connectTo(host, port, signal);
    } catch (error) {
      if (signal.aborted || !isTarget(host, port) || !noDoor.has(toFault(error).code)) throw error;
      const reason = await why();
      if (reason !== null) throw faultFrom(reason);
      // It opened meanwhile.
      return await connectTo(host, port, signal);
    }
  };
  return {
    dial: async (host, port, signal) => {
      const socket = await open(host, port, signal);
      if (isPassedOn(socket)) await ledOn(socket, news, { host, port }, signal);
      else if (isTarget(host, port)) sayWhyItEnds(socket, why);
      return socket;
    },
  };
}

/** Settles when the far side of a connection is there too. Fault: why it is not. */
async function ledOn(socket: Socket, news: WayNews, { host, port }: DoorDialerOptions['target'], signal: AbortSignal): Promise<void> {
  // Its end may come before the news of why, and of a door that is taken away as it comes there are none.
  const ignore = (): void => undefined;
  socket.on('error', ignore);
  const gone = new AbortController();
  let ending: NodeJS.Timeout | undefined;
  const end = (): void => void (ending = setTimeout(() => gone.abort(), lateNewsMs));
  if (socket.destroyed) end();
  else socket.once('close', end);
  try {
    const { remoteAddress = '', localPort = 0 } = socket;
    const key = wayKey(plainAddress(remoteAddress), port, localPort);
    const trouble = await news.of(key, `${host}:${port}`, AbortSignal.any([signal, gone.signal]));
    if (trouble !== null) throw faultFrom(trouble);
    if (socket.destroyed) throw lost(`${host}:${port}`);
  } catch (error) {
    socket.destroy();
    throw gone.signal.aborted && !signal.aborted ? lost(`${host}:${port}`) : error;
  } finally {
    socket.removeListener('close', end);
    clearTimeout(ending);
  }
  socket.removeListener('error', ignore);
}

/** What `directDialer` says where there is no door, or where a door of the network leads nowhere. */
const noDoor = new Set(['HostNotFound', 'ConnectionFailed', 'ConnectTimeout']);

/** Somebody listens for it inside of this network: then it ends at an address of the network's own loopback. */
function isPassedOn({ localAddress, remoteAddress }: Socket): boolean {
  return localAddress === remoteAddress;
}

/**
 * The network may let a connection in before it knows that its last step cannot be reached. One that is reset before a byte came ends with what the
 * network then says, where it says something.
 */
function sayWhyItEnds(socket: Socket, why: DoorDialerOptions['why']): void {
  const destroy = socket._destroy.bind(socket);
  socket._destroy = (error, done) => {
    const isReset = (error as NodeJS.ErrnoException | null)?.code === 'ECONNRESET';
    if (!isReset || socket.bytesRead > 0) return destroy(error, done);
    void why().then((reason) => destroy(reason === null ? error : faultFrom(reason), done));
  };
}

function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

const mostAnswerBytes = 65_536;

/** The answer to a head line of a stream. */
export interface StreamAnswer {
  readonly fault: FaultText | null;
}

/** Dials without sandbox: a connection to the control side's socket for each, which then is the stream. */
export function streamDialer({ path, token }: StreamAccess): SocketDialer {
  return {
    dial: (host, port, signal) =>
      new Promise((settle, fail) => {
        const target = `${host}:${port}`;
        const socket = connect({ path });
        let heard = Buffer.alloc(0);
        const end = (error: Fault | undefined): void => {
          signal.removeEventListener('abort', onAbort);
          socket.removeListener('readable', onReadable);
          socket.removeListener('error', onLost);
          socket.removeListener('end', onLost);
          if (error === undefined) return settle(socket);
          socket.on('error', () => undefined);
          socket.destroy();
          fail(error);
        };
        const onAbort = (): void => end(fault('cancelled', 'Canceled', `Dialling ${target} was cancelled.`));
        const onLost = (): void => end(lost(target));
        const onReadable = (): void => {
          const chunk = socket.read() as Buffer | null;
          if (chunk === null) return;
          heard = Buffer.concat([heard, chunk]);
          const at = heard.indexOf(10);
          if (at < 0) return heard.length > mostAnswerBytes ? onLost() : undefined;
          const rest = heard.subarray(at + 1);
          const { fault: trouble } = JSON.parse(heard.toString('utf8', 0, at)) as StreamAnswer;
          end(trouble === null ? undefined : faultFrom(trouble));
          if (trouble === null && rest.length > 0) socket.unshift(rest);
        };
        socket.on('readable', onReadable);
        socket.once('error', onLost);
        socket.once('end', onLost);
        if (signal.aborted) return onAbort();
        signal.addEventListener('abort', onAbort, { once: true });
        socket.write(`${JSON.stringify({ token, host, port })}\n`);
      }),
  };
}

function lost(target: string): Fault {
  return fault('unreachable', 'ConnectionLost', `The connection to ${target} was ended before it began.`, {
    target,
    remedy: 'Try again; explain the path if it lasts.',
  });
}

function noAnswer(target: string): Fault {
  return fault('timeout', 'ConnectTimeout', `${target} did not answer within ${newsMs / 1000} s.`, {
    target,
    remedy: 'Check that a route exists and that no firewall drops the packets.',
  });
}
