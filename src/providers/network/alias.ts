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
