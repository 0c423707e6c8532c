import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { fault, toFault, type Fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import { statusOf } from '#arm/arm-error.ts';
import type { Sealer } from '#arm/access.ts';
import { baseOf } from '../http/base.ts';
import { readUri } from '../http/uri.ts';
import type { ExternalIssuers } from '../identity/external-issuers.ts';
import { cookieOf, cookieText, endedCookie, signInCookie } from './cookies.ts';
import {
  issuerSignIn,
  refused,
  type IssuerSignIn,
  type IssuerSignInOptions,
  type PendingSignIn,
  type SignInIssuer,
} from './issuer-sign-in.ts';
import { newNonce, pageHeaders } from './page-headers.ts';
import { plainPage } from './plain-page.ts';
import { addressOf, beginSession, type SessionRoutesOptions, type SignInWay } from './session-routes.ts';

export interface IssuerRoutesOptions extends Pick<SessionRoutesOptions, 'store' | 'sessions' | 'directory' | 'audit' | 'now'> {
  readonly issuers: readonly SignInIssuer[];
  readonly external: ExternalIssuers;
  readonly sealer: Sealer;
  readonly log: Log;
  readonly fetch?: IssuerSignInOptions['fetch'];
}

const beginPath = '/studio/sign-in/oidc';
const callbackPath = '/studio/sign-in/callback';
/** What is sealed says what for: nothing else that was sealed here can take its place. */
const purpose = 'sign-in by an issuer';
const pendingSchema = z.object({
  purpose: z.literal(purpose),
  issuer: z.string(),
  redirectUri: z.string(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  endsMs: z.number(),
});

/** How pages say that one can sign in there. */
export function signInWays(issuers: readonly SignInIssuer[]): readonly SignInWay[] {
  return issuers.map(({ issuer, name }) => ({ name, signIn: `${beginPath}?issuer=${encodeURIComponent(issuer)}` }));
}

/** Sign-in by an issuer: there, and back. The browser comes to both by itself, so what goes wrong is told by a page. */
export function addIssuerRoutes(app: Pick<FastifyInstance, 'get'>, options: IssuerRoutesOptions): void {
  const flow = issuerSignIn({ now: options.now, fetch: options.fetch });
  const issuerOf = (name: string | undefined): SignInIssuer | undefined => options.issuers.find(({ issuer }) => issuer === name);
  const told =
    (work: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>) =>
    async (request: FastifyRequest, reply: FastifyReply) => {
      reply.header('cache-control', 'no-store').header('referrer-policy', 'no-referrer');
      try {
        return await work(request, reply);
      } catch (error) {
        const trouble = toFault(error);
        if (trouble.kind === 'bug') throw error;
        if (trouble.kind === 'unreachable' || trouble.kind === 'invalid')
          options.log.warn({ err: trouble }, 'a sign-in by an issuer failed');
        return sendTrouble(reply, trouble);
      }
    };
  app.get(
    beginPath,
    told(async (request, reply) => {
      const issuer = issuerOf(readUri(request.raw.url ?? '/').query.get('issuer'));
      if (issuer === undefined) throw noSuchIssuer();
      const { address, pending } = await flow.begin(issuer, `${baseOf(request, request.protocol)}${callbackPath}`);
      const value = options.sealer.seal(JSON.stringify({ purpose, ...pending }));
      const seconds = Math.floor((pending.endsMs - options.now()) / 1_000);
      // Coming back the browser is led here by another site.
      reply.header('set-cookie', cookieText({ name: signInCookie, value, seconds, sameSite: 'Lax' }));
      return reply.redirect(address, 303);
    }),
  );
  app.get(
    callbackPath,
    told(async (request, reply) => {
      const sealed = cookieOf(request.headers, signInCookie);
      // Whatever comes of it, it is tried once.
      reply.header('set-cookie', endedCookie(signInCookie, 'Lax'));
      const pending = sealed === undefined ? undefined : opened(sealed, options.sealer);
      const issuer = issuerOf(pending?.issuer);
      if (pending === undefined || issuer === undefined) throw refused('it was not begun by this browser');
      await comeBack({ request, reply }, { issuer, pending, flow }, options);
      return reply.redirect('/studio/', 303);
    }),
  );
}

interface Coming {
  readonly issuer: SignInIssuer;
  readonly pending: PendingSignIn;
  readonly flow: IssuerSignIn;
}

async function comeBack(
  at: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  { issuer, pending, flow }: Coming,
  options: IssuerRoutesOptions,
): Promise<void> {
  const { external, directory, audit } = options;
  const attempt = { known: undefined, clientId: '', address: addressOf(at.request), correlationId: at.request.id, heldUp: 0 };
  try {
    const token = await flow.finish(issuer, pending, readUri(at.request.raw.url ?? '/').query);
    const { name } = await external.verifySignIn(token, issuer.issuer, pending.nonce);
    const session = await beginSession(at, options, async (transaction) => {
      const known = await directory.byName(name);
      if (known !== undefined) await audit.good({ ...attempt, known }, issuer.issuer, transaction);
      return known;
    });
    if (session === undefined) throw refused('the principal that is named for it does not exist');
  } catch (error) {
    const { kind, code, message } = toFault(error);
    if (kind === 'denied' || kind === 'unauthenticated') await audit.refused(attempt, code, issuer.issuer);
    if (kind !== 'unauthenticated') throw error;
    throw fault('denied', 'SignInRefused', `What ${issuer.name} says of you signs nobody in here. ${message}`, {
      remedy: 'Ask who runs this installation to name a principal for you in its configuration.',
      cause: error,
    });
  }
}

function opened(sealed: string, sealer: Sealer): PendingSignIn | undefined {
  try {
    return pendingSchema.safeParse(JSON.parse(sealer.open(sealed).reveal())).data;
  } catch (error) {
    if (toFault(error).kind === 'corrupt' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function sendTrouble(reply: FastifyReply, trouble: Fault): FastifyReply {
  const nonce = newNonce();
  const { message, remedy } = trouble;
  const page = {
    title: 'Not signed in',
    sentences: [message, ...(remedy === undefined ? [] : [remedy])],
    link: { to: '/studio/sign-in', text: 'Sign in to the Studio' },
  };
  reply.headers({ ...pageHeaders(nonce), 'cache-control': 'no-store' });
  return reply.code(statusOf(trouble)).send(plainPage(page, nonce));
}

function noSuchIssuer(): Fault {
  return fault('missing', 'IssuerNotFound', 'No issuer of this name is configured for sign-in by a browser.', {
    remedy: 'Sign in in another way; issuers are in the configuration of isthmus up, with a clientId.',
  });
}
