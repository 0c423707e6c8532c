import { z } from 'zod';
import { fault, type Fault } from '#base/fault.ts';

/** What an issuer says of itself. All addresses are https, or on this machine. */
export interface IssuerDocument {
  readonly jwksUri: string;
  /** Where browsers sign in, and where what they come back with is changed into tokens; undefined: it has none. */
  readonly authorizationEndpoint: string | undefined;
  readonly tokenEndpoint: string | undefined;
  /** How clients prove who they are at the token endpoint. */
  readonly tokenAuthMethods: readonly string[];
}

/** `fetch`, as issuers are asked; given by tests, and where a proxy or a private CA is needed. */
export type IssuerFetch = (url: string, request: IssuerRequest) => Promise<Response>;

export interface IssuerRequest {
  readonly method: 'GET' | 'POST';
  readonly headers: Headers;
  readonly body?: string;
  /** Nobody is followed to another place than what was configured or discovered. */
  readonly redirect: 'manual';
  readonly signal: AbortSignal;
}

export const issuerTimeoutMs = 5_000;
const longestDocument = 1_000_000;

/** Faults: `BadIssuer` (invalid), `IssuerUnreachable` (unreachable). */
export async function discoverIssuer(issuer: string, fetchText: IssuerFetch): Promise<IssuerDocument> {
  const address = `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`;
  const answer = await fetchText(address, {
    method: 'GET',
    headers: new Headers({ accept: 'application/json' }),
    redirect: 'manual',
    signal: AbortSignal.timeout(issuerTimeoutMs),
  });
  const text = answer.status === 200 ? await answer.text() : '';
  const schema = z.object({
    issuer: z.literal(issuer),
    jwks_uri: z.url(),
    authorization_endpoint: z.url().optional(),
    token_endpoint: z.url().optional(),
    token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
  });
  const found = schema.safeParse(text.length > longestDocument ? {} : jsonOf(text));
  if (!found.success) throw unreachableIssuer(issuer, found.error);
  const { jwks_uri: jwksUri, authorization_endpoint: authorizationEndpoint, token_endpoint: tokenEndpoint } = found.data;
  for (const one of [jwksUri, authorizationEndpoint, tokenEndpoint]) if (one !== undefined) refusePlain(one, issuer);
  // The default of OpenID Connect Discovery.
  const tokenAuthMethods = found.data.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  return { jwksUri, authorizationEndpoint, tokenEndpoint, tokenAuthMethods };
}

/** Undefined: it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Fault: `BadIssuer` (invalid) for an address over plain HTTP that is not on this machine. */
export function refusePlain(address: string, issuer: string): void {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isLocal = url?.protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url?.protocol === 'https:' || isLocal) return;
  throw fault('invalid', 'BadIssuer', `The issuer ${issuer} or its keys are not at an https address.`, {
    target: issuer,
    remedy: 'Trust issuers over https only: whoever answers for their keys can sign in as anyone.',
  });
}

export function unreachableIssuer(issuer: string, cause: unknown): Fault {
  return fault('unreachable', 'IssuerUnreachable', `The keys of the issuer ${issuer} cannot be read.`, {
    target: issuer,
    remedy: 'Try again; if it lasts, check that this installation reaches the issuer, and the address in its configuration.',
    cause,
  });
}
