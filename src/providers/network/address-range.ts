import ipaddr from 'ipaddr.js';
import { fault, type Fault } from '#base/fault.ts';

/** A run of IPv4 addresses, as numbers. `last` belongs to it. */
export interface AddressRange {
  /** `10.0.1.0/24`, as written. */
  readonly text: string;
  readonly first: number;
  readonly last: number;
  readonly bits: number;
}

/** Addresses of a subnet that are never given out: the network's own, its gateway's, two for name service, and the broadcast address. */
const reservedFirst = 4;
const reservedLast = 1;

/**
 * Reads `a.b.c.d/bits`. Fault: `InvalidCIDRNotation` (invalid), also where bits beyond the prefix are set.
 * Rule: https://learn.microsoft.com/azure/virtual-network/virtual-networks-faq
 */
export function parseRange(text: string, target: string): AddressRange {
  const match = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(text.trim());
  const bits = Number(match?.[2]);
  if (!match || bits > 32 || !ipaddr.IPv4.isValidFourPartDecimal(match[1]!)) throw notARange(text, target);
  const size = 2 ** (32 - bits);
  const first = addressNumber(match[1]!);
  if (first % size !== 0)
    throw fault('invalid', 'InvalidCIDRNotation', `The address prefix ${text} has bits set beyond its ${bits} bits.`, {
      target,
      remedy: `Write ${addressText(first - (first % size))}/${bits}.`,
    });
  return { text: text.trim(), first, last: first + size - 1, bits };
}

function notARange(text: string, target: string): Fault {
  return fault('invalid', 'InvalidCIDRNotation', `'${text.slice(0, 60)}' is not an IPv4 address prefix.`, {
    target,
    remedy: 'Write it like 10.0.0.0/16. IPv6 is not supported.',
  });
}

/** Fault: `InvalidIPAddress` (invalid). */
export function parseAddress(text: string, target: string): number {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text))
    throw fault('invalid', 'InvalidIPAddress', `'${text.slice(0, 60)}' is not an IPv4 address.`, {
      target,
      remedy: 'Write it like 10.0.0.4.',
    });
  return addressNumber(text);
}

export function addressText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

function addressNumber(text: string): number {
  return ipaddr.IPv4.parse(text).octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

export function overlaps(a: AddressRange, b: AddressRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}

export function contains(outer: AddressRange, inner: AddressRange): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}

/** What may be given to machines in a subnet; `last` below `first`: nothing. */
export function usable({ first, last }: AddressRange): { readonly first: number; readonly last: number } {
  return { first: first + reservedFirst, last: last - reservedLast };
}
