import { derivedGuid } from '#base/derived-guid.ts';
import type { Resource } from '#arm/resource.ts';

/** In the shape of a GUID; another one each time that a resource is created anew under the same id. */
export function guidOf({ id, createdAt }: Pick<Resource<unknown>, 'id' | 'createdAt'>, what: string): string {
  return derivedGuid(`${what} ${id.toLowerCase()} ${createdAt}`);
}
