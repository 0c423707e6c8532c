import { createHash } from 'node:crypto';
import type { Resource } from '#arm/resource.ts';

/** The same for the same text, in the shape of a GUID. */
function guidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Another one each time that a resource is created anew under the same id. */
export function guidOfResource({ id, createdAt }: Pick<Resource<unknown>, 'id' | 'createdAt'>): string {
  return guidOf(`${id.toLowerCase()} ${createdAt}`);
}

/** `00-0D-3A-…`: as network interfaces have one. */
export function macOf(self: Pick<Resource<unknown>, 'id' | 'createdAt'>): string {
  const hex = guidOfResource(self).slice(-6).toUpperCase();
  return `00-0D-3A-${hex.slice(0, 2)}-${hex.slice(2, 4)}-${hex.slice(4)}`;
}
