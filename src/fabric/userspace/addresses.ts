import { once } from 'node:events';
import { createServer } from 'node:net';
import { hashText } from '../hash.ts';

/** Where endpoints listen on this host. */
export type AddressPool =
  /** Each endpoint has an address of 127.64.0.0/10 of its own, and listens on the service's ports. */
  | 'loopback'
  /** All are on 127.0.0.1, each port of each endpoint on a port that the operating system gives. */
  | 'single';

const firstAddress = 0x7f400000;
const poolSize = 2 ** 22;

/**
 * Loopback addresses of endpoints: an endpoint's own is given by its id, the same on every start; where two ids meet, the one that came later has
 * the next that is free. It stays as long as the endpoint does.
 */
export class AddressMap {
  readonly #byEndpoint = new Map<string, number>();
  readonly #taken = new Set<number>();

  of(endpoint: string): string {
    const known = this.#byEndpoint.get(endpoint);
    if (known !== undefined) return text(known);
    let offset = 1 + (hashText(endpoint) % (poolSize - 2));
    while (this.#taken.has(offset)) offset = 1 + (offset % (poolSize - 2));
    this.#taken.add(offset);
    this.#byEndpoint.set(endpoint, offset);
    return text(offset);
  }

  /** Others may have the addresses of endpoints that are not among these. */
  keep(endpoints: ReadonlySet<string> | ReadonlyMap<string, unknown>): void {
    for (const [endpoint, offset] of this.#byEndpoint) {
      if (endpoints.has(endpoint)) continue;
      this.#byEndpoint.delete(endpoint);
      this.#taken.delete(offset);
    }
  }
}

/** Linux and Windows answer for all of 127.0.0.0/8, macOS for 127.0.0.1 alone: tried, not guessed. */
export async function availablePool(): Promise<AddressPool> {
  const server = createServer().listen({ host: text(poolSize - 1), port: 0, exclusive: true });
  try {
    await once(server, 'listening');
    return 'loopback';
  } catch {
    return 'single';
  } finally {
    server.close();
  }
}

function text(offset: number): string {
  const address = firstAddress + offset;
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}
