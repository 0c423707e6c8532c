import { networkInterfaces } from 'node:os';

/** IPv4 addresses by which others may know this host, in order; its own loopback address where it has no other. */
export function hostAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outer = all.flatMap(({ address, family, internal }) => (family === 'IPv4' && !internal ? [address] : []));
  return outer.length === 0 ? ['127.0.0.1'] : outer.toSorted();
}
