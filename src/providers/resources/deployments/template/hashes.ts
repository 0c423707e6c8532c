import { createHash } from 'node:crypto';

/**
 * `uniqueString()` as Azure computes it: a 64-bit hash of the texts joined by '-', as 13 letters and digits.
 * Checked against published results of Azure (see the tests).
 */
export function uniqueString(texts: readonly string[]): string {
  let left = hash64(Buffer.from(texts.join('-'), 'utf8'));
  let text = '';
  for (let i = 0; i < 13; i += 1) {
    text += alphabet[Number(left >> 59n)];
    left = BigInt.asUintN(64, left << 5n);
  }
  return text;
}

/** The number Azure shows as `templateHash` for a template: of its JSON without blanks, in upper case. */
export function templateHash(template: unknown): string {
  return hash64(Buffer.from(JSON.stringify(template).toUpperCase(), 'utf8')).toString();
}

/** The namespace in which `guid()` of ARM makes its names: documented with Bicep's `guid`. */
const guidNamespace = '11fb06fb-712d-4ddd-98c7-e71bbd588830';

/** `guid()` as Azure computes it: a UUID of version 5 of the texts joined by '-'. */
export function guid(texts: readonly string[], namespace: string = guidNamespace): string {
  const bytes = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(texts.join('-'), 'utf8')
    .digest();
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** MurmurHash3 with two halves of 32 bits, as Azure's resource stack uses it. */
function hash64(bytes: Buffer): bigint {
  let low = 0;
  let high = 0;
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    low = (times(turned((low ^ mixedLow(bytes.readUInt32LE(at))) >>> 0, 19) + high, 5) + 0x561ccd1b) >>> 0;
    high = (times(turned((high ^ mixedHigh(bytes.readUInt32LE(at + 4))) >>> 0, 13) + low, 5) + 0x0bcaa747) >>> 0;
  }
  const rest = bytes.length - at;
  if (rest > 0) low = (low ^ mixedLow(bytes.readUIntLE(at, Math.min(4, rest)))) >>> 0;
  if (rest > 4) high = (high ^ mixedHigh(bytes.readUIntLE(at + 4, rest - 4))) >>> 0;
  low = (low ^ bytes.length) >>> 0;
  high = (high ^ bytes.length) >>> 0;
  low = (low + high) >>> 0;
  high = (high + low) >>> 0;
  low = finished(low);
  high = finished(high);
  low = (low + high) >>> 0;
  high = (high + low) >>> 0;
  return (BigInt(high) << 32n) | BigInt(low);
}

function mixedLow(word: number): number {
  return times(turned(times(word, 0x239b961b), 15), 0xab0e9789);
}

function mixedHigh(word: number): number {
  return times(turned(times(word, 0xab0e9789), 17), 0x239b961b);
}

function finished(word: number): number {
  const once = times(word ^ (word >>> 16), 0x85ebca6b);
  const twice = times(once ^ (once >>> 13), 0xc2b2ae35);
  return (twice ^ (twice >>> 16)) >>> 0;
}

function times(a: number, b: number): number {
  return Math.imul(a, b) >>> 0;
}

function turned(word: number, bits: number): number {
  return ((word << bits) | (word >>> (32 - bits))) >>> 0;
}
