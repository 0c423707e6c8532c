import type { PlanGround } from '#arm/private-link.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';

export function groundOf(resources: readonly Resource[]): PlanGround {
  const byType = new Map<string, Resource[]>();
  const byKey = new Map<string, Resource>();
  const sorted = resources.filter(({ deleting }) => !deleting).map((resource) => ({ key: keyOf(resource.id), resource }));
  sorted.sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
  for (const { key, resource } of sorted) {
    byKey.set(key, resource);
    const type = keyOf(resource.type);
    const list = byType.get(type);
    if (list === undefined) byType.set(type, [resource]);
    else list.push(resource);
  }
  return { of: (type) => byType.get(keyOf(type)) ?? [], get: (id) => byKey.get(keyOf(id)) };
}
