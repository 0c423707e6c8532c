import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { expect, test } from 'vitest';
import { md5Answer, serverEndPoint, startScram } from './auth.ts';

const hmac = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** The server's side, from RFC 5802 section 3: takes the client-final-message, answers the server-final-message, or undefined for a wrong proof. */
function answer(
  password: string,
  exchange: { clientFirst: string; serverFirst: string; salt: Buffer; rounds: number },
  clientFinal: string,
): string | undefined {
  const salted = pbkdf2Sync(password, exchange.salt, exchange.rounds, 32, 'sha256');
  const [withoutProof = '', proof = ''] = clientFinal.split(',p=');
  const signed = `${exchange.clientFirst.replace(/^[^,]*,,/, '')},${exchange.serverFirst},${withoutProof}`;
  const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest();
  const signature = hmac(storedKey, signed);
  const clientKey = Buffer.from(proof, 'base64').map((byte, i) => byte ^ signature[i]!);
  if (!createHash('sha256').update(clientKey).digest().equals(storedKey)) return undefined;
  return `v=${hmac(hmac(salted, 'Server Key'), signed).toString('base64')}`;
}

const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
const serverFirst = 'r=abcXYZ,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';
const open = (password: string, more: { endPoint?: Uint8Array; mechanisms?: string[] } = {}) =>
  startScram({ password, mechanisms: more.mechanisms ?? ['SCRAM-SHA-256'], endPoint: more.endPoint, nonce: 'abc' });

test('the example of RFC 7677 gives its proof and accepts its verifier, but for the user name, which PostgreSQL leaves empty', async () => {
  const exchange = startScram({ password: 'pencil', mechanisms: ['SCRAM-SHA-256'], endPoint: undefined, nonce: 'rOprNGfwEbeRWgbNEkqO' });
  expect(text(exchange.first)).toBe('n,,n=,r=rOprNGfwEbeRWgbNEkqO');
  const challenge = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';
  const final = text(await exchange.proceed(Buffer.from(challenge)));
  expect(final).toMatch(/^c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj\)hNlF\$k0,p=/);
  const verifier = answer('pencil', { clientFirst: text(exchange.first), serverFirst: challenge, salt, rounds: 4096 }, final);
  exchange.finish(Buffer.from(verifier!));
});

test.each([
  ['plain', 'plain'],
  ['a\u00A0b', 'a b'],
  ['soft\u00ADhyphen', 'softhyphen'],
  ['\u2168', 'IX'],
  ['\u{1F511}key', '\u{1F511}key'],
  ['tab\tbed é', 'tab\tbed é'],
])('a password %j is prepared as %j', async (given, prepared) => {
  const exchange = open(given);
  const final = text(await exchange.proceed(Buffer.from(serverFirst)));
  expect(answer(prepared, { clientFirst: text(exchange.first), serverFirst, salt, rounds: 4096 }, final)).toBeDefined();
});

test('over TLS the certificate is bound where the server offers it, and its absence is told', async () => {
  const endPoint = Buffer.from('hash of the certificate');
  const bound = open('pw', { endPoint, mechanisms: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'] });
  expect([bound.mechanism, text(bound.first)]).toEqual(['SCRAM-SHA-256-PLUS', 'p=tls-server-end-point,,n=,r=abc']);
  const sent = /^c=([^,]*)/.exec(text(await bound.proceed(Buffer.from(serverFirst))))![1]!;
  expect(Buffer.from(sent, 'base64').toString()).toBe('p=tls-server-end-point,,hash of the certificate');
  const unbound = open('pw', { endPoint });
  expect([unbound.mechanism, text(unbound.first)]).toEqual(['SCRAM-SHA-256', 'y,,n=,r=abc']);
});

test('a server that does not know the password is unauthenticated', async () => {
  const exchange = open('pw');
  await exchange.proceed(Buffer.from(serverFirst));
  for (const verifier of [Buffer.alloc(32).toString('base64'), '', 'AA==']) {
    expect(() => exchange.finish(Buffer.from(`v=${verifier}`))).toThrow(
      expect.objectContaining({ kind: 'unauthenticated', code: 'ServerNotProven' }),
    );
  }
  expect(() => exchange.finish(Buffer.from('e=other-error'))).toThrow(expect.objectContaining({ kind: 'corrupt' }));
  expect(() => open('pw').finish(Buffer.from('v=AAAA'))).toThrow(expect.objectContaining({ kind: 'corrupt' }));
});

test.each(['', 'r=abc,s=AA==,i=1', 'r=zzzXYZ,s=AA==,i=1', 'r=abcX,s=,i=1', 'r=abcX,s=AA==,i=0', 'r=abcX,s=AA==,i=x', 'r=abcX,s=AA=='])(
  'the challenge %j is corrupt',
  async (challenge) => {
    await expect(open('pw').proceed(Buffer.from(challenge))).rejects.toMatchObject({ kind: 'corrupt' });
  },
);

test('a challenge that would keep the processor busy for long, or an unknown mechanism, is unsupported', async () => {
  await expect(open('pw').proceed(Buffer.from('r=abcX,s=AA==,i=2000000000'))).rejects.toMatchObject({
    kind: 'unsupported',
    code: 'ScramIterations',
  });
  expect(() => open('pw', { mechanisms: ['OAUTHBEARER'] })).toThrow(expect.objectContaining({ kind: 'unsupported' }));
});

test('MD5: the digest of the digest of password and user, with the salt', () => {
  const inner = createHash('md5').update('secretann').digest('hex');
  const outer = createHash('md5')
    .update(Buffer.concat([Buffer.from(inner), Buffer.from([1, 2, 3, 4])]))
    .digest('hex');
  expect(md5Answer('ann', 'secret', new Uint8Array([1, 2, 3, 4]))).toBe(`md5${outer}`);
});

test('tls-server-end-point takes the hash of the signature, SHA-256 for weaker ones, none where there is none', () => {
  const certificate = Buffer.from('certificate');
  const digest = (name: string): Buffer => createHash(name).update(certificate).digest();
  expect(serverEndPoint(certificate, 'sha256WithRSAEncryption')).toEqual(digest('sha256'));
  expect(serverEndPoint(certificate, 'ecdsa-with-SHA384')).toEqual(digest('sha384'));
  expect(serverEndPoint(certificate, 'RSA-SHA512')).toEqual(digest('sha512'));
  expect(serverEndPoint(certificate, 'sha1WithRSAEncryption')).toEqual(digest('sha256'));
  expect(serverEndPoint(certificate, 'ED25519')).toBeUndefined();
  expect(serverEndPoint(certificate, undefined)).toBeUndefined();
});
