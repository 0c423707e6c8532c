import { fault } from '#base/fault.ts';
import { parseResourceId } from '#arm/resource-id.ts';
import type { AnyType, TypeCatalog } from '#arm/resource-type.ts';
import type { JsonObject } from '#arm/resource.ts';
import { checkVersionForm, shortType } from '../resources/api-version.ts';
import { clip, typeOf } from '../resources/places.ts';
import { listAnswer, type Answer, type Ask, type Location, type Plane } from './plane.ts';
import { methodNotAllowed } from './resource-routes.ts';

/** `[/subscriptions/{s}]/providers[/{namespace}[/register]]`. Everything is registered always. */
export async function answerProviders(
  ask: Ask,
  plane: Plane,
  at: { readonly subscription: string | undefined; readonly words: readonly string[] },
): Promise<Answer> {
  checkVersionForm(ask.uri.query.get('api-version'));
  const [namespace, verb] = at.words;
  const post = verb !== undefined;
  if (ask.method !== (post ? 'POST' : 'GET')) throw methodNotAllowed(ask.method, [post ? 'POST' : 'GET']);
  const under = at.subscription === undefined ? '' : `/subscriptions/${at.subscription}`;
  if (under !== '') {
    const action = post ? `${namespace}/register/action` : 'Microsoft.Resources/subscriptions/providers/read';
    await plane.authorizer.check(ask.principal, action, under);
    const id = parseResourceId(under);
    await plane.service.get(id, typeOf(plane.catalog, id.type));
  }
  const all = namespacesOf(plane.catalog);
  if (namespace === undefined) return listAnswer([...all].map(([name, types]) => providerOf(name, types, under, plane.locations)));
  const found = [...all].find(([name]) => name.toLowerCase() === namespace.toLowerCase());
  if (found === undefined) {
    throw fault('missing', 'InvalidResourceNamespace', `The resource namespace '${clip(namespace)}' is invalid.`, {
      target: clip(namespace),
      remedy: 'GET /providers lists the namespaces there are.',
    });
  }
  return { status: 200, body: providerOf(found[0], found[1], under, plane.locations) };
}

function namespacesOf(catalog: TypeCatalog): ReadonlyMap<string, readonly AnyType[]> {
  const namespaces = new Map<string, AnyType[]>();
  for (const type of catalog.all) {
    const name = type.type.slice(0, type.type.indexOf('/'));
    const types = namespaces.get(name) ?? [];
    types.push(type);
    namespaces.set(name, types);
  }
  return namespaces;
}

function providerOf(namespace: string, types: readonly AnyType[], under: string, locations: readonly Location[]): JsonObject {
  return {
    id: `${under}/providers/${namespace}`,
    namespace,
    registrationState: 'Registered',
    registrationPolicy: 'RegistrationFree',
    resourceTypes: types.map((type) => ({
      resourceType: shortType(type.type),
      locations: type.location === 'none' ? [] : locations.map((one) => one.displayName),
      apiVersions: [...new Set([type.versions.implemented, type.versions.floor])],
      defaultApiVersion: type.versions.implemented,
      capabilities: type.hasTags && type.location !== 'none' ? 'SupportsTags, SupportsLocation' : 'None',
    })),
  };
}

/** `GET /tenants`. */
export function answerTenants(ask: Ask, { tenant }: Plane): Answer {
  checkVersionForm(ask.uri.query.get('api-version'));
  if (ask.method !== 'GET') throw methodNotAllowed(ask.method, ['GET']);
  const { id, name } = tenant;
  return listAnswer([{ id: `/tenants/${id}`, tenantId: id, tenantCategory: 'Home', displayName: name, domains: [] }]);
}

/** `GET /subscriptions/{s}/locations`. */
export async function answerLocations(ask: Ask, subscription: string, plane: Plane): Promise<Answer> {
  checkVersionForm(ask.uri.query.get('api-version'));
  if (ask.method !== 'GET') throw methodNotAllowed(ask.method, ['GET']);
  const under = `/subscriptions/${subscription}`;
  await plane.authorizer.check(ask.principal, 'Microsoft.Resources/subscriptions/locations/read', under);
  const id = parseResourceId(under);
  const { id: kept } = await plane.service.get(id, typeOf(plane.catalog, id.type));
  return listAnswer(
    plane.locations.map(({ name, displayName }) => ({
      id: `${kept}/locations/${name}`,
      name,
      type: 'Region',
      displayName,
      regionalDisplayName: displayName,
      metadata: { regionType: 'Physical', regionCategory: 'Recommended', geographyGroup: 'Local', pairedRegion: [] },
    })),
  );
}
