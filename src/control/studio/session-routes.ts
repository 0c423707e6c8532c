import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { fault, toFault, type Fault } from '#base/fault.ts';
import { armErrorBody, statusOf } from '#arm/arm-error.ts';
import type { Authenticator } from '#arm/access.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import type { ResourceStore } from '#arm/store.ts';
import { baseOf } from '../http/base.ts';
import { checkMediaType, parseBody } from '../http/body.ts';
import { sendAnswer } from '../http/replies.ts';
import type { KnownPrincipal, PrincipalDirectory } from '../identity/principal-directory.ts';
import type { SignInDesk } from '../identity/sign-in.ts';
import type { SignInAudit } from '../identity/sign-in-audit.ts';
import { cookieOf, cookieText, endedCookie, isOwnPage, sessionCookie, studioHeader } from './cookies.ts';
import type { OneTimeCodes } from './one-time-codes.ts';
import { sessionOf, type PageRequest } from './page-sign-in.ts';
import type { StudioSession, StudioSessions } from './sessions.ts';

/** A way to sign in beside credentials of this installation. */
export interface SignInWay {
  readonly name: string;
  /** Where the browser goes. */
  readonly signIn: string;
}

export interface SessionRoutesOptions {
  readonly store: ResourceStore;
  readonly sessions: StudioSessions;
  readonly codes: OneTimeCodes;
  readonly desk: SignInDesk;
  readonly audit: SignInAudit;
  readonly authenticator: Authenticator;
  readonly directory: PrincipalDirectory;
  readonly tenant: string;
  readonly installation: JsonObject;
  readonly ways: readonly SignInWay[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

type SignInBody = { readonly code: string } | { readonly clientId: string; readonly clientSecret: string };

const longest = 512;
const signInBody: z.ZodType<SignInBody> = z.union([
  z.strictObject({ code: z.string().min(1).max(longest) }),
  z.strictObject({ clientId: z.string().min(1).max(longest), clientSecret: z.string().min(1).max(longest) }),
]);

/** `/studio/session` and `/studio/links`. */
export function addSessionRoutes(app: Pick<FastifyInstance, 'get' | 'post' | 'delete'>, options: SessionRoutesOptions): void {
  const { sessions, ways } = options;
  const shown = ({ known: { principal }, endsMs }: StudioSession): JsonObject => ({
    principal: { id: principal.id, name: principal.name },
    tenant: options.tenant,
    expires: new Date(endsMs).toISOString(),
    installation: options.installation,
    issuers: ways as unknown as Json,
  });
  app.get('/studio/session', async (request, reply) => {
    notStored(reply);
    try {
      return sendAnswer(reply, { status: 200, body: shown(await sessionOf(sessions, pageRequest(request))) });
    } catch (error) {
      const trouble = toFault(error);
      if (trouble.kind !== 'unauthenticated') throw error;
      const body = { ...armErrorBody(trouble, request.id), issuers: ways };
      return sendAnswer(reply, { status: statusOf(trouble), body: body as unknown as Json });
    }
  });
  app.post('/studio/session', async (request, reply) => {
    notStored(reply);
    // Or another site could sign somebody in as somebody else.
    if (!isOwnPage(request.method, request.headers)) throw notOurPage();
    const session = await signIn(request, reply, options);
    return sendAnswer(reply, { status: 200, body: shown(session) });
  });
  app.delete('/studio/session', async (request, reply) => {
    notStored(reply);
    await sessionOf(sessions, pageRequest(request));
    await endSession(request, options);
    reply.header('set-cookie', endedCookie(sessionCookie));
    return sendAnswer(reply, { status: 204 });
  });
  app.post('/studio/links', async (request, reply) => {
    notStored(reply);
    const base = baseOf(request, request.protocol);
    const { id } = await options.authenticator.authenticate(request.headers.authorization, base);
    const known = await options.directory.byPrincipalId(id);
    if (known === undefined) throw refusedSignIn('its principal does not exist any more');
    const { code, endsMs } = await options.codes.make(known, request.id);
    const body = { link: linkOf(base, code), code, expires: new Date(endsMs).toISOString(), principal: { id, name: known.principal.name } };
    return sendAnswer(reply, { status: 200, body });
  });
}

/** The code is in the fragment, which browsers send to nobody. */
export function linkOf(base: string, code: string): string {
  return `${base}/studio/sign-in#code=${code}`;
}

/** Gives the browser a session in place of the one that it has. `why`: written in the same transaction. */
export async function beginSession(
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  { store, sessions, now }: Pick<SessionRoutesOptions, 'store' | 'sessions' | 'now'>,
  who: (transaction: Parameters<StudioSessions['start']>[0]) => Promise<KnownPrincipal | undefined>,
): Promise<StudioSession | undefined> {
  const before = cookieOf(request.headers, sessionCookie);
  const started = await store.write(async (transaction) => {
    const known = await who(transaction);
    if (known === undefined) return undefined;
    if (before !== undefined) await sessions.end(transaction, before);
    return { known, ...(await sessions.start(transaction, known)) };
  });
  if (started === undefined) return undefined;
  const seconds = Math.floor((started.endsMs - now()) / 1_000);
  reply.header('set-cookie', cookieText({ name: sessionCookie, value: started.value, seconds, sameSite: 'Strict' }));
  return started;
}

async function signIn(request: FastifyRequest, reply: FastifyReply, options: SessionRoutesOptions): Promise<StudioSession> {
  const { codes, desk, audit } = options;
  const asked = bodyOf(request);
  const at = { request, reply };
  const address = addressOf(request);
  const correlationId = request.id;
  if ('code' in asked) {
    const attempt = { clientId: '', address, correlationId, heldUp: 0 };
    const session = await beginSession(at, options, async (transaction) => {
      const known = await codes.use(transaction, asked.code);
      if (known !== undefined) await audit.good({ ...attempt, known }, 'one-time link', transaction);
      return known;
    });
    if (session !== undefined) return session;
    await audit.refused({ ...attempt, known: undefined }, 'SignInRefused', 'one-time link');
    throw refusedSignIn(
      'the link was used already, is older than an hour, or was replaced by newer ones',
      'Make another one: isthmus studio.',
    );
  }
  const outcome = await desk.signIn({ ...asked, address, correlationId });
  if ('refusal' in outcome) {
    const { status, text, retryAfterSeconds } = outcome.refusal;
    if (status !== 429) throw refusedSignIn(undefined, text);
    throw fault('throttled', 'SignInThrottled', 'There were too many refused sign-ins with this client id or from this address.', {
      remedy: `Try again in ${retryAfterSeconds ?? 1} s.`,
    });
  }
  return (await beginSession(at, options, async () => outcome.known))!;
}

async function endSession(request: FastifyRequest, { store, sessions }: SessionRoutesOptions): Promise<void> {
  await store.write(async (transaction) => {
    const ended = await sessions.end(transaction, cookieOf(request.headers, sessionCookie) ?? '');
    if (ended === undefined) return;
    const { principal, resource } = ended.known;
    await transaction.audit({
      action: 'signOut',
      scope: resource,
      principal: principal.id,
      principalName: principal.name,
      outcome: 'succeeded',
      code: undefined,
      correlationId: request.id,
      changes: [{ name: 'address', before: undefined, after: addressOf(request) }],
    });
  });
}

function pageRequest({ method, headers }: FastifyRequest): PageRequest {
  return { method, headers, isUse: true };
}

export function addressOf(request: FastifyRequest): string {
  return (request.socket.remoteAddress ?? '').replace(/^::ffff:/i, '');
}

function bodyOf(request: FastifyRequest): SignInBody {
  checkMediaType(request.headers['content-type'], request.headers['content-encoding']);
  const bytes = request.body as Buffer | undefined;
  const parsed = signInBody.safeParse(bytes === undefined || bytes === null ? undefined : parseBody(bytes, false));
  if (parsed.success) return parsed.data;
  throw fault('invalid', 'InvalidRequestContent', 'The content says in no known way who signs in.', {
    remedy: 'Send {code} of a one-time link, or {clientId, clientSecret}, as texts and nothing else.',
  });
}

function notStored(reply: FastifyReply): void {
  reply.header('cache-control', 'no-store');
}

function notOurPage(): Fault {
  return fault('denied', 'CrossSiteRequest', 'Only a page of this very address may sign somebody in.', {
    target: 'Sec-Fetch-Site',
    remedy: `Sign in at /studio/. A browser says 'Sec-Fetch-Site: same-origin' then, and the page '${studioHeader}: 1'.`,
  });
}

/** Not 401: signing in anew is what was just refused. */
function refusedSignIn(why: string | undefined, remedy = 'Sign in in another way.'): Fault {
  return fault('denied', 'SignInRefused', `The sign-in was refused${why === undefined ? '' : `: ${why}`}.`, { remedy });
}
