import { fault } from '#base/fault.ts';
import { armError } from '#arm/arm-error.ts';
import type { Operation } from '#arm/operation.ts';
import { groupType, parseResourceId } from '#arm/resource-id.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { checkVersionForm } from '../resources/api-version.ts';
import type { Answer, Ask, Plane } from './plane.ts';
import { permissionTypeOf } from './readable.ts';

/** How often clients are asked to come back. Without it `az` sleeps 30 s; 0 is ignored by the SDKs. */
const retryAfter = '1';
const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The headers by which a client follows an operation. `status`: whether the first may be the one with a body that says where it is. */
export function operationHeaders(
  ask: Pick<Ask, 'base' | 'uri'>,
  operation: string,
  { id, location, kind }: { readonly id: string; readonly location: string | undefined; readonly kind: Operation['kind'] },
): Readonly<Record<string, string>> {
  const { type, subscription } = parseResourceId(id);
  const version = `?api-version=${encodeURIComponent(ask.uri.query.get('api-version') ?? '')}`;
  const inSubscription = subscription === undefined ? '' : `/subscriptions/${encodeURIComponent(subscription)}`;
  if (type === groupType && kind === 'delete') {
    return { location: `${ask.base}${inSubscription}/operationresults/${operation}${version}`, 'retry-after': retryAfter };
  }
  const namespace = encodeURIComponent(type.slice(0, type.indexOf('/')));
  const where = `${ask.base}${inSubscription}/providers/${namespace}/locations/${encodeURIComponent(location ?? 'global')}`;
  const followed = { 'azure-asyncoperation': `${where}/operationStatuses/${operation}${version}`, 'retry-after': retryAfter };
  // A PUT's result is the resource itself: clients read that.
  return kind === 'put' ? followed : { ...followed, location: `${where}/operationResults/${operation}${version}` };
}

/** Whether segments are the address of an operation, wherever that was said to be. */
export function isOperation(segments: readonly string[]): boolean {
  const id = segments.at(-1);
  if (id?.length !== 36 || segments.length < 3 || !guid.test(id)) return false;
  const word = segments.at(-2)!.toLowerCase();
  return word === 'operationstatuses' || word === 'operationresults';
}

/** `GET …/operationStatuses/{id}` and `…/operationResults/{id}`. */
export async function answerOperation(ask: Ask, plane: Plane): Promise<Answer> {
  checkVersionForm(ask.uri.query.get('api-version'));
  const operation = await plane.store.operation(ask.segments.at(-1)!.toLowerCase());
  if (operation === undefined || !(await mayFollow(operation, ask, plane))) {
    throw fault('missing', 'OperationNotFound', 'There is no such operation.', {
      target: ask.segments.at(-1),
      remedy: 'Operations are kept for a day after they ended. Read the resource itself.',
    });
  }
  return ask.segments.at(-2)!.toLowerCase() === 'operationstatuses'
    ? await statusAnswer(operation, ask, plane)
    : await resultAnswer(operation, ask, plane);
}

async function mayFollow(operation: Operation, { principal }: Ask, { authorizer, catalog }: Plane): Promise<boolean> {
  if (operation.principal === principal.id) return true;
  const { type } = parseResourceId(operation.resource);
  return await authorizer.check(principal, `${permissionTypeOf(catalog, type)}/read`, operation.resource).then(
    () => true,
    () => false,
  );
}

async function statusAnswer(operation: Operation, { uri }: Ask, { store }: Plane): Promise<Answer> {
  const { id, status, startedAt, endedAt, error, result } = operation;
  const body: Record<string, Json> = { id: uri.path, name: id, status, startTime: startedAt };
  if (endedAt !== undefined) body['endTime'] = endedAt;
  if (status === 'Succeeded') body['percentComplete'] = 100;
  if (result !== undefined) body['properties'] = result;
  const waitingFor = status === 'InProgress' ? (await store.get(operation.resource))?.status.waitingFor : undefined;
  if (waitingFor !== undefined) body['properties'] = { waitingFor };
  if (error !== undefined) body['error'] = armError(error) as unknown as JsonObject;
  return { status: 200, body, headers: { 'retry-after': retryAfter } };
}

async function resultAnswer(operation: Operation, ask: Ask, plane: Plane): Promise<Answer> {
  const headers = { 'retry-after': retryAfter };
  switch (operation.status) {
    case 'InProgress':
      return { status: 202, headers: { ...headers, location: `${ask.base}${urlOf(ask)}` } };
    case 'Failed':
    case 'Canceled': {
      const error = operation.error ?? { code: operation.status, message: 'It did not succeed.', target: undefined, remedy: undefined };
      return { status: 409, body: { error: armError(error) as unknown as JsonObject }, headers };
    }
    case 'Succeeded':
      return { status: 200, headers, body: operation.kind === 'put' ? await resourceBody(operation, plane) : operation.result };
  }
}

function urlOf({ uri }: Ask): string {
  return `${uri.path}?api-version=${encodeURIComponent(uri.query.get('api-version') ?? '')}`;
}

async function resourceBody({ resource }: Operation, { store, catalog, service }: Plane): Promise<Json | undefined> {
  const found = await store.get(resource);
  const type = found && catalog.get(found.type);
  return found && type && (await service.present(found, type));
}
