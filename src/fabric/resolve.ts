import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Clock } from './clock.ts';
import { canonicalName } from './names.ts';

/** Asks for a name's addresses. Given by tests. */
export interface HostResolver {
  /** Rejects, or answers none, when there are none to be had. */
  resolve(host: string): Promise<Answer>;
}

export interface Answer {
  readonly addresses: readonly string[];
  /** How long they are good for. */
  readonly ttlMs: number;
}

/** For names that DNS gives no TTL for, such as those of /etc/hosts. */
const unknownTtlMs = 30_000;
const shortestTtlMs = 2_000;
/** Failing connections ask for their target's name anew, but no more often than that. */
const mostOftenMs = 250;
const longestTtlMs = 300_000;
const firstRetryMs = 2_000;
const longestRetryMs = 60_000;
/** Addresses that nobody confirms any more are used for so long: a name server that is away for a moment cuts no database off. */
const lastGoodMs = 600_000;

/** As every other program on this host resolves; the TTL is what DNS says of the same name. */
export const systemResolver: HostResolver = {
  resolve: async (host) => {
    const dns = new Resolver({ timeout: 1_500, tries: 1 });
    const records = dns.resolve4(host, { ttl: true }).catch(() => []);
    try {
      const found = await lookup(host, { all: true, order: 'ipv4first' });
      const addresses = found.map(({ address }) => address);
      const ttls = (await records).filter((record) => addresses.includes(record.address)).map(({ ttl }) => ttl * 1_000);
      return { addresses, ttlMs: ttls.length === 0 ? unknownTtlMs : Math.min(...ttls) };
    } catch (error) {
      const own = await records;
      if (own.length === 0) throw error;
      return { addresses: own.map(({ address }) => address), ttlMs: Math.min(...own.map(({ ttl }) => ttl * 1_000)) };
    }
  },
};

interface Entry {
  addresses: readonly string[];
  /** The addresses are forgotten then unless they are confirmed. */
  goodUntilMs: number;
  problem: string | undefined;
  retryMs: number;
  asking: Promise<void> | undefined;
  askedAtMs: number;
  callOff: () => void;
}

export interface AddressBookOptions {
  readonly resolver: HostResolver;
  readonly clock: Clock;
  /** A name's addresses are others than before; none: the last good ones are forgotten. */
  readonly onChange: (host: string, addresses: readonly string[]) => void;
}

/**
 * Addresses of the names that forwarders pass on to: asked for anew when their TTL ends, kept for ten minutes when nobody answers, the one that
 * last took a connection first.
 */
export class AddressBook {
  readonly #options: AddressBookOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: AddressBookOptions) {
    this.#options = options;
  }

  /** From now on these names are kept fresh, and no others. */
  watch(hosts: Iterable<string>): void {
    const wanted = new Set([...hosts].filter((host) => isIP(host) === 0).map(canonicalName));
    for (const [host, entry] of this.#entries) {
      if (wanted.has(host)) continue;
      entry.callOff();
      this.#entries.delete(host);
    }
    for (const host of wanted) {
      if (this.#entries.has(host)) continue;
      const entry: Entry = {
        addresses: [],
        goodUntilMs: 0,
        problem: undefined,
        retryMs: firstRetryMs,
        asking: undefined,
        askedAtMs: 0,
        callOff: () => undefined,
      };
      this.#entries.set(host, entry);
      void this.#ask(host, entry);
    }
  }

  /** What is known at once; undefined: nothing yet, or nothing any more. Never empty. */
  known(host: string): readonly string[] | undefined {
    if (isIP(host) !== 0) return [host];
    const entry = this.#entries.get(canonicalName(host));
    if (entry === undefined || entry.addresses.length === 0 || entry.goodUntilMs <= this.#options.clock.now()) return undefined;
    return entry.addresses;
  }

  /** Why the last question for a name failed; undefined: it did not. */
  problem(host: string): string | undefined {
    return this.#entries.get(canonicalName(host))?.problem;
  }

  /** What is known, or the answer to a question asked now. None: there are none, and `problem` says why. */
  async addresses(host: string): Promise<readonly string[]> {
    return this.known(host) ?? (await this.refresh(host));
  }

  /** Asks now, whatever the TTL, unless that was done a moment ago: when no known address takes connections any more. */
  async refresh(host: string): Promise<readonly string[]> {
    if (isIP(host) !== 0) return [host];
    const entry = this.#entries.get(canonicalName(host));
    if (entry === undefined) return this.#once(host);
    const isRecent = this.#options.clock.now() - entry.askedAtMs < mostOftenMs;
    if (entry.asking !== undefined || !isRecent) await (entry.asking ?? this.#ask(canonicalName(host), entry));
    return this.known(host) ?? [];
  }

  /** This address took a connection: it is tried first from now on. */
  prefer(host: string, address: string): void {
    const entry = this.#entries.get(canonicalName(host));
    if (entry === undefined || entry.addresses[0] === address || !entry.addresses.includes(address)) return;
    entry.addresses = [address, ...entry.addresses.filter((other) => other !== address)];
  }

  close(): void {
    this.watch([]);
  }

  async #once(host: string): Promise<readonly string[]> {
    try {
      return (await this.#options.resolver.resolve(host)).addresses;
    } catch {
      return [];
    }
  }

  #ask(host: string, entry: Entry): Promise<void> {
    entry.callOff();
    entry.askedAtMs = this.#options.clock.now();
    entry.asking = this.#settle(host, entry).finally(() => {
      entry.asking = undefined;
    });
    return entry.asking;
  }

  async #settle(host: string, entry: Entry): Promise<void> {
    const { resolver, clock, onChange } = this.#options;
    const answer = await resolver.resolve(host).catch(problemOf);
    if (this.#entries.get(host) !== entry) return;
    const nowMs = clock.now();
    const good = typeof answer !== 'string' && answer.addresses.length > 0 ? answer : undefined;
    let nextMs: number;
    if (good === undefined) {
      entry.problem = typeof answer === 'string' ? answer : 'DNS answers with no address';
      nextMs = entry.retryMs;
      entry.retryMs = Math.min(longestRetryMs, entry.retryMs * 2);
      if (entry.addresses.length > 0 && entry.goodUntilMs <= nowMs) {
        entry.addresses = [];
        onChange(host, []);
      }
    } else {
      entry.problem = undefined;
      entry.retryMs = firstRetryMs;
      nextMs = Math.min(longestTtlMs, Math.max(shortestTtlMs, good.ttlMs));
      entry.goodUntilMs = nowMs + nextMs + lastGoodMs;
      if (adopt(entry, good.addresses)) onChange(host, entry.addresses);
    }
    entry.callOff = clock.after(nextMs, () => void this.#ask(host, entry));
  }
}

/** Takes the new addresses, the one in use first if it is still among them. Whether the set is another. */
function adopt(entry: Entry, addresses: readonly string[]): boolean {
  const before = entry.addresses;
  const first = before[0];
  entry.addresses =
    first !== undefined && addresses.includes(first) ? [first, ...addresses.filter((one) => one !== first)] : [...addresses];
  return before.length !== addresses.length || addresses.some((one) => !before.includes(one));
}

function problemOf(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  switch (code) {
    case 'ENOTFOUND':
      return 'no name server knows it';
    case 'EAI_AGAIN':
    case 'ETIMEOUT':
      return 'no name server answers';
    default:
      return typeof code === 'string' ? code : 'the question failed';
  }
}
