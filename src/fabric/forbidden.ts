import { BlockList, isIPv6 } from 'node:net';

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

export const forbiddenReason = 'no network leads to that address (link-local, unspecified or multicast)';

/** Whether nothing may be connected to at this address, whoever asks. */
export function isForbidden(address: string): boolean {
  return forbidden.check(address.replace(/%.*$/, ''), isIPv6(address) ? 'ipv6' : 'ipv4');
}
