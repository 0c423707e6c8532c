import { createHash } from 'node:crypto';
import type { Resource } from '#arm/resource.ts';

/** In the shape of a GUID; another one each time that a resource is created anew under the same id. */
export function guidOf({ id, createdAt }: Pick<Resource<unknown>, 'id' | 'createdAt'>, what: string): string {
  const hex = createHash('sha256').update(`${what} ${id.toLowerCase()} ${createdAt}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
