import type { OnReadOpts, Socket } from 'node:net';
import type { Dialer } from '#base/dialer.ts';
import { fault, toFault, type Fault } from '#base/fault.ts';
import { silentLog, type Log } from '#base/log.ts';
import { ReadBuffers } from '#base/read-buffers.ts';
import { encodeProxyHeader } from '#wire/proxy-protocol.ts';
import { systemClock, type Clock } from '../clock.ts';
import { denialOf, localAddressDenied, noEndpoint, targetUnreachable, tooManyConnections } from '../denial.ts';
import { doorsOf, openPorts, type Door, type OpenPorts } from '../doors.ts';
import type { Attempt, BackendHealth, Counter, FabricEngine, FabricEvent, Passed, PathAsk, Session } from '../engine.ts';
import { explainSource, explainTables, noAddress, withCounts } from '../explain.ts';
import { localDenial, mayGoTo } from '../forbidden.ts';
import { noteAsked, noteConnected, noteOutside, noteRefused } from '../metrics.ts';
import type { Path } from '../path.ts';
import { emptyPlan, type FabricPlan, type HostPort } from '../plan.ts';
import { Prober } from '../probe.ts';
import { AddressBook, systemResolver, type HostResolver } from '../resolve.ts';
import type { RouteState } from '../choose.ts';
import { routeFromEndpoint, routeFromSegment, type Refusal, type Source, type Way } from '../route.ts';
import { sameValue } from '../same-value.ts';
import { compileTables, type Tables } from '../tables.ts';
import { canReadIntoBuffers, type Arrival } from './accept.ts';
import { availablePool, type AddressPool } from './addresses.ts';
import { connectInTurn, type Connected } from './connect.ts';
import { cutDisallowed, dialCut } from './cut.ts';
import { FlowBook } from './flow-book.ts';
import type { Flow } from './flow.ts';
import { hostLimits, mostConnections, type EngineLimits } from './limits.ts';
import { Listeners, type Wanted } from './listeners.ts';

export interface UserspaceOptions {
  readonly log?: Log;
  /** Given by tests. */
  readonly resolver?: HostResolver;
  /** Given by tests. */
  readonly clock?: Clock;
  /** What this host can, unless given: see `AddressPool`. */
  readonly addressPool?: AddressPool;
  /** `copies`: as on a Node that cannot read into our buffers. What this one can, unless given. */
  readonly reads?: 'buffers' | 'copies';
  readonly limits?: Partial<EngineLimits>;
  /** Addresses under which somebody else carries endpoints on this host: nothing that leaves a network gets there. */
  readonly isOurs?: (address: string) => boolean;
  /** Which endpoints have a listener of this engine; all, unless given. */
  readonly listensFor?: (endpoint: string) => boolean;
}

/**
 * The engine that needs no rights and no kernel: approved endpoints listen on loopback addresses, or are reached through a dialer, and the whole way
 * to the database is one relay. Every program of this host can connect to the listeners; only a sandbox can keep one out.
 * Idle connections without TCP reset are kept in silence for five minutes and then reset: a socket cannot be closed without telling the other end.
 * The 4 to 5 minutes after which Azure's private link service drops idle connections are not imitated: only the rule's own time counts.
 */
export async function openUserspaceEngine(options: UserspaceOptions = {}): Promise<FabricEngine> {
  const addressPool = options.addressPool ?? (await availablePool());
  return new UserspaceEngine({ ...options, addressPool }, options.reads !== 'copies' && (await canReadIntoBuffers()));
}

class UserspaceEngine implements FabricEngine {
  readonly kind = 'userspace';
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #limits: ReturnType<typeof hostLimits>;
  readonly #listeners: Listeners;
  readonly #names: AddressBook;
  readonly #prober: Prober;
  readonly #flows: FlowBook;
  readonly #state: RouteState;
  readonly #listensFor: (endpoint: string) => boolean;
  readonly #isOurs: (address: string) => boolean;
  readonly #events = new Set<(event: FabricEvent) => void>();
  readonly #ticker: NodeJS.Timeout;
  #tables: Tables = compileTables(emptyPlan);
  #last: Promise<void> = Promise.resolve();
  #callOffExpiry: () => void = () => undefined;
  /** Connections so far: the port that the network translates a consumer's to, which the balancers' hash is over. */
  #asked = 0;
  #closed = false;

  constructor(options: UserspaceOptions & { readonly addressPool: AddressPool }, fast: boolean) {
    const { clock = systemClock, resolver = systemResolver, log = silentLog } = options;
    this.#log = log.child({ part: 'fabric' });
    this.#clock = clock;
    this.#listensFor = options.listensFor ?? (() => true);
    this.#isOurs = options.isOurs ?? (() => false);
    this.#limits = hostLimits(options.limits);
    const { keepAliveMs, mostListeners, tickMs } = this.#limits;
    const arrive = (at: Wanted, arrival: Arrival): void => this.#arrive(at, arrival);
    this.#listeners = new Listeners({ pool: options.addressPool, fast, keepAliveMs, mostListeners, arrive });
    this.#names = new AddressBook({ resolver, clock, onChange: (host, addresses) => this.#resolved(host, addresses) });
    this.#prober = new Prober({
      clock,
      addresses: (host) => this.#names.addresses(host),
      onChange: (probe, backend, health) => this.#emit({ kind: 'health', probe, backend, health }),
    });
    this.#flows = new FlowBook({ buffers: new ReadBuffers(), tick: { now: 0 }, keepAliveMs, nowMs: () => clock.now() }, tickMs);
    const prober = this.#prober;
    this.#state = {
      get nowMs() {
        return clock.now();
      },
      health: (probe, backend) => prober.health(probe, backend),
    };
    this.#ticker = setInterval(() => this.#flows.tick(), tickMs).unref();
  }

  apply(plan: FabricPlan): Promise<void> {
    const turn = this.#last.then(() => this.#apply(plan));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  dialer(segment: string, asker?: string): Dialer {
    return {
      dial: (host, port, signal) => this.#dial({ segment, host, port, asker }, signal),
      relay: (host, port, signal, onread) => this.#dial({ segment, host, port, asker }, signal, onread),
    };
  }

  doors(segment: string): readonly Door[] {
    return doorsOf(this.#tables, segment, this.#clock.now());
  }

  isOpen(segment: string): boolean {
    return (this.#tables.segments.get(segment)?.segment.egress ?? 'none') !== 'none';
  }

  async explain(ask: PathAsk): Promise<Path> {
    const way = routeFromSegment(this.#tables, this.#state, { ...ask, source: explainSource });
    const tried = way.target === undefined ? undefined : await this.#tryTarget(way);
    const path = explainTables(
      this.#tables,
      {
        nowMs: this.#state.nowMs,
        health: (probe, backend) => this.health(probe, backend),
        listening: (endpoint, port) => this.listening(endpoint, port),
        addresses: (host) => ({
          addresses: host === way.target?.host ? (tried?.addresses ?? []) : (this.#names.known(host) ?? []),
          problem: this.#names.problem(host),
        }),
        unreachable: (target) => (sameValue(target, way.target) ? tried?.problem : undefined),
      },
      ask,
    );
    if (ask.asker !== undefined && path.denied !== undefined) this.#refused(way, ask, path.denied);
    return withCounts(path, this.counters());
  }

  ifClosed(ask: PathAsk): Fault | undefined {
    const way = routeFromSegment(this.#tables, this.#state, { ...ask, source: explainSource, egress: 'none' });
    return way.target === undefined ? way.denied : undefined;
  }

  listeners(endpoint: string): ReturnType<FabricEngine['listeners']> {
    return this.#listeners.of(endpoint);
  }

  listening(endpoint: string, port: number): HostPort | undefined {
    return this.#listeners.at(endpoint, port);
  }

  health(probe: string, backend: string): BackendHealth {
    return this.#prober.health(probe, backend);
  }

  counters(): readonly Counter[] {
    this.#flows.countAll();
    return this.#flows.ledger.all();
  }

  passed(segment: string, asker: string): Passed {
    this.#flows.countAll();
    return this.#flows.ledger.passed(segment, asker);
  }

  sessions(endpoint: string): readonly Session[] {
    return this.#flows.sessions(endpoint);
  }

  cut(endpoint: string, session?: string): number {
    const connections = this.#flows.cut(endpoint, session);
    if (connections > 0) this.#emit({ kind: 'cut', endpoint, connections, code: 'SessionCut' });
    return connections;
  }

  onEvent(listener: (event: FabricEvent) => void): () => void {
    this.#events.add(listener);
    return () => this.#events.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#last;
    clearInterval(this.#ticker);
    this.#callOffExpiry();
    this.#listeners.closeAll();
    this.#flows.abortAll();
    this.#prober.close();
    this.#names.close();
    this.#tables = compileTables(emptyPlan);
  }

  async #apply(plan: FabricPlan): Promise<void> {
    if (this.#closed) throw fault('cancelled', 'EngineClosed', 'The engine is closed.', { remedy: 'Open a new one.' });
    if (sameValue(plan, this.#tables.plan)) return;
    const tables = compileTables(plan, this.#tables);
    // One moment for all that follows: an approval that ends meanwhile ends by the timer.
    const nowMs = this.#clock.now();
    // What arrives at a new listener before the plan is in force is judged by the plan before, and refused.
    const closeOthers = await this.#listeners.open(this.#listenedPorts(tables, nowMs));
    const before = this.#tables;
    this.#tables = tables;
    closeOthers();
    for (const cut of cutDisallowed(this.#flows, before, tables, nowMs)) this.#emit({ kind: 'cut', ...cut });
    this.#names.watch(targetHosts(plan));
    this.#prober.update(tables);
    this.#awaitExpiry(nowMs);
    this.#log.debug({ endpoints: plan.endpoints.length, listeners: this.#listeners.count }, 'plan applied');
    this.#emit({ kind: 'applied' });
  }

  #listenedPorts(tables: Tables, nowMs: number): OpenPorts {
    const all = openPorts(tables, nowMs);
    return new Map([...all].filter(([endpoint]) => this.#listensFor(endpoint)));
  }

  /** Ends what the first approval's end after a moment ends, when it comes. */
  #awaitExpiry(nowMs: number): void {
    this.#callOffExpiry();
    const next = this.#tables.plan.endpoints.reduce((least, { state, expiresAtMs }) => {
      return state === 'Approved' && expiresAtMs !== undefined && expiresAtMs > nowMs ? Math.min(least, expiresAtMs) : least;
    }, Number.POSITIVE_INFINITY);
    if (next === Number.POSITIVE_INFINITY) return;
    this.#callOffExpiry = this.#clock.after(next - nowMs, () => {
      // Timers may be a moment early; looked at twice, the end could come between.
      const firedMs = this.#clock.now();
      if (firedMs >= next) this.#expire(firedMs);
      this.#awaitExpiry(firedMs);
    });
  }

  #expire(nowMs: number): void {
    this.#listeners.keepOnly(this.#listenedPorts(this.#tables, nowMs));
    for (const cut of cutDisallowed(this.#flows, this.#tables, this.#tables, nowMs)) this.#emit({ kind: 'cut', ...cut });
    this.#emit({ kind: 'applied' });
  }

  #arrive({ endpoint, port }: Wanted, arrival: Arrival): void {
    noteAsked();
    const way = routeFromEndpoint(this.#tables, this.#state, { endpoint, port, source: this.#translated() });
    const denied = way.target === undefined ? way.denied : this.#noRoom(endpoint);
    if (way.target === undefined || denied !== undefined) {
      arrival.refuse();
      if (denied !== undefined) this.#refused(way, { host: way.endpoint?.address ?? endpoint }, denied);
      return;
    }
    const flow = this.#flows.begin(way, { peer: arrival.peer });
    const { socket, copies } = arrival.open(flow.readClient());
    flow.hold(socket);
    const head = proxyHeader(way, arrival.peer);
    this.#relay(flow, head, copies).catch((error: unknown) => {
      flow.abort();
      this.#log.error({ err: toFault(error) }, 'a connection could not be relayed');
    });
  }

  async #relay(flow: Flow, head: Uint8Array | undefined, copies: boolean): Promise<void> {
    const reached = await this.#reach(flow, () => flow.readUpstream());
    if (reached.socket === undefined) {
      if (flow.closed) return;
      flow.abort();
      this.#refused(flow.way, { host: flow.way.endpoint?.address ?? flow.way.target.host }, reached.denied);
      return;
    }
    flow.relay(reached.socket, head, copies);
    this.#flows.established(flow, reached.ms);
  }

  async #dial(ask: Attempt, signal: AbortSignal, onread?: OnReadOpts): Promise<Socket> {
    if (signal.aborted) throw cancelled(ask);
    noteAsked();
    const way = routeFromSegment(this.#tables, this.#state, { ...ask, source: this.#translated() });
    const denied = way.target === undefined ? way.denied : this.#noRoom(way.endpoint?.id ?? ask.segment);
    if (way.target === undefined || denied !== undefined)
      throw this.#refused(way, ask, denied ?? noEndpoint(ask.segment, ask.host, ask.port));
    const flow = this.#flows.begin(way, { asker: ask.asker });
    const giveUp = (): void => flow.abort();
    signal.addEventListener('abort', giveUp, { once: true });
    // Whoever waits for a name or a host that does not answer is told at once when that has become idle.
    const over = new Promise<Reached>((tell) => {
      flow.onOver = () => tell({ socket: undefined, denied: flow.reason ?? dialCut(way, this.#tables, this.#clock.now()) });
    });
    const reached = await Promise.race([this.#reach(flow, onread && (() => onread)), over]).finally(() =>
      signal.removeEventListener('abort', giveUp),
    );
    if (reached.socket === undefined) {
      if (signal.aborted) throw cancelled(ask);
      flow.abort();
      throw this.#refused(way, ask, reached.denied);
    }
    const { localPort = 0 } = reached.socket;
    flow.handOut(
      reached.socket,
      proxyHeader(flow.way, () => ({ address: '127.0.0.1', port: localPort })),
    );
    this.#flows.established(flow, reached.ms);
    this.#letThrough(way, ask);
    return reached.socket;
  }

  /** Connects to the way's target. A flow that is cut meanwhile gets no socket. */
  async #reach(flow: Flow, onread: ReadInto | undefined): Promise<Reached> {
    const startedMs = performance.now();
    const { target } = flow.way;
    const all = this.#names.known(target.host) ?? (await this.#names.addresses(target.host));
    const known = this.#allowed(flow.way, all);
    if (known.length === 0) return { socket: undefined, denied: this.#nowhere(flow.way, all) };
    let connected = await this.#connect(flow, known, onread);
    if (connected.socket === undefined && !flow.closed) {
      const others = this.#allowed(flow.way, await this.#names.refresh(target.host)).filter((address) => !known.includes(address));
      if (others.length > 0) connected = await this.#connect(flow, others, onread);
    }
    if (connected.socket === undefined) return { socket: undefined, denied: this.#unreachable(flow, connected) };
    if (flow.closed) {
      connected.socket.destroy();
      return { socket: undefined, denied: this.#unreachable(flow, { problem: 'the way to it was closed', cause: undefined }) };
    }
    this.#names.prefer(target.host, connected.address);
    const ms = performance.now() - startedMs;
    noteConnected(ms);
    return { socket: connected.socket, ms };
  }

  #connect(flow: Flow, addresses: readonly string[], onread: ReadInto | undefined): Promise<Connected> {
    return connectInTurn({
      addresses,
      port: flow.way.target.port,
      timeoutMs: this.#limits.connectTimeoutMs,
      ...(onread && { onread }),
      trying: (socket) => flow.reachFor(socket),
      wanted: () => !flow.closed,
    });
  }

  /**
   * No forwarder gets to the listeners of endpoints: whose networks they are of would no longer matter. What leaves a network to anywhere gets to
   * nothing of this host by its loopback.
   */
  #allowed(way: Way, addresses: readonly string[]): readonly string[] {
    const { port } = way.target;
    return addresses.filter(
      (address) =>
        mayGoTo(way, address) && !this.#isOurs(plainLoopback(address)) && !this.#listeners.isOurs({ host: plainLoopback(address), port }),
    );
  }

  /** Of a target without address, or with none that is allowed. */
  #nowhere(way: Way, all: readonly string[]): Fault {
    if (all.length > 0 && all.every((address) => this.#isOurs(plainLoopback(address))))
      return localAddressDenied(way.segment, way.target, all);
    if (all.length > 0) return localDenial(way, all) ?? targetUnreachable(way.target, listenerProblem);
    return noAddress(way, this.#names.problem(way.target.host) ?? 'DNS gives none');
  }

  #unreachable(flow: Flow, { problem, cause }: { readonly problem: string; readonly cause: unknown }): Fault {
    if (flow.closed) return flow.reason ?? dialCut(flow.way, this.#tables, this.#clock.now());
    return targetUnreachable(flow.way.target, problem, cause);
  }

  async #tryTarget(way: Way): Promise<{ readonly addresses: readonly string[]; readonly problem: string | undefined }> {
    const { target } = way;
    const all = await this.#names.addresses(target.host);
    const addresses = this.#allowed(way, all);
    const { connectTimeoutMs: timeoutMs } = this.#limits;
    if (addresses.length === 0) return { addresses: all, problem: all.length > 0 ? listenerProblem : undefined };
    const connected = await connectInTurn({
      addresses,
      port: target.port,
      timeoutMs,
      trying: () => undefined,
      wanted: () => true,
    });
    connected.socket?.end();
    connected.socket?.on('error', () => undefined).resume();
    return { addresses, problem: connected.socket === undefined ? connected.problem : undefined };
  }

  #translated(): Source {
    this.#asked = (this.#asked + 1) % 65_536;
    return { address: '127.0.0.1', port: this.#asked };
  }

  #noRoom(target: string): Fault | undefined {
    const most = mostConnections(this.#limits, this.#listeners.count);
    if (this.#flows.size >= most) this.#flows.makeRoom();
    return this.#flows.size >= most ? tooManyConnections(target, most) : undefined;
  }

  #refused(
    way: Omit<Way, 'target'> | Refusal,
    { host, asker }: { readonly host: string; readonly asker?: string | undefined },
    denied: Fault,
  ): Fault {
    for (const counter of this.#flows.ledger.along(way, asker)) counter.refused += 1;
    noteRefused(denied.code);
    this.#emit({ kind: 'refused', endpoint: way.endpoint?.id, segment: way.segment, host, port: way.port, asker, ...denialOf(denied) });
    return denied;
  }

  #letThrough({ endpoint, outside }: Way, { segment, host, port, asker }: Attempt): void {
    const attempt = { segment, host, port, asker };
    if (outside === undefined) return this.#emit({ kind: 'allowed', endpoint: endpoint?.id, ...attempt });
    noteOutside(outside.wouldBe?.code);
    this.#emit({ kind: 'outside', ...attempt, wouldBe: outside.wouldBe && denialOf(outside.wouldBe) });
  }

  #resolved(host: string, addresses: readonly string[]): void {
    for (const { id, rules } of this.#tables.plan.forwarders) {
      if (rules.some((rule) => rule.to.host.toLowerCase() === host)) this.#emit({ kind: 'resolved', forwarder: id, host, addresses });
    }
  }

  #emit(event: FabricEvent): void {
    if (event.kind === 'cut' || event.kind === 'health' || event.kind === 'resolved') this.#log.info({ event }, 'the network changed');
    for (const listener of this.#events) listener(event);
  }
}

/** What a socket that is relayed reads into. */
type ReadInto = () => OnReadOpts;

type Reached = { readonly socket: Socket; readonly ms: number } | { readonly socket: undefined; readonly denied: Fault };

function targetHosts(plan: FabricPlan): string[] {
  const forwarded = plan.forwarders.flatMap(({ rules }) => rules.map((rule) => rule.to.host));
  const databases = plan.services.flatMap((service) => (service.kind === 'database' ? [service.target.host] : []));
  return [...forwarded, ...databases, ...plan.publicServers.flatMap(({ target }) => (target === undefined ? [] : [target.host]))];
}

/** What a database behind the service learns of who connects. */
function proxyHeader({ service, endpoint, port }: Way, peer: () => Source): Uint8Array | undefined {
  if (service?.kind !== 'balanced' || !service.proxyProtocol || endpoint === undefined) return undefined;
  return encodeProxyHeader({ command: 'proxy', from: peer(), to: { address: endpoint.address, port }, linkId: endpoint.linkId });
}

const listenerProblem = 'a private endpoint listens there, and endpoints are reached from their own network only';

function plainLoopback(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

function cancelled({ host, port }: PathAsk): Fault {
  return fault('cancelled', 'Canceled', `Dialling ${host}:${port} was cancelled.`);
}
