import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Duplex } from 'node:stream';

/** A server of the tests, with what it has seen. */
export interface SampleHost extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly peers: readonly SamplePeer[];
}

/** One end of a connection: what came, and how it ended. */
export interface SamplePeer {
  readonly stream: Duplex;
  text(): string;
  readonly bytes: number;
  /** Undefined: it is open. `reset`: by a reset or another error. */
  readonly over: 'ended' | 'reset' | undefined;
}

/** Listens on 127.0.0.1, or another address of this host, and does as it is told with each connection. By default what comes goes back. */
export async function sampleHost(
  serve: (peer: SamplePeer & { readonly stream: Socket }) => void = echo,
  host = '127.0.0.1',
  port = 0,
): Promise<SampleHost> {
  const peers: SamplePeer[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const peer = watch(socket);
    peers.push(peer);
    serve(peer);
  });
  server.listen({ host, port });
  await once(server, 'listening');
  return {
    host,
    port: (server.address() as AddressInfo).port,
    peers,
    [Symbol.asyncDispose]: async () => {
      for (const { stream } of peers) stream.destroy();
      await new Promise((settle) => server.close(settle));
    },
  };
}

/** IPv4, of all interfaces. */
export function ownAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  return all.filter(({ family }) => family === 'IPv4').map(({ address }) => address);
}

/** An address of this host that is not for itself alone: for what leaves a network. */
export function outwardAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  const found = all.find(({ family, internal, address }) => family === 'IPv4' && !internal && !address.startsWith('169.254.'));
  if (found === undefined) throw new Error('This host has no address but its loopback, and networks let nothing out to that.');
  return found.address;
}

export function echo({ stream }: SamplePeer): void {
  stream.pipe(stream);
}

/** Reads all that comes and notes the end. */
export function watch<S extends Duplex>(stream: S): SamplePeer & { readonly stream: S } {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let over: SamplePeer['over'];
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
  });
  stream.on('end', () => (over ??= 'ended'));
  stream.on('error', () => (over = 'reset'));
  stream.on('close', () => (over ??= 'reset'));
  return {
    stream,
    text: () => Buffer.concat(chunks).toString('latin1'),
    get bytes() {
      return bytes;
    },
    get over() {
      return over;
    },
  };
}

/** Connects, without waiting. */
export function call(at: { readonly host: string; readonly port: number } | undefined): SamplePeer & { readonly stream: Socket } {
  if (at === undefined) throw new Error('nothing listens');
  return watch(connect({ ...at, allowHalfOpen: true }));
}
