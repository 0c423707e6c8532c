import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toFault } from '#base/fault.ts';
import { decodeProxyHeader, encodeProxyHeader, type ProxyHeader } from './proxy-protocol.ts';

const signature = '0d0a0d0a000d0a515549540a';

function hex(text: string): Uint8Array {
  return Buffer.from(text.replaceAll(/[^0-9a-f]/g, ''), 'hex');
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function outcomeOf(bytes: Uint8Array): string {
  try {
    const found = decodeProxyHeader(bytes);
    if (found === undefined) return 'too few';
    return found.length <= bytes.length ? 'header' : 'too long';
  } catch (error) {
    return toFault(error).code;
  }
}

/** 10.0.0.4:50000 to 10.0.1.5:1433, link 0x0a0b0c0d. */
const fixture = [
  signature,
  '21', // version 2, PROXY
  '11', // TCP over IPv4
  '0014', // 20 bytes follow
  '0a000004 0a000105 c350 0599', // addresses, ports
  'ee 0005 01 0d0c0b0a', // TLV 0xEE, 5 bytes: subtype 1, link id in little-endian
].join('');

const ofFixture: ProxyHeader = {
  command: 'proxy',
  from: { address: '10.0.0.4', port: 50_000 },
  to: { address: '10.0.1.5', port: 1_433 },
  linkId: 0x0a0b0c0d,
};

const port = fc.integer({ min: 0, max: 65_535 });
const ipv4 = fc.ipV4();
const ipv6 = fc
  .array(fc.integer({ min: 0, max: 65_535 }), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.map((one) => one.toString(16)).join(':'));
const address = (family: typeof ipv4) => fc.record({ address: family, port });
const linkId = fc.option(fc.integer({ min: 0, max: 0xffff_ffff }), { nil: undefined });
const anyHeader: fc.Arbitrary<ProxyHeader> = fc.oneof(
  ...[ipv4, ipv6].map((family) =>
    fc.record({ command: fc.constant('proxy' as const), from: address(family), to: address(family), linkId }),
  ),
  fc.record({ command: fc.constant('proxy' as const), from: fc.constant(undefined), to: fc.constant(undefined), linkId }),
  fc.constant({ command: 'local' as const, from: undefined, to: undefined, linkId: undefined }),
);

test('a header is the bytes of the specification, the link id in little-endian', () => {
  expect(toHex(encodeProxyHeader(ofFixture))).toBe(toHex(hex(fixture)));
  expect(decodeProxyHeader(Buffer.concat([hex(fixture), Buffer.from('hello')]))).toEqual({ header: ofFixture, length: 36 });
});

test('what is encoded is decoded, with and without checksum; any part of it is too little', () => {
  fc.assert(
    fc.property(anyHeader, fc.boolean(), fc.uint8Array({ maxLength: 20 }), (header, checksum, after) => {
      const bytes = encodeProxyHeader(header, { checksum });
      expect(decodeProxyHeader(Buffer.concat([bytes, after]))).toEqual({ header, length: bytes.length });
      for (let length = 0; length < bytes.length; length++) expect(decodeProxyHeader(bytes.subarray(0, length))).toBeUndefined();
    }),
  );
});

test('any other bytes are a header, too few, or malformed; nothing else', () => {
  const noise = fc.uint8Array({ maxLength: 60 });
  const nearly = noise.map((bytes) => Buffer.concat([hex(signature), bytes]));
  fc.assert(
    fc.property(fc.oneof(noise, nearly), (bytes) => {
      expect(['header', 'too few', 'MalformedProxyHeader']).toContain(outcomeOf(bytes));
    }),
    { numRuns: 500 },
  );
});

test('a changed bit of a header with a checksum is noticed', () => {
  const bytes = encodeProxyHeader(ofFixture, { checksum: true });
  for (let bit = 16 * 8; bit < bytes.length * 8; bit++) {
    const changed = Uint8Array.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    // A checksum whose type was changed is none any more.
    if (bit >> 3 === bytes.length - 7) continue;
    expect(() => decodeProxyHeader(changed), `bit ${bit}`).toThrow(expect.objectContaining({ code: 'MalformedProxyHeader' }));
  }
});

test.for([
  ['another protocol', '474554202f20485454502f312e310d0a'],
  ['version 1 of the protocol', Buffer.from('PROXY TCP4 10.0.0.4 10.0.1.5 50000 1433\r\n').toString('hex')],
  ['one wrong byte in the signature', '0d0a0d0a000d0a515549540b'],
  ['version 1 in the binary form', `${signature} 11 11 000c 0a0000040a000105c3500599`],
  ['version 3', `${signature} 31 11 000c 0a0000040a000105c3500599`],
  ['a command that is not there', `${signature} 22 11 000c 0a0000040a000105c3500599`],
  ['a family that is not there', `${signature} 21 41 000c 0a0000040a000105c3500599`],
  ['a transport that is not there', `${signature} 21 13 000c 0a0000040a000105c3500599`],
  ['addresses that are cut short', `${signature} 21 11 0008 0a0000040a000105`],
  ['IPv6 with the length of IPv4', `${signature} 21 21 000c 0a0000040a000105c3500599`],
  ['a TLV that is cut short', `${signature} 21 11 000e 0a0000040a000105c3500599 ee00`],
  ['a TLV that reaches past the end', `${signature} 21 11 0010 0a0000040a000105c3500599 ee0005 01`],
  ['a link id of three bytes', `${signature} 21 11 0013 0a0000040a000105c3500599 ee0004 01 0d0c0b`],
  ['a checksum of two bytes', `${signature} 21 11 0011 0a0000040a000105c3500599 030002 0000`],
  ['a checksum that is wrong', `${signature} 21 11 0013 0a0000040a000105c3500599 030004 00000000`],
] as const)('malformed: %s', ([, text]) => {
  expect(() => decodeProxyHeader(hex(text))).toThrow(expect.objectContaining({ kind: 'corrupt', code: 'MalformedProxyHeader' }));
});

test.for([
  ['unknown TLVs', `${signature} 21 11 0013 0a0000040a000105c3500599 040000 ea0001 41`, undefined],
  ['another subtype of the TLV 0xEE', `${signature} 21 11 0013 0a0000040a000105c3500599 ee0004 02000000`, undefined],
  ['a unix socket', `${signature} 21 31 00d8 ${'00'.repeat(216)}`, undefined],
  ['LOCAL with addresses', `${signature} 20 11 0014 0a0000040a000105c3500599 ee000501 0d0c0b0a`, undefined],
  ['LOCAL without any', `${signature} 20 00 0000`, undefined],
] as const)('taken, and passed over: %s', ([, text, link]) => {
  expect(decodeProxyHeader(hex(text))?.header.linkId).toBe(link);
});

test('addresses of two families make no header', () => {
  const mixed: ProxyHeader = { ...ofFixture, to: { address: '::1', port: 1 } };
  expect(() => encodeProxyHeader(mixed)).toThrow(expect.objectContaining({ kind: 'invalid', code: 'BadProxyAddresses' }));
});

test('short and mixed texts of IPv6 addresses are understood', () => {
  const header = (text: string): ProxyHeader => ({ ...ofFixture, from: { address: text, port: 1 }, to: { address: '::1', port: 2 } });
  expect(decodeProxyHeader(encodeProxyHeader(header('2001:db8::7')))?.header.from?.address).toBe('2001:db8:0:0:0:0:0:7');
  expect(decodeProxyHeader(encodeProxyHeader(header('::ffff:10.0.0.4')))?.header.from?.address).toBe('0:0:0:0:0:ffff:a00:4');
});
