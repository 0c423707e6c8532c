import { fault, toFault } from '#base/fault.ts';
import type { WriteRequest } from '#arm/access.ts';
import type { ResourceId } from '#arm/resource-id.ts';
import type { AnyType } from '#arm/resource-type.ts';
import type { Json } from '#arm/resource.ts';
import { actionOf, noSuchAction, permissionOf } from '../resources/acting.ts';
import { checkVersion } from '../resources/api-version.ts';
import { checkScope, checkVerb, missing, typeOf } from '../resources/places.ts';
import { etagOf } from '../resources/preconditions.ts';
import { findPart } from '../resources/present.ts';
import { partOwner } from '../resources/references.ts';
import { operationHeaders } from './operation-routes.ts';
import type { Answer, Ask, Plane } from './plane.ts';

/** One resource, by its id. */
export async function answerResource(ask: Ask, id: ResourceId, plane: Plane): Promise<Answer> {
  const known = plane.catalog.get(id.type);
  if (known === undefined) {
    const owner = partOwner(id, plane.catalog);
    if (owner !== undefined) return await answerPart(ask, id, owner, plane);
  }
  const type = known ?? typeOf(plane.catalog, id.type);
  switch (ask.method) {
    case 'GET':
      return await answerGet(ask, id, type, plane);
    case 'HEAD':
      await readResource(ask, id, type, plane);
      return { status: 204 };
    case 'PUT':
    case 'PATCH':
      return await answerWrite(ask, id, type, plane);
    case 'DELETE':
      return await answerDelete(ask, id, type, plane);
    default:
      throw methodNotAllowed(ask.method, ['GET', 'HEAD', ...type.verbs.map((verb) => verb.toUpperCase())]);
  }
}

export function methodNotAllowed(method: string, allowed: readonly string[]): Error {
  return fault('unsupported', 'MethodNotAllowed', `There is no ${method.slice(0, 20)} here.`, {
    remedy: `There are ${allowed.join(', ')}.`,
  });
}

async function readResource(ask: Ask, id: ResourceId, type: AnyType, plane: Plane): ReturnType<Plane['service']['get']> {
  checkScope(type, id);
  checkVersion(ask.uri.query.get('api-version'), type);
  await plane.authorizer.check(ask.principal, `${type.permissionType}/read`, id.text);
  return await plane.service.get(id, type);
}

async function answerGet(ask: Ask, id: ResourceId, type: AnyType, plane: Plane): Promise<Answer> {
  const resource = await readResource(ask, id, type, plane);
  const text = await plane.service.presentText(resource, type);
  return { status: 200, text, headers: { etag: etagOf(resource), 'x-isthmus-api-version': type.versions.implemented } };
}

type PartOwner = NonNullable<ReturnType<typeof partOwner>>;

async function answerPart(ask: Ask, id: ResourceId, owner: PartOwner, plane: Plane): Promise<Answer> {
  if (ask.method !== 'GET' && ask.method !== 'HEAD') throw methodNotAllowed(ask.method, ['GET', 'HEAD']);
  checkVersion(ask.uri.query.get('api-version'), owner.type);
  await plane.authorizer.check(ask.principal, `${owner.type.permissionType}/${owner.part}/read`, id.text);
  const whole = await plane.store.get(id.parent!);
  const part = whole && findPart(whole, owner, id.name);
  if (part === undefined) throw await missing(id, plane.store);
  return ask.method === 'HEAD' ? { status: 204 } : { status: 200, body: part };
}

interface Wish {
  readonly action: string;
  readonly scope: string;
  readonly type: AnyType;
  readonly verb?: 'put' | 'patch' | 'delete';
}

/** Checks the permission of a write, and that the type takes it; a refusal goes into the audit log. */
async function checkMayWrite(ask: Ask, { action, scope, type, verb }: Wish, { authorizer, service }: Plane): Promise<void> {
  try {
    await authorizer.check(ask.principal, action, scope);
    if (verb !== undefined) checkVerb(type, verb);
  } catch (error) {
    const trouble = toFault(error);
    await service.refused({ action, scope, principal: ask.principal, correlationId: ask.correlationId }, trouble);
    throw trouble;
  }
}

function writeRequest(ask: Ask, id: ResourceId, version: string, body: Json): WriteRequest {
  const { principal, correlationId, headers } = ask;
  return {
    id: id.text,
    apiVersion: version,
    body,
    principal,
    correlationId,
    ifMatch: headers['if-match'],
    ifNoneMatch: headers['if-none-match'],
  };
}

async function answerWrite(ask: Ask, id: ResourceId, type: AnyType, plane: Plane): Promise<Answer> {
  const version = ask.uri.query.get('api-version');
  checkScope(type, id);
  checkVersion(version, type);
  const verb = ask.method === 'PUT' ? 'put' : 'patch';
  await checkMayWrite(ask, { action: `${type.permissionType}/write`, scope: id.text, type, verb }, plane);
  const body = ask.body(type.looseBody);
  const request = writeRequest(ask, id, version, body ?? null);
  const { service } = plane;
  const { resource, created, operation } = ask.method === 'PUT' ? await service.put(request) : await service.patch(request);
  const status = created ? type.answers.created : ask.method === 'PUT' ? type.answers.replaced : 200;
  const usual = { etag: etagOf(resource), 'x-isthmus-api-version': type.versions.implemented };
  const headers =
    operation === undefined
      ? usual
      : { ...usual, ...operationHeaders(ask, operation, { id: resource.id, location: resource.location, kind: 'put' }) };
  return { status, text: await service.presentText(resource, type), headers };
}

async function answerDelete(ask: Ask, id: ResourceId, type: AnyType, plane: Plane): Promise<Answer> {
  const version = ask.uri.query.get('api-version');
  checkScope(type, id);
  checkVersion(version, type);
  await checkMayWrite(ask, { action: `${type.permissionType}/delete`, scope: id.text, type, verb: 'delete' }, plane);
  const { existed, operation } = await plane.service.delete(writeRequest(ask, id, version, null));
  if (!existed) return { status: 204 };
  if (operation === undefined) return { status: type.answers.deleted };
  if (type.answers.deleting === 200) return { status: 200 };
  return { status: 202, headers: operationHeaders(ask, operation, { id: id.text, location: undefined, kind: 'delete' }) };
}

/** What the root of a plane keeps from others is kept from them by whatever address they ask. Faults: those of the root's `admit`. */
export async function checkAdmitted(ask: Ask, id: ResourceId, { catalog, store }: Plane): Promise<void> {
  const admit = catalog.get(id.type.split('/').slice(0, 2).join('/'))?.plane?.root?.admit;
  const words = id.text.split('/');
  const root = admit && (await store.get(words.slice(0, words.length - 2 * (id.names.length - 1)).join('/')));
  if (root !== undefined) await admit?.(root, ask.from, store);
}

/** `POST {id}/{action}`. */
export async function answerAction(ask: Ask, id: ResourceId, action: string, plane: Plane): Promise<Answer> {
  const type = typeOf(plane.catalog, id.type);
  const version = ask.uri.query.get('api-version');
  checkScope(type, id);
  checkVersion(version, type);
  const found = actionOf(type, action);
  if (found === undefined) throw noSuchAction(type, action);
  await checkMayWrite(ask, { action: permissionOf(type, found), scope: id.text, type }, plane);
  if (found.action.behindRoot === true) await checkAdmitted(ask, id, plane);
  const { principal, correlationId, signal } = ask;
  const body = ask.body(type.looseBody);
  const acted = await plane.service.act({ id, action, apiVersion: version, body, principal, correlationId, signal });
  const headers = { 'x-isthmus-api-version': type.versions.implemented };
  if (acted.operation === undefined) return { status: 200, body: acted.body, headers };
  const kind = 'action' as const;
  return { status: 202, headers: { ...headers, ...operationHeaders(ask, acted.operation, { id: acted.id, location: undefined, kind }) } };
}
