import { fault } from '#base/fault.ts';
import { parsePlace } from '#arm/resource-id.ts';
import { answerCollection, answerResources } from './list-routes.ts';
import { answerOperation, isOperation } from './operation-routes.ts';
import type { Answer, Ask, Plane } from './plane.ts';
import { answerLocations, answerProviders, answerTenants } from './provider-routes.ts';
import { answerAction, answerResource, methodNotAllowed } from './resource-routes.ts';
import { answerTags } from './tag-routes.ts';

/** Everything below `/subscriptions`, `/providers` and `/tenants`. */
export async function answerArm(ask: Ask, plane: Plane): Promise<Answer> {
  const fixed = answerFixed(ask, plane);
  if (fixed !== undefined) return await fixed;
  const place = ask.method === 'POST' ? undefined : parsePlace(ask.segments);
  if (place?.kind === 'resource' && place.id.name === 'default' && place.id.type.toLowerCase() === 'microsoft.resources/tags')
    return await answerTags(ask, place.id, plane);
  return await answerPlace(ask, ask.segments, plane);
}

/** What types stand for, by the segments of an id, of a collection or of an action. */
export async function answerPlace(ask: Ask, segments: readonly string[], plane: Plane): Promise<Answer> {
  const { method } = ask;
  if (method === 'POST') {
    const action = segments.at(-1);
    const place = action === undefined ? undefined : parsePlace(segments.slice(0, -1));
    if (action === undefined || place?.kind !== 'resource') throw notFound(ask);
    return await answerAction(ask, place.id, action, plane);
  }
  const place = parsePlace(segments);
  if (place === undefined) throw notFound(ask);
  if (place.kind === 'resource') return await answerResource(ask, place.id, plane);
  if (method !== 'GET') throw methodNotAllowed(method, ['GET']);
  return await answerCollection(ask, place, plane);
}

/** Addresses that no type stands for. */
function answerFixed(ask: Ask, plane: Plane): Promise<Answer> | Answer | undefined {
  const { segments } = ask;
  const { length } = segments;
  const first = segments[0]?.toLowerCase();
  if (first === 'tenants' && length === 1) return answerTenants(ask, plane);
  if (first === 'providers' && length <= 2) return answerProviders(ask, plane, { subscription: undefined, words: segments.slice(1) });
  if (isOperation(segments)) {
    if (ask.method !== 'GET') throw methodNotAllowed(ask.method, ['GET']);
    return answerOperation(ask, plane);
  }
  if (first !== 'subscriptions' || length < 3 || length > 5) return undefined;
  return answerInSubscription(ask, plane, segments[2]!.toLowerCase());
}

function answerInSubscription(ask: Ask, plane: Plane, word: string): Promise<Answer> | undefined {
  const { segments, method } = ask;
  const { length } = segments;
  const subscription = segments[1]!;
  if (word === 'providers' && (length <= 4 || isRegister(segments[4]!, method))) {
    return answerProviders(ask, plane, { subscription, words: segments.slice(3) });
  }
  if (word === 'locations' && length === 3) return answerLocations(ask, subscription, plane);
  const under = word === 'resources' && length === 3 ? `/subscriptions/${subscription}` : undefined;
  const inGroup = word === 'resourcegroups' && length === 5 && segments[4]!.toLowerCase() === 'resources';
  const place = inGroup ? `/subscriptions/${subscription}/resourceGroups/${segments[3]!}` : under;
  if (place === undefined) return undefined;
  if (method !== 'GET') throw methodNotAllowed(method, ['GET']);
  return answerResources(ask, place, plane);
}

function isRegister(word: string, method: string): boolean {
  const verb = word.toLowerCase();
  return method === 'POST' && (verb === 'register' || verb === 'unregister');
}

function notFound({ uri }: Ask): Error {
  return fault('missing', 'InvalidResourcePath', `Nothing is at '${uri.path.slice(0, 300)}'.`, {
    target: uri.path.slice(0, 300),
    remedy:
      'Addresses look like /subscriptions/{subscription}/resourceGroups/{group}/providers/{namespace}/{type}/{name}; /openapi.json lists all.',
  });
}
