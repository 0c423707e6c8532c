import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeFederatedLogin,
  decodeFederatedToken,
  encodeFederatedLogin,
  encodeFederatedToken,
  type FederatedLogin,
} from './federated-login.ts';
import { allowedOutcomes, outcomeOf } from './test-outcome.ts';
import { decodeTokens, encodeTokens } from './tokens.ts';

const hex = (...parts: readonly string[]): Buffer => Buffer.from(parts.join(''), 'hex');

test('FEDAUTH with a token (MS-TDS 2.2.6.4)', () => {
  const bytes = hex(
    '03', // the library of security tokens, and the echo of what PRELOGIN said
    '04000000', // 4 bytes
    '65007900', // ey
  );
  const login: FederatedLogin = { library: 'security-token', echo: true, token: 'ey', nonce: undefined };
  expect(decodeFederatedLogin(bytes)).toEqual(login);
  expect(Buffer.from(encodeFederatedLogin(login))).toEqual(bytes);
});

test('FEDAUTH of a client that asks where to get a token (MS-TDS 2.2.6.4)', () => {
  const login: FederatedLogin = { library: 'msal', echo: false, workflow: 1 };
  expect(decodeFederatedLogin(hex('04', '01'))).toEqual(login);
  expect(Buffer.from(encodeFederatedLogin(login))).toEqual(hex('04', '01'));
});

test('FEDAUTHINFO (MS-TDS 2.2.7.12)', () => {
  const bytes = hex(
    'ee', // FEDAUTHINFO
    '1e000000', // 30 bytes
    '02000000', // two parts
    '02' + '04000000' + '16000000', // for whom: 4 bytes at 22
    '01' + '04000000' + '1a000000', // where: 4 bytes at 26
    '64006200', // db
    '73007400', // st
  );
  expect(decodeTokens(bytes)).toEqual([{ kind: 'federated-place', issuer: 'st', audience: 'db' }]);
  expect(Buffer.from(encodeTokens([{ kind: 'federated-place', issuer: 'st', audience: 'db' }]))).toEqual(bytes);
});

test('the message with the token (MS-TDS 2.2.6.3)', () => {
  const bytes = hex(
    '08000000', // 8 bytes
    '04000000', // 4 of the token
    '65007900', // ey
  );
  expect(decodeFederatedToken(bytes)).toBe('ey');
  expect(Buffer.from(encodeFederatedToken('ey'))).toEqual(bytes);
});

const nonce = fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }), { nil: undefined });
const logins: fc.Arbitrary<FederatedLogin> = fc.oneof(
  fc.record({ library: fc.constant('security-token' as const), echo: fc.boolean(), token: fc.string(), nonce }),
  fc.record({ library: fc.constant('msal' as const), echo: fc.boolean(), workflow: fc.nat(255) }),
);

test('what is encoded is decoded', () => {
  fc.assert(
    fc.property(logins, fc.string(), nonce, (login, token, some) => {
      expect(decodeFederatedLogin(encodeFederatedLogin(login))).toEqual(login);
      expect(decodeFederatedToken(encodeFederatedToken(token, some))).toBe(token);
    }),
  );
});

test('random bytes are refused as corrupt', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(2, 3, 4), (bytes, first) => {
      for (const payload of [bytes, Uint8Array.from([first, ...bytes])]) {
        expect(allowedOutcomes).toContain(outcomeOf(() => decodeFederatedLogin(payload)));
        expect(allowedOutcomes).toContain(outcomeOf(() => decodeFederatedToken(payload)));
      }
    }),
  );
});
