import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fault, must, type Fault } from '#base/fault.ts';
import { hostLeg, workersRange, type AddressRange } from './address-range.ts';
import {
  commandFailed,
  kernelPrograms,
  must0,
  requirePrograms,
  run,
  runNow,
  type Command,
  type KernelProgram,
  type Ran,
} from './commands.ts';
import type { Tracked } from './conntrack.ts';
import { nicPrefix } from './networks.ts';
import {
  clearGround,
  featureMissing,
  furnishHub,
  inHub,
  layGround,
  layLegAgain,
  linkUp,
  openWay,
  refuseForeign,
  routesInto,
  upLeg,
} from './hub-ground.ts';
import { hubPlace, isInterfaceThere, settled, within, type HubOptions, type HubPlace } from './hub-place.ts';
import { Runners } from './runners.ts';
import { beginText, tableName } from './ruleset.ts';

/** The way from this host into the hub, as it was found. */
export interface WayFound {
  readonly wasGone: boolean;
  /** Routes of others that take some of the hub's range away. */
  readonly foreign: readonly string[];
}

/** A worker's network that is joined to the hub. */
export interface Joined {
  /** The hub's interface towards it. */
  readonly nic: string;
  readonly address: string;
}

/** Elements of a set that count, each with its key. */
export type Listed = readonly { readonly key: readonly (string | number)[]; readonly packets: number }[];

/** As nft says it. */
interface CountedElement {
  readonly elem: {
    readonly val: number | string | { readonly concat: readonly (string | number)[] };
    readonly counter?: { readonly packets: number };
  };
}

/** So many sockets in one filter. */
const together = 100;
const gateway = '169.254.1.1';

/**
 * The network namespace that every connection of the kernel engine passes, and its leg to this host. It outlives this process: what the kernel
 * carries goes on when the control plane is killed, and whoever opens it again goes on from there. Nothing of the host is changed but one
 * interface and one route, both of the hub's own range; forwarding is on within the hub only.
 */
export class Hub {
  readonly place: HubPlace;
  readonly range: AddressRange;

  readonly #uplink: HubOptions['uplink'];
  readonly #runners: Runners;

  private constructor(place: HubPlace, range: AddressRange, uplink: HubOptions['uplink']) {
    this.place = place;
    this.range = range;
    this.#uplink = uplink;
    this.#runners = new Runners(this.enter);
  }

  /**
   * Faults: `KernelToolMissing`, `NotAllowed`, `NoNamespaces`, `KernelFeatureMissing`, `KernelCommandFailed` (unsupported), `NoFreeRange`,
   * `LabelTaken`, `HubBusy` (conflict); then nothing is left of what was not there before.
   */
  static async open(options: HubOptions): Promise<Hub> {
    const place = hubPlace(options);
    requirePrograms();
    const { range, found } = await layGround(place);
    const hub = new Hub(place, range, options.uplink);
    try {
      // Rules come before the way in: no packet finds an open hub. One that is there has them, or somebody took them away, and nothing passes:
      // without elements they would answer live connections with resets. Both come with the first plan.
      if (!found) await hub.#begin();
      await furnishHub(place, range);
      if (!existsSync(`/proc/self/net/nf_conntrack`)) throw featureMissing('the list of connections, /proc/net/nf_conntrack');
      await linkUp(place, range, options.uplink);
      await openWay(place, range);
      return hub;
    } catch (error) {
      // What was there before stays: connections may pass it.
      if (!found) await clearGround(place);
      throw error;
    }
  }

  #watcher: ChildProcess | undefined;
  /** By address. */
  readonly #joined = new Map<string, Inside>();

  /** What runs a command in the hub's network, as its beginning. */
  get enter(): Command {
    return { file: kernelPrograms.nsenter.path, args: [`--net=${this.place.path}`, '--'] };
  }

  /** Gives the hub a text of nft: all of it, or nothing. */
  async load(text: string): Promise<void> {
    if (text === '') return;
    await this.#inside('nft', ['-f', '-'], text);
  }

  /** Answers a question of nft as JSON. */
  async list(...what: readonly string[]): Promise<readonly Said[]> {
    return saidBy(await this.#inside('nft', ['-j', 'list', ...what]));
  }

  #listNow(what: readonly string[]): readonly Said[] {
    const { file, args } = within(this.place, 'nft', ['-j', 'list', ...what]);
    const ran = runNow(file, args);
    if (ran.exit !== 0) throw commandFailed(file, args, ran);
    return saidBy(ran.out);
  }

  /** Whether the table is there, as we made it: somebody may have flushed it. */
  async hasTable(): Promise<boolean> {
    const ran = await this.#run('nft', ['-t', 'list', 'table', 'inet', tableName]);
    return ran.exit === 0 && ran.out.includes('chain c_pass') && ran.out.includes('counter name "unrouted" drop');
  }

  /** The names of the table's sets; none where there is no table. */
  async sets(): Promise<readonly string[]> {
    const ran = await this.#run('nft', ['-t', 'list', 'table', 'inet', tableName]);
    return [...ran.out.matchAll(/^\tset (\w+) \{$/gm)].map((match) => match[1] ?? '');
  }

  /** The text that makes the table, where it is not there. */
  get beginning(): string {
    return beginText({ host: upLeg, hostAddress: hostLeg(this.range) });
  }

  /** Gives this host its way into the hub back where somebody took it away. */
  async mendWay(): Promise<WayFound> {
    const { isWhole, foreign } = await routesInto(this.place, this.range);
    if (!isWhole) await layLegAgain(this.place, this.range, this.#uplink);
    return { wasGone: !isWhole, foreign };
  }

  /** The connections that the kernel tracks, one a line. `watch` comes first. */
  tracked(): string {
    return readFileSync(`/proc/${must(this.#watcher?.pid, 'tracked before watch')}/net/nf_conntrack`, 'latin1');
  }

  /** Tells of each connection that is no more, by the line that was its last. */
  async watch(ended: (line: string) => void): Promise<void> {
    const { file, args } = within(this.place, 'conntrack', ['-E', '-p', 'tcp', '-e', 'DESTROY', '-o', 'extended,ktimestamp']);
    // It ends with us, however we end: while it runs, the namespace does not go.
    const watcher = spawn(kernelPrograms.setpriv.path, ['--pdeathsig', 'KILL', '--', file, ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { LC_ALL: 'C' },
      cwd: '/',
    });
    await once(watcher, 'spawn');
    // Before it has entered the namespace its files would be those of this host.
    const own = readlinkSync('/proc/self/ns/net');
    while (watcher.exitCode === null && readlinkSync(`/proc/${watcher.pid}/ns/net`) === own) await nextTurn();
    createInterface({ input: watcher.stdout }).on('line', ended);
    this.#watcher = watcher;
  }

  /** Ends what this process has running in the hub: what the kernel carries goes on. */
  leave(): void {
    this.#watcher?.kill('SIGKILL');
    this.#runners[Symbol.dispose]();
  }

  /** Ends connections: their clients' sockets first, whose resets tell the other ends; then nothing of them passes any more. */
  async end(all: readonly Tracked[]): Promise<void> {
    for (const { file, args } of this.#endings(all)) await run(file, args);
    await this.drop(all);
  }

  /** Drops connections without a word to anybody. */
  async drop(all: readonly Tracked[]): Promise<void> {
    if (all.length > 0) await this.#run('conntrack', dropping, all.map(dropLine).join(''));
  }

  /** A set's elements that count. Costs what that set's size is, not the table's, as any other question does. */
  async counted(set: string): Promise<Listed> {
    return listedOf(await this.list('set', 'inet', tableName, set));
  }

  /** The same, at once. */
  countedNow(set: string): Listed {
    return listedOf(this.#listNow(['set', 'inet', tableName, set]));
  }

  /** Packets of IPv6 that came from an interface: the hub knows none, and throws them away before any rule. */
  sixes(nic: string): number {
    try {
      const said = readFileSync(`/proc/${must(this.#watcher?.pid, 'sixes before watch')}/net/dev_snmp6/${nic}`, 'latin1');
      return Number(/^Ip6InDiscards\s+(\d+)/m.exec(said)?.[1] ?? 0);
    } catch {
      // It is parted, or this kernel has no IPv6.
      return 0;
    }
  }

  /** As `end`, at once. */
  endNow(all: readonly Tracked[]): void {
    for (const { file, args } of this.#endings(all)) runNow(file, args);
    if (all.length === 0) return;
    const { file, args } = within(this.place, 'conntrack', dropping);
    runNow(file, args, all.map(dropLine).join(''));
  }

  /** Of the clients' sockets. */
  *#endings(all: readonly Tracked[]): Generator<Command> {
    for (let at = 0; at < all.length; at += together) {
      const part = all.slice(at, at + together);
      const own = part.filter(({ client }) => client.address === hostLeg(this.range));
      if (own.length > 0) yield { file: kernelPrograms.ss.path, args: endingArgs(own) };
      for (const [address, inside] of this.#joined) {
        const its = part.filter(({ client }) => client.address === address);
        if (its.length > 0) yield* endingsInside(inside, its);
      }
    }
  }

  /**
   * Joins a network namespace, by the number of a process in it, to the hub. Its only route leads there. Fault: `KernelCommandFailed` (unsupported);
   * then there is no interface.
   */
  async join(pid: number, { nic, address }: Joined): Promise<void> {
    const { ip, nsenter, sh } = kernelPrograms;
    using inside = enter(pid);
    try {
      await inHub(this.place, ['link', 'add', nic, 'type', 'veth', 'peer', 'name', 'net0', 'netns', inside.path]);
      await inHub(
        this.place,
        ['-batch', '-'],
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
      await must0(nsenter.path, [`--net=${inside.path}`, '--', sh.path, '-c', quietly, 'sh', ip.path], lines.join('\n'));
    } catch (error) {
      await this.part({ nic, address });
      throw error;
    }
    this.#joined.set(address, { pid, network: inside.network });
  }

  /** Parts the networks that the process before had joined: they end with it. */
  async partAll(): Promise<void> {
    const said = await inHub(this.place, ['-j', 'link', 'show', 'type', 'veth']);
    const names = (JSON.parse(said) as readonly { readonly ifname: string }[])
      .map(({ ifname }) => ifname)
      .filter((name) => name.startsWith(nicPrefix));
    for (const name of names) await this.#run('ip', ['link', 'del', name]);
    // One that is gone has left its connections, and the next has its address.
    await this.#run('conntrack', ['-D', '--orig-src', workersRange(this.range)]);
  }

  /** Parts a network from the hub. One that is gone has taken its interface with it. */
  async part({ nic, address }: Joined): Promise<void> {
    await this.#run('ip', ['link', 'del', nic]);
    // Whoever gets the address next has none of its connections.
    await this.#run('conntrack', ['-D', '--orig-src', address]);
    this.#joined.delete(address);
  }

  /** Takes everything away. Idempotent. */
  async remove(): Promise<void> {
    this.leave();
    await settled(this.place);
    await clearGround(this.place);
  }

  /** Brings the rules, with nothing in them that passes. */
  async #begin(): Promise<void> {
    const text = this.beginning;
    const { file, args } = within(this.place, 'nft', ['-f', '-']);
    const ran = await run(file, args, text);
    if (ran.exit !== 0) throw ruleRefused(text, ran) ?? commandFailed(file, args, ran);
  }

  async #inside(program: KernelProgram, args: readonly string[], input = ''): Promise<string> {
    const ran = await this.#run(program, args, input);
    if (ran.exit !== 0) throw commandFailed(kernelPrograms[program].path, args, ran);
    return ran.out;
  }

  /** It ends with us: what a killed process was about to write is not written after its successor's plan. */
  #run(program: KernelProgram, args: readonly string[], input = ''): Promise<Ran> {
    return this.#runners.run(kernelPrograms[program].path, args, input);
  }
}

type Said = Readonly<Record<string, unknown>>;

function saidBy(text: string): readonly Said[] {
  return (JSON.parse(text) as { readonly nftables: readonly Said[] }).nftables;
}

function listedOf(said: readonly Said[]): Listed {
  return said.flatMap(({ set }) => {
    const { elem = [] } = (set ?? {}) as { readonly elem?: readonly CountedElement[] };
    return elem.map(({ elem: { val, counter } }) => ({
      key: typeof val === 'object' ? val.concat : [val],
      packets: counter?.packets ?? 0,
    }));
  });
}

/** Where nft says which line the kernel does not know. */
function ruleRefused(text: string, ran: Ran): Fault | undefined {
  const line = /^\/dev\/stdin:(\d+):/m.exec(ran.err)?.[1];
  if (line === undefined) return undefined;
  const [said = ''] = ran.err.trim().split('\n');
  return featureMissing(`${text.split('\n')[Number(line) - 1] ?? ''} (nft: ${said.replace(/^\S+ /, '')})`);
}

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

/** One conntrack for all of them: those that are gone already it passes over. */
const dropping = ['-R', '-'];

function dropLine({ client, door }: Tracked): string {
  const from = `--orig-src ${client.address} --orig-port-src ${client.port}`;
  return `-D -p tcp ${from} --orig-dst ${door.address} --orig-port-dst ${door.port}\n`;
}

/** Of clients in a joined network; none where that is gone, and its sockets with it. */
function* endingsInside({ pid, network }: Inside, flows: readonly Tracked[]): Generator<Command> {
  if (!existsSync(`/proc/${pid}/ns/net`)) return;
  using inside = enter(pid);
  if (inside.network !== network) return;
  yield { file: kernelPrograms.nsenter.path, args: [`--net=${inside.path}`, '--', kernelPrograms.ss.path, ...endingArgs(flows)] };
}

function endingArgs(flows: readonly Tracked[]): readonly string[] {
  return ['-K', '-t', '-n', flows.map(socketFilter).join(' or ')];
}

function socketFilter({ client, door }: Tracked): string {
  return `( src ${client.address}:${client.port} and dst ${door.address}:${door.port} )`;
}

/** Takes a hub away, whoever made it. Idempotent. Answers whether there was anything. Faults: `LabelTaken`, `HubBusy` (conflict). */
export async function removeHub(options: HubOptions): Promise<boolean> {
  const place = hubPlace(options);
  await settled(place);
  if (!isInterfaceThere(place.hostInterface) && !existsSync(place.path)) return false;
  requirePrograms();
  await refuseForeign(place);
  await clearGround(place);
  return true;
}
