import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, jwtVerify, SignJWT, type JWK, type JWTPayload } from 'jose';
import { z } from 'zod';
import type { Sealer } from '#arm/access.ts';
import type { JsonObject } from '#arm/resource.ts';
import type { ResourceStore } from '#arm/store.ts';
import { assert, must } from '#base/fault.ts';
import { invalidToken } from './token-faults.ts';

/** The keys that sign tokens. They persist: clients keep tokens for their whole hour, over restarts too. */
export interface SigningKeys {
  /** The public halves, as `jwks_uri` answers them. */
  readonly jwks: JsonObject;
  /** A signed token with these claims. */
  sign(claims: JWTPayload): Promise<string>;
  /**
   * The claims of a token that one of the keys signed with RS256, no matter which algorithm it names, and that is valid at `nowMs`. Issuer and
   * audience are for the caller to look at. Fault: `InvalidAuthenticationToken` (unauthenticated).
   */
  verify(token: string, nowMs: number): Promise<JWTPayload>;
}

const setting = 'signingKeys';
/** Entra's algorithm, the only one that all clients know. Nothing else is looked at: not `none`, not HS256 with the public key as secret. */
const algorithm = 'RS256';
const bits = 2_048;

/** Newest first. `sealed`: the private JWK. */
const keptSchema = z.object({ keys: z.array(z.object({ kid: z.string(), sealed: z.string(), createdAt: z.string() })).min(1) });
type Kept = z.output<typeof keptSchema>;

export interface SigningKeysRequest {
  readonly store: ResourceStore;
  readonly sealer: Sealer;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Whether an installation has keys, and so has sealed something. */
export async function hasSigningKeys(store: ResourceStore): Promise<boolean> {
  return (await store.setting(setting)) !== undefined;
}

/** Opens the keys of an installation; draws one on first start. Faults: `SealBroken` (corrupt). */
export async function openSigningKeys({ store, sealer, now = Date.now }: SigningKeysRequest): Promise<SigningKeys> {
  const there = await store.setting(setting);
  const kept = there ?? (await drawKey(store, sealer, new Date(now()).toISOString()));
  return signingKeys(keptSchema.parse(kept).keys.map(({ sealed }) => JSON.parse(sealer.open(sealed).reveal()) as JWK));
}

async function drawKey(store: ResourceStore, sealer: Sealer, createdAt: string): Promise<JsonObject> {
  const key = await newSigningKey();
  return store.write(async (transaction) => {
    const there = await transaction.setting(setting);
    if (there !== undefined) return there;
    const kept: Kept = { keys: [{ kid: must(key.kid, 'a key has a kid'), sealed: sealer.seal(JSON.stringify(key)), createdAt }] };
    await transaction.putSetting(setting, kept);
    return kept;
  });
}

/** A private JWK, named by its thumbprint (RFC 7638). */
export async function newSigningKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair(algorithm, { modulusLength: bits, extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: algorithm, use: 'sig' };
}

/** `keys`: private JWKs; the first one signs, all verify. */
export async function signingKeys(keys: readonly JWK[]): Promise<SigningKeys> {
  const publics = keys.map(publicHalf);
  const first = must(keys[0], 'there is a signing key');
  const signer = await importJWK(first, algorithm);
  const verifiers = new Map(await Promise.all(publics.map(async (key) => [key.kid, await importJWK(key, algorithm)] as const)));
  assert(verifiers.size === keys.length, 'each signing key has a kid of its own');
  return {
    jwks: { keys: publics.map((key) => ({ ...key })) } as unknown as JsonObject,
    sign: (claims) =>
      new SignJWT(claims).setProtectedHeader({ alg: algorithm, typ: 'JWT', kid: must(first.kid, 'a key has a kid') }).sign(signer),
    verify: async (token, nowMs) => {
      try {
        const find = ({ kid }: { kid?: string }): Awaited<ReturnType<typeof importJWK>> => {
          const key = verifiers.get(kid);
          if (key === undefined) throw invalidToken('it was not signed by a key of this installation');
          return key;
        };
        const { payload } = await jwtVerify(token, find, {
          algorithms: [algorithm],
          currentDate: new Date(nowMs),
          requiredClaims: ['aud', 'iss', 'tid', 'oid', 'appid', 'sub', 'iat', 'nbf', 'exp'],
        });
        return payload;
      } catch (error) {
        throw invalidToken(error);
      }
    },
  };
}

function publicHalf({ kty, n, e, kid }: JWK): JWK {
  return {
    kty: must(kty, 'a key has a type'),
    use: 'sig',
    alg: algorithm,
    kid: must(kid, 'a key has a kid'),
    n: must(n, 'RSA'),
    e: must(e, 'RSA'),
  };
}
