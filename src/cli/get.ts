import { wordOf } from '#arm/client-answer.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { parsePlace, segmentsOf } from '#arm/resource-id.ts';
import { isObject } from './documents.ts';
import { formatted, type Column, type OutputFormat } from './output.ts';
import { pathOf, placeOf } from './resource-paths.ts';
import type { Session } from './session.ts';
import { resolveType } from './type-names.ts';

export interface GetRequest {
  /** A type, its last word, or an id. */
  readonly what: string;
  /** `vnet/subnet` for a child; for a list of children the names above them. */
  readonly name: string | undefined;
  readonly group: string | undefined;
  readonly scope: string | undefined;
  readonly output: OutputFormat;
}

/** Shows one resource, or all of a type at a place. */
export async function getCommand({ what, name, group, scope, output }: GetRequest, session: Session): Promise<void> {
  const path = what.startsWith('/') ? what : await pathByType({ what, name, group, scope }, session);
  const isList = placeOf(path).kind === 'collection';
  const { arm, terminal } = session;
  const value = isList ? await arm.list(path) : await arm.get(path);
  const rows = isList ? (value as readonly JsonObject[]) : [value as JsonObject];
  const named = output === 'table' && /\/roleAssignments(?:\/[^/]*)?$/i.test(path) ? await withRoleNames(path, rows, session) : rows;
  await terminal.write(formatted(output, value, { columns: columnsFor(path), rows: named }));
}

/** People know roles by their names. Where those may not be read, the ids stay. */
async function withRoleNames(path: string, rows: readonly JsonObject[], { arm }: Session): Promise<readonly JsonObject[]> {
  const roles = await arm.list(path.replace(/\/roleAssignments.*$/i, '/roleDefinitions?$filter=atScopeAndBelow()')).catch(() => []);
  const names = new Map(
    roles.map(({ name, properties }) => [text(name)?.toLowerCase(), isObject(properties) ? properties['roleName'] : undefined]),
  );
  return rows.map((row) => {
    const properties = isObject(row['properties']) ? row['properties'] : {};
    const role = names.get(text(properties['roleDefinitionId'])?.split('/').at(-1)?.toLowerCase());
    return role === undefined ? row : { ...row, properties: { ...properties, roleDefinitionId: role } };
  });
}

async function pathByType({ what, name, group, scope }: Omit<GetRequest, 'output'>, session: Session): Promise<string> {
  if (what.toLowerCase() === 'providers')
    return `/subscriptions/${await session.subscription()}/providers${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
  const type = await resolveType(what, session);
  const names = name === undefined ? [] : name.split('/').filter((word) => word !== '');
  return pathOf(type, names, { subscription: await session.subscription(), group, scope });
}

type Row = JsonObject;

function text(value: Json | undefined): string | undefined {
  return value === undefined || value === null ? undefined : wordOf(value);
}

function property(name: string): (row: Row) => string | undefined {
  return ({ properties }) => (isObject(properties) ? text(properties[name]) : undefined);
}

function groupOf({ id }: Row): string | undefined {
  const place = parsePlace(segmentsOf(text(id) ?? ''));
  return place?.kind === 'resource' ? place.id.group : undefined;
}

/** The names of a child with those of its parents. */
function nameOf({ id, name, displayName, namespace }: Row): string | undefined {
  const place = parsePlace(segmentsOf(text(id) ?? ''));
  return place?.kind === 'resource' && place.id.names.length > 1 ? place.id.names.join('/') : text(name ?? displayName ?? namespace);
}

const state: Column<Row> = { title: 'STATE', of: property('provisioningState') };
const usual: readonly Column<Row>[] = [
  { title: 'NAME', of: nameOf },
  { title: 'GROUP', of: groupOf },
  { title: 'LOCATION', of: ({ location }) => text(location) },
  state,
  {
    title: 'TAGS',
    of: ({ tags }) =>
      isObject(tags) && Object.keys(tags).length > 0
        ? Object.entries(tags)
            .map(([k, v]) => `${k}=${text(v)}`)
            .join(' ')
        : undefined,
  },
];

const special: Readonly<Record<string, readonly Column<Row>[]>> = Object.freeze({
  roleassignments: [
    { title: 'PRINCIPAL', of: property('principalId') },
    { title: 'ROLE', of: (row) => property('roleDefinitionId')(row)?.split('/').at(-1) },
    { title: 'SCOPE', of: property('scope') },
    { title: 'NAME', of: nameOf },
  ],
  roledefinitions: [
    { title: 'ROLE', of: property('roleName') },
    { title: 'KIND', of: property('type') },
    { title: 'NAME', of: nameOf },
  ],
  deployments: [{ title: 'NAME', of: nameOf }, { title: 'GROUP', of: groupOf }, state, { title: 'AT', of: property('timestamp') }],
  serviceprincipals: [
    { title: 'NAME', of: nameOf },
    { title: 'CLIENT ID', of: property('appId') },
    { title: 'OBJECT ID', of: property('principalId') },
    state,
  ],
  subscriptions: [
    { title: 'SUBSCRIPTION', of: ({ subscriptionId }) => text(subscriptionId) },
    { title: 'NAME', of: ({ displayName }) => text(displayName) },
    { title: 'STATE', of: (row) => text(row['state']) },
  ],
  providers: [
    { title: 'NAMESPACE', of: ({ namespace }) => text(namespace) },
    {
      title: 'TYPES',
      of: ({ resourceTypes }) =>
        Array.isArray(resourceTypes)
          ? (resourceTypes as readonly JsonObject[]).map((one) => text(one['resourceType'])).join(' ')
          : undefined,
    },
  ],
});

function columnsFor(path: string): readonly Column<Row>[] {
  const segments = segmentsOf(path.replace(/\?.*$/, '')).map((segment) => segment.toLowerCase());
  return special[segments.at(-1) ?? ''] ?? special[segments.at(-2) ?? ''] ?? usual;
}
