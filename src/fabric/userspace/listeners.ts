import type { AddressInfo, Server } from 'node:net';
import { fault, type Fault } from '#base/fault.ts';
import type { OpenPorts } from '../doors.ts';
import { shortName } from '../names.ts';
import type { HostPort } from '../plan.ts';
import { listen, type Arrival } from './accept.ts';
import { AddressMap, type AddressPool } from './addresses.ts';

/** A port of an endpoint that is to be reached. */
export interface Wanted {
  readonly endpoint: string;
  readonly port: number;
}

export interface ListenersOptions {
  readonly pool: AddressPool;
  readonly fast: boolean;
  readonly keepAliveMs: number;
  readonly mostListeners: number;
  readonly arrive: (at: Wanted, arrival: Arrival) => void;
}

interface Open extends Wanted {
  readonly server: Server;
  readonly at: HostPort;
}

/** Opened at the same time: more would only wait for one another. */
const openedTogether = 64;

/** The listening sockets of approved endpoints. */
export class Listeners {
  readonly #options: ListenersOptions;
  readonly #addresses = new AddressMap();
  readonly #open = new Map<string, Map<number, Open>>();
  readonly #ours = new Set<string>();

  constructor(options: ListenersOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#ours.size;
  }

  /** All of one endpoint, by port. */
  of(endpoint: string): readonly { readonly port: number; readonly at: HostPort }[] {
    const its = [...(this.#open.get(endpoint)?.values() ?? [])];
    return its.map(({ port, at }) => ({ port, at })).toSorted((a, b) => a.port - b.port);
  }

  at(endpoint: string, port: number): HostPort | undefined {
    return this.#open.get(endpoint)?.get(port)?.at;
  }

  /** Whether a host and port of this computer is one of ours. */
  isOurs({ host, port }: HostPort): boolean {
    return this.#ours.has(`${host}:${port}`);
  }

  /**
   * Opens what is wanted and not open. Answers what closes the rest; until that is called both are open. Faults, with everything as before:
   * `PortInUse`, `TooManyListeners`.
   */
  async open(wanted: OpenPorts): Promise<() => void> {
    const missing: Wanted[] = [];
    let count = 0;
    for (const [endpoint, ports] of wanted) {
      const open = this.#open.get(endpoint);
      count += ports.size;
      for (const port of ports) if (open?.has(port) !== true) missing.push({ endpoint, port });
    }
    if (count > this.#options.mostListeners) throw tooMany(count, this.#options.mostListeners);
    for (const one of await this.#openAll(missing)) this.#note(one);
    return () => this.keepOnly(wanted);
  }

  /** Closes what is not among these, at once. */
  keepOnly(wanted: OpenPorts): void {
    for (const [endpoint, ports] of this.#open) {
      const kept = wanted.get(endpoint);
      for (const [port, one] of ports) if (kept?.has(port) !== true) this.#close(one, ports);
      if (ports.size === 0) this.#open.delete(endpoint);
    }
    this.#addresses.keep(this.#open);
  }

  closeAll(): void {
    this.keepOnly(new Map());
  }

  #note(one: Open): void {
    const ports = this.#open.get(one.endpoint) ?? new Map<number, Open>();
    this.#open.set(one.endpoint, ports.set(one.port, one));
    this.#ours.add(`${one.at.host}:${one.at.port}`);
  }

  #close(one: Open, ports: Map<number, Open>): void {
    one.server.close();
    ports.delete(one.port);
    this.#ours.delete(`${one.at.host}:${one.at.port}`);
  }

  /** All of them, or none. */
  async #openAll(missing: readonly Wanted[]): Promise<readonly Open[]> {
    const opened: Open[] = [];
    try {
      for (let at = 0; at < missing.length; at += openedTogether) {
        const settled = await Promise.allSettled(missing.slice(at, at + openedTogether).map((one) => this.#openOne(one)));
        opened.push(...settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
        const failed = settled.find((one) => one.status === 'rejected');
        if (failed !== undefined) throw failed.reason;
      }
      return opened;
    } catch (error) {
      for (const { server } of opened) server.close();
      throw error;
    }
  }

  async #openOne(wanted: Wanted): Promise<Open> {
    const { pool, fast, keepAliveMs, arrive } = this.#options;
    const asked = pool === 'loopback' ? { host: this.#addresses.of(wanted.endpoint), port: wanted.port } : { host: '127.0.0.1', port: 0 };
    try {
      const server = await listen(asked, fast, keepAliveMs, (arrival) => arrive(wanted, arrival));
      return { ...wanted, server, at: { host: asked.host, port: (server.address() as AddressInfo).port } };
    } catch (error) {
      throw cannotListen(wanted, asked, error);
    }
  }
}

function cannotListen({ endpoint }: Wanted, { host, port }: HostPort, cause: unknown): Fault {
  const code = (cause as { code?: unknown }).code;
  const about = fault('conflict', 'EndpointCannotListen', `The private endpoint ${shortName(endpoint)} cannot listen.`, {
    target: endpoint,
  });
  if (code === 'EADDRINUSE') {
    return fault(
      'conflict',
      'PortInUse',
      `Another program listens on ${host}:${port}, where the private endpoint ${shortName(endpoint)} is to listen.`,
      {
        target: `${host}:${port}`,
        details: [about],
        remedy: `Find it with: ss -ltnp 'sport = :${port}'. Stop it, or have it listen on one address instead of all.`,
        cause,
      },
    );
  }
  if (code === 'EACCES') {
    return fault(
      'conflict',
      'PortNotAllowed',
      `This user may not listen on port ${port}, where the private endpoint ${shortName(endpoint)} is to listen.`,
      {
        target: `${host}:${port}`,
        details: [about],
        remedy: 'Use ports from 1024 on, or allow it: sysctl net.ipv4.ip_unprivileged_port_start=0',
        cause,
      },
    );
  }
  return fault(
    'conflict',
    'CannotListen',
    `The private endpoint ${shortName(endpoint)} cannot listen on ${host}:${port}: ${typeof code === 'string' ? code : 'failed'}.`,
    {
      target: `${host}:${port}`,
      remedy: 'Raise the limit of open files (ulimit -n) if that is it, and apply again.',
      cause,
    },
  );
}

function tooMany(count: number, most: number): Fault {
  return fault('conflict', 'TooManyListeners', `The approved endpoints have ${count} ports together; ${most} can listen on this host.`, {
    remedy: 'Raise the limit of open files (ulimit -n) and start again, or remove endpoints that nobody uses.',
  });
}
