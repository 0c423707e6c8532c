import { builtIn } from '#arm/built-in.ts';
import { keyOf, type ResourceId } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { type AuthoringHome, type BuiltInService, partTypes } from './home.ts';
import type { LinkedServiceProperties } from './linked-service-shape.ts';

/** The built-in linked services of a home, by its id; none where there is no such home. */
export async function builtInServices(
  home: AuthoringHome,
  id: string,
  resources: ResourceReader,
): Promise<readonly Resource<LinkedServiceProperties>[]> {
  const owner = home.builtInServices === undefined ? undefined : await resources.get(id);
  if (owner?.type !== home.type) return [];
  const type = partTypes(home).linkedService;
  const made = ({ name, properties }: BuiltInService): Resource<LinkedServiceProperties> =>
    builtIn<LinkedServiceProperties>({ id: `${owner.id}/linkedservices/${name}`, type, properties }, owner);
  return home.builtInServices!(owner.name).map(made);
}

/** The one of that name. */
export async function findBuiltInService(
  home: AuthoringHome,
  { name, parent }: Pick<ResourceId, 'name' | 'parent'>,
  resources: ResourceReader,
): Promise<Resource<LinkedServiceProperties> | undefined> {
  const all = parent === undefined ? [] : await builtInServices(home, parent, resources);
  return all.find((one) => keyOf(one.name) === keyOf(name));
}
