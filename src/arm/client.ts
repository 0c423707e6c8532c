import { fault, toFault } from '#base/fault.ts';
import { delay } from '#base/service.ts';
import { faultOfAnswer, faultOfOperation, objectOf, originOf, readAnswer, textOf, type ArmAnswer } from './client-answer.ts';
import type { FetchLike } from './client-fetch.ts';
import type { Json, JsonObject } from './resource.ts';

export interface ArmClientOptions {
  /** `https://localhost:4433`. */
  readonly endpoint: string;
  readonly fetch: FetchLike;
  /** A bearer token. `refused`: one that the server will not have any more, and of which another is wanted. */
  readonly token: (refused?: string) => Promise<string>;
  /** Sent where a path has none of its own. */
  readonly apiVersion?: string;
  /** Given by tests. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  /** Told each time that the server was asked whether it is done. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
  /** The path that was asked for. */
  readonly path: string;
  /** The server's word: `InProgress`, `Creating` … */
  readonly status: string;
  /** What the resource waits for, as a sentence. */
  readonly waitingFor: string | undefined;
}

/**
 * ARM over HTTP. Paths begin with `/`; long-running operations are followed to their end. Throttling and short absences are waited for.
 * Faults: those of the server, by their codes; `ServerUnreachable`.
 */
export interface ArmClient {
  get(path: string, options?: CallOptions): Promise<JsonObject>;
  /** Undefined: it is not there. */
  find(path: string, options?: CallOptions): Promise<JsonObject | undefined>;
  /** All pages. */
  list(path: string, options?: CallOptions): Promise<readonly JsonObject[]>;
  /** The resource as it is in the end. */
  put(path: string, body: JsonObject, options?: CallOptions): Promise<JsonObject>;
  patch(path: string, body: JsonObject, options?: CallOptions): Promise<JsonObject>;
  /** False: it was not there. */
  delete(path: string, options?: CallOptions): Promise<boolean>;
  /** What the action answers in the end. */
  post(path: string, body?: Json, options?: CallOptions): Promise<JsonObject>;
  /** One request, and the answer as it comes; a refusal is a fault. */
  send(method: string, path: string, body?: Json, options?: CallOptions): Promise<ArmAnswer>;
}

/** Any version at or above a type's floor is answered. */
export const clientApiVersion = '2026-11-01';

const never = new AbortController().signal;
const mostTries = 5;
const usualPauseMs = 1_000;
const longestPauseMs = 30_000;

export function armClient(options: ArmClientOptions): ArmClient {
  const call = (
    method: string,
    path: string,
    rest: { body?: Json | undefined; options?: CallOptions | undefined } = {},
  ): Promise<ArmAnswer> => send(options, { method, url: urlOf(options, path), body: rest.body, ...rest.options });
  const change = async (
    method: string,
    path: string,
    rest: { body?: Json | undefined; options?: CallOptions | undefined },
  ): Promise<ArmAnswer> => settled(options, { method, path, answer: await call(method, path, rest), options: rest.options ?? {} });
  const get = async (path: string, more?: CallOptions): Promise<JsonObject> => objectOf((await call('GET', path, { options: more })).body);
  return {
    get,
    find: async (path, more) => {
      try {
        return await get(path, more);
      } catch (error) {
        if (toFault(error).kind === 'missing') return undefined;
        throw error;
      }
    },
    list: async (path, more) => {
      const all: JsonObject[] = [];
      for (let next: string | undefined = path; next !== undefined;) {
        const page: JsonObject = await get(next, more);
        if (Array.isArray(page['value'])) all.push(...(page['value'] as readonly JsonObject[]));
        next = textOf(page['nextLink']);
      }
      return all;
    },
    put: async (path, body, more) => objectOf((await change('PUT', path, { body, options: more })).body),
    patch: async (path, body, more) => objectOf((await change('PATCH', path, { body, options: more })).body),
    delete: async (path, more) => {
      const first = await call('DELETE', path, { options: more });
      if (first.status === 204) return false;
      await settled(options, { method: 'DELETE', path, answer: first, options: more ?? {} });
      return true;
    },
    post: async (path, body, more) => objectOf((await change('POST', path, { body, options: more })).body),
    send: (method, path, body, more) => call(method, path, { body, options: more }),
  };
}

/** Absolute addresses that the server gave are followed where they lead to the server itself: a token goes nowhere else. */
function urlOf({ endpoint, apiVersion = clientApiVersion }: ArmClientOptions, path: string): string {
  const root = endpoint.replace(/\/+$/, '');
  const isHere = path.toLowerCase().startsWith(`${root.toLowerCase()}/`);
  if (!isHere && !/^\/(?!\/)/.test(path)) {
    throw fault('invalid', 'ForeignAddress', `'${originOf(path)}' is not an address of ${root}.`, {
      target: path,
      remedy: 'Give a path that begins with one slash.',
    });
  }
  const url = isHere ? path : root + path;
  return /[?&]api-version=/i.test(url) ? url : `${url}${url.includes('?') ? '&' : '?'}api-version=${apiVersion}`;
}

interface Sent extends CallOptions {
  readonly method: string;
  readonly url: string;
  readonly body?: Json | undefined;
}

async function send(client: ArmClientOptions, request: Sent): Promise<ArmAnswer> {
  const { wait = delay } = client;
  let token = await client.token();
  let isRenewed = false;
  for (let tries = 1; ; tries++) {
    const answer = await once(client, request, token);
    if (answer.status < 400) return answer;
    if (answer.status === 401 && !isRenewed) {
      isRenewed = true;
      token = await client.token(token);
    } else if ((answer.status !== 429 && answer.status !== 503) || tries >= mostTries) throw faultOfAnswer(answer, request.url);
    else await wait(pauseMs(answer, 2 ** (tries - 1) * usualPauseMs), request.signal ?? never);
  }
}

async function once(client: ArmClientOptions, { method, url, body, headers, signal }: Sent, token: string): Promise<ArmAnswer> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  try {
    const answer = await client.fetch(url, {
      method,
      headers: { accept: 'application/json', authorization: `Bearer ${token}`, ...type, ...headers },
      ...sent,
      ...(signal === undefined ? {} : { signal }),
    });
    return await readAnswer(answer, url);
  } catch (cause) {
    const known = toFault(cause);
    if (known.kind !== 'bug') throw known;
    throw fault('unreachable', 'ServerUnreachable', `${originOf(url)} does not answer.`, {
      target: originOf(url),
      remedy: 'Start it with isthmus up, or see that the address and the CA are right.',
      cause,
    });
  }
}

function pauseMs(answer: ArmAnswer, otherwise: number): number {
  const seconds = Number(answer.headers.get('retry-after') ?? '');
  return Math.min(longestPauseMs, seconds > 0 ? seconds * 1_000 : otherwise);
}

interface Change {
  readonly method: string;
  readonly path: string;
  readonly answer: ArmAnswer;
  readonly options: CallOptions;
}

/** In the order in which Microsoft's clients decide: operation, location, then the resource's own word. */
function settled(client: ArmClientOptions, change: Change): Promise<ArmAnswer> {
  const { headers, status } = change.answer;
  const operation = headers.get('azure-asyncoperation') ?? headers.get('operation-location');
  if (operation !== null) return byOperation(client, change, operation);
  const location = headers.get('location');
  if (location !== null && status === 202) return byLocation(client, change, location);
  return change.method === 'PUT' || change.method === 'PATCH' ? byState(client, change) : Promise.resolve(change.answer);
}

async function byOperation(client: ArmClientOptions, change: Change, operation: string): Promise<ArmAnswer> {
  let last = change.answer;
  for (;;) {
    await pause(client, change, last);
    last = await ask(client, change, operation);
    const body = objectOf(last.body);
    const status = textOf(body['status']) ?? 'Succeeded';
    if (status === 'Succeeded') break;
    if (isFinal(status)) throw faultOfOperation(status, body['error'], change.path);
    tell(change, status, body);
  }
  if (change.method === 'DELETE') return last;
  const location = change.method === 'POST' ? change.answer.headers.get('location') : change.path;
  return location === null ? last : ask(client, change, location);
}

async function byLocation(client: ArmClientOptions, change: Change, location: string): Promise<ArmAnswer> {
  let last = change.answer;
  do {
    tell(change, 'InProgress', objectOf(last.body));
    await pause(client, change, last);
    last = await ask(client, change, location);
  } while (last.status === 202);
  if (change.method !== 'PUT' && change.method !== 'PATCH') return last;
  return ask(client, change, change.path);
}

async function byState(client: ArmClientOptions, change: Change): Promise<ArmAnswer> {
  let last = change.answer;
  for (;;) {
    const body = objectOf(last.body);
    const properties = objectOf(body['properties']);
    const state = textOf(properties['provisioningState']);
    if (state === undefined || state === 'Succeeded') return last;
    if (isFinal(state)) throw faultOfOperation(state, properties['error'] ?? body['error'], change.path);
    tell(change, state, body);
    await pause(client, change, last);
    last = await ask(client, change, change.path);
  }
}

/** Words of a state that will pass. All others are final, so that nothing is waited for in vain. */
function isFinal(status: string): boolean {
  return !/(?:ing|^accepted|^inprogress|^notstarted)$/i.test(status);
}

function tell({ options, path }: Change, status: string, body: JsonObject): void {
  const properties = objectOf(body['properties']);
  options.onProgress?.({ path, status, waitingFor: textOf(body['waitingFor']) ?? textOf(properties['waitingFor']) });
}

function ask(client: ArmClientOptions, { options }: Change, url: string): Promise<ArmAnswer> {
  return send(client, { method: 'GET', url: urlOf(client, url), ...(options.signal === undefined ? {} : { signal: options.signal }) });
}

function pause({ wait = delay }: ArmClientOptions, { options }: Change, last: ArmAnswer): Promise<void> {
  return wait(pauseMs(last, usualPauseMs), options.signal ?? never);
}
