import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parsePrelogin, preloginRequest } from './prelogin.ts';

/** Of a SQL Server 2022: header, VERSION, ENCRYPTION, terminator, then 16.0.1000 build 6 and 0 (off). */
const answer = Uint8Array.from([
  ...[0x04, 0x01, 0x00, 0x1a, 0x00, 0x00, 0x01, 0x00],
  ...[0x00, 0x00, 0x0b, 0x00, 0x06, 0x01, 0x00, 0x11, 0x00, 0x01, 0xff],
  ...[0x10, 0x00, 0x03, 0xe8, 0x00, 0x06, 0x00],
]);

test('the request is one whole packet', () => {
  const bytes = preloginRequest();
  expect([bytes[0], bytes[1], (bytes[2]! << 8) | bytes[3]!]).toEqual([0x12, 0x01, bytes.length]);
});

test('the answer says version and encryption, in whatever pieces it comes', () => {
  expect(parsePrelogin(answer)).toEqual({ version: '16.0.1000', encryption: 'off' });
  for (let length = 0; length < answer.length; length += 1) expect(parsePrelogin(answer.subarray(0, length))).toBeUndefined();
});

test('anything else is refused as corrupt, or more is waited for', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, begins) => {
      const sent = begins ? Uint8Array.from([...answer.subarray(0, 8), ...bytes]) : bytes;
      try {
        const read = parsePrelogin(sent);
        expect(read === undefined || /^\d+\.\d+\.\d+$/.test(read.version)).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ kind: 'corrupt', code: 'NotTds' });
      }
    }),
  );
});
