import ipaddr from 'ipaddr.js';
import { fault, type Fault } from '#base/fault.ts';

/**
 * The addresses that the hub uses between itself and this host, of one /16: `.0` legs, `.1` to `.15` what databases see connections as coming
 * from, `.16` to `.31` workers, `.32` to `.255` endpoints for programs of the host.
 */
export interface AddressRange {
  /** The first two bytes: `198.18`. */
  readonly prefix: string;
}

/** First those that RFC 2544 keeps for measurements, then of the space that RFC 6598 keeps for carriers: neither is routed in the Internet. */
const candidates: readonly string[] = ['198.18', '198.19', ...Array.from({ length: 24 }, (_, at) => `100.${127 - at}`)];
const allCandidates = '198.18.0.0/15 and from 100.104.0.0 to 100.127.255.255';

/** One that nothing of this host uses, given the destinations of its routes (CIDR). Fault: `NoFreeRange` (conflict). */
export function chooseRange(used: readonly string[]): AddressRange {
  const found = candidates.find((prefix) => used.every((text) => !overlapping(`${prefix}.0.0/16`, text)));
  if (found !== undefined) return { prefix: found };
  const inTheWay = used.filter((text) => candidates.some((prefix) => overlapping(`${prefix}.0.0/16`, text)));
  throw noFreeRange(inTheWay);
}

export function noFreeRange(inTheWay: readonly string[]): Fault {
  return fault('conflict', 'NoFreeRange', `This host has routes into every /16 of ${allCandidates}: ${inTheWay.slice(0, 20).join(', ')}.`, {
    target: allCandidates,
    remedy: 'The kernel engine needs one of them for itself: take the route away, or use isthmus up --engine userspace.',
  });
}

type Cidr = ReturnType<typeof ipaddr.parseCIDR>;

function overlap(a: Cidr, b: Cidr): boolean {
  const bits = Math.min(a[1], b[1]);
  // The whole Internet is not a use of one address in it.
  return bits > 0 && a[0].kind() === b[0].kind() && a[0].match(b[0], bits);
}

/** Whether two destinations of routes (CIDR) have an address in common. */
export function overlapping(one: string, other: string): boolean {
  const [a, b] = [parsed(one), parsed(other)];
  return a !== undefined && b !== undefined && overlap(a, b);
}

function parsed(text: string): Cidr | undefined {
  if (text === 'default' || text.includes(':')) return undefined;
  return ipaddr.parseCIDR(text.includes('/') ? text : `${text}/32`);
}

export const hostLeg = ({ prefix }: AddressRange): string => `${prefix}.0.1`;
export const hubLeg = ({ prefix }: AddressRange): string => `${prefix}.0.2`;
export const wholeRange = ({ prefix }: AddressRange): string => `${prefix}.0.0/16`;
export const workersRange = ({ prefix }: AddressRange): string => `${prefix}.16.0/20`;

/** Addresses of one part of the range, given out by what they are for: the same on every start, as long as no two meet. */
export class RangePart {
  readonly #range: AddressRange;
  readonly #first: number;
  readonly #size: number;
  readonly #byKey = new Map<string, number>();
  readonly #taken = new Set<number>();

  constructor(range: AddressRange, part: 'sources' | 'workers' | 'entries') {
    this.#range = range;
    const [from, to] = { sources: [1, 15], workers: [16, 31], entries: [32, 255] }[part] as [number, number];
    this.#first = from * 256;
    this.#size = (to - from + 1) * 256;
  }

  /** Fault: `RangeFull` (conflict). */
  of(key: string, hash: (text: string) => number): string {
    const known = this.#byKey.get(key);
    if (known !== undefined) return this.#text(known);
    if (this.#taken.size >= this.#size) throw rangeFull(this.#size);
    let place = hash(key) % this.#size;
    while (this.#taken.has(place)) place = (place + 1) % this.#size;
    this.#taken.add(place);
    this.#byKey.set(key, place);
    return this.#text(place);
  }

  /** Others may have the addresses of what is not among these. */
  keep(keys: ReadonlySet<string>): void {
    for (const [key, place] of this.#byKey) {
      if (keys.has(key)) continue;
      this.#byKey.delete(key);
      this.#taken.delete(place);
    }
  }

  #text(place: number): string {
    const at = this.#first + place;
    return `${this.#range.prefix}.${at >> 8}.${at & 255}`;
  }
}

function rangeFull(size: number): ReturnType<typeof fault> {
  return fault('conflict', 'RangeFull', `There are more than ${size} of what needs an address of its own.`, {
    remedy: 'Remove endpoints or backends that nobody uses.',
  });
}
