import type { Json, JsonObject } from '#arm/resource.ts';
import { evaluateCount, evaluateText, evaluateToText, evaluateValue, maxCopies, withCopy } from './evaluate.ts';
import { idIn, idKey, isId } from './ids.ts';
import { refuse } from './refusal.ts';
import { isArray, isObject, maxSteps, type References, type Scope, typeName, weigh } from './scope.ts';
import { childrenOf, type Declared, type Template } from './template.ts';

/** One resource that a template wants: loops are unrolled, children stand by themselves. */
export interface PlannedResource {
  readonly id: string;
  /** Equal for ids that name the same resource. */
  readonly key: string;
  readonly type: string;
  /** All names of its type, with slashes between: `vnet/subnet`. */
  readonly name: string;
  readonly apiVersion: string;
  readonly symbolicName: string | undefined;
  /** Only referred to, never written. */
  readonly existing: boolean;
  /** What its condition says. */
  readonly wanted: boolean;
  readonly at: string;
  /** Keys of what must be true before it is written. */
  readonly dependsOn: ReadonlySet<string>;
  /** What is to be sent. Nulls are left out. Fault: see `wantedBy`. */
  readonly body: (references: References) => JsonObject;
}

/** What templates can call a resource by. */
export interface Names {
  /** Keys of what is meant; undefined: nothing in the template. */
  find(text: string): readonly string[] | undefined;
  readonly resolve: References['resolve'];
}

interface Draft extends Omit<PlannedResource, 'dependsOn'> {
  readonly scope: Scope;
  readonly declaredDependencies: Json | undefined;
  readonly loop: Loop | undefined;
  readonly symbols: readonly string[];
}

interface Loop {
  readonly name: string;
  readonly index: number;
  /** How many may be written at once; undefined: all. */
  readonly batch: number | undefined;
}

const controlMembers = new Set(
  [
    'type',
    'name',
    'apiVersion',
    'condition',
    'dependsOn',
    'copy',
    'scope',
    'resources',
    'comments',
    'metadata',
    'existing',
    'asserts',
    '@options',
  ].map((name) => name.toLowerCase()),
);

/** Unrolls what a template declares. Faults: `InvalidTemplate`. */
export function expandResources(
  template: Template,
  scope: Scope,
): { readonly resources: readonly PlannedResource[]; readonly names: Names } {
  const drafts = template.resources.flatMap((one) => expand(one, scope, undefined));
  if (drafts.length > maxCopies) throw refuse('resources', `The template makes more than ${maxCopies} resources`, 'Split the template.');
  const byKey = new Map<string, Draft>();
  for (const draft of drafts) {
    const before = byKey.get(draft.key);
    if (before !== undefined && before.wanted && draft.wanted && !before.existing && !draft.existing) {
      throw refuse(draft.at, `The resource '${draft.id}' is defined multiple times in the template`, 'Give each a name of its own.');
    }
    if (before === undefined || draft.wanted) byKey.set(draft.key, draft);
  }
  const names = namesOf([...byKey.values()], scope);
  return { names, resources: [...byKey.values()].map((draft) => planned(draft, byKey, names)) };
}

interface Parent {
  readonly type: string;
  readonly name: string;
}

function expand(declared: Declared, scope: Scope, parent: Parent | undefined): readonly Draft[] {
  const { copy } = declared.body;
  if (copy === undefined || copy === null) return expandOne({ declared, parent, loop: undefined }, { ...scope, at: declared.at });
  const at = `${declared.at}.copy`;
  if (!isObject(copy) || (typeof copy['name'] !== 'string' && declared.symbolicName === undefined)) {
    throw refuse(at, "The copy loop of a resource needs 'name' and 'count'", 'Write {"name": "loop", "count": 3}.');
  }
  const name = (typeof copy['name'] === 'string' ? copy['name'] : declared.symbolicName!).toLowerCase();
  const count = evaluateCount(copy['count'], { ...scope, at: `${at}.count` });
  const serial = typeof copy['mode'] === 'string' && copy['mode'].toLowerCase() === 'serial';
  const size =
    copy['batchSize'] === undefined || copy['batchSize'] === null
      ? 1
      : evaluateCount(copy['batchSize'], { ...scope, at: `${at}.batchSize` });
  return Array.from({ length: count }, (_, index) => {
    const loop = { name, index, batch: serial ? Math.max(1, size) : undefined };
    return expandOne({ declared, parent, loop }, withCopy({ ...scope, at: declared.at }, { name, index }));
  }).flat();
}

interface Instance {
  readonly declared: Declared;
  readonly parent: Parent | undefined;
  readonly loop: Loop | undefined;
}

function expandOne({ declared, parent, loop }: Instance, scope: Scope): readonly Draft[] {
  const { body, at, symbolicName } = declared;
  const member = (name: string): Scope => ({ ...scope, at: `${at}.${name}` });
  const ownType = evaluateToText(body['type'], member('type'));
  const ownName = evaluateToText(body['name'], member('name'));
  const isRelative = parent !== undefined && !ownType.toLowerCase().startsWith(`${parent.type.toLowerCase()}/`);
  const type = isRelative ? `${parent.type}/${ownType}` : ownType;
  const name = isRelative && parent !== undefined ? `${parent.name}/${ownName}` : ownName;
  const id = idIn(placeOf(body, member('scope')), type, name.split('/'), `${at}.name`);
  const apiVersion = body['apiVersion'] === undefined ? '' : evaluateToText(body['apiVersion'], member('apiVersion'));
  const symbols = symbolicName === undefined ? [] : [symbolicName, ...(loop === undefined ? [] : [`${symbolicName}[${loop.index}]`])];
  const draft: Draft = {
    id,
    key: idKey(id),
    type: typeOf(type, name),
    name,
    apiVersion,
    symbolicName,
    existing: body['existing'] === true,
    wanted: conditionOf(body['condition'], member('condition')),
    at: loop === undefined ? at : `${at} of copy ${loop.index}`,
    scope,
    declaredDependencies: body['dependsOn'],
    loop,
    symbols,
    // What is looked at once shares the plan's budget; what runs later, perhaps often, has one of its own.
    body: (references) => bodyOf(body, { ...scope, references, budget: references.note === undefined ? { left: maxSteps } : scope.budget }),
  };
  return [draft, ...childrenOf(body, at).flatMap((child) => expand(child, scope, { type, name }))];
}

/** `Microsoft.X/a/providers/b` named `n/Microsoft.Y/m`: the type is that of the extension. */
function typeOf(type: string, name: string): string {
  const types = type.split('/');
  const at = types.findLastIndex((one) => one.toLowerCase() === 'providers');
  return at < 0 ? type : [name.split('/')[at - 1] ?? '', ...types.slice(at + 1)].join('/');
}

/** The id of what a resource lies in: where the deployment goes, or what its `scope` names. */
function placeOf(body: JsonObject, scope: Scope): string {
  if (body['existing'] === true && (body['resourceGroup'] !== undefined || body['subscriptionId'] !== undefined))
    return elsewhere(body, scope);
  if (body['scope'] === undefined || body['scope'] === null) return scope.place.id;
  const text = evaluateToText(body['scope'], scope);
  if (text === '/') return '';
  return text.startsWith('/') ? `/${text.split('/').filter(Boolean).join('/')}` : `${scope.place.id}/providers/${text}`;
}

/** The group or subscription that a resource names which is only referred to. */
function elsewhere(body: JsonObject, scope: Scope): string {
  const named = (name: string, fallback: string | undefined): string | undefined =>
    body[name] === undefined || body[name] === null ? fallback : evaluateToText(body[name], { ...scope, at: `${scope.at}.${name}` });
  const group = named('resourceGroup', undefined);
  const subscription = named('subscriptionId', scope.place.subscriptionId);
  if (subscription === undefined) throw refuse(scope.at, 'There is no subscription here', 'Give the resource a subscriptionId.');
  return `/subscriptions/${subscription}${group === undefined ? '' : `/resourceGroups/${group}`}`;
}

function conditionOf(condition: Json | undefined, scope: Scope): boolean {
  if (condition === undefined || condition === null) return true;
  const value = typeof condition === 'string' ? evaluateText(condition, scope) : condition;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string' && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true';
  throw refuse(scope.at, `The condition must be true or false, and is of type ${typeName(value)}`, 'Correct the condition.');
}

function bodyOf(body: JsonObject, scope: Scope): JsonObject {
  const members = Object.entries(body).filter(([name, value]) => !controlMembers.has(name.toLowerCase()) && value !== null);
  const evaluated = members.map(([name, value]) => [name, evaluateValue(value, { ...scope, at: `${scope.at}.${name}` })] as const);
  const result = withoutNulls(Object.fromEntries(evaluated)) as JsonObject;
  weigh(result, scope);
  return result;
}

/** Null is absent. */
function withoutNulls(value: Json): Json {
  if (isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, one]) => one !== null);
  return Object.fromEntries(kept.map(([name, one]) => [name, withoutNulls(one)]));
}

function namesOf(drafts: readonly Draft[], scope: Scope): Names {
  const found = new Map<string, Set<string>>();
  const add = (text: string, key: string): void => {
    const keys = found.get(text.toLowerCase()) ?? new Set();
    found.set(text.toLowerCase(), keys.add(key));
  };
  for (const { key, name, loop, symbols } of drafts) {
    add(name, key);
    if (loop !== undefined) add(loop.name, key);
    for (const symbol of symbols) add(symbol, key);
  }
  const ids = new Map(drafts.map(({ key, id }) => [key, id]));
  const find = (text: string): readonly string[] | undefined => {
    const named = found.get(text.toLowerCase());
    if (named !== undefined) return [...named];
    const key = idKey(text.startsWith('/') ? text : `${scope.place.id}/providers/${text}`);
    return ids.has(key) ? [key] : undefined;
  };
  const resolve = (text: string, at: string): string => {
    const keys = find(text);
    if (keys?.length === 1) return ids.get(keys[0]!)!;
    if (keys === undefined && isId(text)) return text;
    const why = keys === undefined ? 'is not defined in the template' : 'is the name of several resources';
    throw refuse(at, `The resource '${text.slice(0, 300)}' ${why}`, 'Name it by its id: reference(resourceId(…)).');
  };
  return { find, resolve };
}

function planned(draft: Draft, byKey: ReadonlyMap<string, Draft>, names: Names): PlannedResource {
  const { scope, declaredDependencies, loop, symbols: _symbols, ...resource } = draft;
  const keys = new Set(dependenciesOf(declaredDependencies, { ...scope, at: `${draft.at}.dependsOn` }, names));
  const parent = draft.key.split('/').slice(0, -2).join('/');
  if (byKey.has(parent)) keys.add(parent);
  if (loop?.batch !== undefined) for (const key of batchBefore(loop, loop.batch, byKey)) keys.add(key);
  const note = (id: string): void => void keys.add(idKey(id));
  if (draft.wanted && !draft.existing) draft.body({ resolve: names.resolve, read: () => undefined, note });
  const dependsOn = new Set(
    [...keys].filter((key) => key !== draft.key && byKey.get(key)?.wanted === true && byKey.get(key)?.existing === false),
  );
  return { ...resource, dependsOn };
}

function batchBefore(loop: Loop, size: number, byKey: ReadonlyMap<string, Draft>): readonly string[] {
  const batch = Math.floor(loop.index / size);
  const before = (other: Loop | undefined): boolean => other?.name === loop.name && Math.floor(other.index / size) === batch - 1;
  return [...byKey.values()].filter((other) => before(other.loop)).map(({ key }) => key);
}

function dependenciesOf(value: Json | undefined, scope: Scope, names: Names): readonly string[] {
  if (value === undefined || value === null) return [];
  if (!isArray(value)) throw refuse(scope.at, 'An array is expected here', 'Write dependsOn as an array of ids and names.');
  return value.flatMap((one, i) => {
    const at = `${scope.at}[${i}]`;
    const text = evaluateToText(one, { ...scope, at });
    const keys = names.find(text);
    if (keys !== undefined) return keys;
    throw refuse(at, `The resource '${text.slice(0, 300)}' is not defined in the template`, 'Depend on resources of the template only.');
  });
}
