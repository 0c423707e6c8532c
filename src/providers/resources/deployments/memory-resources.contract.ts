import { z } from 'zod';
import { fault, type Fault } from '#base/fault.ts';
import { secret } from '#base/secret.ts';
import type { Sealer } from '#arm/access.ts';
import { parseResourceId } from '#arm/resource-id.ts';
import { type AnyType, type Principal, resourceType, typeCatalog } from '#arm/resource-type.ts';
import { type Json, type JsonObject, newStatus, type Resource, type Status } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { resourceGroup } from '../resource-group.ts';
import { subscription } from '../subscription.ts';
import type { DeploymentOptions } from './tools.ts';

export const subscriptionName = '11111111-1111-4111-8111-111111111111';
export const groupId: string = `/subscriptions/${subscriptionName}/resourceGroups/shop`;
export const thingType = 'Microsoft.Test/things';
export const principal: Principal = { id: '22222222-2222-4222-8222-222222222222', name: 'somebody', tenant: 'tenant' };

/** Things of a type that tests deploy; they have a password, which is a secret. */
const things: AnyType = resourceType({
  type: thingType,
  summary: 'A thing.',
  versions: { floor: '2020-01-01', implemented: '2024-01-01' },
  location: 'optional',
  properties: z.looseObject({}) as unknown as z.ZodType<JsonObject>,
  secrets: ['password'],
});

/** Resources in memory: enough of the store and of the writing of resources for a deployment to work with. Not safe for concurrent use. */
export interface MemoryResources {
  readonly reader: ResourceReader;
  readonly options: DeploymentOptions;
  /** Names of what was written and deleted, in order. */
  readonly log: string[];
  /** By name: what a write is refused with. */
  readonly refusals: Map<string, Fault>;
  /** By name: what becomes of what is written. Default: ready at once. */
  readonly outcomes: Map<string, Partial<Status>>;
  /** Actions that are not allowed, as `action name`. */
  readonly denied: Set<string>;
  settle(name: string, status: Partial<Status>): void;
  put(id: string, more?: Partial<Resource>): Resource;
}

/** A sealer of which tests can see that it was used. */
export const testSealer: Sealer = {
  seal: (text) => Buffer.from(text, 'utf8').toString('hex'),
  open: (sealed) => secret(Buffer.from(sealed, 'hex').toString('utf8')),
};

export function memoryResources(): MemoryResources {
  const held = new Map<string, Resource>();
  const log: string[] = [];
  const refusals = new Map<string, Fault>();
  const outcomes = new Map<string, Partial<Status>>();
  const denied = new Set<string>();
  const put = (text: string, more: Partial<Resource> = {}): Resource => {
    const id = parseResourceId(text);
    const before = held.get(id.key);
    const generation = (before?.generation ?? 0) + 1;
    const status: Status = { ...newStatus, settled: generation, outcome: 'ready', ...outcomes.get(id.name) };
    const at = '2026-11-22T00:00:00.000Z';
    const who = { createdAt: at, changedAt: at, createdBy: principal.id, changedBy: principal.id };
    const asked = { location: undefined, tags: {}, envelope: {}, properties: {} };
    const resource = {
      ...asked,
      id: before?.id ?? id.text,
      type: id.type,
      name: id.name,
      generation,
      etag: `${generation}`,
      deleting: false,
      ...who,
      status,
      ...more,
    };
    held.set(id.key, resource);
    return resource;
  };
  put(`/subscriptions/${subscriptionName}`, { properties: { displayName: 'Test', tenantId: 'tenant' } });
  put(groupId, { location: 'westeurope' });
  const reader: ResourceReader = {
    get: async (id) => held.get(id.toLowerCase()),
    list: async ({ within, direct, type }) =>
      [...held.values()]
        .filter((one) => one.id.toLowerCase().startsWith(`${within.toLowerCase()}/`))
        .filter((one) => direct !== true || parseResourceId(one.id).parent?.toLowerCase() === within.toLowerCase())
        .filter((one) => type === undefined || one.type === type),
    referrers: async () => [],
  };
  const write = (
    id: string,
    body: Json,
    isTry: boolean,
  ): { readonly resource: Resource; readonly changed: boolean; readonly created: boolean } => {
    const { name, key } = parseResourceId(id);
    const refusal = refusals.get(name);
    if (refusal !== undefined) throw refusal;
    const before = held.get(key);
    const { location, tags = {}, properties = {} } = body as JsonObject;
    const asked = { location: location as string | undefined, tags: tags as Record<string, string>, properties: properties as JsonObject };
    const changed =
      before === undefined ||
      JSON.stringify([before.location, before.tags, before.properties]) !== JSON.stringify([asked.location, asked.tags, asked.properties]);
    if (!isTry) log.push(`+${name}`);
    const resource = isTry || !changed ? { ...(before ?? put(id, asked)), ...asked } : put(id, asked);
    if (isTry && before === undefined) held.delete(key);
    return { resource, changed, created: before === undefined };
  };
  const catalog = typeCatalog([subscription, resourceGroup, things]);
  const options: DeploymentOptions = {
    sealer: testSealer,
    now: () => new Date('2026-11-22T05:06:07.089Z'),
    tools: () => ({
      catalog,
      principalOf: async (id) => (id === principal.id ? principal : undefined),
      present: async ({ id, name, type, location, properties, status }) => {
        const { password: _password, ...shown } = properties;
        return { id, name, type, ...(location === undefined ? {} : { location }), properties: { ...shown, ...status.outputs } };
      },
      authorizer: {
        check: async (_, action, scope) => {
          if (denied.has(`${action.split('/').at(-1)!} ${scope.split('/').at(-1)!}`))
            throw fault('denied', 'AuthorizationFailed', `may not ${action}`);
        },
      },
      writer: {
        put: async (request) => ({ ...write(request.id, request.body, request.dryRun === true), operation: undefined }),
        patch: async (request) => ({ ...write(request.id, request.body, false), operation: undefined }),
        delete: async ({ id }) => {
          const { key, name } = parseResourceId(id);
          const refusal = refusals.get(name);
          if (refusal !== undefined) throw refusal;
          log.push(`-${name}`);
          // What referred to it, by a rule of the tests: the name of what it holds back ends in its own.
          for (const other of refusals.keys()) if (other === `under-${name}`) refusals.delete(other);
          return { existed: held.delete(key), operation: undefined };
        },
      },
    }),
  };
  const settle = (name: string, status: Partial<Status>): void => {
    for (const [key, one] of held) {
      if (one.name === name) held.set(key, { ...one, status: { ...one.status, settled: one.generation, ...status } });
    }
  };
  return { reader, options, log, refusals, outcomes, denied, settle, put };
}
