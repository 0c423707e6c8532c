import { groupType, subscriptionType, type Scope } from './resource-id.ts';
import type { OwnProvider } from './own-provider.ts';
import type { AnyType, TypeCatalog } from './resource-type.ts';
import { planesOf, type TypePlane } from './type-plane.ts';

export type HttpVerb = 'GET' | 'HEAD' | 'PUT' | 'PATCH' | 'DELETE' | 'POST';

/** One operation that clients may ask for. */
export interface Operation {
  /** `PUT /subscriptions/{subscriptionId}/…`: what tests name it by. */
  readonly operation: string;
  readonly verb: HttpVerb;
  /** With parameters in braces. */
  readonly path: string;
  /** Undefined: of no resource type. */
  readonly type: AnyType | undefined;
  readonly kind: 'get' | 'exists' | 'list' | 'put' | 'patch' | 'delete' | 'action' | 'fixed';
  /** Of an action. */
  readonly action: string | undefined;
  readonly summary: string;
  /** Undefined: none is asked for. */
  readonly permission: string | undefined;
  /** Status codes of success. */
  readonly answers: readonly number[];
  /** The least api-version; undefined: any, or none is needed. */
  readonly floor: string | undefined;
  readonly implemented: string | undefined;
}

/** Which client tests drive an operation: `GET /tenants` → names of tests. */
export type TestsOfOperations = Readonly<Record<string, readonly string[]>>;

/** A row of the coverage table. */
export interface CoverageRow {
  readonly operation: string;
  readonly verb: HttpVerb;
  readonly path: string;
  readonly type: string;
  readonly permission: string;
  readonly floor: string;
  readonly implemented: string;
  readonly answers: readonly number[];
  readonly tests: readonly string[];
}

const subscription = '/subscriptions/{subscriptionId}';
const group = `${subscription}/resourceGroups/{resourceGroupName}`;
const prefixes: Readonly<Record<Scope, string>> = { tenant: '', subscription, group, resource: '/{resourceId}' };

/**
 * Every operation of the catalog's types, then those of their planes, then those that belong to no type, own providers' at the end. Ordered by
 * the catalog, then by path and verb.
 */
export function operationsOf(catalog: TypeCatalog, own: readonly OwnProvider[] = []): readonly Operation[] {
  const beside = planesOf(catalog).flatMap((plane) => plane.catalog.all.flatMap((type) => planeOperations(type, plane)));
  return [...catalog.all.flatMap((type) => typeOperations(type)), ...beside, ...fixedOperations(), ...own.flatMap(ownOperations)];
}

export function coverageOf(catalog: TypeCatalog, tests: TestsOfOperations, own: readonly OwnProvider[] = []): readonly CoverageRow[] {
  return operationsOf(catalog, own).map(({ operation, verb, path, type, permission, floor, implemented, answers }) => ({
    operation,
    verb,
    path,
    type: type?.type ?? '',
    permission: permission ?? '',
    floor: floor ?? '',
    implemented: implemented ?? '',
    answers,
    tests: (Object.hasOwn(tests, operation) ? tests[operation] : undefined) ?? [],
  }));
}

/** The table as a page: one section for each namespace. */
export function coverageMarkdown(rows: readonly CoverageRow[]): string {
  const sections = new Map<string, CoverageRow[]>();
  for (const row of rows) {
    const name = row.type === '' ? 'Of no type' : row.type.slice(0, row.type.indexOf('/'));
    const section = sections.get(name) ?? [];
    section.push(row);
    sections.set(name, section);
  }
  const driven = rows.filter((row) => row.tests.length > 0).length;
  const parts = [`# Operations\n\n${rows.length} operations, of which ${driven} are driven by tests with Azure's own clients.\n`];
  for (const [name, section] of sections) {
    parts.push(
      `\n## ${name}\n\n| operation | permission | api-version from | implemented | answers | client tests |\n|---|---|---|---|---|---|\n`,
    );
    for (const row of section) parts.push(markdownRow(row));
  }
  return parts.join('');
}

function markdownRow({ operation, permission, floor, implemented, answers, tests }: CoverageRow): string {
  const cells = [
    `\`${operation}\``,
    permission === '' ? '' : `\`${permission}\``,
    floor,
    implemented,
    answers.join(', '),
    tests.join(', '),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
}

function typeOperations(type: AnyType): readonly Operation[] {
  const found = type.scopes.flatMap((scope) => scopedOperations(type, scope));
  if (!type.scopes.includes('group') || type.scopes.includes('subscription') || type.type.split('/').length > 2) return found;
  const list = `${subscription}/providers/${type.type}`;
  return [...found, operationOf(type, 'list', 'GET', list)];
}

/** The addresses of a type in one kind of place, with parameters in braces. */
export function pathsOf(type: AnyType, scope: Scope): { readonly collection: string; readonly resource: string } {
  if (type.type === subscriptionType) return { collection: '/subscriptions', resource: subscription };
  if (type.type === groupType) return { collection: `${subscription}/resourceGroups`, resource: group };
  const [namespace, ...words] = type.type.split('/');
  let path = `${prefixes[scope]}/providers/${namespace}`;
  for (const word of words.slice(0, -1)) path += `/${word}/{${parameterName(word)}}`;
  const collection = `${path}/${words.at(-1)}`;
  return { collection, resource: `${collection}/{${parameterName(words.at(-1)!)}}` };
}

/** `virtualNetworkName` for `virtualNetworks`. */
function parameterName(word: string): string {
  const singular = word.endsWith('ies') ? `${word.slice(0, -3)}y` : word.replace(/s$/, '');
  return `${singular}Name`;
}

function scopedOperations(type: AnyType, scope: Scope): readonly Operation[] {
  const { collection, resource } = pathsOf(type, scope);
  return [operationOf(type, 'list', 'GET', collection), ...operationsAt(type, resource)];
}

/** Operations at `/{prefix}/{root}/…`. */
function planeOperations(type: AnyType, plane: TypePlane): readonly Operation[] {
  const { collection, resource } = planePathsOf(type, plane);
  if (collection !== undefined) return [operationOf(type, 'list', 'GET', collection), ...operationsAt(type, resource)];
  return [
    operationOf(type, 'get', 'GET', `${resource}/${plane.self}`),
    operationOf(type, 'exists', 'HEAD', `${resource}/${plane.self}`),
    ...detailOperations(type, resource),
  ];
}

/** The addresses of a type on a plane beside ARM; its root is in no collection there, and reads at a word of its own. */
export function planePathsOf(
  { type }: AnyType,
  { root, prefix }: TypePlane,
): { readonly collection: string | undefined; readonly resource: string } {
  const above = root.type.split('/').length;
  const base = `/${prefix}/{${parameterName(root.type.split('/').at(-1)!)}}`;
  const words = type.split('/').slice(above);
  if (words.length === 0) return { collection: undefined, resource: base };
  const parents = words.slice(0, -1).map((word) => `/${word}/{${parameterName(word)}}`);
  const collection = `${base}${parents.join('')}/${words.at(-1)}`;
  return { collection, resource: `${collection}/{${parameterName(words.at(-1)!)}}` };
}

/** Operations of one resource. */
function operationsAt(type: AnyType, resource: string): readonly Operation[] {
  return [
    operationOf(type, 'get', 'GET', resource),
    operationOf(type, 'exists', 'HEAD', resource),
    ...type.verbs.map((verb) => operationOf(type, verb, verbs[verb], resource)),
    ...detailOperations(type, resource),
  ];
}

function detailOperations(type: AnyType, resource: string): readonly Operation[] {
  const found: Operation[] = [];
  for (const part of Object.keys(type.parts ?? {})) {
    found.push(
      partOperation(type, part, `${resource}/${part}`, 'list'),
      partOperation(type, part, `${resource}/${part}/{${parameterName(part)}}`, 'get'),
    );
  }
  for (const view of Object.keys(type.views ?? {})) found.push(partOperation(type, view, `${resource}/${view}`, 'get'));
  for (const [name, { summary, permission = `${name}/read` }] of Object.entries(type.reads ?? {}))
    found.push({ ...partOperation(type, name, `${resource}/${name}`, 'get'), summary, permission: `${type.permissionType}/${permission}` });
  for (const name of Object.keys(type.actions)) found.push(actionOperation(type, name, `${resource}/${name}`));
  return found;
}

const verbs = { put: 'PUT', patch: 'PATCH', delete: 'DELETE' } as const;

function operationOf(type: AnyType, kind: 'get' | 'exists' | 'list' | 'put' | 'patch' | 'delete', verb: HttpVerb, path: string): Operation {
  const right = kind === 'delete' ? 'delete' : kind === 'put' || kind === 'patch' ? 'write' : 'read';
  return {
    operation: `${verb} ${path}`,
    verb,
    path,
    type,
    kind,
    action: undefined,
    summary: `${summaries[kind]}: ${type.summary}`,
    permission: `${type.permissionType}/${right}`,
    answers: answersOf(type, kind),
    floor: type.versions.floor,
    implemented: type.versions.implemented,
  };
}

const summaries = {
  get: 'Read',
  exists: 'Is it there',
  list: 'List',
  put: 'Create or replace',
  patch: 'Change',
  delete: 'Delete',
} as const;

function byNumber(a: number, b: number): number {
  return a - b;
}

function answersOf({ answers, reconcile, remove }: AnyType, kind: keyof typeof summaries): readonly number[] {
  switch (kind) {
    case 'put':
      return [...new Set([answers.replaced, answers.created])].toSorted(byNumber);
    case 'delete':
      return [
        ...new Set([answers.deleted, ...(remove === undefined && reconcile === undefined ? [] : [answers.deleting ?? 202]), 204]),
      ].toSorted(byNumber);
    case 'exists':
      return [204];
    case 'get':
    case 'list':
    case 'patch':
      return [200];
  }
}

function partOperation(type: AnyType, part: string, path: string, kind: 'get' | 'list'): Operation {
  return {
    ...operationOf(type, kind, 'GET', path),
    summary: `${summaries[kind]}: ${part}`,
    permission: `${type.permissionType}/${part}/read`,
  };
}

function actionOperation(type: AnyType, name: string, path: string): Operation {
  const action = type.actions[name]!;
  return {
    operation: `POST ${path}`,
    verb: 'POST',
    path,
    type,
    kind: 'action',
    action: name,
    summary: action.summary,
    permission: `${type.permissionType}/${action.permission ?? `${name}/action`}`,
    answers: type.reconcile === undefined ? [200] : [200, 202],
    floor: type.versions.floor,
    implemented: type.versions.implemented,
  };
}

const tags = '/{resourceId}/providers/Microsoft.Resources/tags/default';
const fixed: readonly (readonly [verb: HttpVerb, path: string, summary: string, permission?: string])[] = [
  ['GET', '/tenants', 'The tenant'],
  ['GET', '/providers', 'All namespaces and their types'],
  ['GET', '/providers/{namespace}', 'One namespace and its types'],
  ['GET', `${subscription}/providers`, 'All namespaces', 'Microsoft.Resources/subscriptions/providers/read'],
  ['GET', `${subscription}/providers/{namespace}`, 'One namespace', 'Microsoft.Resources/subscriptions/providers/read'],
  ['POST', `${subscription}/providers/{namespace}/register`, 'Registered it is always', '{namespace}/register/action'],
  ['GET', `${subscription}/locations`, 'Locations', 'Microsoft.Resources/subscriptions/locations/read'],
  ['GET', `${subscription}/resources`, 'Resources of all types', '{type}/read'],
  ['GET', `${group}/resources`, 'Resources of all types in a group', '{type}/read'],
  ['GET', tags, 'Tags of a resource', 'Microsoft.Resources/tags/read'],
  ['PUT', tags, 'Replace all tags', 'Microsoft.Resources/tags/write'],
  ['PATCH', tags, 'Merge, replace or delete tags', 'Microsoft.Resources/tags/write'],
  ['DELETE', tags, 'Delete all tags', 'Microsoft.Resources/tags/delete'],
  ['GET', `${subscription}/providers/{namespace}/locations/{location}/operationStatuses/{operationId}`, 'Where an operation is'],
  ['GET', `${subscription}/providers/{namespace}/locations/{location}/operationResults/{operationId}`, 'What came of an operation'],
  ['GET', `${subscription}/operationresults/{operationId}`, 'What came of deleting a group'],
  ['GET', '/providers/Isthmus.Audit/records', 'The audit log', 'Isthmus.Audit/records/read'],
  ['GET', '/{resourceId}/providers/Isthmus.Audit/records', 'The audit log of a scope', 'Isthmus.Audit/records/read'],
  ['POST', '/providers/Isthmus.Audit/verify', 'Whether the audit log is whole', 'Isthmus.Audit/records/read'],
  ['GET', '/metadata/endpoints', 'Where everything is'],
  ['GET', '/events', 'Changes as they happen, as server-sent events', '{type}/read'],
  ['GET', '/openapi.json', 'This document'],
  ['GET', '/coverage', 'All operations, and the client tests that drive them'],
  ['GET', '/healthz', 'Whether it runs'],
  ['GET', '/readyz', 'Whether it is ready'],
];

function fixedOperations(): readonly Operation[] {
  return fixed.map(([verb, path, summary, permission]) => ({
    ...untyped({ verb, path, summary, permission }),
    answers: path.includes('operationResults') || path.includes('operationresults') ? [200, 202] : [200],
  }));
}

function untyped(given: Pick<Operation, 'verb' | 'path' | 'summary' | 'permission'>): Operation {
  const { verb, path } = given;
  const none = { type: undefined, action: undefined, floor: undefined, implemented: undefined };
  return { ...given, ...none, operation: `${verb} ${path}`, kind: 'fixed', answers: [200] };
}

function ownOperations({ namespace, answers }: OwnProvider): readonly Operation[] {
  return answers.flatMap(({ verb, word, summary, permission, at, follows = [''] }) => {
    const scopes = [...(at === 'resource' ? [] : ['']), ...(at === 'tenant' ? [] : ['/{resourceId}'])];
    const paths = scopes.flatMap((scope) => follows.map((rest) => `${scope}/providers/${namespace}/${word}${rest}`));
    return paths.map((path) => untyped({ verb, path, summary, permission }));
  });
}
