import { fault, toFault } from '#base/fault.ts';
import { parseResourceId, type ResourceId } from '#arm/resource-id.ts';
import type { Json, JsonObject, Resource } from '#arm/resource.ts';
import { checkVersionForm } from '../resources/api-version.ts';
import { isObject, withoutNulls } from '../resources/json.ts';
import { typeOf } from '../resources/places.ts';
import { readTags } from '../resources/tags.ts';
import type { Answer, Ask, Plane } from './plane.ts';
import { methodNotAllowed } from './resource-routes.ts';

type Tags = Readonly<Record<string, string>>;

/** `{scope}/providers/Microsoft.Resources/tags/default`: the tags of whatever the scope is. */
export async function answerTags(ask: Ask, at: ResourceId, plane: Plane): Promise<Answer> {
  checkVersionForm(ask.uri.query.get('api-version'));
  const id = parseResourceId(at.parent ?? '');
  const type = typeOf(plane.catalog, id.type);
  const reads = ask.method === 'GET';
  const action = `Microsoft.Resources/tags/${reads ? 'read' : ask.method === 'DELETE' ? 'delete' : 'write'}`;
  const { principal, correlationId } = ask;
  try {
    await plane.authorizer.check(principal, action, id.text);
  } catch (error) {
    const trouble = toFault(error);
    if (!reads) await plane.service.refused({ action, scope: id.text, principal, correlationId }, trouble);
    throw trouble;
  }
  const resource = await plane.service.get(id, type);
  if (reads) return answerOf(resource);
  if (!type.hasTags) {
    throw fault('unsupported', 'TagsNotSupported', `Resources of the type '${type.type}' have no tags.`, { target: type.type });
  }
  const tags = readTags(tagsAsked(ask, resource.tags));
  const written = await plane.service.retag({ id: resource.id, tags, principal, correlationId });
  return ask.method === 'DELETE' ? { status: 200 } : answerOf(written);
}

function tagsAsked(ask: Ask, before: Tags): JsonObject {
  switch (ask.method) {
    case 'DELETE':
      return {};
    case 'PUT':
      return tagsIn(ask.body());
    case 'PATCH':
      return patched(ask.body(), before);
    default:
      throw methodNotAllowed(ask.method, ['GET', 'PUT', 'PATCH', 'DELETE']);
  }
}

function tagsIn(body: Json | undefined): JsonObject {
  const given = withoutNulls(body ?? {});
  const properties = isObject(given) ? given['properties'] : undefined;
  const tags = isObject(properties) ? (properties['tags'] ?? {}) : undefined;
  if (isObject(tags)) return tags;
  throw fault('invalid', 'InvalidRequestContent', 'The request content was invalid: there are no tags in it.', {
    target: 'properties.tags',
    remedy: 'Send {"properties": {"tags": {"name": "value"}}}.',
  });
}

function patched(body: Json | undefined, before: Tags): JsonObject {
  const tags = tagsIn(body);
  const operation = isObject(body) && typeof body['operation'] === 'string' ? body['operation'].toLowerCase() : 'merge';
  const named = new Map(Object.entries(tags).map(([name, value]) => [name.toLowerCase(), value]));
  switch (operation) {
    case 'replace':
      return tags;
    case 'merge':
      return { ...Object.fromEntries(Object.entries(before).filter(([name]) => !named.has(name.toLowerCase()))), ...tags };
    case 'delete':
      return Object.fromEntries(Object.entries(before).filter(([name, value]) => named.get(name.toLowerCase()) !== value));
    default:
      throw fault('invalid', 'InvalidRequestContent', 'The request content was invalid: there is no such operation on tags.', {
        target: 'operation',
        remedy: 'Use Replace, Merge or Delete.',
      });
  }
}

function answerOf(resource: Resource): Answer {
  const id = `${resource.id}/providers/Microsoft.Resources/tags/default`;
  return { status: 200, body: { id, name: 'default', type: 'Microsoft.Resources/tags', properties: { tags: resource.tags } } };
}
