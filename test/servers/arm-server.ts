import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Json, JsonObject } from '#arm/resource.ts';

export interface ArmRequest {
  readonly method: string;
  /** Without the query, decoded no further. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Json | undefined;
}

export interface ArmReply {
  readonly status: number;
  readonly body?: Json;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Answers what it wants to; undefined: the store of resources answers. */
export type Script = (request: ArmRequest, base: string) => ArmReply | undefined;

/** A little of ARM over plain HTTP, for what asks it: keeps what is put, gives tokens, and does what a test says for the rest. */
export interface ArmServer extends AsyncDisposable {
  readonly url: string;
  /** By id in lower case. */
  readonly resources: Map<string, JsonObject>;
  readonly requests: ArmRequest[];
  readonly token: () => string;
  /** The token that is asked for next is another one, and older ones will not do. */
  readonly renewTokens: () => void;
  script: Script;
}

export const testSubscription = '5b0e7c1a-0000-4000-8000-000000000001';
export const testTenant = '7a3d2f10-0000-4000-8000-000000000002';
export const testClient = { clientId: '9c1d4e20-0000-4000-8000-000000000003', clientSecret: 'ist_the-secret-of-the-test-client' } as const;

/** `certificates`: PEM, for HTTPS. */
export async function startArmServer(certificates?: { readonly cert: string; readonly key: string }): Promise<ArmServer> {
  let round = 1;
  const state = {
    resources: new Map<string, JsonObject>(),
    requests: [] as ArmRequest[],
    script: (() => undefined) as Script,
    token: () => `h.${Buffer.from(JSON.stringify({ oid: 'o', round })).toString('base64url')}.s`,
    renewTokens: () => void (round += 1),
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void => void answer(request, response);
  const server = certificates ? createSecureServer(certificates, listener) : createPlainServer(listener);
  const scheme = certificates ? 'https' : 'http';
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://any');
    const base = `${scheme}://${request.headers.host}`;
    const sent = await text(request);
    if (url.pathname.endsWith('/oauth2/v2.0/token')) return reply(response, tokenReply(new URLSearchParams(sent), state.token()));
    const { method = 'GET', headers } = request;
    const asked: ArmRequest = {
      method,
      path: url.pathname,
      query: url.searchParams,
      headers,
      body: sent === '' ? undefined : (JSON.parse(sent) as Json),
    };
    state.requests.push(asked);
    if (headers.authorization !== `Bearer ${state.token()}`) return reply(response, unauthorized(base));
    reply(response, state.script(asked, base) ?? stored(asked, state.resources));
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(state, {
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

function reply(response: ServerResponse, { status, body, headers = {} }: ArmReply): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function tokenReply(form: URLSearchParams, token: string): ArmReply {
  if (form.get('client_id') === testClient.clientId && form.get('client_secret') === testClient.clientSecret)
    return { status: 200, body: { token_type: 'Bearer', expires_in: 3_599, access_token: token } };
  return { status: 401, body: { error: 'invalid_client', error_description: 'AADSTS7000215: Invalid client secret provided.' } };
}

function unauthorized(base: string): ArmReply {
  const told = `Bearer authorization_uri="${base}/${testTenant}", error="invalid_token", error_description="x"`;
  return { ...refusal(401, 'InvalidAuthenticationToken', 'The access token will not do.'), headers: { 'www-authenticate': told } };
}

/** An error as Isthmus sends it. */
export function refusal(status: number, code: string, message: string, remedy?: string): ArmReply {
  const additionalInfo = remedy === undefined ? {} : { additionalInfo: [{ type: 'Remedy', info: { remedy } }] };
  return { status, body: { error: { code, message: remedy === undefined ? message : `${message} ${remedy}`, ...additionalInfo } } };
}

function stored({ method, path, body }: ArmRequest, resources: Map<string, JsonObject>): ArmReply {
  const key = path.toLowerCase();
  const there = resources.get(key);
  if (path === '/subscriptions')
    return { status: 200, body: { value: [{ subscriptionId: testSubscription, displayName: 'first', state: 'Enabled' }] } };
  if (method === 'PUT') {
    resources.set(key, shown(path, body as JsonObject));
    return { status: there ? 200 : 201, body: resources.get(key)! };
  }
  if (method === 'DELETE') return { status: resources.delete(key) ? 200 : 204 };
  if (there) return { status: 200, body: there };
  const [, ofType] = /^\/subscriptions\/[^/]+(\/providers\/[^/]+\/[^/]+)$/.exec(key) ?? [];
  if (ofType !== undefined) {
    // Of every group.
    const value = [...resources].filter(([id]) => id.slice(0, id.lastIndexOf('/')).endsWith(ofType)).map(([, one]) => one);
    return { status: 200, body: { value } };
  }
  if (path.split('/').length % 2 === 0) {
    const value = [...resources].filter(([id]) => id.startsWith(`${key}/`)).map(([, one]) => one);
    return { status: 200, body: { value } };
  }
  return refusal(404, 'ResourceNotFound', `There is no ${path}.`);
}

function shown(path: string, body: JsonObject): JsonObject {
  const [type, name] = path.split('/').slice(-2);
  const properties = { ...(body['properties'] as JsonObject | undefined), provisioningState: 'Succeeded' };
  const { administratorLoginPassword: _, ...visible } = properties as JsonObject;
  return { ...body, id: path, name: name!, type: `Test/${type!}`, properties: visible };
}
