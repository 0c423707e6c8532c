import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest, RawServerBase } from 'fastify';
import { refusals, type TokenAnswer, type TokenRefusal } from './token-answers.ts';
import type { AuthorityRequest, TokenAuthority } from './token-authority.ts';

/** An app over HTTP or HTTPS. */
type App<S extends RawServerBase> = Pick<FastifyInstance<S>, 'register'>;
type Scope = Pick<FastifyInstance, 'get' | 'post' | 'removeAllContentTypeParsers' | 'addContentTypeParser' | 'setErrorHandler'>;
type TenantRequest = FastifyRequest<{ Params: { tenant: string } }>;

const maxFormBytes = 65_536;
const formType = 'application/x-www-form-urlencoded';

/**
 * Serves the token authority, in a scope of its own: bodies are forms there and refusals are OAuth's, whatever the rest of the app does.
 * `…/{tenant}/oauth2/v2.0/token`, `…/{tenant}/oauth2/token` (also for the tenant `adfs`), their `.well-known/openid-configuration` and keys.
 */
export function registerTokenRoutes<S extends RawServerBase>(app: App<S>, authority: TokenAuthority): void {
  void app.register((scope, _options, done) => {
    addRoutes(scope as unknown as Scope, authority);
    done();
  });
}

function addRoutes(scope: Scope, authority: TokenAuthority): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(formType, { parseAs: 'string', bodyLimit: maxFormBytes }, (_request, body, done) => {
    done(null, new URLSearchParams(String(body)));
  });
  scope.addContentTypeParser('*', { parseAs: 'string', bodyLimit: maxFormBytes }, (_request, _body, done) => done(null, undefined));
  scope.setErrorHandler((error, request, reply) => {
    const refusal = refusalOf(error);
    // What is no fault of the client is for the app to answer.
    if (refusal === undefined) throw error;
    return send(reply, authority.refuse(refusal, correlationOf(request)));
  });
  for (const [shape, version] of [
    ['v2', '/v2.0'],
    ['v1', ''],
  ] as const) {
    const asked = (request: TenantRequest): AuthorityRequest => ({
      origin: originOf(request),
      tenant: request.params.tenant,
      shape,
      correlationId: correlationOf(request),
    });
    scope.get(`/:tenant${version}/.well-known/openid-configuration`, (request: TenantRequest, reply) =>
      send(reply, authority.configuration(asked(request))),
    );
    scope.get(`/:tenant/discovery${version}/keys`, (request: TenantRequest, reply) => send(reply, authority.keys(asked(request))));
    scope.post(`/:tenant/oauth2${version}/token`, async (request: TenantRequest, reply) => {
      const form = request.body instanceof URLSearchParams ? request.body : undefined;
      const answer = await authority.token({ ...asked(request), form, authorization: request.headers.authorization, address: request.ip });
      return send(reply, answer);
    });
  }
}

/** `https://host:port` as the client used it. `Host` is the client's word: what is no host and port is taken for localhost. */
function originOf({ protocol, host }: FastifyRequest): string {
  const text = `${protocol}://${host}`;
  return URL.canParse(text) ? new URL(text).origin : `${protocol}://localhost`;
}

function correlationOf(request: FastifyRequest): string {
  const given = request.headers['client-request-id'] ?? request.headers['x-ms-client-request-id'];
  return typeof given === 'string' && /^[0-9a-f-]{36}$/i.test(given) ? given : randomUUID();
}

function refusalOf(error: unknown): TokenRefusal | undefined {
  const { statusCode } = error as { readonly statusCode?: unknown };
  if (statusCode === 413) return refusals.tooLarge;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? refusals.notAForm : undefined;
}

function send(reply: FastifyReply, { status, headers, body }: TokenAnswer): FastifyReply {
  return reply.code(status).headers(headers).type('application/json; charset=utf-8').send(body);
}
