import { BlockList, isIPv6 } from 'node:net';
import type { Fault } from '#base/fault.ts';
import { localAddressDenied } from './denial.ts';
import type { Way } from './route.ts';

/**
 * Addresses to which no network leads, whoever asks: a host's own neighbourhood, where clouds keep what machines may know of themselves
 * (169.254.169.254), this host under no name, and groups.
 */
const forbidden = new BlockList();
for (const [net, bits] of [
  ['169.254.0.0', 16],
  ['0.0.0.0', 8],
  ['224.0.0.0', 4],
] as const)
  forbidden.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  forbidden.addSubnet(net, bits, 'ipv6');
forbidden.addAddress('::', 'ipv6');
// Of cloud machines on IPv6.
forbidden.addAddress('fd00:ec2::254', 'ipv6');

/** Addresses that mean this host and its own neighbourhood: what listens there trusts whoever comes from here. Written as IPv6 too (::ffff:127.0.0.1). */
const local = new BlockList();
for (const [net, bits] of [
  ['127.0.0.0', 8],
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
] as const)
  local.addSubnet(net, bits, 'ipv4');
// `::` and `::1`, and the old way to write IPv4 within IPv6.
local.addSubnet('::', 96, 'ipv6');
local.addSubnet('fe80::', 10, 'ipv6');

export const forbiddenReason = 'no network leads to that address (link-local, unspecified or multicast)';

/** Whether nothing may be connected to at this address, whoever asks. */
export function isForbidden(address: string): boolean {
  return isOf(forbidden, address);
}

/** Whether an address means this host, its neighbourhood, or nobody in particular: nothing that is reached by way of somebody else's word goes there. */
export function isOwnNeighbourhood(address: string): boolean {
  return isLocal(address) || isForbidden(address);
}

function isLocal(address: string): boolean {
  return isOf(local, address);
}

/**
 * What a connection is refused with that leaves a network and whose target is at none but local addresses; undefined: it is elsewhere, or the way
 * passes an endpoint, a forwarder or a server that somebody gave this target.
 */
export function localDenial(way: Way, addresses: readonly string[]): Fault | undefined {
  if (!leadsAnywhere(way) || addresses.length === 0 || !addresses.every(isLocal)) return undefined;
  return localAddressDenied(way.segment, way.target, addresses);
}

/** Whether a way may go to an address, as far as addresses go: what leaves a network to anywhere does not go to local ones. */
export function mayGoTo(way: Way, address: string): boolean {
  return !leadsAnywhere(way) || !isLocal(address);
}

function leadsAnywhere({ outside, publicServer }: Way): boolean {
  return outside !== undefined && publicServer === undefined;
}

function isOf(list: BlockList, address: string): boolean {
  return list.check(address.replace(/%.*$/, ''), isIPv6(address) ? 'ipv6' : 'ipv4');
}
