import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose';
import { expect, test } from 'vitest';
import { externalIssuers, type ExternalIssuer } from './external-issuers.ts';
import { deletePrincipal, makePrincipal, openScene } from './identity-scene.contract.ts';

interface Issuer extends AsyncDisposable {
  readonly address: string;
  /** How often it was asked for anything. */
  asked(): number;
  /** Whether it answers. */
  readonly state: { well: boolean; named: string };
  sign(claims: JWTPayload, kid?: string): Promise<string>;
}

async function startIssuer(): Promise<Issuer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
  let asked = 0;
  const state = { well: true, named: '' };
  const server = createServer((request, response) => {
    asked += 1;
    const body = request.url === '/keys' ? { keys: [jwk] } : { issuer: state.named || address, jwks_uri: `${address}/keys` };
    response.writeHead(state.well ? 200 : 500, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    address,
    asked: () => asked,
    state,
    sign: (claims, kid = 'one') =>
      new SignJWT({ iss: address, aud: 'isthmus', sub: 'repo:shop', exp: Math.floor(Date.now() / 1_000) + 600, ...claims })
        .setProtectedHeader({ alg: 'ES256', kid })
        .sign(privateKey),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function trust(issuer: Issuer): ExternalIssuer {
  return { issuer: issuer.address, audience: 'isthmus', claim: 'sub', principals: { 'repo:shop': 'deployer', 'repo:gone': 'gone' } };
}

const invalid = { kind: 'unauthenticated', code: 'InvalidAuthenticationToken' };

test('a token of a trusted issuer is its principal, as long as that one is there; its keys are asked for once', async () => {
  await using issuer = await startIssuer();
  await using scene = await openScene([trust(issuer)]);
  await makePrincipal(scene, 'deployer');
  const enter = async (claims: JWTPayload, kid?: string) => scene.authenticator.authenticate(`Bearer ${await issuer.sign(claims, kid)}`);
  expect(await enter({})).toMatchObject({ name: 'deployer', tenant: scene.tenant });
  const token = await issuer.sign({ exp: Math.floor(Date.now() / 1_000) + 300 });
  for (let i = 0; i < 3; i += 1) expect(await scene.authenticator.authenticate(`Bearer ${token}`)).toMatchObject({ name: 'deployer' });
  expect(issuer.asked()).toBe(2);
  await expect(enter({ aud: 'other' })).rejects.toMatchObject(invalid);
  await expect(enter({ sub: 'repo:other' })).rejects.toMatchObject(invalid);
  await expect(enter({ sub: '__proto__' })).rejects.toMatchObject(invalid);
  await expect(enter({ sub: 'repo:gone' })).rejects.toMatchObject(invalid);
  await expect(enter({ exp: 1 })).rejects.toMatchObject(invalid);
  await expect(enter({ iss: 'https://untrusted.example' })).rejects.toMatchObject(invalid);
  await expect(enter({}, 'two')).rejects.toMatchObject(invalid);
  const signIns = (await scene.store.auditLog.read({})).filter(({ action }) => action === 'signIn');
  const outcomes = signIns.map(({ outcome, principalName }) => `${outcome} ${principalName}`);
  // The issuer that is not trusted is none of its tokens.
  expect(outcomes).toEqual([...Array<string>(2).fill('succeeded deployer'), ...Array<string>(6).fill('refused (not a client id)')]);
  await deletePrincipal(scene, 'deployer');
  await expect(scene.authenticator.authenticate(`Bearer ${token}`)).rejects.toMatchObject(invalid);
});

test('an issuer that fails is asked again only after a while, and its tokens are not called wrong', async () => {
  await using issuer = await startIssuer();
  let nowMs = Date.now();
  const issuers = externalIssuers({ issuers: [trust(issuer)], now: () => nowMs });
  const unreachable = { kind: 'unreachable', code: 'IssuerUnreachable' };
  issuer.state.well = false;
  for (let i = 0; i < 5; i += 1) await expect(issuers.verify(await issuer.sign({}), issuer.address)).rejects.toMatchObject(unreachable);
  expect(issuer.asked()).toBe(1);
  issuer.state.well = true;
  issuer.state.named = 'https://another.example';
  nowMs += 10_000;
  await expect(issuers.verify(await issuer.sign({}), issuer.address)).rejects.toMatchObject(unreachable);
  issuer.state.named = '';
  nowMs += 10_000;
  expect(await issuers.verify(await issuer.sign({}), issuer.address)).toMatchObject({ name: 'deployer' });
});

test('an issuer over plain HTTP elsewhere is refused from the start', () => {
  const issuers = [{ issuer: 'http://login.example', audience: 'a', claim: 'sub', principals: {} }];
  expect(() => externalIssuers({ issuers, now: Date.now })).toThrow(expect.objectContaining({ kind: 'invalid', code: 'BadIssuer' }));
});

test('what a sign-in by a browser ended with is for our client, and for that sign-in; it is no token', async () => {
  await using issuer = await startIssuer();
  await using scene = await openScene([trust(issuer)]);
  await makePrincipal(scene, 'deployer');
  const issuers = externalIssuers({ issuers: [{ ...trust(issuer), clientId: 'studio' }], now: Date.now });
  const enter = async (claims: JWTPayload) =>
    issuers.verifySignIn(await issuer.sign({ aud: 'studio', nonce: 'n', ...claims }), issuer.address, 'n');
  expect(await enter({})).toMatchObject({ name: 'deployer' });
  expect(await enter({ aud: ['other', 'studio'], azp: 'studio' })).toMatchObject({ name: 'deployer' });
  const wrong: readonly JWTPayload[] = [
    { nonce: 'm' },
    { nonce: undefined },
    { aud: 'isthmus' },
    { aud: ['other', 'studio'] },
    { azp: 'other' },
    { exp: 1 },
    { sub: 'repo:other' },
  ];
  for (const claims of wrong) await expect(enter(claims)).rejects.toMatchObject(invalid);
  await expect(scene.authenticator.authenticate(`Bearer ${await issuer.sign({ aud: 'studio', nonce: 'n' })}`)).rejects.toMatchObject(
    invalid,
  );
  const without = externalIssuers({ issuers: [trust(issuer)], now: Date.now });
  const token = await issuer.sign({ aud: 'isthmus', nonce: 'n' });
  await expect(without.verifySignIn(token, issuer.address, 'n')).rejects.toMatchObject(invalid);
});
