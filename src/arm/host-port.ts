export interface HostPort {
  /** In lower case. */
  readonly host: string;
  readonly port: number;
}

const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const hostName = new RegExp(`^${label}(?:\\.${label})*$`);
const dotted = /^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/;

/** A host name, or an IPv4 address that a host can have, in lower case and without a dot at its end. Undefined: neither. */
export function readHost(text: string): string | undefined {
  const host = text.trim().toLowerCase().replace(/\.$/, '');
  if (dotted.test(host)) return isHostAddress(host.split('.').map(Number)) ? host : undefined;
  // What ends in a number is meant to be an address.
  const isName = host.length <= 253 && hostName.test(host) && !/(?:^|\.)\d+$/.test(host);
  return isName ? host : undefined;
}

function isHostAddress(octets: readonly number[]): boolean {
  const [first = 0] = octets;
  return octets.every((octet) => octet <= 255) && first > 0 && first < 224;
}

/** 1 to 65535, in plain decimal digits. */
export function readPort(text: string): number | undefined {
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** Reads `host:port`, or `[IPv6]:port`. */
export function readHostPort(text: string): HostPort | undefined {
  const [, six, four, digits] = /^\s*(?:\[([0-9a-f:.]{2,45})\]|([^\s:[\]]{1,254})):(\d{1,5})\s*$/i.exec(text) ?? [];
  const host = six === undefined ? readHost(four ?? '') : six.includes(':') ? six.toLowerCase() : undefined;
  const port = readPort(digits ?? '');
  return host === undefined || port === undefined ? undefined : { host, port };
}
