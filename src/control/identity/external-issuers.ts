import { createRemoteJWKSet, customFetch, errors, jwtVerify, type FetchImplementation, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { fault, type Fault } from '#base/fault.ts';
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
}

export interface ExternalIssuersOptions {
  readonly issuers: readonly ExternalIssuer[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Given by tests, and where a proxy or a private CA is needed. */
  readonly fetch?: FetchImplementation | undefined;
}

/** Never `none`, never one with a shared secret. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA'];
const clockToleranceSeconds = 60;
const timeoutMs = 5_000;
/** Anyone can send a token that names the issuer: its silence must not make us ask at every one. */
const silentMs = 10_000;
const longestDocument = 1_000_000;
const faultsOfTokens: ReadonlySet<string> = new Set([
  'ERR_JWKS_NO_MATCHING_KEY',
  'ERR_JWKS_MULTIPLE_MATCHING_KEYS',
  'ERR_JOSE_NOT_SUPPORTED',
]);

/** Fault: `BadIssuer` (invalid) for one over plain HTTP that is not on this machine. */
export function externalIssuers({ issuers, now, fetch: fetchText = fetch }: ExternalIssuersOptions): ExternalIssuers {
  const trusted = new Map(issuers.map((one) => [one.issuer, { ...one, keys: issuerKeys(one, fetchText, now) }]));
  return {
    knows: (issuer) => trusted.has(issuer),
    verify: async (token, issuer) => {
      const one = trusted.get(issuer);
      if (one === undefined) throw invalidToken('its issuer is not trusted here');
      const { audience, claim, principals, keys } = one;
      try {
        const { payload } = await jwtVerify(token, keys, {
          algorithms,
          issuer,
          audience,
          clockTolerance: clockToleranceSeconds,
          currentDate: new Date(now()),
          requiredClaims: ['exp', claim],
        });
        const value = payload[claim];
        const name = typeof value === 'string' && Object.hasOwn(principals, value) ? principals[value] : undefined;
        if (name === undefined) throw invalidToken(`no principal is named for its claim '${claim}'`);
        return { name, expMs: (payload.exp ?? 0) * 1_000 };
      } catch (error) {
        throw invalidToken(error);
      }
    },
  };
}

function issuerKeys(one: ExternalIssuer, fetchText: FetchImplementation, now: () => number): JWTVerifyGetKey {
  for (const address of [one.issuer, one.jwksUri ?? one.issuer]) refusePlain(address, one.issuer);
  let keys: Promise<JWTVerifyGetKey> | undefined;
  let silentUntilMs = 0;
  const open = async (): Promise<JWTVerifyGetKey> => {
    const address = one.jwksUri ?? (await discover(one.issuer, fetchText));
    return createRemoteJWKSet(new URL(address), { [customFetch]: fetchText, timeoutDuration: timeoutMs });
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

async function discover(issuer: string, fetchText: FetchImplementation): Promise<string> {
  const address = `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`;
  const signal = AbortSignal.timeout(timeoutMs);
  const answer = await fetchText(address, {
    method: 'GET',
    headers: new Headers({ accept: 'application/json' }),
    redirect: 'manual',
    signal,
  });
  const text = answer.status === 200 ? await answer.text() : '';
  const found = z.object({ issuer: z.literal(issuer), jwks_uri: z.url() }).safeParse(text.length > longestDocument ? {} : asJson(text));
  if (!found.success) throw unreachableIssuer(issuer, found.error);
  refusePlain(found.data.jwks_uri, issuer);
  return found.data.jwks_uri;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusePlain(address: string, issuer: string): void {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isLocal = url?.protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url?.protocol === 'https:' || isLocal) return;
  throw fault('invalid', 'BadIssuer', `The issuer ${issuer} or its keys are not at an https address.`, {
    target: issuer,
    remedy: 'Trust issuers over https only: whoever answers for their keys can sign in as anyone.',
  });
}

function unreachableIssuer(issuer: string, cause: unknown): Fault {
  return fault('unreachable', 'IssuerUnreachable', `The keys of the issuer ${issuer} cannot be read.`, {
    target: issuer,
    remedy: 'Try again; if it lasts, check that this installation reaches the issuer, and the address in its configuration.',
    cause,
  });
}
