import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { silentLog } from '#base/log.ts';
import { secret } from '#base/secret.ts';
import type { ResourceWriter, Sealer } from '#arm/access.ts';
import { groupType, subscriptionType } from '#arm/resource-id.ts';
import { resourceType, typeCatalog, type AnyType } from '#arm/resource-type.ts';
import type { JsonObject } from '#arm/resource.ts';
import { createApp } from '#control/http/app.ts';
import { ReconcileLoop } from '#control/reconcile/reconcile-loop.ts';
import { createResourceService } from '#control/resources/resource-service.ts';
import { openSqliteStore, type SqliteStore } from '#control/store/sqlite-store.ts';

const subscription = '/subscriptions/11111111-1111-4111-8111-111111111111';
/** The group in which everything of a scene lies. */
export const group: string = `${subscription}/resourceGroups/Shop`;
const version = '2025-05-01';

const versions = { floor: '2014-04-01', implemented: version };
const nothing = z.object({}) as unknown as z.ZodType<JsonObject>;
const places: readonly AnyType[] = [
  resourceType({ type: subscriptionType, summary: 'A subscription', versions, scopes: ['tenant'], location: 'none', properties: nothing }),
  resourceType({ type: groupType, summary: 'A group', versions, scopes: ['subscription'], properties: nothing }),
];

/** Keeps anything, in a form that a text search does not find. */
export const sealer: Sealer = {
  seal: (text) => `sealed:${Buffer.from(text).toString('hex')}:${randomUUID()}`,
  open: (sealed) => secret(Buffer.from(sealed.split(':')[1] ?? '', 'hex').toString()),
};

export interface Sent {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of all shapes
  readonly body: any;
  readonly text: string;
}

export interface ProviderScene extends AsyncDisposable {
  readonly store: SqliteStore;
  /** As the owner of everything, or `as` somebody else who may do the same; with an api-version where the path names none. */
  send(method: string, path: string, body?: unknown, as?: string): Promise<Sent>;
  /** GET, or with a body POST, from another address than that of this host. */
  askFrom(address: string, path: string, body?: unknown): Promise<Sent>;
  /** Ends the program and begins it anew over the same store. */
  restart(): Promise<void>;
}

/** What types are made with. */
export interface SceneTools {
  readonly writer: () => ResourceWriter;
  readonly store: () => SqliteStore;
}

interface Running extends AsyncDisposable {
  readonly store: SqliteStore;
  readonly app: ReturnType<typeof createApp>;
}

/** A control plane over a store of its own that serves these types: the real store, service, loop and routes. One group: Shop. `waitMs`: how long a write may wait for what it writes to settle. */
export async function providerScene(
  types: (tools: SceneTools) => readonly AnyType[],
  more: { readonly waitMs?: number } = {},
): Promise<ProviderScene> {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-types-'));
  let running = await run(folder, types, more);
  await running.store.write(async (transaction) => {
    const usual = { tags: {}, envelope: {}, properties: {}, references: [], principal: 'setup', ready: true };
    await transaction.put({ ...usual, id: subscription, type: subscriptionType, location: undefined });
    await transaction.put({ ...usual, id: group, type: groupType, location: 'eastus' });
  });
  return {
    get store() {
      return running.store;
    },
    send: (method, path, body, as = 'owner') => send(running, { method, path, body, as }),
    askFrom: (from, path, body) => send(running, { method: body === undefined ? 'GET' : 'POST', path, body, as: 'owner', from }),
    restart: async () => {
      await running[Symbol.asyncDispose]();
      running = await run(folder, types, more);
    },
    [Symbol.asyncDispose]: async () => {
      await running[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

async function run(
  folder: string,
  types: (tools: SceneTools) => readonly AnyType[],
  { waitMs = 1_000 }: { readonly waitMs?: number },
): Promise<Running> {
  const store = await openSqliteStore({ path: join(folder, 'store.db') });
  let writer: ResourceWriter | undefined;
  const catalog = typeCatalog([...places, ...types({ writer: () => writer!, store: () => store })]);
  const service = createResourceService({ store, catalog, sealer, log: silentLog, waitMs });
  writer = service;
  const app = createApp({
    store,
    catalog,
    service,
    sealer,
    authenticator: { authenticate: async (header = '') => ({ id: header.slice('Bearer '.length), name: 'Somebody', tenant: 'tenant' }) },
    authorizer: { check: async () => undefined },
    tenant: { id: 'tenant', name: 'Home' },
    log: silentLog,
  });
  const stop = new AbortController();
  const loop = new ReconcileLoop({
    store,
    types: catalog,
    log: silentLog,
  }).run(stop.signal);
  return {
    store,
    app,
    [Symbol.asyncDispose]: async () => {
      await app.close();
      stop.abort();
      await loop;
      service[Symbol.dispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  /** Id of who asks. */
  readonly as: string;
  readonly from?: string;
}

async function send({ app }: Running, { method, path, body, as, from = '127.0.0.1' }: Asked): Promise<Sent> {
  const url = path.includes('api-version=') ? path : `${path}${path.includes('?') ? '&' : '?'}api-version=${version}`;
  const answer = await app.inject({
    method: method as 'GET',
    url,
    remoteAddress: from,
    headers: {
      host: 'arm.test:4433',
      authorization: `Bearer ${as}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  });
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: answer.body === '' ? undefined : JSON.parse(answer.body),
    text: answer.body,
  };
}
