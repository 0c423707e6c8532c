import { isIPv4 } from 'node:net';
import type { Backend, PublicServer } from './plan.ts';
import type { EndpointTable, SegmentTable } from './tables.ts';

/** What a host means within a segment. */
export type Meaning =
  /** Names of the endpoint itself win; several endpoints may claim one, as one that was rejected and its successor do. */
  | { readonly kind: 'endpoints'; readonly endpoints: readonly EndpointTable[] }
  /** Of a private zone, or the host itself where it is an address. */
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  /** Of a database server, for everybody. */
  | { readonly kind: 'public'; readonly server: PublicServer }
  /** No name of this segment. `otherPorts`: it is an endpoint's for these ports only. */
  | { readonly kind: 'unknown'; readonly otherPorts: readonly number[] };

/** Resolves a host within a segment, without asking anybody outside. Names are compared in lower case, with or without a dot at the end. */
export function meaningOf(
  segment: SegmentTable,
  host: string,
  port: number,
  publicServers: ReadonlyMap<string, PublicServer> = new Map(),
): Meaning {
  if (isIPv4(host)) return { kind: 'addresses', addresses: [host] };
  const name = canonicalName(host);
  const endpoints = segment.endpointNames.get(`${name}:${port}`) ?? segment.endpointNames.get(name);
  if (endpoints !== undefined) return { kind: 'endpoints', endpoints };
  const addresses = segment.zoneNames.get(name);
  if (addresses !== undefined && addresses.length > 0) return { kind: 'addresses', addresses };
  const otherPorts = segment.portsOfName.get(name) ?? [];
  const server = otherPorts.length === 0 ? publicServers.get(name) : undefined;
  return server === undefined ? { kind: 'unknown', otherPorts } : { kind: 'public', server };
}

export function canonicalName(host: string): string {
  const lower = host.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

/**
 * Names under `localhost` are those of servers of this installation: nobody outside knows them, and the operating system takes them for this host,
 * which they must not lead to once their server is gone.
 */
export function isOwnName(host: string): boolean {
  return canonicalName(host).endsWith('.localhost');
}

/** A backend as people know it: by the host that stands behind its address. */
export function backendName({ id, address, forwarder }: Backend): string {
  return `${shortName(forwarder ?? id)} (${address})`;
}

/** The last part of a resource's id: what people call it. */
export function shortName(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}
