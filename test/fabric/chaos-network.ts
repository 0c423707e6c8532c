import type { Endpoint, EndpointState, FabricPlan, Forwarder, HostPort, Service } from '#fabric/plan.ts';
import { hashText } from '#fabric/hash.ts';
import { RangePart } from '#fabric/kernel/address-range.ts';
import { oneOf, type Dice } from './dice.ts';

/** The ports of every service. */
export const ports: readonly [number, number] = [14_330, 14_331];
export const segments: readonly [string, string] = ['/consumer/a', '/consumer/b'];

interface Lane {
  /** Where its forwarder passes each of the ports on to: numbers of servers. */
  readonly targets: [number, number];
  admin: 'None' | 'Up' | 'Down';
  running: boolean;
}

interface Offer {
  readonly id: string;
  /** Servers that nobody else uses, by port. */
  readonly servers: readonly [readonly number[], readonly number[]];
  /** None: a database without balancer. */
  readonly lanes: Lane[];
  /** Which of the lanes are backends. */
  members: Set<number>;
  hasSecond: boolean;
  idleMs: number;
  tcpReset: boolean;
  isProbed: boolean;
  whenNoneHealthy: 'AllProbedDown' | 'AllProbedUp';
  distribution: '5-tuple' | '2-tuple';
}

type Place = { -readonly [K in keyof Endpoint]: Endpoint[K] } & { isThere: boolean };

/** How many servers the network leads to. */
export const serverCount = 21;
const lanes = 2;

/**
 * Two segments with the same addresses, eight endpoints that are watched and hundreds that nobody uses, three balanced services and a database:
 * changed at random, one thing after the other. The same dice make the same changes.
 */
export class ChaosNetwork {
  readonly watched: readonly string[];
  /** Those that watched endpoints have, in both segments. */
  readonly addresses: readonly string[] = [0, 1, 2, 3].map((of) => `10.0.9.${4 + of}`);
  readonly #roll: Dice;
  readonly #server: (number: number) => HostPort;
  readonly #nowMs: () => number;
  readonly #offers: readonly Offer[];
  readonly #places: Place[];
  #crowd: Endpoint[] = [];
  #links = 100;
  /** Servers that take no new connections. */
  readonly closed: Set<number> = new Set();

  constructor(roll: Dice, server: (number: number) => HostPort, nowMs: () => number) {
    this.#roll = roll;
    this.#server = server;
    this.#nowMs = nowMs;
    this.#offers = [0, 1, 2, 3].map((at) => this.#offerOf(at));
    this.#places = segments.flatMap((segment, at) =>
      [0, 1, 2, 3].map((of): Place => ({
        isThere: true,
        id: `${segment}/endpoints/${of}`,
        segment,
        address: this.addresses[of] ?? '',
        state: 'Approved',
        names: [{ name: `db${of}.example`, port: undefined }],
        service: this.#offers[of]?.id,
        linkId: 10 * (at + 1) + of,
        expiresAtMs: undefined,
      })),
    );
    this.watched = this.#places.map(({ id }) => id);
  }

  plan(): FabricPlan {
    const byId = <T extends { readonly id: string }>(all: readonly T[]): readonly T[] =>
      all.toSorted((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)));
    const watched = this.#places.flatMap(({ isThere, ...endpoint }) => (isThere ? [endpoint] : []));
    return {
      segments: segments.map((id) => ({ id, kind: 'managed', egress: 'none', names: [] })),
      endpoints: byId([...watched, ...this.#crowd]),
      services: this.#offers.map((offer) => this.#serviceOf(offer)),
      balancers: this.#offers.flatMap((offer) => (offer.lanes.length === 0 ? [] : [balancerOf(offer)])),
      forwarders: byId(this.#offers.flatMap((offer) => this.#forwardersOf(offer))),
      publicServers: [],
      publicAddresses: ['192.0.2.10'],
    };
  }

  /** Changes one thing. Answers what, for whoever reads of a failure. */
  change(): string {
    return oneOf(this.#roll, this.#changes)();
  }

  /** All is approved and works. */
  heal(): void {
    for (const place of this.#places) Object.assign(place, { isThere: true, state: 'Approved', expiresAtMs: undefined });
    for (const offer of this.#offers) {
      offer.members = new Set(offer.lanes.keys());
      offer.hasSecond = true;
      for (const lane of offer.lanes) Object.assign(lane, { admin: 'None', running: true });
    }
    this.closed.clear();
  }

  readonly #changes: readonly (() => string)[] = [
    () => this.#standAs('Approved'),
    () => this.#standAs('Approved'),
    () => this.#standAs('Approved'),
    () => this.#standAs('Rejected'),
    () => this.#standAs('Pending'),
    () => this.#standAs('Disconnected'),
    () => this.#expire(),
    () => this.#expire(),
    () => this.#comeAndGo(),
    () => this.#comeAndGo(),
    () => this.#move(),
    () => this.#move(),
    () => this.#move(),
    () => this.#swap('linkId'),
    () => this.#swap('address'),
    () => this.#swap('service'),
    () => this.#member(),
    () => this.#member(),
    () => this.#second(),
    () => this.#stop(),
    () => this.#stop(),
    () => this.#administer(),
    () => this.#retarget(),
    () => this.#retarget(),
    () => this.#idle(),
    () => this.#probe(),
    () => this.#rename(),
    () => this.#crowdIn(),
    () => this.#health(),
    () => this.#health(),
    () => 'nothing',
  ];

  #offerOf(at: number): Offer {
    const first = at * 6;
    const servers = [
      [first, first + 1, first + 2],
      [first + 3, first + 4, first + 5],
    ] as const;
    return {
      id: `/provider/services/${at}`,
      servers,
      lanes:
        at === 3
          ? []
          : Array.from({ length: lanes }, (_, lane) => ({ targets: [first + lane, first + 3 + lane], admin: 'None', running: true })),
      members: new Set([0, 1]),
      hasSecond: true,
      idleMs: 900_000,
      tcpReset: at === 1,
      isProbed: at !== 2,
      whenNoneHealthy: 'AllProbedDown',
      distribution: at === 1 ? '2-tuple' : '5-tuple',
    };
  }

  /** Of the database: its only server. */
  #database = 18;

  #serviceOf(offer: Offer): Service {
    if (offer.lanes.length === 0)
      return { kind: 'database', id: offer.id, target: this.#server(this.#database), ports: offer.hasSecond ? ports : [ports[0]] };
    return {
      kind: 'balanced',
      id: offer.id,
      natAddresses: ['10.0.3.4'],
      proxyProtocol: false,
      balancer: `${offer.id}/balancer`,
      frontend: 'front',
    };
  }

  #forwardersOf(offer: Offer): readonly Forwarder[] {
    return offer.lanes.map((lane, at) => ({
      id: forwarderOf(offer, at),
      segment: '/provider',
      addresses: [`10.0.1.1${at}`],
      running: lane.running,
      rules: ports.map((port, of) => ({ port, to: this.#server(lane.targets[of] ?? 0) })),
    }));
  }

  #standAs(state: EndpointState): string {
    const place = oneOf(this.#roll, this.#places);
    Object.assign(place, { state, expiresAtMs: undefined });
    return `${place.id} is ${state}`;
  }

  #expire(): string {
    const place = oneOf(this.#roll, this.#places);
    const ms = 50 + this.#roll(1_500);
    Object.assign(place, { state: 'Approved', expiresAtMs: this.#nowMs() + ms });
    return `${place.id} is approved for ${ms} ms`;
  }

  #comeAndGo(): string {
    const place = oneOf(this.#roll, this.#places);
    place.isThere = !place.isThere;
    if (place.isThere && this.#roll(2) === 0) place.linkId = ++this.#links;
    return place.isThere ? `${place.id} is there, link ${place.linkId}` : `${place.id} is gone`;
  }

  #move(): string {
    const place = oneOf(this.#roll, this.#places);
    place.service = oneOf(this.#roll, this.#offers).id;
    return `${place.id} leads to ${place.service}`;
  }

  #swap(what: 'linkId' | 'address' | 'service'): string {
    const one = oneOf(this.#roll, this.#places);
    const others = this.#places.filter((other) => other !== one && other.segment === one.segment);
    const other = oneOf(this.#roll, others);
    const its = { [what]: one[what] };
    Object.assign(one, { [what]: other[what] });
    Object.assign(other, its);
    return `${one.id} and ${other.id} have each other's ${what}`;
  }

  #balanced(): Offer {
    return oneOf(
      this.#roll,
      this.#offers.filter((offer) => offer.lanes.length > 0),
    );
  }

  #member(): string {
    const offer = this.#balanced();
    const at = this.#roll(offer.lanes.length);
    if (offer.members.has(at)) offer.members.delete(at);
    else offer.members.add(at);
    return `the backends of ${offer.id} are ${[...offer.members].join()}`;
  }

  #second(): string {
    const offer = oneOf(this.#roll, this.#offers);
    offer.hasSecond = !offer.hasSecond;
    return `${offer.id} has ${offer.hasSecond ? 'both ports' : 'only the first port'}`;
  }

  #lane(): { readonly name: string; readonly lane: Lane; readonly offer: Offer } {
    const offer = this.#balanced();
    const at = this.#roll(offer.lanes.length);
    return { name: forwarderOf(offer, at), lane: offer.lanes[at]!, offer };
  }

  #stop(): string {
    const { name, lane } = this.#lane();
    lane.running = !lane.running;
    return `${name} is ${lane.running ? 'started' : 'stopped'}`;
  }

  #administer(): string {
    const { name, lane } = this.#lane();
    lane.admin = oneOf(this.#roll, ['None', 'Up', 'Down'] as const);
    return `${name} is administered ${lane.admin}`;
  }

  #retarget(): string {
    if (this.#roll(4) === 0) {
      this.#database = 18 + this.#roll(3);
      return `the database is server ${this.#database}`;
    }
    const { name, lane, offer } = this.#lane();
    const of = this.#roll(2) as 0 | 1;
    const used = offer.lanes.map(({ targets }) => targets[of]);
    const free = offer.servers[of].filter((server) => !used.includes(server));
    lane.targets[of] = oneOf(this.#roll, free);
    return `${name} passes port ${ports[of]} on to server ${lane.targets[of]}`;
  }

  #idle(): string {
    const offer = this.#balanced();
    offer.idleMs = oneOf(this.#roll, [240_000, 900_000, 1_800_000]);
    offer.tcpReset = this.#roll(2) === 0;
    offer.distribution = oneOf(this.#roll, ['5-tuple', '2-tuple'] as const);
    return `${offer.id} is idle after ${offer.idleMs} ms`;
  }

  #probe(): string {
    const offer = this.#balanced();
    offer.isProbed = !offer.isProbed;
    offer.whenNoneHealthy = oneOf(this.#roll, ['AllProbedDown', 'AllProbedUp'] as const);
    return `${offer.id} is ${offer.isProbed ? '' : 'not '}probed, ${offer.whenNoneHealthy}`;
  }

  #rename(): string {
    const place = oneOf(this.#roll, this.#places);
    place.names = [{ name: `db${this.#roll(1_000)}.example`, port: undefined }];
    return `${place.id} has another name`;
  }

  #crowdIn(): string {
    const count = oneOf(this.#roll, [0, 100, 300]);
    const salt = this.#roll(1_000);
    const crowd = Array.from({ length: count }, (_, at): Endpoint => ({
      id: `/crowd/${salt}/${String(at).padStart(3, '0')}`,
      segment: segments[at % 2]!,
      address: `10.0.${100 + (at >> 7)}.${1 + (at & 127)}`,
      state: at % 3 === 0 ? 'Pending' : 'Approved',
      names: [],
      service: this.#offers[at % 4]?.id,
      linkId: 1_000_000 + salt * 1_000 + at,
      expiresAtMs: undefined,
    }));
    // Nobody of them is where a watched one is that is gone: who calls there would be let in by right, and by no plan on record.
    const taken = new Set(this.watched.map(entryOf));
    this.#crowd = crowd.filter(({ id }) => !taken.has(entryOf(id)));
    return `${this.#crowd.length} others`;
  }

  #health(): string {
    const server = this.#roll(serverCount);
    if (this.closed.has(server)) this.closed.delete(server);
    else this.closed.add(server);
    return `server ${server} ${this.closed.has(server) ? 'takes nobody' : 'listens'}`;
  }
}

/** Where an endpoint is for programs of the host, as long as no two meet. */
function entryOf(id: string): string {
  return new RangePart({ prefix: '198.18' }, 'entries').of(id, hashText);
}

function forwarderOf(offer: Offer, at: number): string {
  return `${offer.id.replace('services', 'forwarders')}-${at}`;
}

function balancerOf(offer: Offer): FabricPlan['balancers'][number] {
  const id = `${offer.id}/balancer`;
  const rules = ports.slice(0, offer.hasSecond ? 2 : 1).map((port, of) => ({
    id: `${id}/rules/${of}`,
    name: `rule-${of}`,
    frontend: 'front',
    frontendPort: port,
    backendPort: port,
    backends: offer.lanes.flatMap((lane, at) =>
      offer.members.has(at)
        ? [{ id: `${offer.id}/nics/${at}`, address: `10.0.1.1${at}`, forwarder: forwarderOf(offer, at), admin: lane.admin }]
        : [],
    ),
    probe: offer.isProbed ? `${id}/probes/${of}` : undefined,
    distribution: offer.distribution,
    idleMs: offer.idleMs,
    tcpReset: offer.tcpReset,
    whenNoneHealthy: offer.whenNoneHealthy,
  }));
  const probes = ports.map((port, of) => ({
    id: `${id}/probes/${of}`,
    name: `probe-${of}`,
    protocol: 'tcp' as const,
    port,
    path: undefined,
    intervalMs: 100,
    threshold: 2,
  }));
  return { id, segment: '/provider', frontends: [{ name: 'front', address: '10.0.2.4' }], rules, probes };
}
