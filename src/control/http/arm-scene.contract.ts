import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { silentLog } from '#base/log.ts';
import { secret } from '#base/secret.ts';
import type { Authenticator, Authorizer, Sealer } from '#arm/access.ts';
import { liveChanges, type LiveChanges } from '#arm/live-changes.ts';
import { groupType, isWithin, keyOf, subscriptionType } from '#arm/resource-id.ts';
import { resourceType, typeCatalog, type AnyType, type Outcome, type TypeCatalog } from '#arm/resource-type.ts';
import { newStatus, type Json, type JsonObject } from '#arm/resource.ts';
import { ownBase } from '#arm/type-plane.ts';
import { ReconcileLoop } from '../reconcile/reconcile-loop.ts';
import { createResourceService } from '../resources/resource-service.ts';
import { openSqliteStore, type SqliteStore } from '../store/sqlite-store.ts';
import { createApp } from './app.ts';
import { schemaProvider } from './schema-provider.ts';
import { searchProvider } from './search-provider.ts';

export const subscription = '/subscriptions/11111111-1111-4111-8111-111111111111';
export const group: string = `${subscription}/resourceGroups/Shop`;
const version = '2025-05-01';

/** What the reconcilers of the scene's types wait for. */
export interface Gate {
  /** What trying a machine leads to, by its name. Not in it: ready at once. */
  readonly machines: Map<string, Outcome>;
  /** Happens once within the next renaming, after it has read the network and before it writes. */
  meanwhile?: (() => Promise<unknown>) | undefined;
}

const versions = { floor: '2020-01-01', implemented: version };
const anyEnvelope = z.object({
  sku: z.object({ name: z.string() }).optional(),
  kind: z.string().optional(),
}) as unknown as z.ZodType<JsonObject>;

function exampleTypes(gate: Gate): readonly AnyType[] {
  const subscriptions = resourceType<JsonObject>({
    type: subscriptionType,
    summary: 'A subscription',
    versions: { floor: '2016-06-01', implemented: '2022-12-01' },
    scopes: ['tenant'],
    location: 'none',
    verbs: [],
    properties: z.object({}) as unknown as z.ZodType<JsonObject>,
    shape: (self, usual) => ({ ...usual, subscriptionId: self.name, displayName: 'Main', state: 'Enabled' }),
  });
  const groups = resourceType<JsonObject>({
    type: groupType,
    summary: 'A group',
    versions: { floor: '2019-10-01', implemented: '2025-04-01' },
    scopes: ['subscription'],
    name: { pattern: /^[-\w._()]+$/, maxLength: 90, says: 'letters' },
    properties: z.object({}) as unknown as z.ZodType<JsonObject>,
    answers: { created: 201, replaced: 200, deleted: 202 },
    shows: { provisioningState: true, etag: false },
  });
  const networks = resourceType<{ space: string; comment?: string | undefined }>({
    type: 'Example.Net/networks',
    summary: 'A network',
    versions,
    properties: z.object({ space: z.string().max(40), comment: z.string().optional() }),
    envelope: anyEnvelope,
    inline: { subnets: { type: 'Example.Net/networks/subnets', whenAbsent: 'keep' } },
    actions: {
      rename: {
        summary: 'Says another comment',
        input: z.object({ comment: z.string() }),
        run: async ({ input, self, update }) => {
          const { comment } = input as { comment: string };
          const { meanwhile } = gate;
          gate.meanwhile = undefined;
          await meanwhile?.();
          const after = await update({ properties: { ...self!.properties, comment } });
          return { body: { generation: after.generation } };
        },
      },
      plan: {
        summary: 'Of what is not there yet',
        input: z.unknown(),
        needsResource: false,
        run: async ({ self }) => ({ body: { there: self !== undefined } }),
      },
      nothing: { summary: 'Answers nothing', input: z.object({}), permission: 'read', run: async () => ({}) },
    },
  });
  const subnets = resourceType<{ range: string; open: boolean }>({
    type: 'Example.Net/networks/subnets',
    summary: 'A run of it',
    versions,
    location: 'none',
    hasTags: false,
    properties: z.object({ range: z.string(), open: z.boolean().default(false) }),
    inUse: { kind: 'invalid', code: 'InUseSubnetCannotBeDeleted' },
    check: async (asked, { id, resources }) => {
      const siblings = await resources.list({ within: id.parent!, direct: true, type: 'Example.Net/networks/subnets' });
      const other = siblings.find((one) => one.name !== id.name && (one.properties as { range?: Json }).range === asked.properties.range);
      if (other) throw fault('invalid', 'NetcfgSubnetRangesOverlap', `It overlaps ${other.name}.`, { remedy: 'Take another range.' });
    },
  });
  const balancers = resourceType<{ frontends: { name: string; subnet: { id: string } }[] }>({
    type: 'Example.Net/balancers',
    summary: 'A balancer',
    versions,
    properties: z.object({ frontends: z.array(z.object({ name: z.string(), subnet: z.object({ id: z.string() }) })) }),
    references: ({ properties }) =>
      properties.frontends.map((one, i) => ({
        id: one.subnet.id,
        at: `properties.frontends[${i}].subnet.id`,
        types: ['Example.Net/networks/subnets'],
      })),
    parts: { frontends: ({ properties }) => properties.frontends },
  });
  const machines = resourceType<{ size: string; password?: string | undefined; frontend?: { id: string } | undefined }>({
    type: 'Example.Run/machines',
    summary: 'A machine',
    versions,
    properties: z.object({
      size: z.enum(['small', 'large']).default('small'),
      password: z.string().optional(),
      frontend: z.object({ id: z.string() }).optional(),
    }),
    secrets: ['password'],
    references: ({ properties }) =>
      properties.frontend === undefined ? [] : [{ id: properties.frontend.id, at: 'properties.frontend.id' }],
    reconcile: async (self) => gate.machines.get(self.name) ?? { kind: 'ready', outputs: { address: '10.0.0.1' } },
    remove: async (self) => gate.machines.get(self.name) ?? { kind: 'ready' },
    actions: {
      restart: {
        summary: 'Restarts',
        input: z.object({}),
        run: async ({ update }) => {
          await update({});
          return { settles: true };
        },
      },
      breakDown: { summary: 'A bug', input: z.object({}), run: async () => Promise.reject(new Error('secret-in-a-bug')) },
    },
  });
  const locks = resourceType<JsonObject>({
    type: 'Example.Own/locks',
    summary: 'On anything',
    versions,
    scopes: ['subscription', 'group', 'resource'],
    location: 'none',
    hasTags: false,
    properties: z.object({ level: z.string() }) as unknown as z.ZodType<JsonObject>,
  });
  const loose = resourceType<JsonObject>({
    type: 'Example.Own/scripts',
    summary: 'Written loosely',
    versions,
    location: 'optional',
    looseBody: true,
    answers: { created: 200, replaced: 200, deleted: 204 },
    verbs: ['put', 'delete'],
    properties: z.object({ text: z.string() }) as unknown as z.ZodType<JsonObject>,
  });
  return [subscriptions, groups, networks, subnets, balancers, machines, locks, loose, ownRights(), ...deskTypes()];
}

/** Shows everybody what is their own. */
function ownRights(): AnyType {
  const type = 'Example.Own/rights';
  return resourceType<JsonObject>({
    type,
    summary: 'What the caller is called',
    versions,
    scopes: ['tenant', 'subscription', 'group', 'resource'],
    location: 'none',
    hasTags: false,
    verbs: [],
    properties: z.object({}) as unknown as z.ZodType<JsonObject>,
    shape: ({ properties }) => properties,
    ownOnly: true,
    list: async ({ under, principal: { name } }) => [
      {
        id: `${under}/providers/${type}/0`,
        type,
        name: '0',
        location: undefined,
        tags: {},
        envelope: {},
        properties: { of: name, at: under },
        generation: 1,
        etag: 'e',
        deleting: false,
        status: { ...newStatus, settled: 1, outcome: 'ready' },
        createdAt: '',
        changedAt: '',
        createdBy: '',
        changedBy: '',
      },
    ],
  });
}

/** Types with a plane of their own. */
function deskTypes(): readonly AnyType[] {
  const properties = z.object({ text: z.string().optional() }) as unknown as z.ZodType<JsonObject>;
  const inDesk = { versions, properties, location: 'none', hasTags: false, verbs: ['put', 'delete'] } as const;
  const plane = { versions: { floor: '2022-01-01', implemented: '2022-12-01-preview' } };
  const desks = resourceType<JsonObject>({
    type: 'Example.Work/desks',
    summary: 'A desk',
    versions,
    properties,
    plane: { ...plane, root: { prefix: 'work', self: 'desk', hostSuffix: 'synapseAnalytics' }, actions: ['tidy'] },
    show: async (self) => ({ address: `${ownBase}/work/${self.name}` }),
    actions: {
      tidy: { summary: 'Tidies', input: z.object({}), run: async ({ self }) => ({ body: { tidied: self!.name } }) },
      burn: { summary: 'Burns', input: z.object({}), run: async () => ({}) },
    },
  });
  const drawers = resourceType<JsonObject>({
    ...inDesk,
    type: 'Example.Work/desks/drawers',
    summary: 'A drawer',
    verbs: ['put'],
    plane: { ...plane, verbs: [] },
  });
  const sheets = resourceType<JsonObject>({
    ...inDesk,
    type: 'Example.Work/desks/drawers/sheets',
    summary: 'A sheet',
    plane: { ...plane, answers: { created: 200, replaced: 200, deleted: 202 } },
    reads: {
      neighbours: {
        summary: 'Sheets in the same drawer',
        permission: 'read',
        run: async ({ id, resources, principal }) => {
          const all = await resources.list({ within: id.parent!, direct: true });
          return { for: principal.name, names: all.map(({ name }) => name) };
        },
      },
    },
    actions: { crumple: { summary: 'Crumples', input: z.object({}), run: async () => ({}) } },
  });
  const locked = resourceType<JsonObject>({ ...inDesk, type: 'Example.Work/desks/safes', summary: 'Not asked for on the plane' });
  return [desks, drawers, sheets, locked];
}

/** Opens what `seal` closed, and nothing else. */
const sealer: Sealer = {
  seal: (text) => `sealed:${Buffer.from(text).toString('hex')}:${Math.random()}`,
  open: (sealed) => secret(Buffer.from(sealed.split(':')[1] ?? '', 'hex').toString()),
};

/** `Bearer owner` may all, `Bearer reader` may read, `Bearer nobody` nothing, `Bearer partly` all in the group Shop's networks. */
const authenticator: Authenticator = {
  authenticate: async (authorization) => {
    if (authorization === undefined)
      throw fault('unauthenticated', 'AuthenticationFailed', 'Authentication failed.', { remedy: 'Sign in.' });
    const name = authorization.replace('Bearer ', '');
    if (!['owner', 'reader', 'nobody', 'partly'].includes(name))
      throw fault('unauthenticated', 'InvalidAuthenticationToken', 'The "token" is invalid.');
    return { id: `id-of-${name}`, name, tenant: 'tenant' };
  },
};

const authorizer: Authorizer = {
  check: async ({ name }, action, scope) => {
    const reads = action.endsWith('/read');
    const allowed = { owner: true, reader: reads, partly: isWithin(keyOf(scope), keyOf(`${group}/providers/Example.Net`)) }[name] ?? false;
    if (!allowed) throw fault('denied', 'AuthorizationFailed', `${name} may not ${action} at ${scope}.`, { remedy: 'Ask for a role.' });
  },
};

export interface Sent {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of all shapes
  readonly body: any;
  readonly text: string;
}

export interface ArmScene extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly store: SqliteStore;
  readonly catalog: TypeCatalog;
  readonly gate: Gate;
  readonly live: LiveChanges;
  /** Adds an api-version and the owner's token where they are not given. */
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Sent>;
}

/** A control plane with example types, a store of its own in a temporary folder, one subscription and the group Shop. */
export async function armScene({ loop = false, waitMs = 1000 }: { loop?: boolean; waitMs?: number } = {}): Promise<ArmScene> {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-arm-'));
  const store = await openSqliteStore({ path: join(folder, 'store.db') });
  const gate: Gate = { machines: new Map() };
  const catalog = typeCatalog(exampleTypes(gate));
  const service = createResourceService({ store, catalog, sealer, log: silentLog, waitMs });
  const live = liveChanges();
  const app = createApp({
    store,
    catalog,
    live,
    ownProviders: [searchProvider({ store, catalog, service, sealer }), schemaProvider(catalog)],
    authenticator,
    authorizer,
    sealer,
    service,
    tenant: { id: 'tenant', name: 'Home' },
    log: silentLog,
  });
  const stop = new AbortController();
  const running = loop ? new ReconcileLoop({ store, types: catalog, log: silentLog }).run(stop.signal) : Promise.resolve();
  await store.write(async (transaction) => {
    const usual = { tags: {}, envelope: {}, properties: {}, references: [], principal: 'setup', ready: true };
    await transaction.put({ ...usual, id: subscription, type: subscriptionType, location: undefined });
    await transaction.put({ ...usual, id: group, type: groupType, location: 'westeurope' });
  });
  return {
    app,
    store,
    catalog,
    gate,
    live,
    send: (method, path, body, headers = {}) => send(app, { method, path, body, headers }),
    [Symbol.asyncDispose]: async () => {
      await app.close();
      stop.abort();
      await running;
      service[Symbol.dispose]();
      live[Symbol.dispose]();
      await store[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

interface Sending {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly headers: Record<string, string>;
}

async function send(app: FastifyInstance, { method, path, body, headers }: Sending): Promise<Sent> {
  const url = /api-version=/i.test(path) || headers['x-bare'] ? path : `${path}${path.includes('?') ? '&' : '?'}api-version=${version}`;
  const request: InjectOptions = {
    method: method as 'GET',
    url,
    headers: { authorization: 'Bearer owner', host: 'arm.test:4433', ...headers },
  };
  if (headers['authorization'] === '') delete request.headers!['authorization'];
  if (body !== undefined) {
    request.payload = typeof body === 'string' ? body : JSON.stringify(body);
    request.headers = { 'content-type': 'application/json', ...request.headers };
  }
  const answer = await app.inject(request);
  const isJson = String(answer.headers['content-type']).startsWith('application/json');
  return {
    status: answer.statusCode,
    headers: answer.headers as Record<string, string | undefined>,
    body: isJson && answer.body !== '' ? JSON.parse(answer.body) : undefined,
    text: answer.body,
  };
}
