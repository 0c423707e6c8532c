import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toFault } from '#base/fault.ts';
import { parsePrelogin, preloginRequest } from './prelogin.ts';

/** Of a SQL Server 2022: header, VERSION, ENCRYPTION, terminator, then 16.0.1000 build 6 and 0 (off). */
const answer = Buffer.from(['0401001a00000100', '00000b0006', '0100110001', 'ff', '100003e80006', '00'].join(''), 'hex');

test('the request is one whole packet', () => {
  const bytes = preloginRequest();
  expect([bytes[0], bytes[1], (bytes[2]! << 8) | bytes[3]!]).toEqual([0x12, 0x01, bytes.length]);
});

test('the answer says version and encryption, in whatever pieces it comes', () => {
  expect(parsePrelogin(answer)).toEqual({ version: '16.0.1000', encryption: 'off' });
  for (let length = 0; length < answer.length; length += 1) expect(parsePrelogin(answer.subarray(0, length))).toBeUndefined();
});

function outcomeOf(bytes: Uint8Array): string | undefined {
  try {
    return parsePrelogin(bytes)?.version;
  } catch (error) {
    return toFault(error).code;
  }
}

test('anything else is refused as corrupt, or more is waited for', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, begins) => {
      const sent = begins ? Uint8Array.from([...answer.subarray(0, 8), ...bytes]) : bytes;
      const read = outcomeOf(sent);
      expect(read === undefined || read === 'NotTds' || /^\d+\.\d+\.\d+$/.test(read)).toBe(true);
    }),
  );
});
