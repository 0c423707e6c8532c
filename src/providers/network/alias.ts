import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { guidOfResource } from './guid.ts';
import { privateLinkServiceType } from './type-names.ts';

const aliasEnd = '.azure.privatelinkservice';

/** A name by which a service may be asked for without knowing its id: `{name}.{guid}.{region}.azure.privatelinkservice`. */
export function aliasOf(service: Pick<Resource<unknown>, 'id' | 'name' | 'location' | 'createdAt'>): string {
  return `${service.name}.${guidOfResource(service)}.${service.location ?? ''}${aliasEnd}`;
}

export function isAlias(text: string): boolean {
  return !text.startsWith('/') && text.toLowerCase().endsWith(aliasEnd);
}

/** What an id or an alias names. Undefined: nothing that is there, or no id at all. */
export async function findTarget(text: string, resources: ResourceReader): Promise<Resource | undefined> {
  if (!isAlias(text)) return idIsRight(text) ? await resources.get(text) : undefined;
  const key = keyOf(text);
  const services = await resources.list({ within: '', type: privateLinkServiceType });
  return services.find((service) => keyOf(aliasOf(service)) === key);
}

function idIsRight(text: string): boolean {
  try {
    parseResourceId(text);
    return true;
  } catch {
    return false;
  }
}

/** By its alias only for whom the service's list names; by its id for everybody where it names nobody. */
export function isVisible(target: Resource, named: string, subscription: string | undefined): boolean {
  if (keyOf(target.type) !== keyOf(privateLinkServiceType)) return true;
  if (parseResourceId(target.id).subscription?.toLowerCase() === subscription?.toLowerCase()) return true;
  const { visibility } = target.properties as unknown as { readonly visibility: { readonly subscriptions: readonly string[] } };
  return listed(target, 'visibility', subscription) || (visibility.subscriptions.length === 0 && !isAlias(named));
}

/** Whether a subscription is in a list of a private link service. */
export function listed(
  { properties }: Pick<Resource, 'properties'>,
  list: 'autoApproval' | 'visibility',
  subscription: string | undefined,
): boolean {
  const found = (properties[list] as { readonly subscriptions?: readonly string[] } | undefined)?.subscriptions ?? [];
  return subscription !== undefined && found.some((one) => one === '*' || one.toLowerCase() === subscription.toLowerCase());
}
