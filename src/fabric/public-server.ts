import { isIPv4 } from 'node:net';
import type { Fault } from '#base/fault.ts';
import { clientNotAllowed, noBackend, noPublicEndpoint, noRule, publicAccessDenied } from './denial.ts';
import type { FirewallRange, PublicServer } from './plan.ts';

/**
 * What keeps connections of this installation's networks out of a server's public side; undefined: they are let in. `addresses`: as the plan has
 * them.
 */
export function publicDenial(server: PublicServer, port: number, addresses: readonly string[]): Fault | undefined {
  if (server.access === 'none') return noPublicEndpoint(server);
  if (server.access === 'disabled') return publicAccessDenied(server);
  if (port !== server.port) return noRule(server.id, port, [server.port]);
  if (server.target === undefined) return noBackend(server.id);
  return server.firewall !== undefined && admitting(server.firewall, addresses) === undefined
    ? clientNotAllowed(server, addresses[0] ?? 'unknown')
    : undefined;
}

/** How the server lets them in, for people; of one that lets them in. */
export function admission({ firewall }: PublicServer, addresses: readonly string[]): string {
  const rule = firewall === undefined ? undefined : admitting(firewall, addresses);
  if (rule === undefined) return 'its public endpoint is on.';
  return `public access is on, and the firewall rule ${rule.name} (${rule.from} to ${rule.to}) admits ${isForCloud(rule) ? 'services of the cloud' : 'this host'}.`;
}

/** Networks here count as services of the cloud, and as this host. */
function admitting(firewall: readonly FirewallRange[], addresses: readonly string[]): FirewallRange | undefined {
  return (
    firewall.find(isForCloud) ??
    firewall.find(({ from, to }) => {
      const [first, last] = [numberOf(from), numberOf(to)];
      if (first === 0 && last === 0xffff_ffff) return true;
      return addresses.some((address) => isIPv4(address) && first <= numberOf(address) && numberOf(address) <= last);
    })
  );
}

function isForCloud({ from, to }: FirewallRange): boolean {
  return from === '0.0.0.0' && to === '0.0.0.0';
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}
