import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toFault } from '#base/fault.ts';
import { parseGreeting } from './greeting.ts';

function packet(payload: readonly number[]): Uint8Array {
  return Uint8Array.from([payload.length & 0xff, payload.length >> 8, 0, 0, ...payload]);
}

const text = (of: string): readonly number[] => [...Buffer.from(of, 'latin1')];
/** Protocol 10, version, thread id, scramble, filler, capabilities with CLIENT_SSL. */
const greeting = packet([10, ...text('8.4.3'), 0, 1, 0, 0, 0, ...text('abcdefgh'), 0, 0xff, 0xff, 0x08]);

test('the greeting says version and TLS, in whatever pieces it comes', () => {
  expect(parseGreeting(greeting)).toEqual({ version: '8.4.3', offersTls: true });
  for (let length = 0; length < greeting.length; length += 1) expect(parseGreeting(greeting.subarray(0, length))).toBeUndefined();
});

test.for([
  [1130, 'denied', 'HostNotAllowed'],
  [1040, 'throttled', 'TooManyConnections'],
  [1129, 'unreachable', 'ServerRefused'],
] as const)('turned away with error %d: %s %s', ([number, kind, code]) => {
  const refused = packet([0xff, number & 0xff, number >> 8, ...text('Host secret-name is not allowed')]);
  expect(() => parseGreeting(refused)).toThrow(expect.objectContaining({ kind, code }));
  expect(() => parseGreeting(refused)).not.toThrow(/secret-name/);
});

function outcomeOf(bytes: Uint8Array): string {
  try {
    return parseGreeting(bytes) === undefined ? 'more' : 'read';
  } catch (error) {
    return toFault(error).code;
  }
}

test('anything else is refused as corrupt, or more is waited for', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expect(outcomeOf(bytes)).toMatch(/^(more|read|NotMySql|HostNotAllowed|TooManyConnections|ServerRefused)$/);
    }),
  );
});
