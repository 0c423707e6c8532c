import { connect, createServer, type Socket } from 'node:net';

/** What a proxy does once so many bytes have come from the server: end the connections, or keep them open and pass nothing on any more. */
export interface Trouble {
  readonly afterBytes: number;
  readonly how: 'cut' | 'hole';
}

/** A TCP proxy on 127.0.0.1 with a network that fails on demand. */
export interface FlakyProxy extends AsyncDisposable {
  readonly port: number;
  /** Connections made since the start. */
  readonly connections: number;
  /** Bytes from the server since the last `fail` or `heal`. */
  readonly bytes: number;
  fail(trouble: Trouble): void;
  /** Passes everything on again; connections that were lost are ended towards the server too. */
  heal(): void;
  /** Lets no more than so many bytes come from the server per second; 0: as many as come. */
  slow(bytesPerSecond: number): void;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  lost: boolean;
}

const sliceMs = 20;

export async function startFlakyProxy(targetPort: number): Promise<FlakyProxy> {
  const pairs = new Set<Pair>();
  let trouble: Trouble | undefined;
  let bytes = 0;
  let connections = 0;
  let rate = 0;
  const isDown = (): boolean => trouble !== undefined && bytes >= trouble.afterBytes;
  const end = (pair: Pair): void => {
    pairs.delete(pair);
    pair.client.destroy();
    pair.server.destroy();
  };
  const lose = (): void => {
    for (const pair of pairs) {
      pair.lost = true;
      if (trouble?.how === 'cut') end(pair);
    }
  };
  const listener = createServer((client) => {
    connections++;
    const server = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    const pair: Pair = { client, server, lost: isDown() };
    pairs.add(pair);
    client.setNoDelay(true);
    for (const socket of [client, server]) socket.on('error', () => socket.destroy());
    client.on('close', () => (pair.lost ? undefined : end(pair)));
    server.on('close', () => (pair.lost ? undefined : end(pair)));
    client.on('data', (chunk) => {
      if (!pair.lost) server.write(chunk);
    });
    server.on('data', (chunk) => {
      if (pair.lost) return;
      const left = trouble === undefined ? chunk.length : Math.max(0, trouble.afterBytes - bytes);
      bytes += chunk.length;
      client.write(chunk.subarray(0, left));
      if (isDown()) lose();
      if (rate > 0) {
        server.pause();
        setTimeout(() => server.resume(), Math.max(sliceMs, (chunk.length / rate) * 1000));
      }
    });
    if (pair.lost) lose();
  });
  await new Promise<void>((settle) => listener.listen(0, '127.0.0.1', settle));
  const address = listener.address();
  const endLost = (): void => {
    for (const pair of pairs) if (pair.lost) end(pair);
  };
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    get connections() {
      return connections;
    },
    get bytes() {
      return bytes;
    },
    fail: (one) => {
      endLost();
      bytes = 0;
      trouble = one;
      if (isDown()) lose();
    },
    heal: () => {
      trouble = undefined;
      bytes = 0;
      endLost();
    },
    slow: (bytesPerSecond) => (rate = bytesPerSecond),
    [Symbol.asyncDispose]: async () => {
      for (const pair of pairs) end(pair);
      await new Promise((settle) => listener.close(settle));
    },
  };
}
