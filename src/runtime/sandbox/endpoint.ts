import { isIP } from 'node:net';
import { fault } from '#base/fault.ts';

/** What a worker can reach: a port of an address that exists in its own network only, under names that only it knows. */
export interface SandboxEndpoint {
  /** IPv4 or IPv6, as the private endpoint has it: `10.0.9.5`. */
  readonly address: string;
  readonly port: number;
  /** Host names; several endpoints with one address may differ in names. */
  readonly names: readonly string[];
}

export function endpointKey({ address, port }: SandboxEndpoint): string {
  return `${address}#${port}`;
}

const hostName = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*$/i;

/** By key, each once. Fault: `BadSandboxEndpoint` (invalid); nothing else than addresses and names may get into files and commands. */
export function checkedEndpoints(endpoints: readonly SandboxEndpoint[]): ReadonlyMap<string, SandboxEndpoint> {
  const checked = new Map<string, SandboxEndpoint>();
  for (const endpoint of endpoints) {
    const { address, port, names } = endpoint;
    if (isIP(address) === 0 || address.includes('%') || /^(127\.|0\.|22[4-9]\.|2[3-5]\d\.|::1?$|ff)/i.test(address)) {
      throw bad(
        address,
        'is no address that an endpoint can have',
        'Give an IPv4 or IPv6 address of the virtual network, such as 10.0.9.5.',
      );
    }
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw bad(`${address}:${port}`, 'has no port from 1 to 65535', 'Correct it.');
    const wrong = names.find((name) => !hostName.test(name));
    if (wrong !== undefined) throw bad(wrong, 'is no host name', 'Give names such as shop.postgres.database.azure.com.');
    checked.set(endpointKey(endpoint), endpoint);
  }
  return checked;
}

/** The text of the worker's /etc/hosts. */
export function hostsText(endpoints: Iterable<SandboxEndpoint>): string {
  const names = new Map<string, Set<string>>();
  for (const endpoint of endpoints) {
    const its = names.get(endpoint.address) ?? new Set();
    for (const name of endpoint.names) its.add(name.toLowerCase());
    names.set(endpoint.address, its);
  }
  // One name a line: the C library stops reading a line at some length.
  const lines = [...names].flatMap(([address, its]) => [...its].map((name) => `${address}\t${name}\n`));
  return ['127.0.0.1\tlocalhost\n', ...lines].join('');
}

function bad(target: string, what: string, remedy: string): ReturnType<typeof fault> {
  return fault('invalid', 'BadSandboxEndpoint', `${target} ${what}.`, { target, remedy });
}
