import { expect, test } from 'vitest';
import * as frontend from './frontend.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
/** Hex digits of a fixture; what follows `#` on a line is its comment. */
const fixture = (text: string): string => text.replaceAll(/#.*$/gm, '').replaceAll(/\s/g, '');

test('StartupMessage', () => {
  expect(hex(frontend.startupMessage({ user: 'ann', database: 'shop' }))).toBe(
    fixture(`
      00000020              # length, 32
      00030000              # protocol 3.0
      7573657200 616e6e00   # user, ann
      6461746162617365 00   # database
      73686f7000            # shop
      00                    # end of parameters
    `),
  );
});

test('requests without a tag', () => {
  expect(hex(frontend.sslRequest())).toBe(fixture('00000008 04d2162f # length 8, code 80877103'));
  expect(hex(frontend.cancelRequest(258, new Uint8Array([1, 2, 3, 4])))).toBe(
    fixture(`
      00000010   # length, 16
      04d2162e   # code 80877102
      00000102   # process id
      01020304   # secret key
    `),
  );
});

test('messages with a tag', () => {
  expect(hex(frontend.query('SELECT 1'))).toBe(fixture('51 0000000d 53454c4543542031 00 # Q, length 13, text, end'));
  expect(hex(frontend.passwordMessage('pw'))).toBe(fixture('70 00000007 707700 # p, length 7, text, end'));
  expect(hex(frontend.saslInitialResponse('SCRAM-SHA-256', Buffer.from('n,,')))).toBe(
    fixture(`
      70 00000019                      # p, length 25
      534352414d2d5348412d323536 00    # mechanism
      00000003 6e2c2c                  # 3 bytes of response
    `),
  );
  expect(hex(frontend.saslResponse(Buffer.from('c=')))).toBe(fixture('70 00000006 633d # p, length 6, bytes'));
  expect(hex(frontend.copyMessage(new Uint8Array([7, 8])))).toBe(fixture('64 00000006 0708 # d, length 6, bytes'));
  expect(hex(frontend.copyDone())).toBe(fixture('63 00000004 # c, length 4'));
  expect(hex(frontend.copyFail('no'))).toBe(fixture('66 00000007 6e6f00 # f, length 7, text, end'));
  expect(hex(frontend.terminate())).toBe(fixture('58 00000004 # X, length 4'));
});

test('a text longer than the first buffer is written whole', () => {
  const sql = `SELECT '${'é'.repeat(1000)}'`;
  const bytes = frontend.query(sql);
  expect(Buffer.from(bytes).readInt32BE(1)).toBe(bytes.length - 1);
  expect(Buffer.from(bytes).toString('utf8', 5, bytes.length - 1)).toBe(sql);
});

test('a zero byte, which would start another field, is refused and not quoted', () => {
  for (const make of [
    () => frontend.query('a\0b'),
    () => frontend.passwordMessage('s\0ecret'),
    () => frontend.startupMessage({ user: 'x\0y' }),
  ]) {
    expect(make).toThrow(expect.objectContaining({ kind: 'invalid', code: 'ZeroByte', message: expect.not.stringContaining('ecret') }));
  }
});
