import { connect, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls';
import { tag } from '#wire/pg/backend.ts';
import { FrameSplitter, framesOf, type Run } from '#wire/pg/frames.ts';

/**
 * Where a server falls silent: it takes the connection and says nothing; it has secured it; it has let the user in; it has answered the
 * first question; it is in the midst of a copy; it has begun to stream changes.
 */
export type StallPlace = 'accepted' | 'secured' | 'let in' | 'answered' | 'copying' | 'streaming';

/** A real PostgreSQL that falls silent at a place, with every connection held open; behind TLS where a certificate is given. */
export interface StallingPostgres extends AsyncDisposable {
  readonly port: number;
  /** Connections that fell silent since the last `stallAt`. */
  readonly stalled: number;
  /** From now on; undefined: nowhere, and those that had fallen silent are ended. */
  stallAt(place: StallPlace | undefined): void;
  /** The connections that there are pass nothing on any more, and stay open. */
  cutOff(): void;
}

const sslRequestBytes = 8;
const sslRequestCode = 80_877_103;
/** AuthenticationOk has the code 0 behind its header. */
const isWelcome = (run: Run): boolean =>
  run.tag === tag.authentication && [...framesOf(run)].some((frame) => frame.length === 9 && frame.subarray(5).every((byte) => byte === 0));

export async function startStallingPostgres(
  targetPort: number,
  certificate?: { readonly certificate: string; readonly key: string },
): Promise<StallingPostgres> {
  const context = certificate && createSecureContext({ cert: certificate.certificate, key: certificate.key });
  const sockets = new Set<Duplex>();
  const passing = new Set<() => void>();
  let place: StallPlace | undefined;
  let stalled = 0;
  const keep = <Stream extends Duplex>(stream: Stream): Stream => {
    sockets.add(stream);
    stream.on('error', () => stream.destroy());
    stream.once('close', () => sockets.delete(stream));
    return stream;
  };
  const listener = createServer((client) => {
    keep(client);
    if (place === 'accepted') {
      stalled++;
      return;
    }
    void greet(client, context).then((begun) => {
      if (begun === undefined) return;
      keep(begun.stream);
      if (place === 'secured') {
        stalled++;
        return;
      }
      const server = keep(connect({ port: targetPort, host: '127.0.0.1', noDelay: true }));
      const cut = pass({ client: begun.stream, server, first: begun.first }, (run) => {
        if (place === undefined || !isPlace(place, run)) return false;
        stalled++;
        return true;
      });
      passing.add(cut);
      server.once('close', () => passing.delete(cut));
    });
  });
  await new Promise<void>((settle) => listener.listen(0, '127.0.0.1', settle));
  const address = listener.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    get stalled() {
      return stalled;
    },
    stallAt: (one) => {
      place = one;
      stalled = 0;
      if (one === undefined) for (const socket of sockets) socket.destroy();
    },
    cutOff: () => {
      for (const cut of passing) cut();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((settle) => listener.close(settle));
    },
  };
}

function isPlace(place: StallPlace, run: Run): boolean {
  switch (place) {
    case 'let in':
      return isWelcome(run);
    case 'answered':
      return run.tag === tag.dataRow;
    case 'copying':
      return run.tag === tag.copyData;
    case 'streaming':
      return run.tag === tag.copyBoth;
    case 'accepted':
    case 'secured':
      return false;
  }
}

interface Begun {
  readonly stream: Duplex;
  /** What the client said first, in the clear or under TLS; it goes on to the server. */
  readonly first: Uint8Array;
}

/** Answers a request for TLS, as the real server here cannot. Undefined: the client went away. */
async function greet(client: Socket, context: SecureContext | undefined): Promise<Begun | undefined> {
  const first = await firstOf(client);
  if (first === undefined) return undefined;
  const asksForTls = first.length === sslRequestBytes && first.readInt32BE(4) === sslRequestCode;
  if (!asksForTls) return { stream: client, first };
  client.write(context ? 'S' : 'N');
  const stream = context ? new TLSSocket(client, { isServer: true, secureContext: context }) : client;
  stream.on('error', () => stream.destroy());
  return { stream, first: Buffer.alloc(0) };
}

function firstOf(stream: Duplex): Promise<Buffer | undefined> {
  return new Promise((settle) => {
    stream.once('data', (bytes: Buffer) => {
      stream.pause();
      settle(bytes);
    });
    stream.once('close', () => settle(undefined));
  });
}

interface Pair {
  readonly client: Duplex;
  readonly server: Socket;
  readonly first: Uint8Array;
}

/** Passes everything on until `stalls` says so of what the server sent, which is then passed on by half. Answers what ends it at once. */
function pass({ client, server, first }: Pair, stalls: (run: Run) => boolean): () => void {
  const splitter = new FrameSplitter(2 ** 30);
  let silent = false;
  server.write(first);
  client.on('data', (bytes: Buffer) => {
    if (!silent) server.write(bytes);
  });
  server.on('data', (bytes: Buffer) => {
    if (silent) return;
    splitter.push(bytes);
    for (let run = splitter.next(); run !== undefined && !silent; run = splitter.next()) {
      silent = stalls(run);
      const half = silent && run.tag === tag.copyData ? Math.ceil(run.bytes.length / 2) : run.bytes.length;
      client.write(run.bytes.subarray(0, half));
    }
  });
  client.on('close', () => server.destroy());
  server.on('close', () => (silent ? undefined : client.destroy()));
  client.resume();
  return () => {
    silent = true;
  };
}
