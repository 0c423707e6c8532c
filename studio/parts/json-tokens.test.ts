import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonTokens } from './json-tokens.ts';

test('the parts of a JSON text are the text, and its names are told from its values', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value, undefined, 2);
      const tokens = jsonTokens(text);
      expect(tokens.map((one) => one.text).join('')).toBe(text);
      const plain = tokens.filter(({ kind }) => kind === 'plain').map((one) => one.text);
      expect(plain.join('')).toMatch(/^[\s{}[\],:]*$/);
    }),
  );
});

test('kinds', () => {
  expect(jsonTokens('{"a\\"b": [1.5e3, "x: 1", null]}').filter(({ kind }) => kind !== 'plain')).toEqual([
    { kind: 'name', text: '"a\\"b"' },
    { kind: 'number', text: '1.5e3' },
    { kind: 'text', text: '"x: 1"' },
    { kind: 'word', text: 'null' },
  ]);
});
