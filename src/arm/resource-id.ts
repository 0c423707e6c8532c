import { fault } from '#base/fault.ts';

/** Where a resource lives: what its path starts with. */
export type Scope = 'tenant' | 'subscription' | 'group' | 'resource';

/**
 * A resource's id, taken apart. Two ids are the same resource when their `key`s are equal: ids are compared without regard to case, and
 * answered in the casing in which the resource was created.
 * Rule: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules and ARM resource provider contract.
 */
export interface ResourceId {
  /** `/subscriptions/…/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/s`, with single slashes and none at the end. */
  readonly text: string;
  /** `text` in lower case. */
  readonly key: string;
  /** `Microsoft.Network/virtualNetworks/subnets`. Subscriptions and groups are `Microsoft.Resources/subscriptions` and `…/resourceGroups`. */
  readonly type: string;
  readonly name: string;
  /** All names of the type's path, from the outermost: `['v', 's']`. */
  readonly names: readonly string[];
  /** What it lies in directly: the parent resource of a child, else the group, subscription, or for an extension the resource it belongs to. Undefined at the tenant. */
  readonly parent: string | undefined;
  /** What kind of place the outermost type of the path lies in. */
  readonly scope: Scope;
  readonly subscription: string | undefined;
  readonly group: string | undefined;
}

/** What a path names: one resource, all of a type under a place, or an action of either. */
export type Place =
  | { readonly kind: 'resource'; readonly id: ResourceId }
  /** `under`: the id text of what the collection lies in; empty at the tenant. */
  | { readonly kind: 'collection'; readonly type: string; readonly under: string };

export const subscriptionType = 'Microsoft.Resources/subscriptions';
export const groupType = 'Microsoft.Resources/resourceGroups';

const maxSegments = 60;

/** Reads an id. Fault: `InvalidResourceId` (invalid). */
export function parseResourceId(text: string): ResourceId {
  const place = parsePlace(segmentsOf(text));
  if (place?.kind === 'resource') return place.id;
  throw fault('invalid', 'InvalidResourceId', `'${text.slice(0, 300)}' is not the id of a resource.`, {
    target: text.slice(0, 300),
    remedy: 'Ids look like /subscriptions/{subscription}/resourceGroups/{group}/providers/{namespace}/{type}/{name}.',
  });
}

/** The segments of a path, empty ones left out. Not decoded. */
export function segmentsOf(path: string): readonly string[] {
  return path.split('/').filter((segment) => segment !== '');
}

/** Ids are equal when their keys are. */
export function keyOf(id: string): string {
  return id.toLowerCase();
}

/** Whether `id` is `ancestor` or lies in it. Both as keys. */
export function isWithin(id: string, ancestor: string): boolean {
  return ancestor === '' || id === ancestor || id.startsWith(`${ancestor}/`);
}

/** What decoded segments name. Undefined: nothing that a path can name. */
export function parsePlace(segments: readonly string[]): Place | undefined {
  if (segments.length > maxSegments) return undefined;
  let at = 0;
  let place: ResourceId | undefined;
  const word = (i: number): string => segments[i]?.toLowerCase() ?? '';
  if (word(0) === 'subscriptions') {
    if (segments.length === 1) return { kind: 'collection', type: subscriptionType, under: '' };
    place = made('/subscriptions', subscriptionType, [segments[1]!], undefined, 'tenant');
    at = 2;
    if (word(2) === 'resourcegroups') {
      if (segments.length === 3) return { kind: 'collection', type: groupType, under: place.text };
      place = made(`${place.text}/resourceGroups`, groupType, [segments[3]!], place, 'subscription');
      at = 4;
    }
  }
  // Deployments may be named without their namespace: `az` lists a deployment's operations so.
  if (place !== undefined && word(at) === 'deployments') return parsePlace(segments.toSpliced(at, 0, 'providers', 'Microsoft.Resources'));
  while (at < segments.length) {
    if (word(at) !== 'providers' || segments.length < at + 3) return undefined;
    const namespace = segments[at + 1]!;
    const next = nextProviders(segments, at + 2);
    const found = inProvider({ namespace, path: segments.slice(at + 2, next), under: place });
    if (found === undefined) return undefined;
    if (found.kind === 'collection') return next === segments.length ? found : undefined;
    place = found.id;
    at = next;
  }
  return place && { kind: 'resource', id: place };
}

/** Where the next `providers` of an extension begins: a name may be `providers` too, so only places at which a type stands count. */
function nextProviders(segments: readonly string[], from: number): number {
  for (let at = from + 2; at < segments.length; at += 2) if (segments[at]!.toLowerCase() === 'providers') return at;
  return segments.length;
}

interface InProvider {
  readonly namespace: string;
  /** Type, name, type, name … */
  readonly path: readonly string[];
  readonly under: ResourceId | undefined;
}

function inProvider({ namespace, path, under }: InProvider): Place | undefined {
  const types = path.filter((_, i) => i % 2 === 0);
  const type = `${namespace}/${types.join('/')}`;
  const prefix = `${under?.text ?? ''}/providers/${namespace}`;
  const scope = scopeOf(under);
  if (path.length % 2 === 1) {
    const parents = path.slice(0, -1);
    return { kind: 'collection', type, under: parents.length === 0 ? (under?.text ?? '') : `${prefix}/${parents.join('/')}` };
  }
  const names = path.filter((_, i) => i % 2 === 1);
  const text = `${prefix}/${path.join('/')}`;
  const parent = path.length > 2 ? `${prefix}/${path.slice(0, -2).join('/')}` : under?.text;
  return {
    kind: 'resource',
    id: {
      text,
      key: keyOf(text),
      type,
      name: names.at(-1)!,
      names,
      parent,
      scope,
      subscription: under?.subscription,
      group: under?.group,
    },
  };
}

function scopeOf(under: ResourceId | undefined): Scope {
  if (under === undefined) return 'tenant';
  if (under.type === subscriptionType) return 'subscription';
  return under.type === groupType ? 'group' : 'resource';
}

// oxlint-disable-next-line max-params
function made(prefix: string, type: string, names: readonly string[], under: ResourceId | undefined, scope: Scope): ResourceId {
  const text = `${prefix}/${names[0]}`;
  return {
    text,
    key: keyOf(text),
    type,
    name: names[0]!,
    names,
    parent: under?.text,
    scope,
    subscription: under?.subscription ?? names[0],
    group: type === groupType ? names[0] : undefined,
  };
}
