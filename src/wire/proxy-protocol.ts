import { isIPv4, isIPv6 } from 'node:net';
import { fault, type Fault } from '#base/fault.ts';

/**
 * PROXY protocol version 2 (haproxy.org/download/2.6/doc/proxy-protocol.txt, section 2.2): a header before a connection's first bytes that says
 * who connected. Private link services add the connection's link id as TLV 0xEE: one byte 0x01, then the id, 32 bits, little-endian (all
 * other numbers are big-endian).
 */
export interface ProxyHeader {
  /** `local`: by the sender itself, such as a probe; addresses and TLVs then mean nothing. */
  readonly command: 'local' | 'proxy';
  /** Undefined for a family that is neither TCP over IPv4 nor over IPv6. */
  readonly from: ProxyAddress | undefined;
  readonly to: ProxyAddress | undefined;
  readonly linkId: number | undefined;
}

export interface ProxyAddress {
  readonly address: string;
  readonly port: number;
}

const signature = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const fixedBytes = 16;
const tlv = { crc32c: 0x03, azure: 0xee } as const;
const linkIdSubtype = 0x01;

/** `checksum`: adds the CRC-32C of the whole header. Fault: `invalid` for addresses that are not of one family. */
export function encodeProxyHeader(header: ProxyHeader, options: { readonly checksum?: boolean } = {}): Uint8Array {
  const { family, addresses } = encodeAddresses(header);
  const parts: Uint8Array[] = [addresses];
  if (header.linkId !== undefined) {
    const link = Buffer.alloc(8);
    link.writeUInt8(tlv.azure, 0);
    link.writeUInt16BE(5, 1);
    link.writeUInt8(linkIdSubtype, 3);
    link.writeUInt32LE(header.linkId, 4);
    parts.push(link);
  }
  if (options.checksum === true) parts.push(Buffer.from([tlv.crc32c, 0, 4, 0, 0, 0, 0]));
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(fixedBytes);
  head.set(signature);
  head.writeUInt8(header.command === 'local' ? 0x20 : 0x21, 12);
  head.writeUInt8(family, 13);
  head.writeUInt16BE(body.length, 14);
  const whole = Buffer.concat([head, body]);
  if (options.checksum === true) whole.writeUInt32BE(crc32c(whole), whole.length - 4);
  return whole;
}

export type Decoded =
  /** `length` bytes are the header's; what follows is the connection's. */
  | { readonly header: ProxyHeader; readonly length: number }
  /** There are too few bytes to say. */
  | undefined;

/** Reads the header at the start of a connection's bytes. Fault: `corrupt` (`MalformedProxyHeader`) for what can be none, as early as that is known. */
export function decodeProxyHeader(bytes: Uint8Array): Decoded {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const known = Math.min(all.length, signature.length);
  if (!all.subarray(0, known).equals(signature.subarray(0, known))) throw malformed('the signature is another');
  if (all.length > 12 && all.readUInt8(12) >> 4 !== 2) throw malformed(`its version is ${all.readUInt8(12) >> 4}, not 2`);
  if (all.length > 12 && (all.readUInt8(12) & 15) > 1) throw malformed(`its command is ${all.readUInt8(12) & 15}, not 0 or 1`);
  if (all.length < fixedBytes) return undefined;
  const length = fixedBytes + all.readUInt16BE(14);
  if (all.length < length) return undefined;
  const whole = all.subarray(0, length);
  const local = (all.readUInt8(12) & 15) === 0;
  const { from, to, end } = decodeAddresses(whole);
  if (local) return { header: { command: 'local', from: undefined, to: undefined, linkId: undefined }, length };
  return { header: { command: 'proxy', from, to, linkId: decodeTlvs(whole, end) }, length };
}

function encodeAddresses({ from, to }: ProxyHeader): { readonly family: number; readonly addresses: Uint8Array } {
  if (from === undefined || to === undefined) return { family: 0x00, addresses: new Uint8Array(0) };
  const four = isIPv4(from.address) && isIPv4(to.address);
  if (!four && !(isIPv6(from.address) && isIPv6(to.address))) {
    throw fault('invalid', 'BadProxyAddresses', 'The two addresses of a PROXY header are not of one family.', {
      remedy: 'Give two IPv4 or two IPv6 addresses.',
    });
  }
  const size = four ? 4 : 16;
  const addresses = Buffer.alloc(2 * size + 4);
  for (const [at, { address, port }] of [from, to].entries()) {
    addresses.set(four ? address.split('.').map(Number) : ipv6Bytes(address), at * size);
    addresses.writeUInt16BE(port, 2 * size + 2 * at);
  }
  return { family: four ? 0x11 : 0x21, addresses };
}

function decodeAddresses(whole: Buffer): {
  readonly from: ProxyAddress | undefined;
  readonly to: ProxyAddress | undefined;
  readonly end: number;
} {
  const family = whole.readUInt8(13);
  if (family >> 4 > 3 || (family & 15) > 2) throw malformed(`its family is 0x${family.toString(16)}`);
  const size = [0, 4, 16, 108][family >> 4] ?? 0;
  const end = fixedBytes + 2 * size + (size === 4 || size === 16 ? 4 : 0);
  if (whole.length < end) throw malformed('it ends within its addresses');
  if (family !== 0x11 && family !== 0x21) return { from: undefined, to: undefined, end };
  const one = (at: number): ProxyAddress => {
    const bytes = whole.subarray(fixedBytes + at * size, fixedBytes + (at + 1) * size);
    return { address: size === 4 ? [...bytes].join('.') : ipv6Text(bytes), port: whole.readUInt16BE(fixedBytes + 2 * size + 2 * at) };
  };
  return { from: one(0), to: one(1), end };
}

/** The link id, if there is one. Checks the checksum, if there is one. */
function decodeTlvs(whole: Buffer, start: number): number | undefined {
  let linkId: number | undefined;
  let at = start;
  while (at < whole.length) {
    if (whole.length - at < 3) throw malformed('it ends within a TLV');
    const type = whole.readUInt8(at);
    const length = whole.readUInt16BE(at + 1);
    const value = at + 3;
    at = value + length;
    if (at > whole.length) throw malformed(`the TLV 0x${type.toString(16)} reaches past its end`);
    if (type === tlv.crc32c) checkSum(whole, value, length);
    if (type === tlv.azure && length >= 1 && whole.readUInt8(value) === linkIdSubtype) {
      if (length !== 5) throw malformed('its link id does not have 32 bits');
      linkId = whole.readUInt32LE(value + 1);
    }
  }
  return linkId;
}

function checkSum(whole: Buffer, at: number, length: number): void {
  if (length !== 4) throw malformed('its checksum does not have 32 bits');
  const said = whole.readUInt32BE(at);
  const blank = Buffer.from(whole);
  blank.fill(0, at, at + 4);
  if (crc32c(blank) !== said) throw malformed('its checksum is wrong');
}

function ipv6Bytes(address: string): number[] {
  const plain = address.includes('.') ? address.replace(/[^:]+$/, (four) => hexPairs(four)) : address;
  const [head = '', tail] = plain.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0');
  return [...first, ...zeros, ...last].flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]);
}

function hexPairs(four: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = four.split('.').map(Number);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

/** All eight groups, unshortened: a form that compares. */
function ipv6Text(bytes: Buffer): string {
  return Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16)).join(':');
}

/** Castagnoli's polynomial, reflected (RFC 3720, appendix B.4). */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function malformed(what: string): Fault {
  return fault('corrupt', 'MalformedProxyHeader', `The connection does not begin with a PROXY protocol v2 header: ${what}.`, {
    remedy: 'Have the sender speak PROXY protocol v2, or do not ask for it here.',
  });
}
