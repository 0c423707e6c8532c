import type { JsonObject } from '#arm/resource.ts';
import type { ResourceStore } from '#arm/store.ts';
import type { AudienceRule } from './audiences.ts';
import type { KnownPrincipal, PrincipalDirectory } from './principal-directory.ts';
import { signInDesk, type SignInDesk } from './sign-in.ts';
import type { SigningKeys } from './signing-keys.ts';
import {
  answered,
  badScope,
  doubleParameter,
  missingParameter,
  refusals,
  refused,
  unknownResource,
  unknownTenant,
  unsupportedGrant,
  type TokenAnswer,
  type TokenRefusal,
} from './token-answers.ts';

/** The addresses of Entra's endpoints: of version 2, of version 1, and AD FS, which `az` asks since it does not look up that one elsewhere. */
export type AuthorityShape = 'v2' | 'v1' | 'adfs';

export interface AuthorityRequest {
  /** `https://host:port` as the client used it: all addresses in answers, and the issuer, begin with it. */
  readonly origin: string;
  /** The first segment of the path: a tenant, or `adfs`. */
  readonly tenant: string;
  readonly shape: 'v2' | 'v1';
  /** A GUID. */
  readonly correlationId: string;
}

export interface TokenRequest extends AuthorityRequest {
  /** Undefined: the body was none. */
  readonly form: URLSearchParams | undefined;
  /** The header's value: `Basic …` may hold client id and secret. */
  readonly authorization: string | undefined;
  /** The client's. */
  readonly address: string;
}

/** A small OAuth server: client credentials for tokens. Knows nothing of HTTP servers. */
export interface TokenAuthority {
  readonly tenant: string;
  /** `/{tenant}/v2.0/.well-known/openid-configuration` and the like. */
  configuration(request: AuthorityRequest): TokenAnswer;
  /** What `jwks_uri` names. */
  keys(request: AuthorityRequest): TokenAnswer;
  token(request: TokenRequest): Promise<TokenAnswer>;
  /** A refusal in the usual form, for what never reached `token`. */
  refuse(refusal: TokenRefusal, correlationId: string): TokenAnswer;
}

export interface TokenAuthorityOptions {
  readonly store: ResourceStore;
  readonly keys: SigningKeys;
  readonly directory: PrincipalDirectory;
  readonly audiences: AudienceRule;
  readonly tenant: string;
  /** By default one of its own: whoever else checks passwords shares it, so that tries are counted once. */
  readonly desk?: SignInDesk;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** How long tokens last. */
const tokenSeconds = 3_600;
/** Clocks of clients and a clock that is set back. */
const backdatedSeconds = 60;
const scopesOfSignIn: ReadonlySet<string> = new Set(['openid', 'profile', 'offline_access', 'email']);

/** The issuers that tokens of an installation name, whatever host the client used: the paths. */
export function issuerPaths(tenant: string): readonly string[] {
  return [`/${tenant}/v2.0`, `/${tenant}`, '/adfs'];
}

export function tokenAuthority(options: TokenAuthorityOptions): TokenAuthority {
  const { store, keys, directory, audiences, tenant, now = Date.now } = options;
  const desk = options.desk ?? signInDesk({ store, directory, now });
  const refuse = (refusal: TokenRefusal, correlationId: string): TokenAnswer => refused(refusal, { nowMs: now(), correlationId });
  const shapeOf = (request: AuthorityRequest): AuthorityShape | undefined => {
    const name = request.tenant.toLowerCase();
    return name === 'adfs' ? 'adfs' : name === tenant ? request.shape : undefined;
  };
  const inShape = (request: AuthorityRequest, answer: (shape: AuthorityShape) => TokenAnswer): TokenAnswer => {
    const shape = shapeOf(request);
    return shape === undefined ? refuse(unknownTenant(request.tenant, 'invalid_tenant'), request.correlationId) : answer(shape);
  };
  const sign = async (issuer: string, audience: string, { appId, principal }: KnownPrincipal): Promise<TokenAnswer> => {
    const iat = Math.floor(now() / 1_000);
    const exp = iat + tokenSeconds;
    const who = { tid: tenant, oid: principal.id, appid: appId, sub: principal.id };
    const token = await keys.sign({ aud: audience, iss: issuer, ...who, iat, nbf: iat - backdatedSeconds, exp });
    const life = { expires_in: tokenSeconds - 1, ext_expires_in: tokenSeconds - 1, expires_on: String(exp), not_before: String(iat) };
    return answered({ token_type: 'Bearer', ...life, resource: audience, access_token: token });
  };
  return {
    tenant,
    refuse,
    configuration: (request) => inShape(request, (shape) => answered(configurationOf(request.origin, shape, tenant), {})),
    keys: (request) => inShape(request, () => answered(keys.jwks, {})),
    token: async (request) => {
      const { correlationId, address, origin } = request;
      const shape = shapeOf(request);
      if (shape === undefined) return refuse(unknownTenant(request.tenant, 'invalid_request'), correlationId);
      const asked = readForm(request);
      if ('refusal' in asked) return refuse(asked.refusal, correlationId);
      if (!audiences.accepts(asked.audience, origin)) return refuse(unknownResource(asked.audience, tenant), correlationId);
      const outcome = await desk.signIn({ clientId: asked.clientId, clientSecret: asked.clientSecret, address, correlationId });
      if ('refusal' in outcome) return refuse(outcome.refusal, correlationId);
      return sign(issuerOf(origin, shape, tenant), asked.audience, outcome.known);
    },
  };
}

function issuerOf(origin: string, shape: AuthorityShape, tenant: string): string {
  const [v2, v1, adfs] = issuerPaths(tenant);
  return `${origin}${{ v2, v1, adfs }[shape]}`;
}

function configurationOf(origin: string, shape: AuthorityShape, tenant: string): JsonObject {
  const root = `${origin}/${shape === 'adfs' ? 'adfs' : tenant}`;
  const version = shape === 'v2' ? '/v2.0' : '';
  return {
    issuer: issuerOf(origin, shape, tenant),
    // Clients want it to be there; nobody signs in by browser here.
    authorization_endpoint: `${root}/oauth2${version}/authorize`,
    token_endpoint: `${root}/oauth2${version}/token`,
    jwks_uri: `${root}/discovery${version}/keys`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
    grant_types_supported: ['client_credentials'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid'],
    claims_supported: ['aud', 'iss', 'tid', 'oid', 'appid', 'sub', 'iat', 'nbf', 'exp'],
  };
}

interface TokenForm {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly audience: string;
}

type Refused = { readonly refusal: TokenRefusal };

function readForm({ form, authorization }: TokenRequest): TokenForm | Refused {
  if (form === undefined) return { refusal: refusals.notAForm };
  const double = ['grant_type', 'client_id', 'client_secret', 'scope', 'resource'].find((name) => form.getAll(name).length > 1);
  if (double !== undefined) return { refusal: doubleParameter(double) };
  const grant = form.get('grant_type');
  if (!grant) return { refusal: missingParameter('grant_type') };
  if (grant !== 'client_credentials') return { refusal: unsupportedGrant() };
  const basic = readBasic(authorization);
  const clientId = form.get('client_id') ?? basic?.clientId;
  if (!clientId) return { refusal: missingParameter('client_id') };
  const clientSecret = form.get('client_secret') ?? basic?.clientSecret;
  if (!clientSecret) return { refusal: refusals.noSecret };
  const audience = readAudience(form);
  return typeof audience === 'string' ? { clientId, clientSecret, audience } : audience;
}

/** Version 1 and AD FS name the `resource`; version 2 a scope, which is the audience and `/.default`: with two slashes where it ends with one. */
function readAudience(form: URLSearchParams): string | Refused {
  const scope = form.get('scope');
  const resource = form.get('resource');
  if (resource) return resource;
  if (!scope) return { refusal: missingParameter('scope') };
  const asked = scope.split(' ').filter((word) => word !== '' && !scopesOfSignIn.has(word));
  const [only = ''] = asked;
  if (asked.length !== 1 || !only.endsWith('/.default')) return { refusal: badScope(scope) };
  return only.slice(0, -'/.default'.length);
}

/** RFC 6749, 2.3.1: both parts are form-encoded. */
function readBasic(authorization: string | undefined): { readonly clientId: string; readonly clientSecret: string } | undefined {
  const encoded = /^Basic +([\w+/=-]+)$/i.exec(authorization ?? '')?.[1];
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  const decode = (part: string): string => new URLSearchParams(`x=${part.replaceAll('&', '%26')}`).get('x') ?? '';
  return { clientId: decode(text.slice(0, colon)), clientSecret: decode(text.slice(colon + 1)) };
}
