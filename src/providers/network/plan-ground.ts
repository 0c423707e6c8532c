import type { PlanGround } from '#arm/private-link.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';

/** `neededBy`: keys of types that, while they go, need what goes with them. */
export function groundOf(resources: readonly Resource[], neededBy: ReadonlySet<string> = new Set()): PlanGround {
  const held = new Set(resources.filter(({ deleting, type }) => deleting && neededBy.has(keyOf(type))).map(({ id }) => groupKey(id)));
  const stays = ({ id, deleting }: Resource): boolean => !deleting || (held.size > 0 && held.has(groupKey(id)));
  const byType = new Map<string, Resource[]>();
  const byKey = new Map<string, Resource>();
  const sorted = resources.filter(stays).map((resource) => ({ key: keyOf(resource.id), resource }));
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

/** `/subscriptions/s/resourcegroups/g`. */
function groupKey(id: string): string {
  return keyOf(id).split('/').slice(0, 5).join('/');
}
