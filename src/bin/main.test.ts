import { expect, test } from 'vitest';
import { wantsJson } from './main.ts';
import { positiveNumber, wholeNumber } from './terminal.ts';

test('faults are JSON for whoever asked for JSON', () => {
  for (const args of ['sql -o json x', 'sql --format json x', 'sql --format=json x', 'status -ojson', 'status --output=json'])
    expect([args, wantsJson(args.split(' '))]).toEqual([args, true]);
  for (const args of ['sql x', 'sql -o table x', 'sql --file json x', 'sql json'])
    expect([args, wantsJson(args.split(' '))]).toEqual([args, false]);
});

test('numbers of options', () => {
  expect([wholeNumber('0'), wholeNumber('42'), positiveNumber('0.5'), positiveNumber('20')]).toEqual([0, 42, 0.5, 20]);
  for (const text of ['', '-1', '1.5', 'x', '1e3', '99999999999']) expect(() => wholeNumber(text)).toThrow('number');
  for (const text of ['', '-1', 'x', '1e3', '1.', 'Infinity']) expect(() => positiveNumber(text)).toThrow('number');
});
