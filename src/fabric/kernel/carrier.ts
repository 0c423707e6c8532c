import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { toFault } from '#base/fault.ts';
import type { RouteState } from '../choose.ts';
import { endpointDisconnected, rerouted } from '../denial.ts';
import type { Counter, FabricEvent, NetworkAsk, Passed, Session } from '../engine.ts';
import { isForbidden } from '../forbidden.ts';
import { hashText } from '../hash.ts';
import { emptyPlan, type Endpoint, type HostPort } from '../plan.ts';
import { endpointDenial, noWay, wayStands } from '../route.ts';
import { compileTables, type Tables } from '../tables.ts';
import { hostLeg, RangePart } from './address-range.ts';
import { trackedKey, type Tracked } from './conntrack.ts';
import { HostRelays } from './host-relay.ts';
import type { Hub, WayFound } from './hub.ts';
import { KernelFlows, sessionId, type KernelFlow } from './kernel-flows.ts';
import { lackingRows, rowsOfDoor, tryEntry, type KernelState } from './kernel-path.ts';
import { KernelNumbers, kernelRows, linkNumber } from './kernel-rows.ts';
import { emptyTable, type KernelBackend, type KernelSource, type KernelTable } from './kernel-table.ts';
import { WorkerNetworks, type WorkerNic } from './networks.ts';
import { refusalsOf } from './refusals.ts';
import { RefusedTries, type Refused } from './refused-tries.ts';
import { leadsTo, sourceKey, UplinkPorts, type Uplink } from './uplink.ts';
import { changeText, emptyText, tableName } from './ruleset.ts';
import { mayBe, trackedWay, type TrackedGround } from './tracked-way.ts';

export interface CarrierOptions {
  readonly hub: Hub;
  readonly uplink: Uplink | undefined;
  readonly nowMs: () => number;
  readonly health: RouteState['health'];
  /** Of a target's host, as far as they are known. */
  readonly addresses: (host: string) => readonly string[];
  /** What was not there at the last `apply` is there now. */
  readonly onReady: () => void;
  /** A connection of an attached network was let in. */
  readonly onAllowed: (endpoint: Endpoint, port: number, asker: string) => void;
}

/** Connections of an endpoint that were ended, and why. */
export interface KernelCut {
  readonly endpoint: string;
  readonly connections: number;
  readonly code: string;
}

/** Brings plans into the hub's kernel, and knows what it carries. */
export class KernelCarrier {
  readonly #options: CarrierOptions;
  readonly #hub: Hub;
  readonly #numbers = new KernelNumbers();
  readonly #sources: RangePart;
  readonly #ports: UplinkPorts | undefined;
  /** Backends by the ports of the uplink that they have. */
  readonly #portsOf = new Map<string, string>();
  readonly #entries: RangePart;
  readonly #relays: HostRelays;
  readonly #flows: KernelFlows;
  readonly #networks: WorkerNetworks;
  /** Backends' ids, by what databases see. Never forgotten: a connection may live on. */
  readonly #backendOf = new Map<string, string>();
  #tables: Tables = compileTables(emptyPlan);
  #rows: KernelTable = emptyTable;
  #endpointOf = new Map<number, string>();
  #begun = false;
  /** Somebody found rows of ours missing. */
  #isLost = false;
  /** They were brought again meanwhile, with a plan. */
  #isMended = false;
  #own: ReadonlySet<string> = new Set();
  readonly #tries: RefusedTries;
  /** Of the plan in force when it was last looked what was refused. */
  #looked: Tables = this.#tables;

  constructor(options: CarrierOptions) {
    this.#options = options;
    const { hub } = options;
    this.#hub = hub;
    this.#sources = new RangePart(hub.range, 'sources');
    this.#ports = options.uplink && new UplinkPorts(options.uplink);
    this.#entries = new RangePart(hub.range, 'entries');
    this.#networks = new WorkerNetworks(hub.range);
    this.#tries = new RefusedTries({
      set: (name) => hub.counted(name),
      setNow: (name) => hub.countedNow(name),
      sixes: (nic) => hub.sixes(nic),
    });
    const own = hostLeg(hub.range);
    this.#relays = new HostRelays({
      at: own,
      isHub: (address) => address.startsWith(`${hub.range.prefix}.`) && address !== own,
      addresses: options.addresses,
      onReady: options.onReady,
    });
    this.#flows = new KernelFlows({
      read: () => hub.tracked(),
      wayOf: (tracked) => trackedWay(this.#ground(), tracked),
      askerOf: ({ client }) => this.#networks.at(client.address)?.asker,
      onBegun: ({ way, asker }) => {
        if (way.endpoint !== undefined && asker !== undefined) options.onAllowed(way.endpoint, way.port, asker);
      },
      nowMs: options.nowMs,
    });
  }

  /** Begins to hear of connections that end. */
  async begin(): Promise<void> {
    await this.#hub.partAll();
    await this.#hub.watch((line) => this.#flows.ended(line));
  }

  /** Opens what the rows of these tables will need. */
  async prepare(tables: Tables): Promise<void> {
    this.#own = ownAddresses();
    for (const target of targetsOf(tables)) if (!this.#isStepAway(target)) this.#relays.portOf(target);
    await this.#relays.settled();
  }

  /** Brings these tables into the kernel, in one transaction, and ends what they do not allow. Answers what was ended. */
  async apply(tables: Tables): Promise<readonly KernelCut[]> {
    // By the ways of the plan before.
    this.#flows.look();
    const rows = this.#rowsOf(tables);
    await this.#bring(rows);
    this.#tables = tables;
    this.#endpointOf = new Map([...tables.endpoints.values()].map(({ endpoint }) => [linkNumber(endpoint), endpoint.id]));
    const cuts = await this.#cutDisallowed(tables);
    this.#keep(tables);
    return cuts;
  }

  /** Joins a worker's network to a segment of the plan in force. Fault: `KernelCommandFailed` (unsupported). */
  async attach({ segment, pid, asker }: NetworkAsk): Promise<WorkerNic> {
    const nic = this.#networks.add(segment, this.#numbers.of(`segment ${segment}`), asker);
    try {
      await this.#changeNics();
      await this.#hub.join(pid, { nic: nic.name, address: nic.address });
    } catch (error) {
      this.#networks.remove(nic);
      await this.#changeNics();
      throw error;
    }
    return nic;
  }

  /** Whose its connections are that begin from now on. */
  rename(nic: WorkerNic, asker: string): readonly FabricEvent[] {
    this.#flows.look();
    const { events } = this.#note(this.#tries.takeNow([nic.name]));
    this.#networks.rename(nic, asker);
    return events;
  }

  /** Ends its connections and parts it. Answers what is still to be told of it. */
  async part(nic: WorkerNic): Promise<readonly FabricEvent[]> {
    const its = this.#flows.look().filter(({ tracked }) => tracked.client.address === nic.address);
    await this.#hub.end(its.map(({ tracked }) => tracked));
    const sixes = this.#tries.takeNow([nic.name]);
    await this.#hub.part({ nic: nic.name, address: nic.address });
    const late = this.#tries.takeNow([]);
    const events = [sixes, late].flatMap((refused) => this.#note(refused).events);
    this.#networks.remove(nic);
    await this.#changeNics();
    return events;
  }

  /** The kernel's table, for people. */
  get where(): string {
    return `the table inet ${tableName} of the network ${this.#hub.place.path}`;
  }

  /** Asks the kernel for the rows of an endpoint's port, and connects by them. Where rows are lost they are written anew at the next `mend`. */
  async inspect(endpoint: Endpoint, port: number): Promise<KernelState> {
    const rows = rowsOfDoor(this.#rows, linkNumber(endpoint), port);
    const entry = this.at(endpoint.id, port);
    if (rows === undefined || entry === undefined) return { kind: 'lost', problem: 'it was not told of it yet' };
    const problem = await lackingRows(this.#hub.enter, rows);
    this.#isLost ||= problem !== undefined;
    if (problem !== undefined) return { kind: 'lost', problem };
    const outcome = await tryEntry(entry, hostLeg(this.#hub.range), (client) => this.#flows.leaveOut(trackedKey(client, entry)));
    return typeof outcome === 'number' ? { kind: 'carried', entry, ms: outcome } : { kind: 'broken', entry, problem: outcome };
  }

  /** The joined network that has an address; also one that is parted, until another has it. */
  networkAt(address: string): WorkerNic | undefined {
    return this.#networks.at(address);
  }

  /** Counts names that a joined network asked for and nobody knows. */
  refusedNames({ of: segment, asker }: WorkerNic, count: number): void {
    this.#flows.refused({ ...noWay, segment, port: 0 }, count, asker);
  }

  at(endpoint: string, port: number): HostPort | undefined {
    return this.of(endpoint).find((one) => one.port === port)?.at;
  }

  of(endpoint: string): readonly { readonly port: number; readonly at: HostPort }[] {
    const table = this.#tables.endpoints.get(endpoint);
    if (table === undefined) return [];
    const link = linkNumber(table.endpoint);
    const doors = this.#rows.doors.filter((door) => door.link === link);
    return doors.map(({ port, entry }) => ({ port, at: { host: entry, port } })).toSorted((a, b) => a.port - b.port);
  }

  counters(): readonly Counter[] {
    return this.#flows.counters();
  }

  passed(segment: string, asker: string): Passed {
    return this.#flows.passed(segment, asker);
  }

  sessions(endpoint: string): readonly Session[] {
    return this.#flows.sessions(endpoint);
  }

  /** At once: none of their packets passes after it returns. Answers how many there were. */
  cut(endpoint: string, session: string | undefined): number {
    const meant = this.#flows
      .look()
      .filter(({ way, tracked }) => way.endpoint?.id === endpoint && (session === undefined || sessionId(tracked) === session));
    this.#hub.endNow(meant.map(({ tracked }) => tracked));
    this.#flows.look();
    return meant.length;
  }

  mendWay(): Promise<WayFound> {
    return this.#hub.mendWay();
  }

  /** The table was not there when it was last asked for. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Looks whether the kernel still has the rules, and gives them back where somebody took them away. Answers whether that was so. */
  async mend(): Promise<boolean> {
    const wasMended = this.#isMended;
    this.#isMended = false;
    if (!this.#begun || (!this.#isLost && (await this.#hub.hasTable()))) return wasMended;
    this.#isLost = false;
    await this.#bringAll(this.#rows);
    return true;
  }

  /** Ends what is idle for too long: by a reset, or in silence. */
  async endIdle(): Promise<void> {
    const idle = this.#flows.idle();
    if (idle.length === 0) return;
    await this.#hub.end(idle.filter(({ way }) => way.rule?.tcpReset === true).map(({ tracked }) => tracked));
    // The kernel forgets by itself, unless it was told of another time when the connection began.
    await this.#hub.drop(idle.filter(({ way }) => way.rule?.tcpReset !== true).map(({ tracked }) => tracked));
  }

  /**
   * Counts what was refused since the last time. Answers what is to be told of attached networks, and the endpoints that programs of the host found
   * no backend of.
   */
  async countRefused(): Promise<{
    readonly events: readonly FabricEvent[];
    readonly unbacked: readonly { readonly endpoint: string; readonly port: number }[];
  }> {
    try {
      return this.#note(await this.#tries.take(this.#networks.nics.map(({ name }) => name)));
    } catch (error) {
      this.#isLost ||= this.#begun && toFault(error).message.includes('No such file or directory');
      throw error;
    }
  }

  #note(refused: Refused): Awaited<ReturnType<KernelCarrier['countRefused']>> {
    const unbacked: { endpoint: string; port: number }[] = [];
    for (const [link, count] of refused.byLink) {
      const endpoint = this.#tables.endpoints.get(this.#endpointOf.get(link) ?? '')?.endpoint;
      if (endpoint === undefined) continue;
      this.#flows.refused({ ...noWay, segment: endpoint.segment, port: 0, endpoint }, count);
      unbacked.push({ endpoint: endpoint.id, port: this.of(endpoint.id)[0]?.port ?? 0 });
    }
    const { nowMs, health } = this.#options;
    const state = { nowMs: nowMs(), health };
    const plans = this.#looked === this.#tables ? [this.#tables] : [this.#tables, this.#looked];
    this.#looked = this.#tables;
    return { events: refusalsOf(refused, plans, { networks: this.#networks, flows: this.#flows, state }), unbacked };
  }

  async close(keeps: boolean): Promise<void> {
    if (!keeps) this.#hub.endNow(this.#flows.look().map(({ tracked }) => tracked));
    this.#relays[Symbol.dispose]();
    this.#hub.leave();
    if (!keeps) await this.#hub.remove();
  }

  async #changeNics(): Promise<void> {
    await this.#bring({ ...this.#rows, nics: this.#networks.nics });
  }

  /** Brings rows into the kernel in the place of those before, in one transaction. */
  async #bring(rows: KernelTable): Promise<void> {
    if (this.#begun) {
      try {
        await this.#hub.load(changeText(this.#rows, rows, this.#options.nowMs()));
        this.#rows = rows;
        return;
      } catch {
        // Somebody has changed what is there. If that is not it, what follows fails too.
      }
    }
    await this.#bringAll(rows);
    this.#isMended = this.#begun;
    this.#begun = true;
    this.#rows = rows;
  }

  /** The same, whatever is there. */
  async #bringAll(rows: KernelTable): Promise<void> {
    await this.#hub.load(this.#hub.beginning + emptyText(await this.#hub.sets()) + changeText(emptyTable, rows, this.#options.nowMs()));
  }

  #rowsOf(tables: Tables): KernelTable {
    this.#own = ownAddresses();
    const rows = kernelRows(
      tables,
      {
        nics: this.#networks.nics,
        numbers: this.#numbers,
        entries: this.#entries,
        nowMs: this.#options.nowMs(),
        health: this.#options.health,
        reach: (target, backend) => this.#reach(target, backend),
      },
      this.#rows,
    );
    for (const { number, source } of rows.backends) {
      const [, backend] = /^backend (.+)#\d+$/.exec(this.#numbers.keyOf(number) ?? '') ?? [];
      if (backend !== undefined) this.#backendOf.set(keyOf(source), backend);
    }
    return rows;
  }

  /** An address of this host itself is a step away from the hub, and so is what an uplink leads to; to the rest a relay leads. */
  #reach(target: HostPort, backend: string): Pick<KernelBackend, 'target' | 'source'> | undefined {
    const address = this.#addressOf(target);
    const source = { address: this.#sources.of(backend, hashText), ports: undefined };
    if (address !== undefined && this.#own.has(address)) return { source, target: { address, port: target.port } };
    const outward = address === undefined ? undefined : this.#outward(address, backend);
    if (address !== undefined && outward !== undefined) return { source: outward, target: { address, port: target.port } };
    const port = this.#relays.portOf(target);
    return port === undefined ? undefined : { source, target: { address: hostLeg(this.#hub.range), port } };
  }

  #addressOf({ host }: HostPort): string | undefined {
    const addresses = isIPv4(host) ? [host] : this.#options.addresses(host);
    return addresses.find((one) => isIPv4(one) && !isForbidden(one));
  }

  /** Nobody passes it on, unless the uplink has no ports left. */
  #isStepAway(target: HostPort): boolean {
    const address = this.#addressOf(target);
    const { uplink } = this.#options;
    return address !== undefined && (this.#own.has(address) || (uplink !== undefined && leadsTo(uplink, address)));
  }

  /** What a host beyond this one sees the connections of a backend as coming from; undefined: no uplink leads there, or all of its ports are taken. */
  #outward(address: string, backend: string): KernelSource | undefined {
    const { uplink } = this.#options;
    if (uplink === undefined || this.#ports === undefined || !leadsTo(uplink, address)) return undefined;
    const range = this.#ports.of(backend, hashText);
    if (range !== undefined) this.#portsOf.set(sourceKey(range.address, range.first), backend);
    return range && { address: range.address, ports: { first: range.first, last: range.last } };
  }

  /** As the plan has it that is in force now. */
  #ground(): TrackedGround {
    const { endpoints } = this.#tables;
    return {
      tables: this.#tables,
      endpointOf: (link) => endpoints.get(this.#endpointOf.get(link) ?? '')?.endpoint,
      entryOf: (endpoint) => this.#entries.of(endpoint, hashText),
      segmentAt: (address) => this.#networks.at(address)?.of,
      backendOf: ({ source, sourcePort }) => this.#backendOf.get(source) ?? this.#backendOf.get(sourceKey(source, sourcePort)),
      leads: (to, target) => this.#leads(to, target),
    };
  }

  /** By any of the addresses that its name has. Of one that is not known yet it may be any. */
  #leads(to: HostPort, { address, port }: Tracked['target']): boolean {
    if (address === hostLeg(this.#hub.range)) return port === this.#relays.openPortOf(to);
    const addresses = isIPv4(to.host) ? [to.host] : this.#options.addresses(to.host);
    return port === to.port && (addresses.length === 0 || addresses.includes(address));
  }

  async #cutDisallowed(tables: Tables): Promise<readonly KernelCut[]> {
    const nowMs = this.#options.nowMs();
    const cuts = new Map<string, { flows: KernelFlow[]; code: string }>();
    for (const flow of this.#flows.look()) {
      const way = wayStands(tables, flow.way, nowMs);
      if (way !== undefined) {
        flow.way = way;
        continue;
      }
      const before = flow.way.endpoint;
      if (before === undefined) continue;
      const now = tables.endpoints.get(before.id)?.endpoint;
      const reason = now === undefined ? endpointDisconnected(before) : (endpointDenial(now, nowMs) ?? rerouted(before.id));
      const cut = cuts.get(before.id) ?? { flows: [], code: reason.code };
      cut.flows.push(flow);
      cuts.set(before.id, cut);
    }
    const flows = [...cuts.values()].flatMap((cut) => cut.flows);
    // Those that nobody has seen begin, or that are not open yet: let in by a plan before this one, or by a control plane before this.
    const ground = this.#ground();
    const others = this.#flows.strangers.filter((tracked) => !mayBe(ground, tracked, nowMs));
    await this.#hub.end([...flows.map(({ tracked }) => tracked), ...others]);
    return [...cuts].map(([endpoint, cut]) => ({ endpoint, connections: cut.flows.length, code: cut.code }));
  }

  #keep(tables: Tables): void {
    this.#entries.keep(new Set(tables.endpoints.keys()));
    this.#relays.keep(targetsOf(tables));
    this.#keepPorts();
  }

  /** Others may have the ports of a backend that is gone, once nobody is connected from them any more. */
  #keepPorts(): void {
    if (this.#ports === undefined) return;
    const used = this.#rows.backends.map(({ number }) => this.#numbers.keyOf(number) ?? '');
    const live = this.#flows.look().map(({ tracked }) => this.#portsOf.get(sourceKey(tracked.source, tracked.sourcePort)) ?? '');
    this.#ports.keep(new Set([...used, ...live]));
  }
}

/** All that forwarders and databases lead to. */
function targetsOf({ plan }: Tables): readonly HostPort[] {
  const forwarded = plan.forwarders.flatMap(({ rules }) => rules.map(({ to }) => to));
  const databases = plan.services.flatMap((service) => (service.kind === 'database' ? [service.target] : []));
  return [...forwarded, ...databases];
}

function keyOf({ address, ports }: KernelSource): string {
  return ports === undefined ? address : sourceKey(address, ports.first);
}

/** Of this host, IPv4. Loopback addresses are not: they mean the hub itself in the hub. */
function ownAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((some = []) => some);
  return new Set(all.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address));
}
