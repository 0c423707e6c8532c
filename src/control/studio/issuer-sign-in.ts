import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { Fault, fault } from '#base/fault.ts';
import type { Secret } from '#base/secret.ts';
import {
  discoverIssuer,
  issuerTimeoutMs,
  jsonOf,
  unreachableIssuer,
  type IssuerDocument,
  type IssuerFetch,
} from '../identity/issuer-discovery.ts';

/** An issuer where people sign in by a browser. */
export interface SignInIssuer {
  readonly issuer: string;
  /** For people. */
  readonly name: string;
  readonly clientId: string;
  /** Undefined: we are a public client there, and PKCE alone binds what comes back. */
  readonly clientSecret: Secret | undefined;
}

/** What a sign-in began with; kept by the browser, sealed, until it comes back. */
export interface PendingSignIn {
  readonly issuer: string;
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly endsMs: number;
}

/** What the browser came back with. */
export type CameBack = ReadonlyMap<string, string>;

/** The authorization code flow of OpenID Connect, with PKCE. */
export interface IssuerSignIn {
  /** `address`: where the browser goes. Faults: `IssuerUnreachable`, `BadIssuer`. */
  begin(issuer: SignInIssuer, redirectUri: string): Promise<{ readonly address: string; readonly pending: PendingSignIn }>;
  /** An `id_token`, which nobody has verified yet. Faults: `SignInRefused` (denied), `IssuerUnreachable`. */
  finish(issuer: SignInIssuer, pending: PendingSignIn, cameBack: CameBack): Promise<string>;
}

export interface IssuerSignInOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly fetch?: IssuerFetch | undefined;
}

/** For somebody to find a password and a second factor. */
const lastsMs = 15 * 60_000;
const documentLastsMs = 10 * 60_000;
/** Anyone can ask to begin: the issuer's silence must not make us ask at every one. */
const silentMs = 10_000;
const longestAnswer = 100_000;

interface Discovered {
  readonly document: Promise<IssuerDocument>;
  untilMs: number;
}

export function issuerSignIn({ now, fetch: fetchText = fetch }: IssuerSignInOptions): IssuerSignIn {
  const documents = new Map<string, Discovered>();
  const documentOf = (issuer: string): Promise<IssuerDocument> => {
    const there = documents.get(issuer);
    if (there !== undefined && now() < there.untilMs) return there.document;
    const made: Discovered = { document: discovered(issuer, fetchText), untilMs: now() + documentLastsMs };
    documents.set(issuer, made);
    made.document.catch(() => {
      made.untilMs = now() + silentMs;
    });
    return made.document;
  };
  return {
    begin: async ({ issuer, clientId }, redirectUri) => {
      const { authorizationEndpoint } = await documentOf(issuer);
      if (authorizationEndpoint === undefined) throw noEndpoint(issuer, 'authorization_endpoint');
      const [state, nonce, verifier] = [newValue(), newValue(), newValue()];
      const address = new URL(authorizationEndpoint);
      const asked = {
        response_type: 'code',
        response_mode: 'query',
        client_id: clientId,
        redirect_uri: redirectUri,
        scope: 'openid profile email',
        state,
        nonce,
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      };
      for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
      return { address: address.href, pending: { issuer, redirectUri, state, nonce, verifier, endsMs: now() + lastsMs } };
    },
    finish: async (issuer, pending, cameBack) => {
      if (!isSame(cameBack.get('state'), pending.state)) throw refused('it was not begun by this browser, or begun anew since');
      if (now() >= pending.endsMs) throw refused('it took too long');
      if ((cameBack.get('iss') ?? issuer.issuer) !== issuer.issuer) throw refused('another issuer answered');
      const error = cameBack.get('error');
      if (error !== undefined) throw refused(`${issuer.name} says ${wordOf(error)}`);
      const code = cameBack.get('code');
      if (code === undefined) throw refused(`${issuer.name} gave no code`);
      const document = await documentOf(issuer.issuer);
      return idTokenFor({ issuer, pending, code, document, fetchText });
    },
  };
}

async function discovered(issuer: string, fetchText: IssuerFetch): Promise<IssuerDocument> {
  try {
    return await discoverIssuer(issuer, fetchText);
  } catch (error) {
    throw error instanceof Fault ? error : unreachableIssuer(issuer, error);
  }
}

interface Exchange {
  readonly issuer: SignInIssuer;
  readonly pending: PendingSignIn;
  readonly code: string;
  readonly document: IssuerDocument;
  readonly fetchText: IssuerFetch;
}

const tokenAnswer = z.object({ id_token: z.string() });
const tokenRefusal = z.object({ error: z.string() });

async function idTokenFor({ issuer, pending, code, document, fetchText }: Exchange): Promise<string> {
  const { tokenEndpoint, tokenAuthMethods } = document;
  if (tokenEndpoint === undefined) throw noEndpoint(issuer.issuer, 'token_endpoint');
  const { clientId, clientSecret } = issuer;
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: pending.redirectUri,
    code_verifier: pending.verifier,
  });
  const headers = new Headers({ accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' });
  const isBasic = clientSecret !== undefined && tokenAuthMethods.includes('client_secret_basic');
  if (isBasic) headers.set('authorization', basic(clientId, clientSecret));
  else form.set('client_id', clientId);
  if (clientSecret !== undefined && !isBasic) form.set('client_secret', clientSecret.reveal());
  const text = await asked(tokenEndpoint, { headers, body: form.toString(), issuer: issuer.issuer, fetchText });
  const body = text.length > longestAnswer ? undefined : jsonOf(text);
  const token = tokenAnswer.safeParse(body).data?.id_token;
  if (token !== undefined) return token;
  const error = tokenRefusal.safeParse(body).data?.error;
  throw refused(error === undefined ? `${issuer.name} gave no id_token` : `${issuer.name} says ${wordOf(error)}`);
}

interface Asking {
  readonly headers: Headers;
  readonly body: string;
  readonly issuer: string;
  readonly fetchText: IssuerFetch;
}

async function asked(address: string, { headers, body, issuer, fetchText }: Asking): Promise<string> {
  try {
    const signal = AbortSignal.timeout(issuerTimeoutMs);
    const answer = await fetchText(address, { method: 'POST', headers, body, redirect: 'manual', signal });
    if (answer.status < 500) return await answer.text();
  } catch (error) {
    throw silent(issuer, error);
  }
  throw silent(issuer, undefined);
}

/** RFC 6749, 2.3.1: both parts are form-encoded. */
function basic(clientId: string, clientSecret: Secret): string {
  const encode = (text: string): string => new URLSearchParams({ x: text }).toString().slice(2);
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(clientSecret.reveal())}`).toString('base64')}`;
}

function newValue(): string {
  return randomBytes(32).toString('base64url');
}

function isSame(given: string | undefined, expected: string): boolean {
  const [one, other] = [Buffer.from(given ?? ''), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** An issuer's word; anything else could be anybody's text. */
function wordOf(error: string): string {
  return /^[\w.-]{1,60}$/.test(error) ? `'${error}'` : 'no';
}

export function refused(why: string): Fault {
  return fault('denied', 'SignInRefused', `The sign-in did not succeed: ${why}.`, { remedy: 'Sign in again, or in another way.' });
}

function silent(issuer: string, cause: unknown): Fault {
  return fault('unreachable', 'IssuerUnreachable', `The issuer ${issuer} does not answer.`, {
    target: issuer,
    remedy: 'Try again; if it lasts, check that this installation reaches the issuer.',
    cause,
  });
}

function noEndpoint(issuer: string, name: string): Fault {
  return fault('invalid', 'BadIssuer', `The issuer ${issuer} has no ${name}.`, {
    target: issuer,
    remedy: 'Leave out its clientId in the configuration: nobody can sign in there by a browser.',
  });
}
