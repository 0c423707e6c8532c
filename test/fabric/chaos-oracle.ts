import type { Endpoint, FabricPlan, HostPort } from '#fabric/plan.ts';
import { resolverAddress } from '#fabric/kernel/ruleset.ts';
import { flag, type Packet } from './capture.ts';
import type { Call } from './chaos-traffic.ts';

/** A plan that an engine was given. */
export interface Step {
  readonly plan: FabricPlan;
  /** What was changed. */
  readonly said: string;
  /** The engine was asked; milliseconds since 1970, as are all times. */
  readonly fromMs: number;
  /** It said that the plan is in force. Undefined: it was killed before that. */
  doneMs: number | undefined;
}

interface Span {
  readonly fromMs: number;
  toMs: number;
}

/** All that was done to an engine, as far as it matters to what may pass. */
export class ChaosRecord {
  readonly steps: Step[] = [];
  /** Addresses on the host by which endpoints were ever reached. */
  readonly entries: Map<string, Set<string>> = new Map();
  /** From a flush of the rules to their return. */
  readonly outages: Span[] = [];
  /** From a kill to the first plan of the next engine. */
  readonly restarts: Span[] = [];
  /** When servers took no connections, by `address:port`. */
  readonly closures: Map<string, Span[]> = new Map();
  /** Segments of attached networks, by their addresses. */
  readonly networks: Map<string, { readonly segment: string; readonly fromMs: number }[]> = new Map();

  /** From now on these servers take no connections, by their numbers, and the others do. */
  serve(host: string, ports: readonly number[], closed: ReadonlySet<number>): void {
    for (const [at, port] of ports.entries()) {
      const spans = this.closures.get(`${host}:${port}`) ?? [];
      const last = spans.at(-1);
      const isClosed = last?.toMs === Number.POSITIVE_INFINITY;
      if (closed.has(at) && !isClosed)
        this.closures.set(`${host}:${port}`, [...spans, { fromMs: Date.now(), toMs: Number.POSITIVE_INFINITY }]);
      else if (!closed.has(at) && isClosed) last.toMs = Date.now();
    }
  }
}

/** Clocks and captures are so exact. */
const exactMs = 3;
/** A probe finds out within this time, and who is joined anew is there. */
const settledMs = 2_000;
/** An approval ends as exactly as this. */
const expiryMs = 60;

/** One connection as the captures have it: begun by a client's SYN, and passed on by the hub's. */
interface Flow {
  readonly client: string;
  readonly door: HostPort;
  readonly fromMs: number;
  server: string | undefined;
  serverMs: number;
}

export interface Judged {
  /** One sentence for each thing that may not be. */
  readonly troubles: readonly string[];
  readonly facts: Readonly<Record<string, number>>;
}

export class Judge {
  readonly #record: ChaosRecord;
  readonly #packets: readonly Packet[];
  readonly #calls: readonly Call[];
  readonly #servers: ReadonlySet<string>;
  readonly #troubles: string[] = [];
  readonly #spans = new Map<string, readonly Span[]>();
  /** By client and door, and by source and server: `address:port address:port`. */
  readonly #flows = new Map<string, Flow[]>();
  readonly #toServers = new Map<string, Flow[]>();
  readonly #told = new Set<Flow>();
  readonly #facts: Record<string, number> = {};

  constructor(record: ChaosRecord, packets: readonly Packet[], calls: readonly Call[], servers: ReadonlySet<string>) {
    this.#record = record;
    this.#packets = packets.toSorted((a, b) => a.atMs - b.atMs);
    this.#calls = calls;
    this.#servers = servers;
  }

  judge(): Judged {
    this.#begin();
    for (const packet of this.#packets) if (packet.isFromHub) this.#judgePacket(packet);
    for (const call of this.#calls) this.#judgeCall(call);
    return { troubles: this.#troubles, facts: { packets: this.#packets.length, connections: this.#calls.length, ...this.#facts } };
  }

  #count(what: string, by = 1): void {
    this.#facts[what] = (this.#facts[what] ?? 0) + by;
  }

  #say(what: string, atMs: number): void {
    const around = this.#record.steps.filter(({ fromMs, doneMs = fromMs + 500 }) => fromMs < atMs + 50 && doneMs > atMs - 300);
    const plans = around.map(
      (step) =>
        `${this.#record.steps.indexOf(step)} ${step.said} [${this.#when(step.fromMs)} to ${step.doneMs === undefined ? 'killed' : this.#when(step.doneMs)}]`,
    );
    this.#troubles.push(`${this.#when(atMs)} ${what}. Plans around: ${plans.join('; ')}`);
  }

  #when(ms: number): string {
    return `${(ms - (this.#record.steps[0]?.fromMs ?? 0)).toFixed(1)} ms`;
  }

  /** Puts together what clients sent and what servers got: the number of a SYN stays as it is on the way. */
  #begin(): void {
    const begun = new Map<number, Flow>();
    for (const { isFromHub, tcp, src, dst, atMs } of this.#packets) {
      if (tcp === undefined || (tcp.flags & (flag.syn | flag.ack)) !== flag.syn) continue;
      const way = `${src}:${tcp.sport} ${dst}:${tcp.dport}`;
      const known = begun.get(tcp.seq);
      if (!isFromHub) {
        // Each link has two ends, and a SYN may come again.
        if (known !== undefined && way === wayOf(known)) continue;
        const flow = {
          client: `${src}:${tcp.sport}`,
          door: { host: dst, port: tcp.dport },
          fromMs: atMs,
          server: undefined,
          serverMs: atMs,
        };
        begun.set(tcp.seq, flow);
        append(this.#flows, way, flow);
      } else if (known !== undefined && known.server === undefined) {
        Object.assign(known, { server: `${dst}:${tcp.dport}`, serverMs: atMs });
        append(this.#toServers, way, known);
      }
    }
  }

  #judgePacket(packet: Packet): void {
    const { tcp, src, dst, atMs, link } = packet;
    // Names are answered, if somebody asks.
    if (packet.kind === 'icmp-error' || (packet.kind === 'udp' && src === resolverAddress)) return;
    if (tcp === undefined) return this.#say(`${packet.kind} left the hub on ${link}: ${src} to ${dst}`, atMs);
    const isReset = (tcp.flags & flag.rst) !== 0;
    if (isReset && tcp.payload === 0) return this.#count('resets');
    const [from, to] = [`${src}:${tcp.sport}`, `${dst}:${tcp.dport}`];
    const flows = this.#servers.has(to) ? this.#toServers.get(`${from} ${to}`) : this.#flows.get(`${to} ${from}`);
    const flow = flows?.findLast(({ fromMs }) => fromMs <= atMs + exactMs);
    const what = `${tcp.payload} bytes, flags ${tcp.flags}, ${from} to ${to} on ${link}`;
    if (flow?.server === undefined) return this.#say(`a packet of no connection left the hub: ${what}`, atMs);
    this.#count('packets from the hub');
    const spans = this.#allowed(flow);
    const span = spans.find(({ fromMs, toMs }) => fromMs - exactMs <= flow.serverMs && flow.serverMs <= toMs + exactMs);
    if (tcp.flags === flag.syn && from !== flow.client) this.#judgeBeginning(flow);
    const isWrong = span === undefined || atMs > span.toMs + exactMs;
    if (!isWrong) return;
    this.#count('wrong packets');
    // One word for each connection.
    if (this.#told.has(flow)) return;
    this.#told.add(flow);
    if (span === undefined)
      this.#say(
        `a connection was let in that no plan allows, ${flow.client} at ${flow.door.host}:${flow.door.port} to ${flow.server}: ${what}`,
        atMs,
      );
    else
      this.#say(
        `a packet passed ${(atMs - span.toMs).toFixed(1)} ms after its connection was to end, ${flow.client} at ${flow.door.host}:${flow.door.port} to ${flow.server}: ${what}`,
        atMs,
      );
  }

  /** New connections go to no backend that its administrator has taken out. */
  #judgeBeginning(flow: Flow): void {
    const { door, server = '', serverMs } = flow;
    const segment = this.#segmentOf(flow);
    const possible = this.#possible(serverMs, serverMs);
    const isTaken = possible.some(({ plan }) =>
      this.#endpointsAt(plan, door.host, segment).some((endpoint) =>
        waysOf(plan, endpoint, door.port).some((way) => way.server === server && way.admin !== 'Down'),
      ),
    );
    if (isTaken || this.#told.has(flow)) return;
    this.#told.add(flow);
    this.#say(`a connection began to a backend that takes none, ${flow.client} at ${door.host}:${door.port} to ${server}`, serverMs);
  }

  /** The plans that may have been in force at any time between. */
  #possible(fromMs: number, toMs: number): readonly Step[] {
    const { steps } = this.#record;
    return steps.filter((step, at) => {
      if (step.fromMs > toMs + exactMs) return false;
      // Until the next one is known to be in force it may be this one that is.
      const next = steps.slice(at + 1).find(({ doneMs }) => doneMs !== undefined)?.doneMs ?? Number.POSITIVE_INFINITY;
      return next + exactMs >= fromMs;
    });
  }

  /** When a connection by this door to this server may be. */
  #allowed(flow: Flow): readonly Span[] {
    const { door, server = '' } = flow;
    const segment = this.#segmentOf(flow);
    const key = `${segment ?? ''} ${door.host}:${door.port} ${server}`;
    const known = this.#spans.get(key);
    if (known !== undefined) return known;
    const spans: Span[] = [];
    let open: Span | undefined;
    for (const { plan, fromMs, doneMs } of this.#record.steps) {
      const endsMs = Math.max(
        Number.NEGATIVE_INFINITY,
        ...this.#endpointsAt(plan, door.host, segment)
          .filter((endpoint) => waysOf(plan, endpoint, door.port).some((way) => way.server === server))
          .map(({ expiresAtMs }) => (expiresAtMs ?? Number.POSITIVE_INFINITY) + (expiresAtMs === undefined ? 0 : expiryMs)),
      );
      if (endsMs > fromMs) {
        if (open === undefined || open.toMs < fromMs) spans.push((open = { fromMs, toMs: endsMs }));
        // Until the plan is in force it may be the one before that is.
        else open.toMs = Math.max(endsMs, Math.min(open.toMs, doneMs ?? Number.POSITIVE_INFINITY));
      } else if (doneMs !== undefined && open !== undefined) {
        open.toMs = Math.min(open.toMs, doneMs);
        open = undefined;
      }
    }
    this.#spans.set(key, spans);
    return spans;
  }

  #segmentOf({ client, fromMs }: Pick<Flow, 'client' | 'fromMs'>): string | undefined {
    return this.#record.networks.get(client.split(':')[0] ?? '')?.findLast((one) => one.fromMs <= fromMs)?.segment;
  }

  #endpointsAt(plan: FabricPlan, host: string, segment: string | undefined): readonly Endpoint[] {
    return plan.endpoints.filter((endpoint) =>
      segment === undefined
        ? (this.#record.entries.get(host)?.has(endpoint.id) ?? false)
        : endpoint.segment === segment && endpoint.address === host,
    );
  }

  #judgeCall(call: Call): void {
    if (call.wrong !== undefined)
      this.#say(`bytes are not as they were sent, connection ${call.number} of ${call.client}: ${call.wrong}`, call.endMs ?? call.beganMs);
    if (call.openMs === undefined) return this.#judgeRefusal(call);
    const flow = this.#flows
      .get(`${call.localAddress}:${call.localPort} ${call.door.host}:${call.door.port}`)
      ?.findLast(({ fromMs }) => fromMs <= (call.openMs ?? 0) + exactMs);
    if (flow?.server === undefined)
      return this.#say(`connection ${call.number} is in no capture: ${call.localAddress}:${call.localPort}`, call.openMs);
    const endMs = call.endMs ?? Number.POSITIVE_INFINITY;
    const touched = this.#touchedAt(flow, endMs);
    const lived = `connection ${call.number} of ${call.client}, ${flow.client} at ${flow.door.host}:${flow.door.port} to ${flow.server}, open since ${this.#when(call.openMs)}`;
    if (call.end !== 'ours' && call.end !== undefined) {
      if (touched !== undefined) return this.#count('ended by a plan');
      return this.#say(`a connection was lost that nothing touched (${call.end}), ${lived}`, endMs);
    }
    this.#count(touched === undefined ? `untouched (${call.segment === undefined ? 'host' : 'workers'})` : 'touched');
    if (touched !== undefined) return;
    this.#count(
      'plans that untouched ones lived through',
      this.#record.steps.filter(({ fromMs }) => fromMs > flow.fromMs && fromMs < endMs).length,
    );
    for (const { fromMs, toMs } of call.silences) {
      if (toMs - fromMs > this.#patienceMs(fromMs, toMs)) this.#say(`nothing came for ${Math.round(toMs - fromMs)} ms, ${lived}`, fromMs);
    }
  }

  /** Nobody is refused where all plans around let him in, to servers that are there. */
  #judgeRefusal(call: Call): void {
    this.#count('refused');
    const { door, beganMs, endMs } = call;
    if (call.end === 'ours' || endMs === undefined || this.#record.outages.some(({ fromMs, toMs }) => fromMs <= endMs && toMs >= beganMs))
      return;
    const segment = call.segment;
    if (segment !== undefined && this.#record.restarts.some(({ fromMs, toMs }) => fromMs <= endMs && toMs + settledMs >= beganMs)) return;
    const ways = this.#possible(beganMs - settledMs, endMs).map(({ plan }) =>
      this.#endpointsAt(plan, door.host, segment)
        .filter(({ expiresAtMs }) => expiresAtMs === undefined || expiresAtMs > endMs + exactMs)
        .flatMap((endpoint) => waysOf(plan, endpoint, door.port))
        .filter(({ admin }) => admin !== 'Down'),
    );
    const told = JSON.stringify(ways[0]);
    const isWell = ways.every(
      (some) => some.length > 0 && JSON.stringify(some) === told && some.every(({ server }) => !this.#wasClosed(server, beganMs, endMs)),
    );
    if (!isWell) return;
    this.#count('refused by mistake');
    this.#say(
      `connection ${call.number} of ${call.client} was refused (${call.end}) at ${door.host}:${door.port}, and all plans around let it in: ${told}`,
      endMs,
    );
  }

  #wasClosed(server: string, fromMs: number, toMs: number): boolean {
    return this.#record.closures.get(server)?.some((span) => span.fromMs <= toMs && span.toMs + settledMs >= fromMs) ?? false;
  }

  /** The moment of the first change that a connection does not outlive. */
  #touchedAt(flow: Flow, endMs: number): number | undefined {
    const segment = this.#segmentOf(flow);
    const { restarts } = this.#record;
    let facts: string | undefined;
    for (const { plan, fromMs } of this.#possible(flow.fromMs, endMs)) {
      const now = this.#endpointsAt(plan, flow.door.host, segment).flatMap((endpoint) => {
        const isOver = endpoint.expiresAtMs !== undefined && endpoint.expiresAtMs <= endMs + exactMs;
        return isOver ? [] : waysOf(plan, endpoint, flow.door.port).filter(({ server }) => server === flow.server);
      })[0]?.facts;
      if (now === undefined || (facts !== undefined && facts !== now)) return fromMs;
      facts = now;
    }
    // A network is joined anew then.
    if (segment !== undefined) return restarts.find((restart) => restart.toMs >= flow.fromMs && restart.fromMs <= endMs)?.fromMs;
    return undefined;
  }

  /** TCP asks anew after twice the time, again and again. */
  #patienceMs(fromMs: number, toMs: number): number {
    const outages = this.#record.outages.filter((outage) => outage.toMs >= fromMs && outage.fromMs <= toMs);
    const ms = outages.reduce((sum, outage) => sum + outage.toMs - outage.fromMs, 0);
    return 2_500 + 2 * ms;
  }
}

interface ServerWay {
  readonly server: string;
  readonly admin: 'None' | 'Up' | 'Down';
  /** All that a connection is ended for if it changes. */
  readonly facts: string;
}

/** The ways by which a plan lets an endpoint's port lead to servers. */
function waysOf(plan: FabricPlan, endpoint: Endpoint, port: number): readonly ServerWay[] {
  const { id, segment, address, linkId, state } = endpoint;
  const service = plan.services.find((one) => one.id === endpoint.service);
  if (state !== 'Approved' || service === undefined) return [];
  const entrance = [id, segment, address, linkId, service.id];
  if (service.kind === 'database')
    return service.ports.includes(port) ? [{ server: placeOf(service.target), admin: 'None', facts: JSON.stringify(entrance) }] : [];
  const rule = plan.balancers.find((one) => one.id === service.balancer)?.rules.find(({ frontendPort }) => frontendPort === port);
  return (rule?.backends ?? []).flatMap((backend): readonly ServerWay[] => {
    const forwarder = plan.forwarders.find((one) => one.id === backend.forwarder);
    const to = forwarder?.rules.find((one) => one.port === rule?.backendPort)?.to;
    if (forwarder?.running !== true || to === undefined) return [];
    return [{ server: placeOf(to), admin: backend.admin, facts: JSON.stringify([...entrance, rule?.id, backend.id, forwarder.id]) }];
  });
}

function placeOf({ host, port }: HostPort): string {
  return `${host}:${port}`;
}

function wayOf({ client, door }: Flow): string {
  return `${client} ${door.host}:${door.port}`;
}

function append<V>(map: Map<string, V[]>, key: string, value: V): void {
  const all = map.get(key);
  if (all === undefined) map.set(key, [value]);
  else all.push(value);
}
