import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest, type FastifyServerOptions } from 'fastify';
import { fault } from '#base/fault.ts';
import { silentLog, type Log } from '#base/log.ts';
import type { Authenticator, Authorizer, Sealer } from '#arm/access.ts';
import { coverageMarkdown, coverageOf, type TestsOfOperations } from '#arm/coverage.ts';
import type { LiveChanges } from '#arm/live-changes.ts';
import { openApiDocument } from '#arm/openapi.ts';
import type { OwnProvider } from '#arm/own-provider.ts';
import type { Principal, TypeCatalog } from '#arm/resource-type.ts';
import type { Json } from '#arm/resource.ts';
import type { ResourceStore } from '#arm/store.ts';
import { createResourceService, type ResourceService } from '../resources/resource-service.ts';
import { answerArm } from './arm-routes.ts';
import { answerAudit, isAudit } from './audit-routes.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { PageSignIn } from '../studio/page-sign-in.ts';
import { baseOf } from './base.ts';
import { checkMediaType, parseBody, readBody } from './body.ts';
import { eventStreams, type EventStreams } from './events.ts';
import { cloudMetadata, type Suffixes } from './metadata.ts';
import { ownPlanes, type OwnPlanes } from './own-plane.ts';
import { ownProviderRoutes, type OwnProviderRoutes } from './own-providers.ts';
import type { Ask, Location, Plane } from './plane.ts';
import { correlationIdOf, refuseConnection, sendAnswer, sendFault, setUsualHeaders } from './replies.ts';
import { readUri } from './uri.ts';

/** More routes, in a scope of their own. */
export type AppPlugin = (app: FastifyInstance) => void | Promise<void>;

export interface AppOptions {
  readonly store: ResourceStore;
  readonly catalog: TypeCatalog;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly sealer: Sealer;
  readonly tenant: { readonly id: string; readonly name: string };
  readonly log: Log;
  /** Without it plain HTTP is served, for tests: Azure's clients send no token over it. */
  readonly https?: { readonly key: string; readonly cert: string };
  /** By default one is made, and disposed when the app closes. */
  readonly service?: ResourceService;
  readonly locations?: readonly Location[];
  readonly suffixes?: Suffixes;
  /** Whether everything is up. */
  readonly ready?: () => boolean;
  /** For `/coverage`: which client tests drive which operation. */
  readonly tests?: TestsOfOperations;
  readonly plugins?: readonly AppPlugin[];
  /** Told of each request when it was answered; quick, and never throws. */
  readonly onAnswered?: (answered: Answered) => void;
  /** What `Isthmus.Audit` shows. */
  readonly auditLog?: AuditLog;
  /** What `/events` tells beside what is written. */
  readonly live?: Pick<LiveChanges, 'onLive'>;
  readonly ownProviders?: readonly OwnProvider[];
  /** Who else may ask than who has a token. */
  readonly pageSignIn?: PageSignIn;
}

/** A request that was answered. */
export interface Answered {
  readonly method: string;
  /** Without its query, which may hold what is nobody's business. */
  readonly path: string;
  readonly status: number;
  readonly ms: number;
  readonly userAgent: string | undefined;
  readonly correlationId: string;
}

const usualLocations: readonly Location[] = [
  { name: 'local', displayName: 'Local' },
  { name: 'westeurope', displayName: 'West Europe' },
  { name: 'northeurope', displayName: 'North Europe' },
  { name: 'eastus', displayName: 'East US' },
  { name: 'westus2', displayName: 'West US 2' },
];
const usualSuffixes: Suffixes = { sqlServerHostname: 'database.isthmus.localhost', synapseAnalytics: 'dev.isthmus.localhost' };
const maxHeaderBytes = 32_768;
const armRoots = new Set(['subscriptions', 'providers', 'tenants']);

/** Limits against clients that send slowly, or never end. */
const limits = {
  headersTimeout: 15_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
  keepAliveTimeout: 75_000,
  maxHeaderSize: maxHeaderBytes,
};

/** The HTTP side of the control plane: all routes, not listening yet. Closing it ends its streams of events. */
export function createApp(options: AppOptions): FastifyInstance {
  const { store, catalog, log } = options;
  const service = options.service ?? createResourceService({ store, catalog, sealer: options.sealer, log });
  const plane: Plane = { ...options, service, locations: options.locations ?? usualLocations };
  const own = ownPlanes(plane, options.suffixes ?? usualSuffixes);
  const derived = ownProviderRoutes(options.ownProviders ?? [], plane);
  const events = eventStreams(plane, options.live);
  const app = bareApp(options);
  const scheme = options.https === undefined ? 'http' : 'https';
  const authority = (request: FastifyRequest): string => `${baseOf(request, scheme)}/${options.tenant.id}`;
  app.addHook('onRequest', (request, reply, done) => {
    setUsualHeaders(request, reply);
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request: FastifyRequest, payload: IncomingMessage) => readBody(payload));
  app.setErrorHandler((error, request, reply) => sendFault(request, reply, error, { log, authority }));
  app.setNotFoundHandler((request) => {
    const { segments } = readUri(request.url);
    if (armRoots.has(segments[0]?.toLowerCase() ?? ''))
      throw fault('unsupported', 'MethodNotAllowed', `There is no ${request.method} here.`);
    throw nothingThere();
  });
  const { onAnswered } = options;
  if (onAnswered !== undefined) {
    app.addHook('onResponse', (request, reply, done) => {
      const { method, url, id } = request;
      const question = url.indexOf('?');
      const path = question < 0 ? url : url.slice(0, question);
      onAnswered({
        method,
        path,
        status: reply.statusCode,
        ms: reply.elapsedTime,
        userAgent: request.headers['user-agent'],
        correlationId: id,
      });
      done();
    });
  }
  app.addHook('preClose', () => events[Symbol.dispose]());
  if (options.service === undefined) {
    app.addHook('onClose', () => {
      service[Symbol.dispose]();
    });
  }
  addOpenRoutes(app, options, scheme);
  for (const plugin of options.plugins ?? []) void app.register(async (scope) => await plugin(scope));
  app.route({
    method: ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE'],
    url: '/*',
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      await answer(request, reply, { plane, own, derived, events, scheme, auditLog: options.auditLog, pageSignIn: options.pageSignIn });
      return reply;
    },
  });
  return app;
}

function bareApp({ https }: AppOptions): FastifyInstance {
  const common: FastifyServerOptions = {
    logger: false,
    genReqId: (request) => correlationIdOf(request.headers),
    requestTimeout: limits.requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    routerOptions: { caseSensitive: false, maxParamLength: 1000, ignoreDuplicateSlashes: true },
    clientErrorHandler: (error: NodeJS.ErrnoException, socket: Socket) => {
      if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return;
      socket.end(refuseConnection(error.code));
    },
    frameworkErrors: (error, request, reply) => {
      setUsualHeaders(request as FastifyRequest, reply as FastifyReply);
      sendFault(request as FastifyRequest, reply as FastifyReply, error, { log: silentLog, authority: () => '' });
    },
  };
  if (https === undefined) return fastify({ ...common, http: limits });
  const secure = { ...(common as unknown as FastifyServerOptions<Server>), https: { ...limits, ...https, handshakeTimeout: 20_000 } };
  return fastify(secure) as unknown as FastifyInstance;
}

interface Serving {
  readonly plane: Plane;
  readonly own: OwnPlanes;
  readonly derived: OwnProviderRoutes;
  readonly events: EventStreams;
  readonly scheme: 'http' | 'https';
  readonly auditLog: AuditLog | undefined;
  readonly pageSignIn: PageSignIn | undefined;
}

async function answer(request: FastifyRequest, reply: FastifyReply, serving: Serving): Promise<void> {
  const { plane, own, derived, events, scheme, auditLog } = serving;
  const uri = readUri(request.raw.url ?? '/');
  const root = uri.segments[0]?.toLowerCase() ?? '';
  const isEvents = root === 'events' && uri.segments.length === 1 && request.method === 'GET';
  const ownPlace = armRoots.has(root) || isEvents ? undefined : own.placeOf(uri.segments, request.headers.host);
  if (!armRoots.has(root) && !isEvents && ownPlace === undefined) throw nothingThere();
  const base = baseOf(request, scheme);
  const { method, headers } = request;
  const verify = async (): Promise<Principal> =>
    (await serving.pageSignIn?.principalOf({ method, headers, isUse: !isEvents })) ??
    plane.authenticator.authenticate(headers.authorization, base);
  const principal = await verify();
  let ends: AbortController | undefined;
  const ask: Ask = {
    method,
    uri,
    segments: uri.segments,
    base,
    headers,
    principal,
    verifyAgain: verify,
    from: (request.socket.remoteAddress ?? '').replace(/^::ffff:/i, ''),
    correlationId: request.id,
    body: (loose) => bodyOf(request, loose ?? false),
    get signal() {
      ends ??= abortedWith(reply);
      return ends.signal;
    },
  };
  if (!isEvents) {
    const audited = auditLog && ownPlace === undefined && isAudit(ask.segments) ? await answerAudit(ask, auditLog, plane) : undefined;
    const answered =
      audited ?? (ownPlace === undefined ? ((await derived(ask)) ?? (await answerArm(ask, plane))) : await own.answer(ask, ownPlace));
    sendAnswer(reply, answered, base);
    return;
  }
  events.open(ask, reply.raw);
  reply.hijack();
}

function abortedWith(reply: FastifyReply): AbortController {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller;
}

function bodyOf(request: FastifyRequest, loose: boolean): Json | undefined {
  const bytes = request.body as Buffer | undefined;
  if (bytes === undefined || bytes === null) return undefined;
  checkMediaType(request.headers['content-type'], request.headers['content-encoding']);
  return parseBody(bytes, loose);
}

/** What needs no token. */
function addOpenRoutes(app: FastifyInstance, options: AppOptions, scheme: 'http' | 'https'): void {
  const { catalog, ownProviders, tests = {}, ready = () => true, suffixes = usualSuffixes } = options;
  let openApi: string | undefined;
  app.get('/healthz', (_request, reply) => reply.type('text/plain; charset=utf-8').send('ok\n'));
  app.get('/readyz', (_request, reply) => {
    const up = ready();
    return reply
      .code(up ? 200 : 503)
      .type('text/plain; charset=utf-8')
      .send(up ? 'ok\n' : 'not ready\n');
  });
  app.get('/openapi.json', (_request, reply) => {
    openApi ??= JSON.stringify(openApiDocument(catalog, ownProviders));
    return reply.type('application/json; charset=utf-8').send(openApi);
  });
  app.get('/coverage', (request, reply) => {
    const rows = coverageOf(catalog, tests, ownProviders);
    if (!/\bmarkdown\b/.test(request.headers.accept ?? ''))
      return sendAnswer(reply, { status: 200, body: { value: rows as unknown as Json } });
    return reply.type('text/markdown; charset=utf-8').send(coverageMarkdown(rows));
  });
  app.get('/metadata/endpoints', (request, reply) => {
    const version = readUri(request.raw.url ?? '/').query.get('api-version');
    return sendAnswer(reply, { status: 200, body: cloudMetadata(baseOf(request, scheme), version, options.tenant.id, suffixes) });
  });
}

function nothingThere(): Error {
  return fault('missing', 'NotFound', 'Nothing is at this address.', {
    remedy: 'Resources are below /subscriptions and /providers; /openapi.json lists all addresses.',
  });
}
