import { once } from 'node:events';
import { createServer, isIP, type AddressInfo, type Server, type Socket } from 'node:net';
import type { HostPort } from '../plan.ts';
import { connectInTurn } from '../userspace/connect.ts';

export interface HostRelaysOptions {
  /** This host's end of the leg. */
  readonly at: string;
  /** Whether somebody who comes from this address is the hub. */
  readonly isHub: (address: string) => boolean;
  readonly addresses: (host: string) => readonly string[];
  /** A relay that was asked for is open. */
  readonly onReady: () => void;
}

const connectTimeoutMs = 15_000;

interface Relay {
  readonly server: Server;
  port: number | undefined;
}

/**
 * The last step to what the hub has no route to: the loopback of this host, and hosts beyond it, since this host forwards nothing for the hub. One
 * listener for each target, on this host's end of the hub's leg, for the hub alone.
 */
export class HostRelays implements Disposable {
  readonly #options: HostRelaysOptions;
  readonly #relays = new Map<string, Relay>();
  readonly #open = new Set<Socket>();

  constructor(options: HostRelaysOptions) {
    this.#options = options;
  }

  /** The port that leads to a target; undefined: it is not open yet, and `onReady` will be called. */
  portOf(target: HostPort): number | undefined {
    const key = `${target.host}:${target.port}`;
    const known = this.#relays.get(key);
    if (known !== undefined) return known.port;
    const relay: Relay = {
      server: createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#pass(socket, target)),
      port: undefined,
    };
    this.#relays.set(key, relay);
    void this.#listen(key, relay);
    return undefined;
  }

  /** The port that leads to a target at the moment, if one does. */
  openPortOf({ host, port }: HostPort): number | undefined {
    return this.#relays.get(`${host}:${port}`)?.port;
  }

  /** Waits until all that were asked for are open, or cannot be. */
  async settled(): Promise<void> {
    await Promise.all(
      [...this.#relays.values()].flatMap(({ server, port }) =>
        port === undefined ? [once(server, 'listening').catch(() => undefined)] : [],
      ),
    );
  }

  /** Closes those for other targets than these. Connections that pass them go on. */
  keep(targets: readonly HostPort[]): void {
    const wanted = new Set(targets.map(({ host, port }) => `${host}:${port}`));
    for (const [key, { server }] of this.#relays) {
      if (wanted.has(key)) continue;
      server.close();
      this.#relays.delete(key);
    }
  }

  [Symbol.dispose](): void {
    for (const { server } of this.#relays.values()) server.close();
    for (const socket of this.#open) socket.destroy();
    this.#relays.clear();
  }

  async #listen(key: string, relay: Relay): Promise<void> {
    relay.server.listen({ host: this.#options.at, port: 0, backlog: 4_096 });
    try {
      await once(relay.server, 'listening');
      relay.server.on('error', () => undefined);
      relay.server.unref();
      relay.port = (relay.server.address() as AddressInfo).port;
      this.#options.onReady();
    } catch {
      // Tried anew when it is next asked for.
      this.#relays.delete(key);
    }
  }

  #pass(client: Socket, target: HostPort): void {
    client.on('error', () => client.destroy());
    if (!this.#options.isHub(client.remoteAddress ?? '')) {
      client.resetAndDestroy();
      return;
    }
    this.#open.add(client);
    client.once('close', () => this.#open.delete(client));
    void this.#join(client, target);
  }

  async #join(client: Socket, { host, port }: HostPort): Promise<void> {
    const addresses = isIP(host) === 0 ? this.#options.addresses(host) : [host];
    let trying: Socket | undefined;
    client.once('close', () => trying?.destroy());
    const connected = await connectInTurn({
      addresses,
      port,
      timeoutMs: connectTimeoutMs,
      halfOpen: true,
      trying: (socket) => {
        trying = socket;
      },
      wanted: () => !client.destroyed,
    });
    const server = connected.socket;
    if (server === undefined || client.destroyed) {
      server?.destroy();
      client.resetAndDestroy();
      return;
    }
    this.#open.add(server);
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => other.resetAndDestroy());
      one.on('close', () => {
        this.#open.delete(one);
        if (!one.readableEnded) other.resetAndDestroy();
      });
      one.pipe(other);
    }
  }
}
