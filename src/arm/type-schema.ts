import { pathsOf, planePathsOf } from './coverage.ts';
import { isObject, jsonSchema, markedAt, tagsOf, withDefinitionsAtRoot } from './json-schema.ts';
import type { AnyType, TypeCatalog } from './resource-type.ts';
import type { Json, JsonObject } from './resource.ts';
import { planesOf } from './type-plane.ts';
import { referencesOf } from './type-references.ts';

/** All types, in the catalogue's order, each in a few words. */
export function typeList(catalog: TypeCatalog): readonly JsonObject[] {
  return catalog.all.map((type) => ({ type: type.type, ...factsOf(type, catalog) }));
}

/**
 * Everything that a form for resources of a type is made from: `body` is the JSON Schema of what a PUT sends, with defaults, limits and
 * descriptions; in it secrets are `writeOnly`, what holds the id of another resource has `x-isthmus-reference: {types}`, and what holds its name
 * `x-isthmus-name-of: {types}`. `actions` have the schema of
 * their own bodies.
 */
export function typeSchema(type: AnyType, catalog: TypeCatalog): JsonObject {
  const { permissionType: permission } = type;
  const { body, references } = bodyOf(type, catalog);
  const plane = planesOf(catalog).find((one) => one.catalog.get(type.type) !== undefined);
  const faced = plane?.catalog.get(type.type);
  return dropped({
    type: type.type,
    ...factsOf(type, catalog),
    versions: { ...type.versions },
    permissions: { read: `${permission}/read`, write: `${permission}/write`, delete: `${permission}/delete` },
    paths: type.scopes.map((scope) => pathsOf(type, scope).resource),
    plane: plane &&
      faced && {
        prefix: plane.prefix,
        path: planePathsOf(type, plane).resource,
        versions: { ...faced.versions },
        verbs: faced.verbs,
        actions: Object.keys(faced.actions),
      },
    inline: Object.fromEntries(Object.entries(type.inline ?? {}).map(([member, one]) => [member, { ...one }])),
    parts: Object.keys(type.parts ?? {}),
    secrets: type.secrets,
    references: references.map(({ at, by, types }) => ({ at, by, ...(types && { types: [...types] }) })),
    body,
    actions: Object.entries(type.actions).map(([name, action]) =>
      dropped({
        name,
        summary: action.summary,
        permission: `${permission}/${action.permission ?? `${name}/action`}`,
        needsResource: action.needsResource ?? true,
        input: withDefinitionsAtRoot(jsonSchema(action.input)),
      }),
    ),
    reads: [
      ...Object.entries(type.reads ?? {}).map(([name, read]) => ({
        name,
        summary: read.summary,
        permission: `${permission}/${read.permission ?? `${name}/read`}`,
      })),
      ...Object.keys(type.views ?? {}).map((name) => ({ name, summary: name, permission: `${permission}/${name}/read` })),
    ],
  });
}

function factsOf(type: AnyType, catalog: TypeCatalog): JsonObject {
  const parent = catalog.get(type.type.slice(0, type.type.lastIndexOf('/')))?.type;
  return dropped({
    summary: type.summary,
    parent,
    children: catalog.children(type.type).map((child) => child.type),
    scopes: type.scopes,
    location: type.location,
    hasTags: type.hasTags,
    verbs: type.verbs,
    name: { pattern: type.name.pattern.source, flags: type.name.pattern.flags, maxLength: type.name.maxLength, says: type.name.says },
  });
}

function bodyOf(type: AnyType, catalog: TypeCatalog): { readonly body: JsonObject; readonly references: ReturnType<typeof referencesOf> } {
  const envelope = jsonSchema(type.envelope);
  const properties = jsonSchema(type.properties);
  const references = referencesOf(type, properties, pathsOf(type, type.scopes[0]!).resource);
  let schema: Json = dropped({
    type: 'object',
    description: type.summary,
    required: [
      ...(type.location === 'required' ? ['location'] : []),
      ...(Array.isArray(envelope['required']) ? (envelope['required'] as readonly string[]) : []),
      ...(Array.isArray(properties['required']) && properties['required'].length > 0 ? ['properties'] : []),
    ],
    $defs: envelope['$defs'],
    properties: {
      ...(type.location === 'none' ? {} : { location: { type: 'string' } }),
      ...(type.hasTags ? { tags: tagsOf } : {}),
      ...(isObject(envelope['properties']) ? envelope['properties'] : {}),
      properties: withInline(type, properties, catalog),
    },
  });
  for (const path of type.secrets) schema = markedAt(schema, ['properties', ...path.split('.')], { writeOnly: true });
  for (const { at, by, types } of references) {
    const path = at.replaceAll('[]', '.[]').split('.');
    schema = markedAt(schema, path, {
      [by === 'id' ? 'x-isthmus-reference' : 'x-isthmus-name-of']: types === undefined ? {} : { types: [...types] },
    });
  }
  return { body: withDefinitionsAtRoot(schema as JsonObject), references };
}

/** Children that may be sent with it are there as they are sent by themselves, with their names. */
function withInline(type: AnyType, schema: JsonObject, catalog: TypeCatalog): JsonObject {
  if (type.inline === undefined) return schema;
  const members: Record<string, Json> = isObject(schema['properties']) ? { ...schema['properties'] } : {};
  for (const [member, { type: name }] of Object.entries(type.inline)) {
    const child = catalog.get(name);
    if (child === undefined) continue;
    const { body } = bodyOf(child, catalog);
    const named = { name: { type: 'string', pattern: child.name.pattern.source, maxLength: child.name.maxLength } };
    const required = ['name', ...(Array.isArray(body['required']) ? (body['required'] as readonly string[]) : [])];
    members[member] = {
      type: 'array',
      items: { ...body, required, properties: { ...named, ...(isObject(body['properties']) ? body['properties'] : {}) } },
    };
  }
  return { ...schema, properties: members };
}

/** Without members that are undefined. */
function dropped(object: Readonly<Record<string, Json | undefined>>): JsonObject {
  return Object.fromEntries(Object.entries(object).filter((entry): entry is [string, Json] => entry[1] !== undefined));
}
