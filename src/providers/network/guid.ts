import { derivedGuid } from '#base/derived-guid.ts';
import type { Resource } from '#arm/resource.ts';

/** Another one each time that a resource is created anew under the same id. */
export function guidOfResource({ id, createdAt }: Pick<Resource<unknown>, 'id' | 'createdAt'>): string {
  return derivedGuid(`${id.toLowerCase()} ${createdAt}`);
}

/** `00-0D-3A-…`: as network interfaces have one. */
export function macOf(self: Pick<Resource<unknown>, 'id' | 'createdAt'>): string {
  const hex = guidOfResource(self).slice(-6).toUpperCase();
  return `00-0D-3A-${hex.slice(0, 2)}-${hex.slice(2, 4)}-${hex.slice(4)}`;
}
