import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { discoverIssuer, issuerTimeoutMs, refusePlain, unreachableIssuer, type IssuerFetch } from './issuer-discovery.ts';
import { invalidToken } from './token-faults.ts';

/** An OIDC issuer whose tokens are trusted, for the principals that are named. */
export interface ExternalIssuer {
  /** As its tokens name it in `iss`, to the letter. */
  readonly issuer: string;
  /** What its tokens must be for. */
  readonly audience: string;
  /** The claim that says who it is: `sub`, `email`, `repository` … */
  readonly claim: string;
  /** Value of that claim → name of a service principal. Nobody else comes in. */
  readonly principals: Readonly<Record<string, string>>;
  /** Where its keys are. Default: what its `.well-known/openid-configuration` says. */
  readonly jwksUri?: string | undefined;
  /** As what this installation is known to it; undefined: nobody signs in there by a browser. */
  readonly clientId?: string | undefined;
}

export interface ExternalToken {
  /** The name of a service principal, which may not be there. */
  readonly name: string;
  readonly expMs: number;
}

/** Verifies tokens of trusted issuers. */
export interface ExternalIssuers {
  /** `issuer`: what the token says, unverified. */
  knows(issuer: string): boolean;
  /** Faults: `InvalidAuthenticationToken` (unauthenticated), `IssuerUnreachable` (unreachable). */
  verify(token: string, issuer: string): Promise<ExternalToken>;
  /** The same for the `id_token` that a sign-in by a browser ended with, which is for our client id, and for the sign-in of this nonce. */
  verifySignIn(token: string, issuer: string, nonce: string): Promise<ExternalToken>;
}

export interface ExternalIssuersOptions {
  readonly issuers: readonly ExternalIssuer[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Given by tests, and where a proxy or a private CA is needed. */
  readonly fetch?: IssuerFetch | undefined;
}

/** Never `none`, never one with a shared secret. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA'];
const clockToleranceSeconds = 60;
/** Anyone can send a token that names the issuer: its silence must not make us ask at every one. */
const silentMs = 10_000;
const faultsOfTokens: ReadonlySet<string> = new Set([
  'ERR_JWKS_NO_MATCHING_KEY',
  'ERR_JWKS_MULTIPLE_MATCHING_KEYS',
  'ERR_JOSE_NOT_SUPPORTED',
]);

/** Fault: `BadIssuer` (invalid) for one over plain HTTP that is not on this machine. */
export function externalIssuers({ issuers, now, fetch: fetchText = fetch }: ExternalIssuersOptions): ExternalIssuers {
  const trusted = new Map(issuers.map((one) => [one.issuer, { ...one, keys: issuerKeys(one, fetchText, now) }]));
  /** `accept`: looks at the claims of a token that its issuer has signed for `audience`. */
  const verified = async ({ token, issuer, audience, accept }: Checked): Promise<ExternalToken> => {
    const one = trusted.get(issuer);
    const wanted = one && audience(one);
    if (one === undefined || wanted === undefined) throw invalidToken('its issuer is not trusted here');
    const { claim, principals, keys } = one;
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms,
        issuer,
        audience: wanted,
        clockTolerance: clockToleranceSeconds,
        currentDate: new Date(now()),
        requiredClaims: ['exp', claim],
      });
      accept(payload, wanted);
      const value = payload[claim];
      const name = typeof value === 'string' && Object.hasOwn(principals, value) ? principals[value] : undefined;
      if (name === undefined) throw invalidToken(`no principal is named for its claim '${claim}'`);
      return { name, expMs: (payload.exp ?? 0) * 1_000 };
    } catch (error) {
      throw invalidToken(error);
    }
  };
  return {
    knows: (issuer) => trusted.has(issuer),
    verify: (token, issuer) => verified({ token, issuer, audience: (one) => one.audience, accept: () => undefined }),
    verifySignIn: (token, issuer, nonce) =>
      verified({
        token,
        issuer,
        audience: (one) => one.clientId,
        accept: (claims, clientId) => {
          if (claims['nonce'] !== nonce) throw invalidToken('it is of another sign-in');
          const party = claims['azp'] ?? (Array.isArray(claims.aud) && claims.aud.length > 1 ? undefined : clientId);
          if (party !== clientId) throw invalidToken('it was given to another client');
        },
      }),
  };
}

interface Checked {
  readonly token: string;
  readonly issuer: string;
  /** What the token must be for; undefined: nothing of this issuer will do. */
  readonly audience: (issuer: ExternalIssuer) => string | undefined;
  readonly accept: (claims: JWTPayload, audience: string) => void;
}

function issuerKeys(one: ExternalIssuer, fetchText: IssuerFetch, now: () => number): JWTVerifyGetKey {
  for (const address of [one.issuer, one.jwksUri ?? one.issuer]) refusePlain(address, one.issuer);
  let keys: Promise<JWTVerifyGetKey> | undefined;
  let silentUntilMs = 0;
  const open = async (): Promise<JWTVerifyGetKey> => {
    const address = one.jwksUri ?? (await discoverIssuer(one.issuer, fetchText)).jwksUri;
    return createRemoteJWKSet(new URL(address), { [customFetch]: fetchText, timeoutDuration: issuerTimeoutMs });
  };
  return async (header, input) => {
    if (now() < silentUntilMs) throw unreachableIssuer(one.issuer, undefined);
    try {
      const set = await (keys ??= open());
      return await set(header, input);
    } catch (error) {
      if (error instanceof errors.JOSEError && faultsOfTokens.has(error.code)) throw error;
      keys = undefined;
      silentUntilMs = now() + silentMs;
      throw unreachableIssuer(one.issuer, error);
    }
  };
}
