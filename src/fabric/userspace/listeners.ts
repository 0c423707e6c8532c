import type { AddressInfo, Server } from 'node:net';
import { fault, type Fault } from '#base/fault.ts';
import { shortName } from '../names.ts';
import type { HostPort } from '../plan.ts';
import { endpointDenial } from '../route.ts';
import type { Tables } from '../tables.ts';
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
  readonly #open = new Map<string, Open>();
  readonly #ours = new Set<string>();

  constructor(options: ListenersOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#open.size;
  }

  /** All of one endpoint, by port. */
  of(endpoint: string): readonly { readonly port: number; readonly at: HostPort }[] {
    const its = [...this.#open.values()].filter((one) => one.endpoint === endpoint);
    return its.map(({ port, at }) => ({ port, at })).toSorted((a, b) => a.port - b.port);
  }

  at(endpoint: string, port: number): HostPort | undefined {
    return this.#open.get(keyOf({ endpoint, port }))?.at;
  }

  /** Whether a host and port of this computer is one of ours. */
  isOurs({ host, port }: HostPort): boolean {
    return this.#ours.has(`${host}:${port}`);
  }

  /**
   * Opens what is wanted and not open. Answers what closes the rest; until that is called both are open. Faults, with everything as before:
   * `PortInUse`, `TooManyListeners`.
   */
  async open(wanted: readonly Wanted[]): Promise<() => void> {
    const keys = new Map(wanted.map((one) => [keyOf(one), one]));
    if (keys.size > this.#options.mostListeners) throw tooMany(keys.size, this.#options.mostListeners);
    const missing = [...keys].filter(([key]) => !this.#open.has(key)).map(([, one]) => one);
    const opened: Open[] = [];
    try {
      for (let at = 0; at < missing.length; at += openedTogether) {
        const settled = await Promise.allSettled(missing.slice(at, at + openedTogether).map((one) => this.#openOne(one)));
        opened.push(...settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
        const failed = settled.find((one) => one.status === 'rejected');
        if (failed !== undefined) throw failed.reason;
      }
    } catch (error) {
      for (const { server } of opened) server.close();
      throw error;
    }
    for (const one of opened) {
      this.#open.set(keyOf(one), one);
      this.#ours.add(`${one.at.host}:${one.at.port}`);
    }
    return () => this.#closeOthers(keys);
  }

  /** Closes what is not among these, at once. */
  keepOnly(wanted: readonly Wanted[]): void {
    this.#closeOthers(new Map(wanted.map((one) => [keyOf(one), one])));
  }

  closeAll(): void {
    this.#closeOthers(new Map());
  }

  #closeOthers(kept: ReadonlyMap<string, Wanted>): void {
    const endpoints = new Set<string>();
    for (const [key, one] of this.#open) {
      if (kept.has(key)) {
        endpoints.add(one.endpoint);
        continue;
      }
      one.server.close();
      this.#open.delete(key);
      this.#ours.delete(`${one.at.host}:${one.at.port}`);
    }
    this.#addresses.keep(endpoints);
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

/** What should listen under a plan at a moment: the ports of services that approved endpoints lead to. */
export function wantedListeners(tables: Tables, nowMs: number): Wanted[] {
  const ports = new Map<string, readonly number[]>();
  return [...tables.endpoints.values()].flatMap(({ endpoint }) => {
    if (endpoint.service === undefined || endpointDenial(endpoint, nowMs) !== undefined) return [];
    let its = ports.get(endpoint.service);
    if (its === undefined) ports.set(endpoint.service, (its = portsOf(tables, endpoint.service)));
    return its.map((port) => ({ endpoint: endpoint.id, port }));
  });
}

/** A rule for all ports listens on those that its backends' forwarders pass on. */
function portsOf(tables: Tables, id: string): readonly number[] {
  const service = tables.services.get(id);
  if (service === undefined) return [];
  if (service.kind === 'database') return [...new Set(service.ports)];
  const rules = tables.balancers.get(service.balancer)?.rules.get(service.frontend);
  const ports = new Set([...(rules?.keys() ?? [])].filter((port) => port !== 0));
  for (const { backend } of rules?.get(0)?.backends ?? []) {
    for (const port of tables.forwarders.get(backend.forwarder ?? '')?.rules.keys() ?? []) ports.add(port);
  }
  return [...ports];
}

function keyOf({ endpoint, port }: Wanted): string {
  return `${endpoint}#${port}`;
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
