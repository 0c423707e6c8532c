import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * Stands before the double, so that a connection can be broken as a network breaks it: at any byte, whatever the server is about.
 * Connections are known by the port from which the server sees them.
 */
export class Relay implements AsyncDisposable {
  /** What a client says in this turn, counted from 1, is not passed on, nor what follows; the connection ends there, or says nothing any more. */
  halts: { readonly turn: number; readonly how: 'cut' | 'silent' } | undefined;
  readonly #server = createServer({ noDelay: true }, (socket) => this.#take(socket));
  readonly #pairs = new Map<number, Pair>();
  readonly #all = new Set<Socket>();
  readonly #target: number;

  private constructor(target: number) {
    this.#target = target;
  }

  static async to(port: number): Promise<Relay> {
    const relay = new Relay(port);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Ends one connection at once, as a reset. */
  cut(port: number): void {
    const pair = this.#pairs.get(port);
    pair?.client.resetAndDestroy();
    pair?.server.destroy();
  }

  cutAll(): void {
    for (const port of this.#pairs.keys()) this.cut(port);
  }

  /** Bytes that the client of this connection was sent until now. */
  sent(port: number): number {
    return this.#pairs.get(port)?.client.bytesWritten ?? 0;
  }

  /** Resolves once the client of this connection was sent more than these bytes, or is gone. */
  async sentMoreThan(port: number, bytes: number): Promise<void> {
    for (let pair = this.#pairs.get(port); pair !== undefined && pair.client.bytesWritten <= bytes; pair = this.#pairs.get(port))
      await Promise.race([once(pair.server, 'data'), once(pair.server, 'close')]).catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#all) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #take(client: Socket): void {
    const server = connect({ host: '127.0.0.1', port: this.#target, noDelay: true });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#all.add(one);
      one.on('error', () => other.destroy());
      one.once('close', () => {
        this.#all.delete(one);
        other.destroy();
      });
    }
    server.once('connect', () => {
      const port = server.localPort!;
      this.#pairs.set(port, { client, server });
      server.once('close', () => this.#pairs.delete(port));
      this.#listen(client, server);
      server.pipe(client);
    });
  }

  /** A turn of the client begins with the first byte behind an answer. */
  #listen(client: Socket, server: Socket): void {
    let [turn, answered] = [0, true];
    server.on('data', () => (answered = true));
    client.on('data', (bytes) => {
      if (answered) turn += 1;
      answered = false;
      const { halts } = this;
      if (halts !== undefined && turn >= halts.turn) return halts.how === 'cut' ? void client.destroy() : undefined;
      if (!server.write(bytes)) client.pause();
    });
    server.on('drain', () => client.resume());
    client.on('end', () => server.end());
  }
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}
