import { once } from 'node:events';
import { connect, createServer, Socket, type AddressInfo, type OnReadOpts, type Server, type SocketConstructorOpts } from 'node:net';

/** A connection that was taken, before anything is known about it. */
export interface Arrival {
  /** Who connected, asked of the operating system. */
  readonly peer: () => { readonly address: string; readonly port: number };
  /** Its socket, not yet read from. `copies`: it could not be made to read into the buffer. */
  open(onread: OnReadOpts): { readonly socket: Socket; readonly copies: boolean };
  /** Sends it away with a reset. */
  refuse(): void;
}

/** A socket of Node's own, below `net.Socket`. Not public, and the same for many years; `canReadIntoBuffers` tries before we rely on it. */
interface Handle {
  onconnection: (status: number, client: Handle | undefined) => void;
  getpeername(into: { address?: string; port?: number }): number;
  setNoDelay(on: boolean): number;
  setKeepAlive(on: boolean, seconds: number): number;
  reset(done: () => void): number;
}

interface InnerServer {
  _handle: Handle | null;
}

const backlog = 4_096;

/** Listens and passes each connection on. Rejects with the operating system's error. */
export async function listen(
  at: { readonly host: string; readonly port: number },
  fast: boolean,
  keepAliveMs: number,
  arrive: (arrival: Arrival) => void,
): Promise<Server> {
  const server = createServer({
    allowHalfOpen: true,
    pauseOnConnect: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveMs,
  });
  // In the fast way too: what connects before the handle is ours.
  server.on('connection', (socket) => arrive(slowArrival(socket)));
  server.listen({ ...at, backlog, exclusive: true });
  await once(server, 'listening');
  // What goes wrong while connections are taken (no descriptors left) ends none of those that are open.
  server.on('error', () => undefined);
  server.unref();
  const handle = (server as unknown as InnerServer)._handle;
  if (!fast || handle === null) return server;
  // Connections have these from the socket that listens.
  handle.setNoDelay(true);
  handle.setKeepAlive(true, Math.max(1, Math.round(keepAliveMs / 1_000)));
  handle.onconnection = (status, client) => {
    if (status === 0 && client !== undefined) arrive(fastArrival(client));
  };
  return server;
}

function fastArrival(handle: Handle): Arrival {
  return {
    peer: () => {
      const peer: { address?: string; port?: number } = {};
      handle.getpeername(peer);
      return { address: peer.address ?? '127.0.0.1', port: peer.port ?? 0 };
    },
    open: (onread) => {
      // `handle` and `manualStart` are not public either.
      const options = { handle, manualStart: true, allowHalfOpen: true, readable: true, writable: true, onread };
      return { socket: new Socket(options as unknown as SocketConstructorOpts), copies: false };
    },
    refuse: () => {
      handle.reset(() => undefined);
    },
  };
}

function slowArrival(socket: Socket): Arrival {
  return {
    peer: () => ({ address: socket.remoteAddress ?? '127.0.0.1', port: socket.remotePort ?? 0 }),
    open: () => ({ socket, copies: true }),
    refuse: () => {
      socket.on('error', () => socket.destroy());
      socket.resetAndDestroy();
    },
  };
}

let tried: Promise<boolean> | undefined;

/** Whether this Node lets accepted sockets read into buffers of ours: tried once, with a real connection, its bytes and its end. */
export function canReadIntoBuffers(): Promise<boolean> {
  tried ??= tryReading().catch(() => false);
  return tried;
}

async function tryReading(): Promise<boolean> {
  const buffer = Buffer.alloc(16);
  const heard = Promise.withResolvers<boolean>();
  let text = '';
  const server = await listen({ host: '127.0.0.1', port: 0 }, true, 60_000, (arrival) => {
    const take = (count: number, bytes: Uint8Array): boolean => {
      text += bytes === buffer ? buffer.toString('latin1', 0, count) : '?';
      return true;
    };
    const { socket } = arrival.open({ buffer: () => buffer, callback: take });
    socket.on('end', () => heard.resolve(text === 'isthmus'));
    socket.on('error', () => heard.resolve(false));
    socket.resume();
    socket.end();
  });
  server.ref();
  const timer = setTimeout(() => heard.resolve(false), 2_000);
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  client.on('error', () => heard.resolve(false));
  client.resume();
  client.end('isthmus');
  try {
    return await heard.promise;
  } finally {
    clearTimeout(timer);
    client.destroy();
    server.close();
  }
}
