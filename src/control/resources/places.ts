import { fault, type Fault } from '#base/fault.ts';
import { groupType, parseResourceId, subscriptionType, type ResourceId } from '#arm/resource-id.ts';
import type { AnyType, TypeCatalog } from '#arm/resource-type.ts';
import type { Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';

/** Faults (missing): `InvalidResourceNamespace`, `InvalidResourceType`. */
export function typeOf(catalog: TypeCatalog, type: string): AnyType {
  const found = catalog.get(type);
  if (found !== undefined) return found;
  const namespace = type.slice(0, type.indexOf('/'));
  const prefix = `${namespace.toLowerCase()}/`;
  if (catalog.all.some((one) => one.type.toLowerCase().startsWith(prefix))) {
    throw fault(
      'missing',
      'InvalidResourceType',
      `The resource type '${clip(type)}' could not be found in the namespace '${clip(namespace)}'.`,
      {
        target: clip(type),
        remedy: `GET /providers/${clip(namespace)} lists the types there are.`,
      },
    );
  }
  throw fault('missing', 'InvalidResourceNamespace', `The resource namespace '${clip(namespace)}' is invalid.`, {
    target: clip(namespace),
    remedy: 'GET /providers lists the namespaces there are.',
  });
}

/** A type stands only in the places that it is made for. Fault: `InvalidResourceType` (missing). */
export function checkScope(type: AnyType, id: ResourceId): void {
  if (type.scopes.includes(id.scope)) return;
  const where = type.scopes.map((scope) => placeWords[scope]).join(' or ');
  throw fault('missing', 'InvalidResourceType', `Resources of the type '${type.type}' do not lie in ${placeWords[id.scope]}.`, {
    target: type.type,
    remedy: `Address it in ${where}.`,
  });
}

const placeWords = { tenant: 'the tenant', subscription: 'a subscription', group: 'a resource group', resource: 'a resource' } as const;

/** Fault: `MethodNotAllowed` (unsupported). */
export function checkVerb(type: AnyType, verb: 'put' | 'patch' | 'delete'): void {
  if (type.verbs.includes(verb)) return;
  throw fault('unsupported', 'MethodNotAllowed', `Resources of the type '${type.type}' do not take ${verb.toUpperCase()}.`, {
    target: type.type,
    remedy: `They take ${['get', ...type.verbs].map((one) => one.toUpperCase()).join(', ')}.`,
  });
}

/** Fault: `InvalidResourceName` (invalid). */
export function checkName(type: AnyType, id: ResourceId): void {
  const { pattern, maxLength, says } = type.name;
  if (id.name.length <= maxLength && pattern.test(id.name)) return;
  throw fault(
    'invalid',
    'InvalidResourceName',
    `The name '${clip(id.name)}' is not a valid name of a resource of the type '${type.type}'.`,
    {
      target: clip(id.name),
      remedy: `A name has 1 to ${maxLength} characters: ${says}.`,
    },
  );
}

/** That a resource is not there: the outermost thing of its path that is missing decides the code. Never throws that fault itself. */
export async function missing(id: ResourceId, reader: ResourceReader): Promise<Fault> {
  return (await missingAncestor(id, reader)) ?? notFound(id);
}

/** What a resource lies in. Faults (missing): `SubscriptionNotFound`, `ResourceGroupNotFound`, `ParentResourceNotFound`. */
export async function parentOf(id: ResourceId, reader: ResourceReader): Promise<Resource | undefined> {
  if (id.parent === undefined) return undefined;
  const parent = await reader.get(id.parent);
  if (parent !== undefined) return parent;
  throw (await missingAncestor(id, reader)) ?? parentNotFound(id);
}

/** The subscription or group of a path, or what a child lies in. Undefined: all of them are there. */
async function missingAncestor(id: ResourceId, reader: ResourceReader): Promise<Fault | undefined> {
  if (id.subscription !== undefined && id.type !== subscriptionType) {
    const subscription = `/subscriptions/${id.subscription}`;
    if ((await reader.get(subscription)) === undefined) return notFound(parseResourceId(subscription));
    if (id.group !== undefined && id.type !== groupType) {
      const group = `${subscription}/resourceGroups/${id.group}`;
      if ((await reader.get(group)) === undefined) return notFound(parseResourceId(group));
    }
  }
  if (id.parent === undefined || (await reader.get(id.parent)) !== undefined) return undefined;
  return parentNotFound(id);
}

function notFound(id: ResourceId): Fault {
  const target = clip(id.text);
  if (id.type === subscriptionType) {
    return fault('missing', 'SubscriptionNotFound', `The subscription '${clip(id.name)}' could not be found.`, {
      target,
      remedy: 'GET /subscriptions lists those you may read.',
    });
  }
  if (id.type === groupType) {
    return fault('missing', 'ResourceGroupNotFound', `Resource group '${clip(id.name)}' could not be found.`, {
      target,
      remedy: 'Create it, or look at its name and subscription.',
    });
  }
  const where = id.group === undefined ? '' : ` under resource group '${clip(id.group)}'`;
  return fault('missing', 'ResourceNotFound', `The Resource '${clip(`${id.type}/${id.names.join('/')}`)}'${where} was not found.`, {
    target,
    remedy: 'Create it, or look at its name and where it lies.',
  });
}

function parentNotFound(id: ResourceId): Fault {
  const nested = `'${clip(id.name)}'`;
  return fault(
    'missing',
    'ParentResourceNotFound',
    `Failed to perform the operation on the nested resource ${nested}. '${clip(id.parent ?? '')}' was not found.`,
    {
      target: clip(id.parent ?? ''),
      remedy: 'Create the parent first.',
    },
  );
}

/** The id in the casing that is kept: of its parent as that was created, of its type as it is declared, of its name as given now. */
export function idToCreate(type: AnyType, id: ResourceId, parent: Resource | undefined): ResourceId {
  const words = type.type.split('/');
  const under = parent?.id ?? '';
  return parseResourceId(`${under}/${ownPath(type, words, id)}/${id.name}`);
}

function ownPath(type: AnyType, words: readonly string[], id: ResourceId): string {
  if (type.type === subscriptionType) return 'subscriptions';
  if (type.type === groupType) return 'resourceGroups';
  return id.names.length > 1 ? words.at(-1)! : `providers/${type.type}`;
}

/** Texts of clients in messages are cut. */
export function clip(text: string, length = 300): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
