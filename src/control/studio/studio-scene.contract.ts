import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { FastifyInstance, InjectOptions } from 'fastify';
import type { Authorizer } from '#arm/access.ts';
import { typeCatalog, type AnyType } from '#arm/resource-type.ts';
import { fault } from '#base/fault.ts';
import { silentLog } from '#base/log.ts';
import { createApp } from '../http/app.ts';
import { addPassword, makePrincipal, openScene, type Credentials, type Scene } from '../identity/identity-scene.contract.ts';
import { newSealKey } from '../identity/seal-keys.ts';
import { sealer as sealerOf } from '../identity/sealer.ts';
import { registerTokenRoutes } from '../identity/token-routes.ts';
import { studio, type Studio, type StudioOptions } from './door.ts';

export const host = 'localhost:4433';
/** What a browser says of a request that a page of ours makes. */
export const ownPage = { 'sec-fetch-site': 'same-origin', 'x-isthmus-studio': '1' } as const;
export const principals = '/providers/Isthmus.Identity/servicePrincipals?api-version=2026-11-01';

export interface Sent {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of all shapes
  readonly body: any;
  /** `name=value` of what is set, as a browser sends it back. */
  readonly cookie: string | undefined;
  readonly setCookie: readonly string[];
}

export interface StudioScene extends AsyncDisposable {
  readonly identity: Scene;
  readonly app: FastifyInstance;
  readonly studio: Studio;
  /** Where the built page would be. */
  readonly pages: string;
  /** Of alice, who may all. */
  readonly alice: Credentials;
  send(method: string, path: string, headers?: Record<string, string>, body?: unknown): Promise<Sent>;
  /** The code of a fresh link for a principal. */
  code(name?: string): Promise<string>;
  /** The cookie of a fresh session. */
  signIn(name?: string): Promise<string>;
  /** Another process on the same store. */
  restart(): void;
}

/** alice may all, everybody else may read. */
const authorizer: Authorizer = {
  check: async ({ name }, action, scope) => {
    if (name === 'alice' || action.endsWith('/read')) return;
    throw fault('denied', 'AuthorizationFailed', `${name} may not ${action} at ${scope}.`, { remedy: 'Ask for a role.' });
  },
};

export async function studioScene(issuers?: StudioOptions['issuers']): Promise<StudioScene> {
  const identity = await openScene();
  const pages = join(await mkdtemp(join(tmpdir(), 'isthmus-pages-')), 'studio');
  const alice = await addPassword(identity, await makePrincipal(identity, 'alice'));
  const open = (): { readonly app: FastifyInstance; readonly studio: Studio } => appOf(identity, pages, issuers);
  let opened = open();
  const send: StudioScene['send'] = (method, path, headers = {}, body) => inject(opened.app, { method, path, headers, body });
  const code = async (name = 'alice'): Promise<string> => {
    const known = (await identity.directory.byName(name)) ?? { principal: { id: 'nobody' } };
    const link = await opened.studio.link(`https://${host}`, known.principal.id, 'test');
    return link.split('#code=')[1] ?? '';
  };
  return {
    identity,
    get app() {
      return opened.app;
    },
    get studio() {
      return opened.studio;
    },
    pages,
    alice,
    send,
    code,
    signIn: async (name) => (await send('POST', '/studio/session', ownPage, { code: await code(name) })).cookie ?? '',
    restart: () => {
      opened = open();
    },
    [Symbol.asyncDispose]: async () => {
      await opened.app.close();
      await identity[Symbol.asyncDispose]();
      await rm(dirname(pages), { recursive: true });
    },
  };
}

function appOf(
  identity: Scene,
  folder: string,
  issuers: StudioOptions['issuers'],
): { readonly app: FastifyInstance; readonly studio: Studio } {
  const { store, directory, desk, tenant, clock, authenticator, authority } = identity;
  const now = (): number => clock.nowMs;
  const installation = { subscription: 'the-subscription', version: '1.2.3' };
  const made = studio({ store, directory, desk, authenticator, tenant, installation, folder, issuers, log: silentLog, now });
  const app = createApp({
    store,
    catalog: typeCatalog([identity.type as unknown as AnyType]),
    authenticator,
    authorizer,
    sealer: sealerOf({ keys: [newSealKey()], places: 'the test' }),
    tenant: { id: tenant, name: 'Test' },
    log: silentLog,
    pageSignIn: made.pageSignIn,
    plugins: [(scope) => registerTokenRoutes(scope, authority), made.routes],
  });
  return { app, studio: made };
}

interface Sending {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

async function inject(app: FastifyInstance, { method, path, headers, body }: Sending): Promise<Sent> {
  const sent = body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) };
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await app.inject({
    method: method as InjectOptions['method'] & 'GET',
    url: path,
    headers: { host, ...type, ...headers },
    ...sent,
  });
  const setCookie = [answer.headers['set-cookie'] ?? []].flat();
  const isJson = String(answer.headers['content-type']).startsWith('application/json') && answer.body !== '';
  return {
    status: answer.statusCode,
    headers: answer.headers as Record<string, string | undefined>,
    text: answer.body,
    body: isJson ? JSON.parse(answer.body) : undefined,
    cookie: setCookie[0]?.split(';')[0],
    setCookie,
  };
}

/** Puts files where the built page is. */
export async function writePages(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}
