import { operationsOf, type Operation } from './coverage.ts';
import { jsonSchema, tagsOf } from './json-schema.ts';
import type { OwnProvider } from './own-provider.ts';
import type { AnyType, TypeCatalog } from './resource-type.ts';
import type { Json, JsonObject } from './resource.ts';

/** Addresses that need no token. */
const open = new Set(['/metadata/endpoints', '/openapi.json', '/coverage', '/healthz', '/readyz']);
/** Addresses that take no api-version. */
const unversioned = new Set([...open, '/events']);

/** The OpenAPI 3.1 document of everything that a catalog's types and the fixed addresses answer. */
export function openApiDocument(catalog: TypeCatalog, own: readonly OwnProvider[] = []): JsonObject {
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of operationsOf(catalog, own)) {
    paths[operation.path] ??= { parameters: pathParameters(operation.path) };
    paths[operation.path]![operation.verb.toLowerCase()] = operationObject(operation);
  }
  const schemas: Record<string, Json> = { ErrorResponse: errorResponse, ArmError: armError, SystemData: systemData };
  for (const type of catalog.all) {
    schemas[schemaName(type)] = resourceSchema(type, catalog);
    schemas[`${schemaName(type)}.list`] = listSchema(refTo(schemaName(type)));
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Isthmus', version: '1', description: 'The control plane: Azure Resource Manager as Azure’s own clients speak it.' },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas,
      responses: {
        Error: { description: 'Refused.', content: jsonContent(refTo('ErrorResponse')) },
      },
    },
  };
}

function schemaName({ type }: AnyType): string {
  return type.replaceAll('/', '.');
}

function refTo(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

function jsonContent(schema: JsonObject): JsonObject {
  return { 'application/json': { schema } };
}

function pathParameters(path: string): readonly JsonObject[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name: name!,
    in: 'path',
    required: true,
    schema: { type: 'string' },
    ...(name === 'resourceId' ? { 'x-ms-skip-url-encoding': true } : {}),
  }));
}

function operationObject(operation: Operation): JsonObject {
  const { verb, kind, type, summary, permission, floor, implemented } = operation;
  const parameters = parametersOf(operation);
  const body = requestBodyOf(operation);
  return {
    operationId: operationIdOf(operation),
    summary,
    ...(type === undefined ? {} : { tags: [type.type] }),
    ...(open.has(operation.path) ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: kind !== 'action', content: jsonContent(body) } }),
    responses: responsesOf(operation),
    ...(permission === undefined ? {} : { 'x-isthmus-permission': permission }),
    ...(floor === undefined ? {} : { 'x-isthmus-api-version-from': floor }),
    ...(implemented === undefined ? {} : { 'x-isthmus-api-version': implemented }),
    ...(type?.reconcile !== undefined && verb !== 'GET' && verb !== 'HEAD' ? { 'x-ms-long-running-operation': true } : {}),
    ...(kind === 'list' ? { 'x-ms-pageable': { nextLinkName: 'nextLink' } } : {}),
  };
}

function operationIdOf({ verb, path }: Operation): string {
  return `${verb.toLowerCase()}${path.replaceAll(/[{}]/g, '').replaceAll(/[^A-Za-z0-9]+/g, '_')}`;
}

function parametersOf({ kind, path, implemented, verb }: Operation): readonly JsonObject[] {
  const found: JsonObject[] = [];
  const text = { type: 'string' };
  if (!unversioned.has(path) && !path.includes('/providers/Isthmus.')) {
    const schema = implemented === undefined ? text : { ...text, example: implemented };
    found.push({ name: 'api-version', in: 'query', required: true, schema });
  }
  if (kind === 'list' || path.endsWith('/resources')) {
    for (const name of ['$filter', '$skiptoken']) found.push({ name, in: 'query', required: false, schema: text });
    found.push({ name: '$top', in: 'query', required: false, schema: { type: 'integer', minimum: 1 } });
  }
  if (kind === 'put' || kind === 'patch' || kind === 'delete')
    found.push({ name: 'If-Match', in: 'header', required: false, schema: text });
  if (kind === 'put') found.push({ name: 'If-None-Match', in: 'header', required: false, schema: text });
  if (path === '/events') found.push({ name: 'scope', in: 'query', required: false, schema: text });
  return verb === 'HEAD' ? found.slice(0, 1) : found;
}

function requestBodyOf({ kind, type, action, path, verb }: Operation): JsonObject | undefined {
  if (type !== undefined && kind === 'put') return refTo(schemaName(type));
  if (type !== undefined && kind === 'patch') return patchSchema;
  if (type !== undefined && action !== undefined) return jsonSchema(type.actions[action]!.input);
  return path.endsWith('/tags/default') && (verb === 'PUT' || verb === 'PATCH') ? tagsSchema : undefined;
}

function responsesOf(operation: Operation): JsonObject {
  const responses: Record<string, Json> = {};
  for (const status of operation.answers) {
    const schema = status === 204 || (status === 202 && operation.verb !== 'PUT') ? undefined : answerSchema(operation);
    responses[String(status)] = {
      description: words[status] ?? 'Done.',
      ...(schema === undefined ? {} : { content: jsonContent(schema) }),
    };
  }
  responses['default'] = { $ref: '#/components/responses/Error' };
  return responses;
}

const words: Readonly<Record<number, string>> = {
  200: 'Done.',
  201: 'Created.',
  202: 'Begun: follow Azure-AsyncOperation or Location.',
  204: 'Done, or nothing was there.',
};

function answerSchema({ kind, type, path }: Operation): JsonObject | undefined {
  switch (kind) {
    case 'get':
    case 'put':
    case 'patch':
      return type === undefined || isPart(type, path) ? { type: 'object' } : refTo(schemaName(type));
    case 'list':
      return type === undefined || isPart(type, path) ? listSchema({ type: 'object' }) : refTo(`${schemaName(type)}.list`);
    case 'delete':
    case 'exists':
      return undefined;
    case 'action':
    case 'fixed':
      return {};
  }
}

/** Paths of parts, views and reads go on behind the type's own. */
function isPart(type: AnyType, path: string): boolean {
  return Object.keys({ ...type.parts, ...type.views, ...type.reads }).some((part) => path.includes(`}/${part}`));
}

function listSchema(item: JsonObject): JsonObject {
  return { type: 'object', required: ['value'], properties: { value: { type: 'array', items: item }, nextLink: { type: 'string' } } };
}

/** A resource as it is sent and shown: what is read-only says so. */
function resourceSchema(type: AnyType, catalog: TypeCatalog): JsonObject {
  const readOnly = { type: 'string', readOnly: true };
  const envelope = jsonSchema(type.envelope)['properties'];
  return {
    type: 'object',
    description: type.summary,
    ...(type.location === 'required' ? { required: ['location'] } : {}),
    properties: {
      id: readOnly,
      name: readOnly,
      type: { ...readOnly, const: type.type },
      ...(type.location === 'none' ? {} : { location: { type: 'string' } }),
      ...(type.hasTags ? { tags: tagsOf } : {}),
      ...(type.shows.etag ? { etag: readOnly } : {}),
      ...(typeof envelope === 'object' && envelope !== null && !Array.isArray(envelope) ? (envelope as JsonObject) : {}),
      properties: propertiesSchema(type, catalog),
      systemData: { allOf: [refTo('SystemData')], readOnly: true },
    },
  };
}

function propertiesSchema(type: AnyType, catalog: TypeCatalog): JsonObject {
  const schema = jsonSchema(type.properties);
  const own = schema['properties'];
  if (typeof own !== 'object' || own === null || Array.isArray(own)) return schema;
  const members: Record<string, Json> = { ...(own as JsonObject) };
  for (const path of type.secrets) {
    const member = members[path];
    if (typeof member === 'object' && member !== null && !Array.isArray(member))
      members[path] = { ...(member as JsonObject), writeOnly: true };
  }
  if (type.shows.provisioningState) members['provisioningState'] = { type: 'string', readOnly: true };
  for (const [name, inline] of Object.entries(type.inline ?? {})) {
    const child = catalog.get(inline.type);
    members[name] = { type: 'array', items: child === undefined ? { type: 'object' } : refTo(schemaName(child)) };
  }
  return { ...schema, properties: members };
}

const text = { type: 'string' };
const patchSchema: JsonObject = {
  type: 'object',
  description: 'Laid over what is there; tags are replaced as a whole.',
  properties: { tags: { type: 'object', additionalProperties: text }, properties: { type: 'object' } },
};
const tagsSchema: JsonObject = {
  type: 'object',
  required: ['properties'],
  properties: {
    operation: { enum: ['Replace', 'Merge', 'Delete'] },
    properties: { type: 'object', properties: { tags: { type: 'object', additionalProperties: text } } },
  },
};
const armError: JsonObject = {
  type: 'object',
  required: ['code', 'message'],
  properties: {
    code: text,
    message: text,
    target: text,
    details: { type: 'array', items: refTo('ArmError') },
    additionalInfo: { type: 'array', items: { type: 'object', properties: { type: text, info: { type: 'object' } } } },
  },
};
const errorResponse: JsonObject = { type: 'object', required: ['error'], properties: { error: refTo('ArmError') } };
const systemData: JsonObject = {
  type: 'object',
  properties: {
    createdBy: text,
    createdByType: text,
    createdAt: { type: 'string', format: 'date-time' },
    lastModifiedBy: text,
    lastModifiedByType: text,
    lastModifiedAt: { type: 'string', format: 'date-time' },
  },
};
