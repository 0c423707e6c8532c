import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';
import { fault, must } from '#base/fault.ts';
import { hubLeg, hostLeg, type AddressRange } from './address-range.ts';
import { commandFailed, kernelPrograms, run } from './commands.ts';

/**
 * An interface of this host that the hub shares, with addresses of its own there: databases beyond this host are a step away from the hub then,
 * and no byte passes a process. Without it they are reached by a relay (`host-relay.ts`), since this host forwards nothing for us.
 */
export interface Uplink {
  /** Of this host: `eth1`. */
  readonly device: string;
  /** The hub's own in that network, IPv4, each with the network's width: `10.0.0.7/24`. What databases see connections as coming from. */
  readonly addresses: readonly string[];
  /** What leads on from there; undefined: nothing does, so that only hosts of that network itself are reached by it. */
  readonly gateway: string | undefined;
}

/** The hub's side of it. */
export const uplinkLeg = 'up1';

/** Addresses that one uplink may have. */
const mostAddresses = 16;

/** As an operator gives it. Faults: `BadUplink` (invalid). */
export function checkedUplink({ device, addresses, gateway }: Uplink): Uplink {
  if (!/^[^\s/:]{1,15}$/.test(device) || device === '.' || device === '..') throw bad(device, 'is no name of a network interface');
  if (addresses.length === 0 || addresses.length > mostAddresses)
    throw bad(device, `has ${addresses.length} addresses for the hub, and 1 to ${mostAddresses} are wanted`);
  const networks = addresses.map((text) => {
    const { at, network } = parsed(text);
    if (!isHostAddress(at)) throw bad(text, 'is no address that a host can have');
    return network;
  });
  if (new Set(networks).size > 1) throw bad(addresses.join(', '), 'are not all of one network');
  if (gateway !== undefined && (!isIPv4(gateway) || !contains(must(addresses[0], 'an address'), gateway)))
    throw bad(gateway, `is no address of the network ${must(networks[0], 'a network')}, where the uplink is`);
  return { device, addresses, gateway };
}

/** Whether the uplink leads to an address. */
export function leadsTo(uplink: Uplink, address: string): boolean {
  return uplink.gateway !== undefined || contains(must(uplink.addresses[0], 'an address'), address);
}

/** A part of an address's ports: who connects from there is told apart by it. */
export interface SourcePorts {
  readonly address: string;
  readonly first: number;
  readonly last: number;
}

const portsEach = 4_096;
const rangesEach = 15;

/**
 * Gives each backend a range of ports of an uplink's address, so that its connections are known by what databases see: 4,096 connections at once to
 * each database, and 15 backends an address. Azure asks for more addresses for the same reason.
 * Rule: https://learn.microsoft.com/azure/private-link/private-link-service-overview (NAT ports).
 */
export class UplinkPorts {
  readonly #addresses: readonly string[];
  readonly #byKey = new Map<string, number>();
  readonly #taken = new Set<number>();

  constructor({ addresses }: Uplink) {
    this.#addresses = addresses.map((text) => must(text.split('/')[0], 'an address'));
  }

  /** The same for as long as it is kept; undefined: all are taken. */
  of(key: string, hash: (text: string) => number): SourcePorts | undefined {
    const known = this.#byKey.get(key);
    if (known !== undefined) return this.#range(known);
    const size = this.#addresses.length * rangesEach;
    if (this.#taken.size >= size) return undefined;
    let place = hash(key) % size;
    while (this.#taken.has(place)) place = (place + 1) % size;
    this.#taken.add(place);
    this.#byKey.set(key, place);
    return this.#range(place);
  }

  /** Others may have the ports of what is not among these. */
  keep(keys: ReadonlySet<string>): void {
    for (const [key, place] of this.#byKey) {
      if (keys.has(key)) continue;
      this.#byKey.delete(key);
      this.#taken.delete(place);
    }
  }

  #range(place: number): SourcePorts {
    // The first 4,096 are left to the system's own.
    const first = (1 + (place % rangesEach)) * portsEach;
    return { address: must(this.#addresses[Math.floor(place / rangesEach)], 'an address'), first, last: first + portsEach - 1 };
  }
}

/** How many bits of a source say which range it is of. */
export function sourceKey(address: string, port: number): string {
  return `${address} ${Math.floor(port / portsEach)}`;
}

export interface UplinkGround {
  /** A process or file that `ip link … netns` takes. */
  readonly namespace: string;
  readonly range: AddressRange;
  /** Runs lines of `ip -batch` in the hub. */
  readonly inHub: (lines: readonly string[]) => Promise<string>;
  /** The interface is there, and says nothing yet. */
  readonly beforeUp: () => Promise<void>;
}

/**
 * Makes the hub's side, or finds it as it should be. Faults: `NoSuchInterface` (missing), `AddressInUse` (conflict), `UplinkImpossible`
 * (unsupported).
 */
export async function joinUplink(uplink: Uplink, { namespace, range, inHub, beforeUp }: UplinkGround): Promise<void> {
  const { device, addresses, gateway } = uplink;
  const all = networkInterfaces();
  const own = addresses.map((text) => must(text.split('/')[0], 'an address'));
  const taken = Object.entries(all).find(([, ones = []]) => ones.some(({ address }) => own.includes(address)));
  if (taken !== undefined) throw inUse(own.find((one) => all[taken[0]]?.some(({ address }) => address === one)) ?? '', taken[0]);
  const links = JSON.parse((await run(kernelPrograms.ip.path, ['-j', 'link', 'show'])).out) as readonly { readonly ifname: string }[];
  if (!links.some(({ ifname }) => ifname === device))
    throw noSuch(
      device,
      links.map(({ ifname }) => ifname),
    );
  const there = await inHub([`link show`]);
  if (!there.includes(` ${uplinkLeg}@`)) {
    const args = ['link', 'add', 'link', device, 'name', uplinkLeg, 'netns', namespace, 'type', 'macvlan', 'mode', 'bridge'];
    const ran = await run(kernelPrograms.ip.path, args);
    if (ran.exit !== 0) throw impossible(device, commandFailed(kernelPrograms.ip.path, args, ran).message);
  }
  await beforeUp();
  const had = [...(await inHub([`address show dev ${uplinkLeg}`])).matchAll(/ inet (\S+)/g)].map(([, address]) => address ?? '');
  await inHub([
    ...had.filter((address) => !addresses.includes(address)).map((address) => `address del ${address} dev ${uplinkLeg}`),
    ...addresses.filter((address) => !had.includes(address)).map((address) => `address add ${address} dev ${uplinkLeg}`),
    `link set ${uplinkLeg} up`,
    // What is this host's own stays a step away by its leg: the two ends of a shared interface do not hear each other.
    ...hostAddresses(range).map((address) => `route replace ${address}/32 via ${hostLeg(range)} dev up0 src ${hubLeg(range)}`),
    ...(gateway === undefined ? [] : [`route replace default via ${gateway} dev ${uplinkLeg}`]),
  ]);
}

/** This host's own addresses that others reach, IPv4, but that of its leg. */
function hostAddresses(range: AddressRange): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((ones = []) => ones);
  const reached = all.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address);
  return reached.filter((address) => address !== hostLeg(range));
}

function parsed(text: string): { readonly at: string; readonly network: string } {
  try {
    const [at, bits] = ipaddr.IPv4.parseCIDR(text);
    return { at: at.toString(), network: `${ipaddr.IPv4.networkAddressFromCIDR(text).toString()}/${bits}` };
  } catch {
    throw bad(text, 'is no IPv4 address with the width of its network');
  }
}

function isHostAddress(address: string): boolean {
  return ['private', 'unicast', 'carrierGradeNat'].includes(ipaddr.IPv4.parse(address).range());
}

function contains(cidr: string, address: string): boolean {
  return ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(cidr));
}

function bad(target: string, what: string): ReturnType<typeof fault> {
  return fault('invalid', 'BadUplink', `${target} ${what}.`, {
    target,
    remedy:
      'Give an interface and addresses of its network that nobody uses: --uplink eth1 --uplink-address 10.0.0.7/24 --uplink-gateway 10.0.0.1',
  });
}

function inUse(address: string, device: string): ReturnType<typeof fault> {
  return fault('conflict', 'AddressInUse', `${address} is this host's own, at ${device}.`, {
    target: address,
    remedy: 'The uplink needs an address that nobody uses: give another to --uplink-address.',
  });
}

function noSuch(device: string, known: readonly string[]): ReturnType<typeof fault> {
  return fault('missing', 'NoSuchInterface', `This host has no network interface ${device}.`, {
    target: device,
    remedy: `Name one of: ${known.join(', ')}.`,
  });
}

function impossible(device: string, said: string): ReturnType<typeof fault> {
  return fault('unsupported', 'UplinkImpossible', `The hub cannot share ${device}: ${said}`, {
    target: device,
    remedy:
      'It needs a kernel with macvlan and an interface that is Ethernet; without --uplink databases beyond this host are reached by a relay.',
  });
}
