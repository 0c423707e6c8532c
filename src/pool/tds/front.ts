import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { fault, policies, toFault } from '#base/fault.ts';
import { FrontClient } from './front-client.ts';
import { usualLimits, type FrontLimits, type FrontOptions } from './front-options.ts';
import { tlsContextsOf, type TlsContexts } from './handshake.ts';

export interface TdsFront extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** How many clients are connected, and of those logged in. */
  readonly connections: number;
  readonly sessions: number;
  /** Another certificate, from the next connection on. */
  renew(certificate: { readonly cert: string; readonly key: string }): void;
}

const keepaliveMs = 30_000;
/** Numbers of sessions below it are the server's own. */
const firstSession = 51;

/**
 * Listens for clients of SQL Server and speaks TDS with them: it agrees on encryption and version, logs them in and hands their requests to the
 * conversation that `login` opens. It knows no SQL and no pool. Fault: `AddressInUse` (conflict).
 */
export async function openTdsFront(options: FrontOptions): Promise<TdsFront> {
  const front = new Front(options);
  await front.listen();
  return front;
}

class Front implements TdsFront {
  readonly #options: FrontOptions;
  readonly #limits: FrontLimits;
  readonly #server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: keepaliveMs }, (socket) => this.#take(socket));
  readonly #clients = new Map<Socket, Promise<void>>();
  readonly #ofPeer = new Map<string, number>();
  readonly #used = new Set<number>();
  readonly #end = new AbortController();
  #tls: TlsContexts | undefined;
  #sessions = 0;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#limits = { ...usualLimits, ...options.limits };
    if (options.certificate !== undefined) this.#tls = tlsContextsOf(options.certificate);
    if (options.encryption !== 'off' && this.#tls === undefined) throw noCertificate();
  }

  get host(): string {
    return this.#options.host;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#clients.size;
  }

  get sessions(): number {
    return this.#sessions;
  }

  renew(certificate: { readonly cert: string; readonly key: string }): void {
    this.#tls = tlsContextsOf(certificate);
  }

  async listen(): Promise<void> {
    const { host, port } = this.#options;
    this.#server.listen(port, host);
    try {
      await once(this.#server, 'listening');
    } catch (error) {
      throw fault('conflict', 'AddressInUse', `${host}:${port} cannot be listened on for TDS.`, {
        target: `${host}:${port}`,
        remedy: 'End what listens there, or choose another port.',
        cause: error,
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#end.abort();
    await Promise.all(this.#clients.values());
  }

  #take(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const ofPeer = this.#ofPeer.get(address) ?? 0;
    if (this.#clients.size >= this.#limits.connections || ofPeer >= this.#limits.connectionsOfPeer) {
      this.#options.log?.warn({ address, connections: this.#clients.size, ofPeer }, 'a connection above the limit was ended');
      return void socket.destroy();
    }
    this.#ofPeer.set(address, ofPeer + 1);
    socket.on('error', () => socket.destroy());
    this.#clients.set(
      socket,
      this.#serve(socket).finally(() => this.#forget(socket, address)),
    );
  }

  async #serve(socket: Socket): Promise<void> {
    const session = this.#number();
    let entered = false;
    const enter = (): boolean => {
      entered = this.#sessions < this.#limits.sessions;
      if (entered) this.#sessions += 1;
      return entered;
    };
    const client = new FrontClient(socket, {
      front: this.#options,
      limits: this.#limits,
      tls: this.#tls,
      session,
      enter,
      signal: this.#end.signal,
    });
    try {
      await client.run();
      await gone(socket);
    } catch (error) {
      const trouble = toFault(error);
      if (trouble.code !== 'ConnectionLost' && !this.#end.signal.aborted)
        this.#options.log?.[policies[trouble.kind].log]({ err: trouble, session, address: socket.remoteAddress }, 'a connection ended');
    } finally {
      if (entered) this.#sessions -= 1;
      this.#used.delete(session);
      socket.destroy();
    }
  }

  #number(): number {
    let session = firstSession;
    while (this.#used.has(session)) session += 1;
    this.#used.add(session);
    return session;
  }

  #forget(socket: Socket, address: string): void {
    this.#clients.delete(socket);
    const left = (this.#ofPeer.get(address) ?? 1) - 1;
    if (left === 0) this.#ofPeer.delete(address);
    else this.#ofPeer.set(address, left);
  }
}

/** A client that was told why it may not come in reads that first; if it does not go by itself it is made to. */
const farewellMs = 2_000;

function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve();
    const timer = setTimeout(() => socket.destroy(), farewellMs);
    socket.resume();
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function noCertificate(): ReturnType<typeof fault> {
  return fault('invalid', 'CertificateMissing', 'There is no certificate to encrypt with.', {
    remedy: 'Give a certificate, or switch encryption off.',
  });
}
