import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressText, contains, overlaps, parseAddress, parseRange, usable } from './address-range.ts';

const address = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const range = fc.tuple(address, fc.integer({ min: 1, max: 32 })).map(([number, bits]) => {
  const size = 2 ** (32 - bits);
  return `${addressText(number - (number % size))}/${bits}`;
});

test('addresses and ranges are read as they are written', () => {
  fc.assert(fc.property(address, (number) => parseAddress(addressText(number), 'a') === number));
  expect(parseRange('10.1.2.0/24', 'p')).toEqual({ text: '10.1.2.0/24', first: 0x0a010200, last: 0x0a0102ff, bits: 24 });
  expect(usable(parseRange('10.1.2.0/29', 'p'))).toEqual({ first: 0x0a010204, last: 0x0a010206 });
});

test('two ranges overlap exactly where one holds the other', () => {
  fc.assert(
    fc.property(range, range, (a, b) => {
      const [one, other] = [parseRange(a, 'a'), parseRange(b, 'b')];
      expect(overlaps(one, other)).toBe(contains(one, other) || contains(other, one));
      expect(overlaps(one, other)).toBe(overlaps(other, one));
    }),
  );
});

test.each([
  '',
  '10.0.0.0',
  '10.0.0.0/33',
  '10.0.0/16',
  '256.0.0.0/8',
  '10.0.0.1/24',
  'fd00::/8',
  '010.0.0.0/8',
  '10.0.0.0/8/8',
  '0x0a.0.0.0/8',
])('%j is no range', (text) => {
  expect(() => parseRange(text, 'properties.addressPrefix')).toThrow(
    expect.objectContaining({
      kind: 'invalid',
      code: 'InvalidCIDRNotation',
      target: 'properties.addressPrefix',
      remedy: expect.any(String),
    }),
  );
});
