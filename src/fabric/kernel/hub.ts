import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fault, must, type Fault } from '#base/fault.ts';
import { chooseRange, hostLeg, hubLeg, wholeRange, workersRange, type AddressRange } from './address-range.ts';
import { commandFailed, kernelPrograms, must0, run, runNow, type KernelProgram, type Ran } from './commands.ts';
import type { Tracked } from './conntrack.ts';
import { joinUplink, uplinkLeg, type Uplink } from './uplink.ts';
import { beginText, refusals, resolverAddress, tableName, type KernelRefusal } from './ruleset.ts';

export interface HubOptions {
  /** Whose it is, of this host: four to eight letters and digits. Two with one label are the same hub. */
  readonly label: string;
  /** See `Uplink`; without it one that was there before is given back. */
  readonly uplink?: Uplink | undefined;
}

/** A worker's network that is joined to the hub. */
export interface Joined {
  /** The hub's interface towards it. */
  readonly nic: string;
  readonly address: string;
}

interface CountedElement {
  readonly elem: { readonly val: number; readonly counter: { readonly packets: number } };
}

/** So many sockets in one filter. */
const together = 100;
const upLeg = 'up0';
const gateway = '169.254.1.1';
/** Of the routing rule before the main table's. */
const unmarkedPriority = 20;

/**
 * The network namespace that every connection of the kernel engine passes, and its leg to this host. It outlives this process: what the kernel
 * carries goes on when the control plane is killed, and whoever opens it again goes on from there. Nothing of the host is changed but one
 * interface and one route, both of the hub's own range; forwarding is on within the hub only.
 */
export class Hub {
  readonly label: string;
  readonly range: AddressRange;

  private constructor(label: string, range: AddressRange) {
    this.label = label;
    this.range = range;
  }

  /** Faults: `KernelToolMissing`, `NotAllowed`, `KernelCommandFailed` (unsupported), `NoFreeRange`, `LabelTaken` (conflict). */
  static async open({ label, uplink }: HubOptions): Promise<Hub> {
    if (!/^[a-z0-9]{4,8}$/.test(label)) throw fault('bug', 'LabelWrong', 'A label of a hub is four to eight letters and digits.');
    for (const program of Object.keys(kernelPrograms) as KernelProgram[]) requireProgram(program);
    const taken: string[] = [];
    for (;;) {
      const hub = new Hub(label, (await rangeInUse(label)) ?? chooseRange([...(await usedRanges()), ...taken]));
      try {
        await hub.#build();
        await hub.#linkUp(uplink);
        return hub;
      } catch (error) {
        // What was there before stays: connections may pass it.
        if (!hub.#found) await hub.remove();
        if (hub.#isReserved) throw error;
        // Another hub took the range between the look and the step.
        taken.push(wholeRange(hub.range));
      }
    }
  }

  /** The range is this hub's: its route is the reservation. */
  #isReserved = true;

  #found = false;
  #watcher: ChildProcess | undefined;
  /** By address. */
  readonly #joined = new Map<string, Inside>();

  get namespace(): string {
    return namespaceOf(this.label);
  }

  get hostInterface(): string {
    return interfaceOf(this.label);
  }

  /** Gives the hub a text of nft: all of it, or nothing. */
  async load(text: string): Promise<void> {
    if (text === '') return;
    await this.#inside('nft', ['-f', '-'], text);
  }

  /** Answers a question of nft as JSON. */
  async list(...what: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const said = JSON.parse(await this.#inside('nft', ['-j', 'list', ...what])) as {
      readonly nftables: readonly Readonly<Record<string, unknown>>[];
    };
    return said.nftables;
  }

  /** Whether the table is there, as we made it: somebody may have flushed it. */
  async hasTable(): Promise<boolean> {
    const ran = await this.#run('nft', ['-t', 'list', 'table', 'inet', tableName]);
    return ran.exit === 0 && ran.out.includes('chain c_pass') && ran.out.includes('counter name "unrouted" drop');
  }

  /** The text that makes the table, where it is not there. */
  get beginning(): string {
    return beginText({ host: upLeg, hostAddress: hostLeg(this.range) });
  }

  /** Packets refused so far, by reason. */
  async refused(): Promise<ReadonlyMap<KernelRefusal, number>> {
    const found = new Map<KernelRefusal, number>();
    for (const { counter } of await this.list('counters', 'table', 'inet', tableName)) {
      const { name, packets } = (counter ?? {}) as { readonly name?: KernelRefusal; readonly packets?: number };
      if (name !== undefined && refusals.includes(name)) found.set(name, packets ?? 0);
    }
    return found;
  }

  /** The connections that the kernel tracks, one a line. `watch` comes first. */
  tracked(): string {
    return readFileSync(`/proc/${must(this.#watcher?.pid, 'tracked before watch')}/net/nf_conntrack`, 'latin1');
  }

  /** Tells of each connection that is no more, by the line that was its last. */
  async watch(ended: (line: string) => void): Promise<void> {
    const args = [
      `--net=${namespacePath(this.label)}`,
      '--',
      kernelPrograms.conntrack.path,
      '-E',
      '-p',
      'tcp',
      '-e',
      'DESTROY',
      '-o',
      'extended,ktimestamp',
    ];
    const watcher = spawn(kernelPrograms.nsenter.path, args, { stdio: ['ignore', 'pipe', 'ignore'], env: { LC_ALL: 'C' }, cwd: '/' });
    await once(watcher, 'spawn');
    // Before it has entered the namespace its files would be those of this host.
    const own = readlinkSync('/proc/self/ns/net');
    while (watcher.exitCode === null && readlinkSync(`/proc/${watcher.pid}/ns/net`) === own) await nextTurn();
    createInterface({ input: watcher.stdout }).on('line', ended);
    this.#watcher = watcher;
  }

  unwatch(): void {
    this.#watcher?.kill('SIGKILL');
  }

  /** Ends connections: their clients' sockets first, whose resets tell the other ends; then nothing of them passes any more. */
  async end(all: readonly Tracked[]): Promise<void> {
    for (const [file, args] of this.#endings(all)) await run(file, args);
  }

  /** Drops connections without a word to anybody. */
  async drop(all: readonly Tracked[]): Promise<void> {
    for (const one of all) {
      const [file, args] = this.#dropping(one);
      await run(file, args);
    }
  }

  /** How often each number was counted in a set of the table. */
  async counted(set: string): Promise<ReadonlyMap<number, number>> {
    const found = new Map<number, number>();
    for (const { set: listed } of await this.list('set', 'inet', tableName, set)) {
      const { elem = [] } = (listed ?? {}) as { readonly elem?: readonly CountedElement[] };
      for (const { elem: one } of elem) found.set(one.val, one.counter.packets);
    }
    return found;
  }

  /** The same, at once. */
  endNow(all: readonly Tracked[]): void {
    for (const [file, args] of this.#endings(all)) runNow(file, args);
  }

  *#endings(all: readonly Tracked[]): Generator<readonly [file: string, args: readonly string[]]> {
    for (let at = 0; at < all.length; at += together) {
      const part = all.slice(at, at + together);
      const own = part.filter(({ client }) => client.address === hostLeg(this.range));
      if (own.length > 0) yield [kernelPrograms.ss.path, endingArgs(own)];
      for (const [address, inside] of this.#joined) {
        const its = part.filter(({ client }) => client.address === address);
        if (its.length > 0) yield* endingsInside(inside, its);
      }
    }
    for (const one of all) yield this.#dropping(one);
  }

  #dropping({ client, door }: Tracked): readonly [file: string, args: readonly string[]] {
    const from = ['--orig-src', client.address, '--orig-port-src', String(client.port)];
    const to = ['--orig-dst', door.address, '--orig-port-dst', String(door.port)];
    const enter = [`--net=${namespacePath(this.label)}`, '--', kernelPrograms.conntrack.path];
    return [kernelPrograms.nsenter.path, [...enter, '-D', '-p', 'tcp', ...from, ...to]];
  }

  /** Forgets connections, so that none of their packets passes any more; those that match all of it. Answers how many. */
  async forget(link: number, only: { readonly source?: string | undefined; readonly port?: number | undefined } = {}): Promise<number> {
    const args = ['-D', '-p', 'tcp', '-m', String(link)];
    if (only.source !== undefined) args.push('--reply-dst', only.source);
    if (only.port !== undefined) args.push('--orig-port-dst', String(only.port));
    const { err } = await this.#run('conntrack', args);
    return Number(/(\d+) flow entries have been deleted/.exec(err)?.[1] ?? 0);
  }

  /**
   * Joins a network namespace, by the number of a process in it, to the hub. Its only route leads there. Fault: `KernelCommandFailed` (unsupported);
   * then there is no interface.
   */
  async join(pid: number, { nic, address }: Joined): Promise<void> {
    const { ip, nsenter } = kernelPrograms;
    using inside = enter(pid);
    try {
      await must0(ip.path, ['-n', this.namespace, 'link', 'add', nic, 'type', 'veth', 'peer', 'name', 'net0', 'netns', inside.path]);
      await must0(
        ip.path,
        ['-n', this.namespace, '-batch', '-'],
        [`address add ${gateway}/32 dev ${nic}`, `link set ${nic} up`, `route add ${address}/32 dev ${nic}`, ''].join('\n'),
      );
      const lines = [
        `address add ${address}/32 dev net0`,
        'link set lo up',
        'link set net0 up',
        `route add ${gateway}/32 dev net0`,
        `route add default via ${gateway}`,
        '',
      ];
      await must0(nsenter.path, [`--net=${inside.path}`, '--', '/bin/sh', '-c', quietly, 'sh', ip.path], lines.join('\n'));
    } catch (error) {
      await this.part({ nic, address });
      throw error;
    }
    this.#joined.set(address, { pid, network: inside.network });
  }

  /** Parts the networks that the process before had joined: they end with it. */
  async partAll(): Promise<void> {
    const said = await must0(kernelPrograms.ip.path, ['-n', this.namespace, '-j', 'link', 'show', 'type', 'veth']);
    const names = (JSON.parse(said) as readonly { readonly ifname: string }[]).map(({ ifname }) => ifname).filter((name) => name !== upLeg);
    for (const name of names) await run(kernelPrograms.ip.path, ['-n', this.namespace, 'link', 'del', name]);
    if (names.length > 0) await this.#run('conntrack', ['-D', '--orig-src', workersRange(this.range)]);
  }

  /** Parts a network from the hub. One that is gone has taken its interface with it. */
  async part({ nic, address }: Joined): Promise<void> {
    await run(kernelPrograms.ip.path, ['-n', this.namespace, 'link', 'del', nic]);
    // Whoever gets the address next has none of its connections.
    await this.#run('conntrack', ['-D', '--orig-src', address]);
    this.#joined.delete(address);
  }

  /** Takes everything away. Idempotent. */
  async remove(): Promise<void> {
    await removeHub(this.label);
  }

  async #build(): Promise<void> {
    const { ip } = kernelPrograms;
    this.#found = namespaceExists(this.label);
    if (!this.#found) await makeNamespace(this.label);
    await must0(ip.path, ['-n', this.namespace, 'link', 'set', 'lo', 'up']);
    if (!linkExists(this.hostInterface)) {
      await must0(ip.path, ['link', 'add', this.hostInterface, 'type', 'veth', 'peer', 'name', upLeg, 'netns', this.namespace]);
      this.#found = false;
      const { err, exit } = await run(
        ip.path,
        ['-batch', '-'],
        `link set ${this.hostInterface} up\nroute add ${wholeRange(this.range)} dev ${this.hostInterface}\n`,
      );
      this.#isReserved = !(exit !== 0 && err.includes('File exists'));
      if (exit !== 0) throw commandFailed(ip.path, ['route', 'add', wholeRange(this.range)], { out: '', err, exit });
    }
    await must0(ip.path, ['-n', this.namespace, '-batch', '-'], this.#hubLines());
    await this.#set(settings);
    await this.#routeMarkedOnly();
    // Rules come before the way in: no packet finds an open hub.
    await this.load(this.beginning);
    await must0(ip.path, ['-batch', '-'], this.#hostLines());
  }

  async #set(all: readonly (readonly [file: string, value: string])[]): Promise<void> {
    const text = all.map(([file, value]) => `echo ${value} > ${file}`).join(' && ');
    await must0(kernelPrograms.nsenter.path, [`--net=${namespacePath(this.label)}`, '--', '/bin/sh', '-c', text]);
  }

  /**
   * What carries no mark is routed nowhere, and only the rules give marks: where somebody flushes them, nothing passes at all. Resets and other
   * answers of the hub itself are.
   */
  async #routeMarkedOnly(): Promise<void> {
    const { ip } = kernelPrograms;
    const rules = await must0(ip.path, ['-n', this.namespace, '-j', 'rule', 'show']);
    if ((JSON.parse(rules) as readonly { readonly priority: number }[]).some(({ priority }) => priority === unmarkedPriority)) return;
    const lines = [
      `rule add pref ${unmarkedPriority - 1} iif lo lookup main`,
      `rule add pref ${unmarkedPriority} fwmark 0/0xffffffff prohibit`,
      '',
    ];
    await must0(ip.path, ['-n', this.namespace, '-batch', '-'], lines.join('\n'));
  }

  #hubLines(): string {
    return [
      `address replace ${hubLeg(this.range)} peer ${hostLeg(this.range)}/32 dev ${upLeg}`,
      `link set ${upLeg} up`,
      `address replace ${resolverAddress}/32 dev lo`,
      '',
    ].join('\n');
  }

  async #linkUp(uplink: Uplink | undefined): Promise<void> {
    const inHub = (lines: readonly string[]): Promise<string> =>
      must0(kernelPrograms.ip.path, ['-n', this.namespace, '-batch', '-'], `${lines.join('\n')}\n`);
    if (uplink !== undefined) {
      await joinUplink(uplink, { namespace: this.namespace, range: this.range, inHub });
      // Nobody out there is told of addresses that the hub has on its other sides.
      await this.#set([
        [`/proc/sys/net/ipv4/conf/${uplinkLeg}/arp_ignore`, '1'],
        [`/proc/sys/net/ipv4/conf/${uplinkLeg}/arp_announce`, '2'],
      ]);
    } else if ((await inHub(['link show'])).includes(` ${uplinkLeg}@`)) await inHub([`link del ${uplinkLeg}`]);
    if (uplink?.gateway === undefined) await inHub([`route replace default via ${hostLeg(this.range)} dev ${upLeg}`]);
  }

  #hostLines(): string {
    const leg = this.hostInterface;
    return [
      `address replace ${hostLeg(this.range)} peer ${hubLeg(this.range)}/32 dev ${leg}`,
      `link set ${leg} up`,
      `route replace ${wholeRange(this.range)} via ${hubLeg(this.range)} dev ${leg}`,
      '',
    ].join('\n');
  }

  async #inside(program: KernelProgram, args: readonly string[], input = ''): Promise<string> {
    return must0(kernelPrograms.nsenter.path, [`--net=${namespacePath(this.label)}`, '--', kernelPrograms[program].path, ...args], input);
  }

  #run(program: KernelProgram, args: readonly string[]): Promise<Ran> {
    return run(kernelPrograms.nsenter.path, [`--net=${namespacePath(this.label)}`, '--', kernelPrograms[program].path, ...args]);
  }
}

/** Within the hub only. */
const settings = [
  ['/proc/sys/net/ipv4/ip_forward', '1'],
  ['/proc/sys/net/ipv6/conf/all/disable_ipv6', '1'],
  ['/proc/sys/net/ipv4/conf/all/send_redirects', '0'],
  ['/proc/sys/net/ipv4/conf/all/rp_filter', '0'],
  ['/proc/sys/net/ipv4/conf/default/rp_filter', '0'],
  [`/proc/sys/net/ipv4/conf/${upLeg}/rp_filter`, '0'],
  // A connection that was forgotten is not taken up again in its middle, perhaps by another way.
  ['/proc/sys/net/netfilter/nf_conntrack_tcp_loose', '0'],
  // One end may wait for long for what the other still sends: where no rule says otherwise as long as an open connection.
  ['/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_fin_wait', '432000'],
  ['/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_close_wait', '432000'],
  ['/proc/sys/net/netfilter/nf_conntrack_acct', '1'],
  ['/proc/sys/net/netfilter/nf_conntrack_timestamp', '1'],
  // Each end of a connection is told of, whenever it began.
  ['/proc/sys/net/netfilter/nf_conntrack_events', '1'],
] as const;

/** A network namespace of another process. */
interface Inside {
  readonly pid: number;
  /** What tells it from others: a process's number is given again. */
  readonly network: number;
}

/** Holds a network namespace for as long as something is done in it. */
function enter(pid: number): Inside & Disposable & { readonly path: string } {
  let held: number;
  try {
    held = openSync(`/proc/${pid}/ns/net`, 'r');
  } catch (cause) {
    throw noNetwork(pid, cause);
  }
  const { ino: network } = fstatSync(held);
  const close = (): void => closeSync(held);
  if (network !== statSync('/proc/self/ns/net').ino)
    return { pid, network, path: `/proc/${process.pid}/fd/${held}`, [Symbol.dispose]: close };
  close();
  throw noNetwork(pid, undefined);
}

function noNetwork(pid: number, cause: unknown): Fault {
  return fault('unsupported', 'KernelCommandFailed', `The process ${pid} is in no network of its own that could be joined.`, {
    remedy: 'It may have ended meanwhile: start it again.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Only what programs send is to arrive: IPv6 would announce itself. Before the interface is up. */
const quietly = 'f=/proc/sys/net/ipv6/conf/net0/disable_ipv6; if [ -e "$f" ]; then echo 1 > "$f"; fi && exec "$1" -batch -';

/** Of clients in a joined network; none where that is gone, and its sockets with it. */
function* endingsInside({ pid, network }: Inside, flows: readonly Tracked[]): Generator<readonly [file: string, args: readonly string[]]> {
  if (!existsSync(`/proc/${pid}/ns/net`)) return;
  using inside = enter(pid);
  if (inside.network !== network) return;
  yield [kernelPrograms.nsenter.path, [`--net=${inside.path}`, '--', kernelPrograms.ss.path, ...endingArgs(flows)]];
}

function endingArgs(flows: readonly Tracked[]): readonly string[] {
  return ['-K', '-t', '-n', flows.map(socketFilter).join(' or ')];
}

function socketFilter({ client, door }: Tracked): string {
  return `( src ${client.address}:${client.port} and dst ${door.address}:${door.port} )`;
}

/** Takes a hub away, whoever made it. Idempotent. Answers whether there was anything. */
export async function removeHub(label: string): Promise<boolean> {
  const wasThere = linkExists(interfaceOf(label)) || namespaceExists(label);
  const { ip } = kernelPrograms;
  // With one end of the leg goes the other, and its route.
  if (linkExists(interfaceOf(label))) await run(ip.path, ['link', 'del', interfaceOf(label)]);
  if (namespaceExists(label)) await run(ip.path, ['netns', 'del', namespaceOf(label)]);
  return wasThere;
}

const namespaceOf = (label: string): string => `isthmus-${label}`;
const interfaceOf = (label: string): string => `ist-${label}`;
const namespacePath = (label: string): string => `/run/netns/${namespaceOf(label)}`;
const namespaceExists = (label: string): boolean => existsSync(namespacePath(label));
const linkExists = (name: string): boolean =>
  readFileSync('/proc/net/dev', 'utf8').includes(` ${name}:`) || existsSync(`/sys/class/net/${name}`);

async function makeNamespace(label: string): Promise<void> {
  const ran = await run(kernelPrograms.ip.path, ['netns', 'add', namespaceOf(label)]);
  if (ran.exit === 0) return;
  throw fault('unsupported', 'NotAllowed', `This user may not make network namespaces: ${ran.err.trim().slice(0, 200)}.`, {
    remedy: 'Start isthmus up --engine kernel as root, or within: unshare -Urnm',
  });
}

/** The range of a hub that is there already. */
async function rangeInUse(label: string): Promise<AddressRange | undefined> {
  if (!linkExists(interfaceOf(label))) return undefined;
  const said = await must0(kernelPrograms.ip.path, ['-j', '-4', 'address', 'show', 'dev', interfaceOf(label)]);
  const [one] = JSON.parse(said) as readonly { readonly addr_info?: readonly { readonly local: string }[] }[];
  const local = one?.addr_info?.[0]?.local;
  return local?.endsWith('.0.1') === true ? { prefix: local.slice(0, -'.0.1'.length) } : undefined;
}

async function usedRanges(): Promise<readonly string[]> {
  const said = await must0(kernelPrograms.ip.path, ['-j', '-4', 'route', 'show', 'table', 'all']);
  return (JSON.parse(said) as readonly { readonly dst: string }[]).map(({ dst }) => dst);
}

function requireProgram(program: KernelProgram): void {
  const { path, does, from } = kernelPrograms[program];
  if (existsSync(path)) return;
  throw toolMissing(path, does, from);
}

function toolMissing(path: string, does: string, from: string): Fault {
  return fault('unsupported', 'KernelToolMissing', `The kernel engine needs ${path}, which ${does}, and it is not here.`, {
    target: path,
    remedy: `Install the package ${from}, or use isthmus up --engine userspace.`,
  });
}
