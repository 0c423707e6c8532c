import type { Dialer } from '#base/dialer.ts';
import { fault, must, toFault, type Fault } from '#base/fault.ts';
import { silentLog, type Log } from '#base/log.ts';
import { systemClock, type Clock } from '../clock.ts';
import { passedTogether, together } from '../counters.ts';
import { denialOf, segmentNotFound } from '../denial.ts';
import { doorsOf, type Door } from '../doors.ts';
import type {
  AttachedNetwork,
  BackendHealth,
  Counter,
  FabricEngine,
  FabricEvent,
  NetworkAsk,
  Passed,
  PathAsk,
  Session,
} from '../engine.ts';
import { withCounts } from '../explain.ts';
import type { Path } from '../path.ts';
import { emptyPlan, type Endpoint, type FabricPlan, type HostPort } from '../plan.ts';
import { AddressBook, systemResolver, type HostResolver } from '../resolve.ts';
import { compileTables, type Tables } from '../tables.ts';
import { openUserspaceEngine, type UserspaceOptions } from '../userspace/engine.ts';
import { KernelCarrier, type KernelCut } from './carrier.ts';
import { Hub } from './hub.ts';
import type { HubOptions } from './hub-place.ts';
import { kernelPath, type KernelState } from './kernel-path.ts';
import { isCarried } from './kernel-rows.ts';
import { NameService, refusedNames } from './name-service.ts';
import type { WorkerNic } from './networks.ts';
import { resolverAddress } from './ruleset.ts';

export interface KernelOptions extends HubOptions, Pick<UserspaceOptions, 'log' | 'resolver' | 'clock' | 'limits'> {
  /** Leaves the hub and what it carries as they are when the engine is closed; by default they go. */
  readonly keeps?: boolean | undefined;
}

/**
 * The engine in which the kernel carries what comes to endpoints: nftables in a namespace of its own (`hub.ts`), into which a plan is written as
 * rows. What this process dials itself goes straight to its target, as in user space; services with a PROXY header are relayed as there.
 * Balancers choose by the kernel's hash. Faults: those of `Hub.open`.
 */
export async function openKernelEngine(options: KernelOptions): Promise<FabricEngine> {
  const hub = await Hub.open(options);
  try {
    const relayed = new Relayed();
    const isOurs = (address: string): boolean => address.startsWith(`${hub.range.prefix}.`);
    const inner = await openUserspaceEngine({ ...options, isOurs, listensFor: (endpoint) => relayed.has(endpoint) });
    return await KernelEngine.open({ hub, inner, relayed, options });
  } catch (error) {
    await hub.remove();
    throw error;
  }
}

/** How often it is looked whether the rules are still there, at most: of the time, one part in so many goes into looking. */
const checkEveryMs = 2_000;
const checkShare = 20;

/** The endpoints that the engine in user space listens for. */
class Relayed {
  #tables: Tables = compileTables(emptyPlan);

  use(tables: Tables): void {
    this.#tables = tables;
  }

  has(endpoint: string): boolean {
    const table = this.#tables.endpoints.get(endpoint);
    return table === undefined || !isCarried(this.#tables, table.endpoint);
  }
}

interface Parts {
  readonly hub: Hub;
  readonly inner: FabricEngine;
  readonly relayed: Relayed;
  readonly options: KernelOptions;
}

class KernelEngine implements FabricEngine {
  readonly kind = 'kernel';
  readonly #inner: FabricEngine;
  readonly #relayed: Relayed;
  readonly #carrier: KernelCarrier;
  readonly #names: AddressBook;
  #nameService: NameService | undefined;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #events = new Set<(event: FabricEvent) => void>();
  readonly #keeps: boolean;
  #tables: Tables = compileTables(emptyPlan);
  #last: Promise<void> = Promise.resolve();
  /** What the inner engine cut while a plan comes into force: told together with what the kernel cut. */
  #heldCuts: Map<string, { connections: number; code: string }> | undefined;
  #refreshWanted = false;
  /** What the kernel has not been told of yet: until then the health before is in force. */
  #news: Extract<FabricEvent, { kind: 'health' }>[] = [];
  readonly #inForce = new Map<string, BackendHealth>();
  /** Whether the plan that comes into force is another than the one before. */
  #isOther = false;
  #ticking: NodeJS.Timeout | undefined;
  #looking = false;
  #checkAtMs = performance.now() + checkEveryMs;
  #foreignRoutes = '';
  #closed = false;

  private constructor({ hub, inner, relayed, options }: Parts) {
    const {
      clock = systemClock,
      resolver = systemResolver,
      log = silentLog,
    }: { clock?: Clock; resolver?: HostResolver; log?: Log } = options;
    this.#inner = inner;
    this.#relayed = relayed;
    this.#clock = clock;
    this.#log = log.child({ part: 'fabric' });
    this.#keeps = options.keeps ?? false;
    this.#names = new AddressBook({ resolver, clock, onChange: () => this.#refresh() });
    this.#carrier = new KernelCarrier({
      hub,
      uplink: options.uplink,
      nowMs: () => clock.now(),
      health: (probe, backend) => inner.health(probe, backend),
      addresses: (host) => this.#names.known(host) ?? [],
      onReady: () => this.#refresh(),
      onAllowed: ({ id, segment, address }, port, asker) =>
        this.#emit({ kind: 'allowed', endpoint: id, segment, host: address, port, asker }),
    });
    inner.onEvent((event) => this.#hear(event));
  }

  static async open(parts: Parts): Promise<KernelEngine> {
    const engine = new KernelEngine(parts);
    await engine.#carrier.begin();
    await engine.#serveNames(parts.hub);
    const { tickMs = 1_000 } = parts.options.limits ?? {};
    engine.#ticking = setInterval(() => void engine.#tick(), tickMs).unref();
    return engine;
  }

  apply(plan: FabricPlan): Promise<void> {
    return this.#inTurn(() => this.#apply(plan));
  }

  dialer(segment: string, asker?: string): Dialer {
    return this.#inner.dialer(segment, asker);
  }

  doors(segment: string): readonly Door[] {
    return doorsOf(this.#tables, segment, this.#clock.now(), (endpoint) => isCarried(this.#tables, endpoint));
  }

  isOpen(segment: string): boolean {
    return this.#inner.isOpen(segment);
  }

  async explain(ask: PathAsk): Promise<Path> {
    for (let tries = 0; ; tries += 1) {
      const tables = this.#tables;
      const path = await this.#inner.explain(ask);
      const found = tables.endpoints.get(path.hops.find(({ kind }) => kind === 'endpoint')?.id ?? '')?.endpoint;
      if (path.denied !== undefined || found === undefined || !isCarried(tables, found)) return withCounts(path, this.counters());
      const state = await this.#inspect(found, ask.port);
      // Of a plan that came meanwhile the kernel has the rows, and the way was another's.
      if (tables === this.#tables || tries > 2) return withCounts(kernelPath(path, found, state, this.#carrier.where), this.counters());
    }
  }

  /** Not while a plan comes into force. */
  async #inspect(endpoint: Endpoint, port: number): Promise<KernelState> {
    await this.#last;
    return await this.#carrier.inspect(endpoint, port);
  }

  ifClosed(ask: PathAsk): Fault | undefined {
    return this.#inner.ifClosed(ask);
  }

  listening(endpoint: string, port: number): HostPort | undefined {
    return this.#carrier.at(endpoint, port) ?? this.#inner.listening(endpoint, port);
  }

  listeners(endpoint: string): ReturnType<FabricEngine['listeners']> {
    const carried = this.#carrier.of(endpoint);
    return carried.length > 0 ? carried : this.#inner.listeners(endpoint);
  }

  health(probe: string, backend: string): BackendHealth {
    const waiting = this.#news.some((event) => event.probe === probe && event.backend === backend);
    const before = this.#inForce.get(`${probe} ${backend}`);
    if (!waiting) return this.#inner.health(probe, backend);
    return before ?? { state: 'unknown', reason: 'it is not probed yet', sinceMs: this.#inner.health(probe, backend).sinceMs };
  }

  counters(): readonly Counter[] {
    return together(this.#inner.counters(), this.#carrier.counters());
  }

  passed(segment: string, asker: string): Passed {
    return passedTogether(this.#inner.passed(segment, asker), this.#carrier.passed(segment, asker));
  }

  sessions(endpoint: string): readonly Session[] {
    return [...this.#inner.sessions(endpoint), ...this.#carrier.sessions(endpoint)].toSorted((a, b) => a.sinceMs - b.sinceMs);
  }

  cut(endpoint: string, session?: string): number {
    // Told by this one event alone; what a plan that is coming into force has cut is still to be told.
    const held = this.#heldCuts;
    this.#heldCuts = new Map();
    const connections = this.#inner.cut(endpoint, session) + this.#carrier.cut(endpoint, session);
    this.#heldCuts = held;
    if (connections > 0) this.#emit({ kind: 'cut', endpoint, connections, code: 'SessionCut' });
    return connections;
  }

  async attach(ask: NetworkAsk): Promise<AttachedNetwork> {
    let nic: WorkerNic | undefined;
    await this.#inTurn(async () => {
      if (this.#closed) throw engineClosed();
      if (!this.#tables.segments.has(ask.segment)) throw segmentNotFound(ask.segment);
      nic = await this.#carrier.attach(ask);
    });
    const joined = must(nic, 'an interface that was joined');
    let parting: Promise<void> | undefined;
    return {
      address: joined.address,
      resolver: resolverAddress,
      rename: (asker) => {
        if (this.#closed) return;
        this.#tellUnknownNames();
        for (const event of this.#carrier.rename(joined, asker)) this.#emit(event);
      },
      [Symbol.asyncDispose]: () => (parting ??= this.#inTurn(() => this.#part(joined))),
    };
  }

  onEvent(listener: (event: FabricEvent) => void): () => void {
    this.#events.add(listener);
    return () => this.#events.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#ticking);
    await this.#last;
    this.#names.close();
    this.#nameService?.[Symbol.dispose]();
    await this.#inner[Symbol.asyncDispose]();
    await this.#carrier.close(this.#keeps);
  }

  async #part(nic: WorkerNic): Promise<void> {
    if (this.#closed) return;
    this.#tellUnknownNames();
    for (const event of await this.#carrier.part(nic)) this.#emit(event);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #apply(plan: FabricPlan): Promise<void> {
    if (this.#closed) throw engineClosed();
    const tables = compileTables(plan, this.#tables);
    this.#names.watch(hostsOf(plan));
    await this.#carrier.prepare(tables);
    this.#relayed.use(tables);
    const held = (this.#heldCuts = new Map());
    this.#isOther = false;
    try {
      await this.#inner.apply(plan);
      this.#tables = tables;
      for (const cut of await this.#carry(tables)) {
        const before = held.get(cut.endpoint)?.connections ?? 0;
        held.set(cut.endpoint, { connections: before + cut.connections, code: cut.code });
      }
    } finally {
      this.#heldCuts = undefined;
      for (const [endpoint, cut] of held) this.#emit({ kind: 'cut', endpoint, ...cut });
    }
    if (this.#isOther) this.#emit({ kind: 'applied' });
  }

  /** What is known of backends when the kernel is told is in force once it has been. */
  async #carry(tables: Tables): Promise<readonly KernelCut[]> {
    const news = this.#news;
    const cuts = await this.#carrier.apply(tables);
    this.#news = this.#news.filter((event) => !news.includes(event));
    for (const event of news) {
      this.#inForce.set(`${event.probe} ${event.backend}`, event.health);
      this.#emit(event);
    }
    return cuts;
  }

  /** A tick of the coarse clock: ends what is idle, counts what was refused. */
  async #tick(): Promise<void> {
    if (this.#looking || this.#closed) return;
    this.#looking = true;
    try {
      await this.#carrier.endIdle();
      if (this.#carrier.isLost || performance.now() > this.#checkAtMs) await this.#inTurn(() => this.#mend());
      const { events, unbacked } = await this.#carrier.countRefused();
      for (const event of events) this.#emit(event);
      for (const { endpoint, port } of unbacked) await this.#tellRefused(endpoint, port);
      this.#tellUnknownNames();
    } catch (error) {
      if (!this.#closed) this.#log.error({ err: toFault(error) }, 'the kernel could not be asked');
    } finally {
      this.#looking = false;
    }
  }

  async #mend(): Promise<void> {
    if (this.#closed) return;
    const begunMs = performance.now();
    if (await this.#carrier.mend())
      this.#log.error({}, "the kernel's rules were taken away by somebody, and are there again; nothing passed without them");
    const { wasGone, foreign } = await this.#carrier.mendWay();
    if (wasGone) this.#log.error({}, "this host's way into the hub was taken away by somebody, and is there again");
    const routes = foreign.join(', ');
    // Told once: it may last.
    if (routes !== '' && routes !== this.#foreignRoutes)
      this.#log.warn(
        { routes },
        "another route of this host takes some of the hub's range away: endpoints there are not reached from this host",
      );
    this.#foreignRoutes = routes;
    const endedMs = performance.now();
    this.#checkAtMs = endedMs + Math.max(checkEveryMs, (endedMs - begunMs) * checkShare);
  }

  async #tellRefused(endpoint: string, port: number): Promise<void> {
    const table = this.#tables.endpoints.get(endpoint);
    if (table === undefined) return;
    const { segment, address } = table.endpoint;
    const { denied } = await this.#inner.explain({ segment, host: address, port });
    if (denied === undefined) return;
    this.#emit({ kind: 'refused', endpoint, segment, host: address, port, asker: undefined, ...denialOf(denied) });
  }

  async #serveNames({ enter }: Hub): Promise<void> {
    this.#nameService = await NameService.open({
      enter,
      address: resolverAddress,
      segmentOf: (address) => this.#carrier.networkAt(address)?.of,
      tables: () => this.#tables,
      nowMs: () => this.#clock.now(),
      log: this.#log,
    });
  }

  #tellUnknownNames(): void {
    for (const { address, names, count } of this.#nameService?.takeUnknown() ?? []) {
      const nic = this.#carrier.networkAt(address);
      if (nic === undefined) continue;
      this.#carrier.refusedNames(nic, count);
      for (const event of refusedNames(nic, names)) this.#emit(event);
    }
  }

  /** Health, an address or a relay is another: the rows change, and the plan stays. */
  #refresh(): void {
    if (this.#refreshWanted || this.#closed) return;
    this.#refreshWanted = true;
    this.#inTurn(async () => {
      this.#refreshWanted = false;
      if (this.#closed) return;
      for (const cut of await this.#carry(this.#tables)) this.#emit({ kind: 'cut', ...cut });
    }).catch((error: unknown) => this.#log.error({ err: toFault(error) }, 'the kernel could not be told of a change'));
  }

  #hear(event: FabricEvent): void {
    if (event.kind === 'cut' && this.#heldCuts !== undefined) {
      this.#heldCuts.set(event.endpoint, { connections: event.connections, code: event.code });
      return;
    }
    // Told when the kernel has the plan too.
    if (event.kind === 'applied' && this.#heldCuts !== undefined) {
      this.#isOther = true;
      return;
    }
    if (event.kind === 'health') {
      this.#news = [...this.#news, event];
      this.#refresh();
      return;
    }
    if (event.kind === 'applied') this.#refresh();
    this.#emit(event);
  }

  #emit(event: FabricEvent): void {
    for (const listener of this.#events) listener(event);
  }
}

function engineClosed(): Fault {
  return fault('cancelled', 'EngineClosed', 'The engine is closed.', { remedy: 'Open a new one.' });
}

function hostsOf(plan: FabricPlan): string[] {
  return [
    ...plan.forwarders.flatMap(({ rules }) => rules.map((rule) => rule.to.host)),
    ...plan.services.flatMap((service) => (service.kind === 'database' ? [service.target.host] : [])),
  ];
}
