import { release } from 'node:os';
import { fault, type Fault } from '#base/fault.ts';
import { chooseRange, hostLeg, hubLeg, noFreeRange, overlapping, wholeRange, type AddressRange } from './address-range.ts';
import { commandFailed, kernelPrograms, must0, run, saidBy } from './commands.ts';
import { isInterfaceThere, isNamespaceThere, makeNamespace, settled, takeNamespace, within, type HubPlace } from './hub-place.ts';
import { ownHops, resolverAddress } from './ruleset.ts';
import { joinUplink, uplinkLeg, type Uplink } from './uplink.ts';

/** The hub's end of the leg to this host. */
export const upLeg = 'up0';
/** Of the routing rule before the main table's. */
const unmarkedPriority = 20;

/** Of interfaces in a hub. */
const ownNames = /^(?:lo|up0|up1|w-\d+)$/;

const markOf = ({ label }: HubPlace): string => `isthmus ${label}`;

/**
 * Makes what a hub consists of, but its rules: a namespace, a leg to this host, and a route into its range, which is the range's reservation; or
 * takes over what is there. Answers its range, and whether it was there. Faults: those of `makeNamespace`, `LabelTaken`, `NoFreeRange`
 * (conflict), `KernelCommandFailed`; then nothing is left of what was not there before.
 */
export async function layGround(place: HubPlace): Promise<{ readonly range: AddressRange; readonly found: boolean }> {
  await settled(place);
  await refuseForeign(place);
  const known = await rangeInUse(place);
  if (known !== undefined) return { range: known, found: true };
  // The half of one that somebody was killed over.
  await clearGround(place);
  try {
    await makeNamespace(place);
    await inHub(place, ['link', 'set', 'lo', 'up']);
    const taken: string[] = [];
    for (;;) {
      const range = chooseRange([...(await usedRanges()), ...taken]);
      if (await layLeg(place, range)) return { range, found: false };
      // Another hub took the range between the look and the step.
      taken.push(wholeRange(range));
    }
  } catch (error) {
    await clearGround(place);
    throw error;
  }
}

/** Takes a hub away. Idempotent. */
export async function clearGround(place: HubPlace): Promise<void> {
  // With one end of the leg goes the other, and its route.
  if (isInterfaceThere(place.hostInterface)) await run(kernelPrograms.ip.path, ['link', 'del', place.hostInterface]);
  await takeNamespace(place);
}

/** Answers whether the range was free. */
async function layLeg(place: HubPlace, range: AddressRange): Promise<boolean> {
  const { ip } = kernelPrograms;
  const leg = place.hostInterface;
  await must0(ip.path, ['link', 'add', leg, 'type', 'veth', 'peer', 'name', upLeg, 'netns', place.path]);
  const lines = [
    `link set ${leg} alias "${markOf(place)}"`,
    // IPv6 would announce itself to the hub.
    `link set ${leg} addrgenmode none`,
    `link set ${leg} up`,
    `route add ${wholeRange(range)} dev ${leg}`,
    '',
  ];
  const ran = await run(ip.path, ['-batch', '-'], lines.join('\n'));
  if (ran.exit === 0) return true;
  await run(ip.path, ['link', 'del', leg]);
  if (ran.err.includes('File exists')) return false;
  throw commandFailed(ip.path, ['route', 'add', wholeRange(range)], ran);
}

/** Gives a hub its addresses and settings. Idempotent. Faults: `KernelFeatureMissing`, `KernelCommandFailed` (unsupported). */
export async function furnishHub(place: HubPlace, range: AddressRange): Promise<void> {
  await set(place, settings);
  const lines = [
    `address replace ${hubLeg(range)} peer ${hostLeg(range)}/32 dev ${upLeg}`,
    `link set ${upLeg} up`,
    `address replace ${resolverAddress}/32 dev lo`,
    '',
  ];
  await inHub(place, ['-batch', '-'], lines.join('\n'));
  await routeMarkedOnly(place);
}

/** Shares an interface with a hub, or gives it back. Faults: those of `joinUplink`. */
export async function linkUp(place: HubPlace, range: AddressRange, uplink: Uplink | undefined): Promise<void> {
  const batch = (lines: readonly string[]): Promise<string> => inHub(place, ['-batch', '-'], `${lines.join('\n')}\n`);
  // Nobody out there is told of addresses that the hub has on its other sides.
  const quiet = ['ignore', 'announce'].map((what, at) => [`/proc/sys/net/ipv4/conf/${uplinkLeg}/arp_${what}`, String(at + 1)] as const);
  if (uplink !== undefined) await joinUplink(uplink, { namespace: place.path, range, inHub: batch, beforeUp: () => set(place, quiet) });
  else if ((await batch(['link show'])).includes(` ${uplinkLeg}@`)) await batch([`link del ${uplinkLeg}`]);
  if (uplink?.gateway === undefined) await batch([`route replace default via ${hostLeg(range)} dev ${upLeg}`]);
}

async function set(place: HubPlace, all: readonly (readonly [file: string, value: string])[]): Promise<void> {
  const { file, args } = within(place, 'sh', ['-c', all.map(([name, value]) => `echo ${value} > ${name}`).join(' && ')]);
  const ran = await run(file, args);
  if (ran.exit !== 0) throw featureMissing(`this setting of a network: ${saidBy(ran)}`);
}

/** Opens the way into a hub from this host. Idempotent. */
export async function openWay(place: HubPlace, range: AddressRange): Promise<void> {
  const leg = place.hostInterface;
  const lines = [
    `address replace ${hostLeg(range)} peer ${hubLeg(range)}/32 dev ${leg}`,
    `link set ${leg} up`,
    `route replace ${wholeRange(range)} via ${hubLeg(range)} dev ${leg} hoplimit ${ownHops}`,
    '',
  ];
  await must0(kernelPrograms.ip.path, ['-batch', '-'], lines.join('\n'));
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

/**
 * What carries no mark is routed nowhere, and only the rules give marks: where somebody flushes them, nothing passes at all. Resets and other
 * answers of the hub itself are.
 */
async function routeMarkedOnly(place: HubPlace): Promise<void> {
  const rules = JSON.parse(await inHub(place, ['-j', 'rule', 'show'])) as readonly { readonly priority: number }[];
  if (rules.some(({ priority }) => priority === unmarkedPriority)) return;
  const lines = [
    `rule add pref ${unmarkedPriority - 1} iif lo lookup main`,
    `rule add pref ${unmarkedPriority} fwmark 0/0xffffffff prohibit`,
    '',
  ];
  await inHub(place, ['-batch', '-'], lines.join('\n'));
}

export function inHub(place: HubPlace, args: readonly string[], input = ''): Promise<string> {
  const { file, args: all } = within(place, 'ip', args);
  return must0(file, all, input);
}

interface Link {
  readonly ifname: string;
  readonly ifindex: number;
  /** Of the other end of a pair. */
  readonly link_index?: number;
  readonly ifalias?: string;
  readonly addr_info?: readonly { readonly local: string }[];
}

const linksIn = (said: string): readonly Link[] => JSON.parse(said) as readonly Link[];

/** The range of a hub that is there already, as a whole. */
async function rangeInUse(place: HubPlace): Promise<AddressRange | undefined> {
  if (!isInterfaceThere(place.hostInterface) || !isNamespaceThere(place)) return undefined;
  const said = await must0(kernelPrograms.ip.path, ['-j', '-4', 'address', 'show', 'dev', place.hostInterface]);
  const local = linksIn(said)[0]?.addr_info?.[0]?.local;
  return local?.endsWith('.0.1') === true ? { prefix: local.slice(0, -'.0.1'.length) } : undefined;
}

/**
 * What has our names and is not ours is let be. Ours are an interface with our mark, or whose other end is the leg in our namespace, and a
 * namespace with no interfaces but those that we make. Fault: `LabelTaken` (conflict).
 */
export async function refuseForeign(place: HubPlace): Promise<void> {
  const { hostInterface, path } = place;
  const listing = ['-j', 'link', 'show'];
  const [leg] = isInterfaceThere(hostInterface) ? linksIn(await must0(kernelPrograms.ip.path, [...listing, 'dev', hostInterface])) : [];
  const inside = isNamespaceThere(place) ? linksIn(await inHub(place, listing)) : [];
  const end = inside.find(({ ifname }) => ifname === upLeg);
  const isPair = leg !== undefined && end !== undefined && leg.link_index === end.ifindex && end.link_index === leg.ifindex;
  if (leg !== undefined && !isPair && leg.ifalias !== markOf(place))
    throw taken(hostInterface, 'An interface', `ip link del ${hostInterface}`);
  if (inside.some(({ ifname }) => !ownNames.test(ifname))) throw taken(path, 'A network namespace', `umount ${path} && rm ${path}`);
}

function taken(target: string, what: string, command: string): Fault {
  return fault(
    'conflict',
    'LabelTaken',
    `${what} of this host has a name that the kernel engine would use, and is not its own: ${target}.`,
    {
      target,
      remedy: `Take it away if nobody needs it (${command}), or choose another data folder.`,
    },
  );
}

interface Route {
  readonly dst: string;
  readonly dev?: string;
}

async function usedRanges(): Promise<readonly string[]> {
  const said = await must0(kernelPrograms.ip.path, ['-j', '-4', 'route', 'show', 'table', 'all']);
  return (JSON.parse(said) as readonly Route[]).map(({ dst }) => dst);
}

/** Makes the leg anew where somebody took it away. Faults: `NoFreeRange` (conflict), `KernelCommandFailed`, `KernelFeatureMissing` (unsupported). */
export async function layLegAgain(place: HubPlace, range: AddressRange, uplink: Uplink | undefined): Promise<void> {
  if (!isInterfaceThere(place.hostInterface)) {
    if (!(await layLeg(place, range))) throw noFreeRange([wholeRange(range)]);
    await furnishHub(place, range);
    await linkUp(place, range, uplink);
  }
  await openWay(place, range);
}

/** Whether this host's route into the range is there, and the routes of others that take some of it away. */
export async function routesInto(
  place: HubPlace,
  range: AddressRange,
): Promise<{ readonly isWhole: boolean; readonly foreign: readonly string[] }> {
  const whole = wholeRange(range);
  const said = await must0(kernelPrograms.ip.path, ['-j', '-4', 'route', 'show', 'table', 'all', 'root', whole]);
  const routes = JSON.parse(said) as readonly Route[];
  const own = routes.filter(({ dev }) => dev === place.hostInterface);
  const foreign = routes.filter(({ dst, dev }) => dev !== place.hostInterface && overlapping(dst, whole));
  return {
    isWhole: own.some(({ dst }) => dst === whole),
    foreign: foreign.map(({ dst, dev }) => (dev === undefined ? dst : `${dst} dev ${dev}`)),
  };
}

/** What the kernel engine needs and this kernel does not have. */
export function featureMissing(what: string): Fault {
  return fault(
    'unsupported',
    'KernelFeatureMissing',
    `The kernel of this host (${release()}) cannot do what the kernel engine needs: ${what}.`,
    {
      target: release(),
      remedy: 'Load the modules of nftables and connection tracking, or boot a kernel that has them; or use isthmus up --engine userspace.',
    },
  );
}
