import { assert } from '#base/fault.ts';
import { uplinkLeg } from './uplink.ts';
import { slotCount, type KernelDoor, type KernelRule, type KernelTable } from './kernel-table.ts';
import { tryKinds } from './refused-tries.ts';

/**
 * What the hub's kernel is told, as text of nft. Only numbers, addresses and names that this file makes are ever written into it.
 *
 * One table of fixed chains and of sets and maps; a plan is their elements. `beginText` makes the table where it is not there and leaves what is
 * there, `changeText` brings the elements from one plan to another. Each text is one transaction: a packet sees the one plan or the other.
 * Never is a table loaded anew: that takes the idle times of live connections away (measured: 900 s become five days).
 */
export const tableName = 'isthmus';

/** Where attached networks ask for names: Azure's own address of it. An address of the hub. */
export const resolverAddress = '168.63.129.16';

/** The legs of the hub that are not workers': to the host, and on to the databases. */
export interface HubLegs {
  /** The interface towards the host. */
  readonly host: string;
  /** The host's address on it: nobody else may come in there. */
  readonly hostAddress: string;
}

/** What this host's own packets to the hub begin with. */
export const ownHops = 255;

/** Programs of the host are a segment of their own. */
const hostSegment = 1;

/** The names of sets and maps, with what they are by. */
const sets = {
  segment_of: 'map segment_of { type ifname : mark; }',
  nic_address: 'set nic_address { type ifname . ipv4_addr; }',
  door: 'map door { type mark . ipv4_addr . inet_service : mark; }',
  rule_of: 'map rule_of { type mark . inet_service : mark; }',
  by_address: 'set by_address { type mark; }',
  with_reset: 'set with_reset { type mark . ipv4_addr . inet_service; }',
  slot: 'map slot { typeof meta mark . meta priority : meta mark; }',
  target: 'map target { type mark : ipv4_addr . inet_service; }',
  source: 'map source { type mark : ipv4_addr; }',
  source_ports: 'map source_ports { type mark : interval ipv4_addr . inet_service; }',
  /** What passes, as long as approvals last: the kernel ends those that have an end by itself. */
  link_in: 'set link_in { type mark; flags timeout; counter; }',
  link_out: 'set link_out { type mark; flags timeout; counter; }',
  /** Whatever attached networks sent and what was not let through. */
  nic_refused: 'set nic_refused { type ifname; counter; }',
  /** New connections of programs of the host that found no backend; the kernel writes it, of those endpoints only. */
  link_refused: 'set link_refused { type mark; size 65535; flags dynamic; }',
} as const;
type SetName = keyof typeof sets;

/** What refuses, each with a counter of its own. */
const refusals = [
  'spoofed',
  'not_ip4',
  'no_door',
  'no_backend',
  'revoked',
  'forgotten',
  'from_outside',
  'unrouted',
  'asks_too_often',
  'too_many',
] as const;

/** Makes the table with nothing in it that passes, or leaves it as it is. */
export function beginText({ host, hostAddress }: HubLegs): string {
  const lines = [
    `add table inet ${tableName}`,
    ...refusals.map((name) => `add counter inet ${tableName} ${name}`),
    ...Object.values(sets).map((text) => `add ${text.replace(/^(map|set) /, `$1 inet ${tableName} `)}`),
    // Who tried what, and how often: looked at every second.
    ...tryKinds.map(
      (name) =>
        `add set inet ${tableName} ${name} { type ifname . ipv4_addr . inet_service; size 4096; flags dynamic,timeout; timeout 1m; }`,
    ),
    // Ends of connections that are cut, whose other end was told.
    `add set inet ${tableName} cut_off { type ipv4_addr . inet_service . ipv4_addr . inet_service; size 65535; flags dynamic,timeout; timeout 1d; }`,
    `add set inet ${tableName} asks { type ipv4_addr; size 65535; flags dynamic,timeout; timeout 1m; }`,
    `add set inet ${tableName} crowd { type ifname; size 65535; flags dynamic; }`,
    ...chains.map(({ name, hook }) => `add chain inet ${tableName} ${name} { ${hook} }`),
    // Chains hold no state: they may be written anew at any time, in the transaction that fills them.
    ...chains.map(({ name }) => `flush chain inet ${tableName} ${name}`),
    ...chains.flatMap(({ name, rules }) => rules(host, hostAddress).map((rule) => `add rule inet ${tableName} ${name} ${rule}`)),
  ];
  return `${lines.join('\n')}\n`;
}

interface Chain {
  readonly name: string;
  readonly hook: string;
  readonly rules: (host: string, hostAddress: string) => readonly string[];
}

const question = `ip daddr ${resolverAddress} udp dport 53`;
/** Of one network, each second and at once: an answer costs this process some 40 µs, and its socket keeps less than 300 questions. */
const [mostAsks, atOnce] = [500, 100];
/** Of one network at once, as many as one that somebody passes on for has: what connections take of the host is shared by all. */
export const mostConnections = 256;
const hash = (of: string): string => `meta priority set jhash ${of} mod ${slotCount} seed 0x5eed`;

/** From the address that a worker's interface may send from. */
const own = 'iifname . ip saddr @nic_address';

/** Of what is neither TCP nor UDP the port is 0. */
const noted = (set: (typeof tryKinds)[number]): readonly string[] => [
  `meta l4proto { tcp, udp } update @${set} { iifname . ip daddr . th dport counter }`,
  `meta l4proto != { tcp, udp } update @${set} { iifname . ip daddr . 0 counter }`,
];

const chains: readonly Chain[] = [
  {
    name: 'c_enter',
    hook: 'type filter hook prerouting priority raw; policy accept;',
    rules: (host) => [
      `meta nfproto != ipv4 counter name not_ip4 drop`,
      `iifname ${host} accept`,
      // What nobody within asked for ends in `c_decide`.
      `iifname ${uplinkLeg} accept`,
      `${question} ${own} update @asks { ip saddr limit rate over ${mostAsks}/second burst ${atOnce} packets } counter name asks_too_often drop`,
      // Questions are no connections: whoever asks from ever new ports fills no table of the host's.
      `${question} ${own} notrack accept`,
      `${own} accept`,
      `iifname lo accept`,
      ...noted('strayed'),
      `iifname @nic_refused continue`,
      `counter name spoofed drop`,
    ],
  },
  {
    name: 'c_mark',
    hook: 'type filter hook prerouting priority mangle; policy accept;',
    rules: (host, address) => [
      // Without a mark nothing is routed: see `Hub`.
      `ct mark != 0 meta mark set ct mark`,
      // By the route's hop limit, of which every router takes one: what this host only passes on, of containers and guests, never has all of it.
      `ct state new iifname ${host} ip saddr ${address} ip ttl ${ownHops} meta mark set ${hostSegment}`,
      `ct state new iifname != ${host} meta mark set iifname map @segment_of`,
      `ct state new meta l4proto tcp ct mark set meta mark . ip daddr . tcp dport map @door`,
    ],
  },
  {
    name: 'c_choose',
    hook: 'type nat hook prerouting priority dstnat; policy accept;',
    rules: () => [
      `ct mark 0 accept`,
      `meta l4proto != tcp accept`,
      `meta mark set ct mark . tcp dport map @rule_of`,
      hash('ip saddr . tcp sport . ip daddr . tcp dport'),
      `meta mark @by_address ${hash('ip saddr . ip daddr')}`,
      `meta mark set meta mark . meta priority map @slot`,
      `meta l4proto tcp dnat ip to meta mark map @target`,
    ],
  },
  {
    // Decided before routing, so that no answer tells what there is no way to.
    name: 'c_decide',
    hook: 'type filter hook prerouting priority dstnat + 10; policy accept;',
    rules: (host) => [
      `iifname ${uplinkLeg} ct direction original counter name from_outside drop`,
      `iifname ${uplinkLeg} ct state invalid counter name from_outside drop`,
      `ct state invalid meta mark set iifname map @segment_of`,
      `ct state invalid iifname ${host} meta mark set ${hostSegment}`,
      `ct state invalid meta l4proto tcp meta mark . ip daddr . tcp dport @with_reset counter name forgotten reject with tcp reset`,
      `ct state invalid ip saddr . tcp sport . ip daddr . tcp dport @cut_off counter name forgotten reject with tcp reset`,
      `ct state invalid counter name forgotten drop`,
      `ct state new ct mark != 0 iifname != ${host} add @crowd { iifname ct count over ${mostConnections} } update @crowded { iifname . ip daddr . tcp dport counter } counter name too_many reject with tcp reset`,
      `ct mark != 0 ct status and dnat == dnat accept`,
      // What a path says of its width.
      `ct state related meta l4proto icmp accept`,
      `ct state untracked ${question} accept`,
      `iifname @nic_refused continue`,
      `iifname ${host} ct mark != 0 add @link_refused { ct mark counter } counter name no_backend reject with tcp reset`,
      `iifname != ${host} ct mark != 0 update @unbacked { iifname . ip daddr . tcp dport counter }`,
      `ct mark != 0 counter name no_backend reject with tcp reset`,
      ...noted('tried').map((rule) => `iifname != ${host} ${rule}`),
      // Whether there is anything or not.
      `meta l4proto tcp counter name no_door reject with tcp reset`,
      `counter name no_door drop`,
    ],
  },
  {
    name: 'c_pass',
    hook: 'type filter hook forward priority filter; policy drop;',
    rules: () => [
      `ct state related meta l4proto icmp ct mark @link_in accept`,
      `ct direction original ct mark @link_in accept`,
      `ct direction reply ct mark @link_out accept`,
      // A reset without room for a byte: it tells the other end of what is cut.
      ...[40, 52].map((bytes) => `ct mark != 0 ip length ${bytes} tcp doff ${(bytes - 20) / 4} tcp flags & rst == rst accept`),
      // For conntrack it is closed then: what the other end still sends is invalid, and it is told in `c_decide`.
      ...[['original', 'reply'] as const, ['reply', 'original'] as const].map(([way, back]) => {
        const end = ['ip saddr', 'proto-src', 'ip daddr', 'proto-dst'].map((part) => `ct ${back} ${part}`).join(' . ');
        return `ct mark != 0 ct direction ${way} meta l4proto tcp update @cut_off { ${end} }`;
      }),
      `ct mark != 0 meta l4proto tcp counter name revoked reject with tcp reset`,
      `counter name unrouted drop`,
    ],
  },
  {
    name: 'c_enter_hub',
    hook: 'type filter hook input priority filter; policy drop;',
    rules: () => [`iifname lo accept`, `ct state untracked ${question} accept`, `counter name unrouted drop`],
  },
  {
    name: 'c_answer',
    hook: 'type filter hook output priority raw; policy accept;',
    rules: () => [`ip saddr ${resolverAddress} udp sport 53 notrack`],
  },
  {
    name: 'c_source',
    hook: 'type nat hook postrouting priority srcnat; policy accept;',
    rules: () => [`ct mark != 0 snat ip to meta mark map @source`, `ct mark != 0 meta l4proto tcp snat ip to meta mark map @source_ports`],
  },
];

/**
 * Brings the elements from one plan to the next, in one transaction; nothing where nothing changes. Order within it does not matter to packets.
 * `nowMs`: since 1970; what has an end lasts from now until then.
 */
export function changeText(before: KernelTable, after: KernelTable, nowMs: number): string {
  const [had, has] = concerned(before, after);
  const [old, now] = [elementsOf(had), elementsOf(has)];
  const gone: string[] = [];
  const come: string[] = [];
  for (const name of Object.keys(sets) as SetName[]) {
    const [was, is] = [old[name], now[name]];
    const changed = [...was.keys()].filter((key) => is.get(key) !== was.get(key));
    const added = [...is.keys()].filter((key) => was.get(key) !== is.get(key));
    // The kernel may have taken away already what has an end.
    const ending = changed.filter((key) => was.get(key)?.startsWith(until));
    gone.push(...inParts(ending, (keys) => `add element inet ${tableName} ${name} { ${keys.join(', ')} }`));
    gone.push(...inParts(changed, (keys) => `delete element inet ${tableName} ${name} { ${keys.join(', ')} }`));
    come.push(
      ...inParts(
        added.map((key) => element(key, is.get(key), nowMs)),
        (texts) => `add element inet ${tableName} ${name} { ${texts.join(', ')} }`,
      ),
    );
  }
  const lines = [...idleObjects(before, after), ...gone, ...come, ...idleText(had, has)];
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/**
 * Of both tables the rows that some element depends on which may be another: what is the same object in both is not looked at, so that a change
 * costs what it changes.
 */
function concerned(before: KernelTable, after: KernelTable): readonly [KernelTable, KernelTable] {
  const nics = differing(before.nics, after.nics);
  const doors = differing(before.doors, after.doors);
  const rules = differing(before.rules, after.rules);
  const backends = differing(before.backends, after.backends);
  // Doors of one endpoint share elements, and those of a rule have its idle time.
  const links = new Set([...doors[0], ...doors[1]].map(({ link }) => link));
  const changed = new Set([...rules[0], ...rules[1]].map(({ number }) => number));
  const doorsOf = (table: KernelTable): readonly KernelDoor[] =>
    table.doors.filter(({ link, rule }) => links.has(link) || changed.has(rule));
  const [had, has] = [doorsOf(before), doorsOf(after)];
  const wanted = new Set([...changed, ...[...had, ...has].map(({ rule }) => rule)]);
  const rulesOf = (table: KernelTable): readonly KernelRule[] => table.rules.filter(({ number }) => wanted.has(number));
  return [
    { nics: nics[0], doors: had, rules: rulesOf(before), backends: backends[0] },
    { nics: nics[1], doors: has, rules: rulesOf(after), backends: backends[1] },
  ];
}

/** What only the first has, and what only the second has. */
function differing<T>(before: readonly T[], after: readonly T[]): readonly [gone: readonly T[], come: readonly T[]] {
  const [was, is] = [new Set(before), new Set(after)];
  return [before.filter((one) => !is.has(one)), after.filter((one) => !was.has(one))];
}

/**
 * Takes all elements away, for a table that somebody else filled, given the names of all sets in it: to be followed by `changeText` of an empty
 * plan in the same transaction.
 */
export function emptyText(present: readonly string[] = []): string {
  const kinds = Object.values(sets).map((text) => text.split(' ') as [kind: string, name: string]);
  const idle = present.filter((name) => /^idle_\d+$/.test(name)).map((name) => ['set', name] as const);
  return [...kinds, ...idle].map(([kind, name]) => `flush ${kind} inet ${tableName} ${name}\n`).join('');
}

/** Lines of nft have a limit of their own. */
const together = 500;

function inParts(all: readonly string[], line: (part: readonly string[]) => string): string[] {
  const lines: string[] = [];
  for (let at = 0; at < all.length; at += together) lines.push(line(all.slice(at, at + together)));
  return lines;
}

/** In the place of a value: when it ends, milliseconds since 1970. */
const until = 'until ';

function element(key: string, value: string | undefined, nowMs: number): string {
  if (value === undefined || value === '') return key;
  return value.startsWith(until) ? `${key} timeout ${duration(Number(value.slice(until.length)) - nowMs)}` : `${key} : ${value}`;
}

/** In nft's words, whose numbers are short. What is over ends at once. */
function duration(ms: number): string {
  assert(Number.isFinite(ms), 'an end is a moment');
  const left = Math.max(1, Math.min(Math.floor(ms), 99_999 * 86_400_000));
  const parts = [
    [Math.floor(left / 86_400_000), 'd'],
    [Math.floor(left / 3_600_000) % 24, 'h'],
    [Math.floor(left / 60_000) % 60, 'm'],
    [Math.floor(left / 1_000) % 60, 's'],
    [left % 1_000, 'ms'],
  ] as const;
  return parts.flatMap(([count, unit]) => (count === 0 ? [] : [`${count}${unit}`])).join('');
}

type Elements = Readonly<Record<SetName, Map<string, string>>>;

function elementsOf({ nics, doors, rules, backends }: KernelTable): Elements {
  const into = Object.fromEntries(Object.keys(sets).map((name) => [name, new Map<string, string>()])) as Record<
    SetName,
    Map<string, string>
  >;
  const put = (name: SetName, key: string, value = ''): void => {
    into[name].set(key, value);
  };
  for (const { name, segment, address } of nics) {
    put('segment_of', interfaceName(name), mark(segment));
    put('nic_address', `${interfaceName(name)} . ${ip(address)}`);
    put('nic_refused', interfaceName(name));
  }
  const withReset = new Set(rules.filter(({ tcpReset }) => tcpReset).map(({ number }) => number));
  for (const { segment, address, entry, port, link, rule, endsMs } of doors) {
    for (const place of [
      `${mark(segment)} . ${ip(address)} . ${tcpPort(port)}`,
      `${mark(hostSegment)} . ${ip(entry)} . ${tcpPort(port)}`,
    ]) {
      put('door', place, mark(link));
      if (withReset.has(rule)) put('with_reset', place);
    }
    put('rule_of', `${mark(link)} . ${tcpPort(port)}`, mark(rule));
    for (const name of ['link_in', 'link_out'] as const) put(name, mark(link), endsMs === undefined ? '' : `${until}${endsMs}`);
  }
  for (const { number, by, slots } of rules) {
    assert(slots.length === 0 || slots.length === slotCount, 'a rule has all of its slots or none');
    if (by === 'addresses') put('by_address', mark(number));
    slots.forEach((backend, slot) => put('slot', `${mark(number)} . 0:${slot.toString(16)}`, mark(backend)));
  }
  for (const { number, source, target } of backends) {
    put('target', mark(number), `${ip(target.address)} . ${tcpPort(target.port)}`);
    if (source.ports === undefined) put('source', mark(number), ip(source.address));
    else put('source_ports', mark(number), `${ip(source.address)} . ${tcpPort(source.ports.first)}-${tcpPort(source.ports.last)}`);
  }
  return into;
}

/** Idle times are objects of the kernel's, one for each length: they are made when first wanted and stay, since live connections hold them. */
function idleObjects(before: KernelTable, after: KernelTable): readonly string[] {
  const lengths = ({ rules }: KernelTable): Set<number> => new Set(rules.map(({ idleSeconds }) => idleSeconds));
  const had = lengths(before);
  return [...lengths(after)].filter((seconds) => seconds > 0 && !had.has(seconds)).flatMap(idleObject);
}

function idleText(before: KernelTable, after: KernelTable): readonly string[] {
  const [was, is] = [idleDoors(before), idleDoors(after)];
  const rules: string[] = [];
  for (const seconds of new Set([...was.keys(), ...is.keys()])) {
    const [old, now] = [was.get(seconds) ?? none, is.get(seconds) ?? none];
    const name = `idle_${seconds}`;
    const [gone, come] = [[...old].filter((key) => !now.has(key)), [...now].filter((key) => !old.has(key))];
    rules.push(
      ...inParts(gone, (keys) => `delete element inet ${tableName} ${name} { ${keys.join(', ')} }`),
      ...inParts(come, (keys) => `add element inet ${tableName} ${name} { ${keys.join(', ')} }`),
    );
  }
  return rules;
}

const none: ReadonlySet<string> = new Set();

function idleDoors({ doors, rules }: KernelTable): ReadonlyMap<number, ReadonlySet<string>> {
  const seconds = new Map(rules.map((rule) => [rule.number, rule.idleSeconds]));
  const by = new Map<number, Set<string>>();
  for (const { link, port, rule } of doors) {
    const idle = seconds.get(rule) ?? 0;
    if (idle === 0) continue;
    const key = `${mark(link)} . ${tcpPort(port)}`;
    const keys = by.get(idle);
    if (keys === undefined) by.set(idle, new Set([key]));
    else keys.add(key);
  }
  return by;
}

function idleObject(seconds: number): readonly string[] {
  assert(Number.isInteger(seconds) && seconds > 0 && seconds < 2 ** 31, 'an idle time is whole seconds');
  const name = `idle_${seconds}`;
  return [
    `add ct timeout inet ${tableName} ${name} {`,
    `  protocol tcp;`,
    `  l3proto ip;`,
    `  policy = { established : ${seconds}, close_wait : ${seconds}, fin_wait : ${seconds}, time_wait : 30 };`,
    `}`,
    `add set inet ${tableName} ${name} { type mark . inet_service; }`,
    `add chain inet ${tableName} c_${name} { type filter hook prerouting priority mangle + 1; policy accept; }`,
    `flush chain inet ${tableName} c_${name}`,
    `add rule inet ${tableName} c_${name} ct state new ct mark . tcp dport @${name} ct timeout set "${name}"`,
  ];
}

function mark(number: number): string {
  assert(Number.isInteger(number) && number > 0 && number <= 0xffff_ffff, 'a mark is a number of 32 bits and not 0');
  return `0x${number.toString(16).padStart(8, '0')}`;
}

function tcpPort(port: number): string {
  assert(Number.isInteger(port) && port > 0 && port <= 65_535, 'a port is 1 to 65535');
  return String(port);
}

function ip(address: string): string {
  assert(/^\d{1,3}(?:\.\d{1,3}){3}$/.test(address), 'an address is IPv4');
  return address;
}

function interfaceName(name: string): string {
  assert(/^[a-z0-9-]{1,15}$/.test(name), 'an interface has a name of ours');
  return `"${name}"`;
}
