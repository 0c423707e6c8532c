import { fault } from '#base/fault.ts';
import { groupType, parseResourceId, subscriptionType, type Place, type ResourceId, type Scope } from '#arm/resource-id.ts';
import type { AnyType } from '#arm/resource-type.ts';
import type { Json, Resource } from '#arm/resource.ts';
import { checkVersion, checkVersionForm } from '../resources/api-version.ts';
import { typeOf } from '../resources/places.ts';
import { presentBriefly, presentPart } from '../resources/present.ts';
import { partOwner } from '../resources/references.ts';
import { parseFilter } from './filter.ts';
import { pageOf, type Listing } from './paging.ts';
import { listAnswer, type Answer, type Ask, type Plane } from './plane.ts';
import { checkAdmitted } from './resource-routes.ts';
import { permissionTypeOf, readableBy } from './readable.ts';

type Collection = Extract<Place, { kind: 'collection' }>;

/** `GET {place}/{type}`. */
export async function answerCollection(ask: Ask, place: Collection, plane: Plane): Promise<Answer> {
  const { catalog, store, service, authorizer } = plane;
  const view = viewAt(place, ask, plane);
  if (view !== undefined) return await answerView(ask, view, plane);
  const owner =
    catalog.get(place.type) === undefined && place.under !== '' ? partOwner({ type: place.type, parent: place.under }, catalog) : undefined;
  if (owner !== undefined) {
    checkVersion(ask.uri.query.get('api-version'), owner.type);
    const whole = parseResourceId(place.under);
    await authorizer.check(ask.principal, `${owner.type.permissionType}/${owner.part}/read`, whole.text);
    const resource = await service.get(whole, owner.type);
    return listAnswer(owner.list(resource).map((part) => presentPart(resource, owner, part)));
  }
  const type = typeOf(catalog, place.type);
  checkVersion(ask.uri.query.get('api-version'), type);
  const direct = checkPlace(type, place.under);
  const readable = readableBy(ask.principal, place.under, authorizer);
  const filter = ask.uri.query.get('$filter');
  const own = await type.list?.({ under: place.under, filter, principal: ask.principal }, store);
  const listing: Listing =
    own === undefined ? { query: { within: place.under, type: type.type, ...(direct ? { direct } : {}) } } : { all: own };
  const wanted = own === undefined ? parseFilter(filter) : undefined;
  // Asked first, so that whoever may read nothing here does not learn what there is.
  const whole = place.under === '' || (await readable.mayRead(type.permissionType, place.under));
  if (whole) await checkThere(place.under, plane);
  const page = await pageOf(ask, listing, store, (resource) => {
    if (type.ownOnly === true) return true;
    return wanted === undefined || wanted(resource) ? readable.mayRead(type.permissionType, resource.id) : false;
  });
  const refusal = type.ownOnly === true ? undefined : readable.refusal();
  if (page.resources.length === 0 && refusal !== undefined && place.under !== '') throw refusal;
  const value = await Promise.all(page.resources.map((resource) => service.present(resource, type)));
  return listAnswer(value, page.nextLink);
}

interface ViewPlace {
  readonly id: ResourceId;
  readonly type: AnyType;
  readonly permission: string;
  readonly behindRoot: boolean;
  readonly show: (self: Resource) => Json | Promise<Json>;
}

/** `GET {id}/{name}` of a view or a read looks like a collection's address. */
function viewAt({ type: path, under }: Collection, ask: Ask, { catalog, store }: Plane): ViewPlace | undefined {
  const cut = path.lastIndexOf('/');
  const type = under === '' ? undefined : catalog.get(path.slice(0, cut));
  if (type === undefined) return undefined;
  const word = path.slice(cut + 1).toLowerCase();
  const view = named(type.views, word);
  const read = view === undefined ? named(type.reads, word) : undefined;
  const name = view ?? read;
  if (name === undefined) return undefined;
  const id = parseResourceId(under);
  const { principal } = ask;
  const { permission = `${name}/read`, run, behindRoot = false } = type.reads?.[name] ?? {};
  return {
    id,
    type,
    permission: `${type.permissionType}/${permission}`,
    behindRoot,
    show: (self) => (run === undefined ? type.views![name]!(self) : run({ self, id, resources: store, principal, signal: ask.signal })),
  };
}

function named(of: Readonly<Record<string, unknown>> | undefined, word: string): string | undefined {
  return Object.keys(of ?? {}).find((one) => one.toLowerCase() === word);
}

async function answerView(ask: Ask, { id, type, permission, behindRoot, show }: ViewPlace, plane: Plane): Promise<Answer> {
  checkVersion(ask.uri.query.get('api-version'), type);
  await plane.authorizer.check(ask.principal, permission, id.text);
  if (behindRoot) await checkAdmitted(ask, id, plane);
  return { status: 200, body: await show(await plane.service.get(id, type)) };
}

/** Whether only what lies directly in the place is meant. Fault: `InvalidResourceType` (missing) where the type does not stand there. */
function checkPlace(type: AnyType, under: string): boolean {
  const place = under === '' ? undefined : parseResourceId(under);
  const scope = scopeOfPlace(place?.type);
  const isChild = place !== undefined && type.type.slice(0, type.type.lastIndexOf('/')).toLowerCase() === place.type.toLowerCase();
  if (isChild || type.scopes.includes(scope)) return isChild || !type.scopes.includes('resource');
  if (scope === 'subscription' && type.scopes.includes('group')) return false;
  throw fault('missing', 'InvalidResourceType', `Resources of the type '${type.type}' are not listed there.`, {
    target: type.type,
    remedy: 'List them in a place in which they lie.',
  });
}

function scopeOfPlace(type: string | undefined): Scope {
  if (type === undefined) return 'tenant';
  if (type === subscriptionType) return 'subscription';
  return type === groupType ? 'group' : 'resource';
}

async function checkThere(under: string, { catalog, service }: Plane): Promise<void> {
  if (under === '') return;
  const id = parseResourceId(under);
  await service.get(id, typeOf(catalog, id.type));
}

/** `GET /subscriptions/{s}/resources` and `…/resourceGroups/{g}/resources`: resources of all types that lie in a group and are in a place. */
export async function answerResources(ask: Ask, under: string, plane: Plane): Promise<Answer> {
  const { store, catalog, authorizer } = plane;
  checkVersionForm(ask.uri.query.get('api-version'));
  const readable = readableBy(ask.principal, under, authorizer);
  const filter = parseFilter(ask.uri.query.get('$filter'));
  if (await readable.mayRead('Microsoft.Resources/resources', under)) await checkThere(under, plane);
  const shown = (resource: Resource): boolean => {
    const type = catalog.get(resource.type);
    return type !== undefined && type.location !== 'none' && type.scopes.includes('group');
  };
  const page = await pageOf(ask, { query: { within: under } }, store, (resource) =>
    shown(resource) && (filter === undefined || filter(resource))
      ? readable.mayRead(permissionTypeOf(catalog, resource.type), resource.id)
      : false,
  );
  const refusal = readable.refusal();
  if (page.resources.length === 0 && refusal !== undefined) throw refusal;
  return listAnswer(
    page.resources.map((resource) => presentBriefly(resource, typeOf(catalog, resource.type))),
    page.nextLink,
  );
}
