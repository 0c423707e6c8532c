import { expect, test } from 'vitest';
import { localHostDenial, outsideLookup } from './local-address.ts';

const resolved = (host: string, all: boolean): Promise<unknown> =>
  new Promise((settle) => outsideLookup(host, { all }, (error, address) => settle(error ?? address)));

test('a name that leads to this host is not resolved', async () => {
  for (const all of [true, false]) expect(await resolved('localhost', all)).toMatchObject({ kind: 'denied', code: 'LocalWebhookDenied' });
});

test('an address elsewhere is, and what is nowhere is said by the system', async () => {
  expect(await resolved('192.0.2.7', true)).toEqual([{ address: '192.0.2.7', family: 4 }]);
  expect(await resolved('192.0.2.7', false)).toBe('192.0.2.7');
});

test.each([
  '127.0.0.1',
  '127.64.0.9',
  '0.0.0.0',
  '169.254.169.254',
  '[::1]',
  '[::]',
  '[fe80::1]',
  '[::ffff:127.0.0.1]',
  'localhost',
  'a.LocalHost.',
])('%s is local', (host) => {
  expect(localHostDenial(host)).toMatchObject({ code: 'LocalWebhookDenied', target: host });
});

test.each(['10.0.0.1', '192.168.1.1', '[fd12::1]', '[::ffff:10.0.0.1]', 'example.org', 'localhost.example.org', 'notlocalhost'])(
  '%s is not',
  (host) => {
    expect(localHostDenial(host)).toBeUndefined();
  },
);
