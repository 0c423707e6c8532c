import { parsePlace, segmentsOf } from '#arm/resource-id.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { shellLine, shellWithInput } from './shell-quote.ts';
import { withoutSecrets } from './without-secrets.ts';

/** One request to the server, as every client can send it. */
export interface Call {
  readonly method: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE';
  /** From the first slash on: an id, or an address of a workspace's plane. Its query may name an api-version. */
  readonly path: string;
  readonly body?: Json;
  /** Words behind `isthmus` that do the same, where a command for it is known: `['links', 'add-table', 'shop', 'public.orders']`. */
  readonly isthmus?: readonly string[];
  /** Names of members of the body that are secrets by the type's schema; those that are called so are known anyhow. */
  readonly secrets?: readonly string[];
}

export interface CommandPlace {
  /** `https://localhost:4433`. */
  readonly origin: string;
  /** For paths that say none. */
  readonly apiVersion: string;
}

/** The command of this program that does the same. */
export function isthmusCommand(call: Call): string {
  const words = call.isthmus ?? knownCommand(call);
  if (words !== undefined) return shellLine(['isthmus', ...words]);
  const { method, path } = call;
  const place = plainPlace(path);
  if (method === 'GET' && place !== undefined) return shellLine(['isthmus', 'get', path, '-o', 'yaml']);
  if (method === 'DELETE' && place === 'resource') return shellLine(['isthmus', 'delete', path]);
  const body = shownBody(call);
  if (method === 'PUT' && place === 'resource' && isObject(body))
    return shellWithInput(['isthmus', 'apply', '--yes', '-f', '-'], pretty({ id: path, ...body }));
  if (body === undefined) return shellLine(['isthmus', 'rest', method, path]);
  return shellWithInput(['isthmus', 'rest', method, path, '--body', '@-'], pretty(body));
}

/** Where an ARM id leads; undefined: it is none, or asks for more than that. */
function plainPlace(path: string): 'resource' | 'collection' | undefined {
  if (path.includes('?') || path.startsWith('/synapse/')) return undefined;
  return parsePlace(segmentsOf(path))?.kind;
}

const linkVerbs = new Set(['start', 'stop', 'pause', 'resume', 'preflight']);
const linkAddress = /^\/synapse\/([^/]+)\/linkConnections\/([^/]+)\/(\w+)$/i;
const linkId = /\/providers\/Microsoft\.Synapse\/workspaces\/([^/]+)\/linkConnections\/([^/]+)\/(\w+)$/i;

function knownCommand({ method, path, body }: Call): readonly string[] | undefined {
  const plain = path.split('?')[0]!;
  const [, workspace, link, verb = ''] = linkAddress.exec(plain) ?? linkId.exec(plain) ?? [];
  if (method === 'POST' && linkVerbs.has(verb.toLowerCase()))
    return ['links', verb.toLowerCase(), decoded(link!), '--workspace', decoded(workspace!)];
  if (method === 'PUT' && /\/privateEndpointConnections\/[^/]+$/i.test(plain)) return decision(plain, body);
  return undefined;
}

/** The owner's answer to a private endpoint. */
function decision(path: string, body: Json | undefined): readonly string[] | undefined {
  const state = objectAt(objectAt(body, 'properties'), 'privateLinkServiceConnectionState');
  const [status, because] = [state['status'], state['description']];
  if (typeof because !== 'string' || (status !== 'Approved' && status !== 'Rejected')) return undefined;
  return ['endpoint', status === 'Approved' ? 'approve' : 'reject', path, '--because', because];
}

/** The same with Azure's command line, in the cloud that was registered for this server. */
export function azCommand(call: Call, { origin, apiVersion }: CommandPlace): string {
  const { method, path } = call;
  const isPlane = path.startsWith('/synapse/');
  const url = `${isPlane ? origin : ''}${versioned(path, apiVersion)}`;
  const body = shownBody(call);
  return shellLine([
    'az',
    'rest',
    '--method',
    method.toLowerCase(),
    '--url',
    url,
    ...(isPlane ? ['--resource', 'https://dev.azuresynapse.net'] : []),
    ...(body === undefined ? [] : ['--body', pretty(body)]),
  ]);
}

/** The same with Microsoft's SDK for TypeScript. */
export function sdkSnippet(call: Call, place: CommandPlace): string {
  const path = call.path.split('?')[0]!;
  const [, workspace, link, verb = ''] = linkAddress.exec(path) ?? [];
  const operation = sdkLinkVerbs[verb.toLowerCase()];
  if (call.method === 'POST' && operation !== undefined)
    return lines(
      `import { ArtifactsClient } from '@azure/synapse-artifacts';`,
      credentialImport,
      '',
      `const client = new ArtifactsClient(new DefaultAzureCredential(), ${js(`${place.origin}/synapse/${workspace}`)});`,
      `await client.linkConnectionOperations.${operation}(${js(decoded(link!))});`,
    );
  return isById(call) ? byId(call, place) : byPipeline(call, place);
}

type CallById = Call & { readonly method: Exclude<Call['method'], 'POST'> };

function isById(call: Call): call is CallById {
  return call.method !== 'POST' && plainPlace(call.path.split('?')[0]!) === 'resource';
}

const sdkLinkVerbs: Readonly<Record<string, string>> = { start: 'start', stop: 'stop', pause: 'pause', resume: 'resume' };
const credentialImport = `import { DefaultAzureCredential } from '@azure/identity';`;

function byId(call: CallById, { origin, apiVersion }: CommandPlace): string {
  const { method } = call;
  const path = call.path.split('?')[0]!;
  const subscription = /^\/subscriptions\/([^/]+)/i.exec(path)?.[1] ?? '';
  const version = versionIn(call.path) ?? apiVersion;
  const body = shownBody(call);
  const operation = sdkById[method];
  const words = [`id`, js(version), ...(body === undefined ? [] : [pretty(body)])].join(', ');
  const asked = `await client.resources.${operation}(${words})`;
  return lines(
    `import { ResourceManagementClient } from '@azure/arm-resources';`,
    credentialImport,
    '',
    `const client = new ResourceManagementClient(new DefaultAzureCredential(), ${js(subscription)}, { endpoint: ${js(origin)} });`,
    `const id = ${js(path)};`,
    method === 'DELETE' ? `${asked};` : `const resource = ${asked};`,
    ...(method === 'DELETE' ? [] : ['console.log(resource);']),
  );
}

const sdkById = { GET: 'getById', PUT: 'createOrUpdateById', PATCH: 'updateById', DELETE: 'deleteById' } as const;

/** What no operation of a client is there for goes through the pipeline of one: signed in, retried, the same. */
function byPipeline(call: Call, { origin, apiVersion }: CommandPlace): string {
  const body = shownBody(call);
  return lines(
    `import { ResourceManagementClient } from '@azure/arm-resources';`,
    `import { createDefaultHttpClient, createHttpHeaders, createPipelineRequest } from '@azure/core-rest-pipeline';`,
    credentialImport,
    '',
    `const client = new ResourceManagementClient(new DefaultAzureCredential(), { endpoint: ${js(origin)} });`,
    'const answer = await client.pipeline.sendRequest(',
    '  createDefaultHttpClient(),',
    '  createPipelineRequest({',
    `    method: ${js(call.method)},`,
    `    url: ${js(origin + versioned(call.path, apiVersion))},`,
    ...(body === undefined
      ? []
      : [`    headers: createHttpHeaders({ 'content-type': 'application/json' }),`, `    body: JSON.stringify(${pretty(body)}),`]),
    '  }),',
    ');',
    'console.log(answer.status, answer.bodyAsText);',
  );
}

function shownBody({ body, secrets }: Call): Json | undefined {
  return body === undefined ? undefined : withoutSecrets(body, secrets);
}

export function versioned(path: string, apiVersion: string): string {
  return versionIn(path) === undefined ? `${path}${path.includes('?') ? '&' : '?'}api-version=${apiVersion}` : path;
}

function versionIn(path: string): string | undefined {
  return /[?&]api-version=([^&]+)/i.exec(path)?.[1];
}

function pretty(value: Json): string {
  return JSON.stringify(value, undefined, 2);
}

/** A text as JavaScript and JSON write it. */
function js(text: string): string {
  return JSON.stringify(text);
}

function lines(...all: readonly string[]): string {
  return all.join('\n');
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectAt(value: Json | undefined, name: string): JsonObject {
  const member = isObject(value) ? value[name] : undefined;
  return isObject(member) ? member : {};
}
