import { format, inspect } from 'node:util';
import { expect, test } from 'vitest';
import { isSecret, maskAddresses, secret } from './secret.ts';

test('a secret is shown by reveal alone', () => {
  const value = secret('hunter2');
  const shown = [String(value), JSON.stringify({ value }), inspect({ value }), format('%s %o %j', value, value, value), '' + value];
  for (const text of shown) {
    expect(text).toContain('***');
    expect(text).not.toContain('hunter2');
  }
  expect(JSON.stringify(Object.entries({ ...value }))).not.toContain('hunter2');
  expect(value.reveal()).toBe('hunter2');
});

test('only what secret() made is a secret', () => {
  expect(isSecret(secret('x'))).toBe(true);
  expect(isSecret({ reveal: () => 'x' })).toBe(false);
  expect(isSecret('x')).toBe(false);
  expect(isSecret(null)).toBe(false);
});

test.each([
  ['postgres://shop:p%40ss@db.example:5432/shop', 'postgres://shop:***@db.example:5432/shop'],
  ['cannot reach mysql://a:b@h and postgres://c:d@h/x', 'cannot reach mysql://a:***@h and postgres://c:***@h/x'],
  ['postgres://shop:with:colons@db/x', 'postgres://shop:***@db/x'],
  ['postgres://:only@db/x', 'postgres://:***@db/x'],
  ['https://host:4433/path@x', 'https://host:4433/path@x'],
  ['postgres://shop@db/x', 'postgres://shop@db/x'],
  ['nothing here', 'nothing here'],
])('masks the passwords of addresses: %s', (text, masked) => {
  expect(maskAddresses(text)).toBe(masked);
});
