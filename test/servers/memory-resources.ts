import { isWithin, keyOf, parseResourceId } from '#arm/resource-id.ts';
import { newStatus, type Asked, type Resource } from '#arm/resource.ts';
import type { ListQuery, ResourceReader } from '#arm/store.ts';

/** Resources in memory, for tests of types that only read. */
export interface MemoryResources extends ResourceReader {
  put(id: string, properties: Asked['properties'], more?: Partial<Resource>): Resource;
  remove(id: string): void;
  revision(type: string): number;
  /** How often all of a type was read. */
  readonly lists: () => number;
}

export function memoryResources(): MemoryResources {
  const all = new Map<string, Resource>();
  const revisions = new Map<string, number>();
  let lists = 0;
  const touch = (type: string): void => void revisions.set(keyOf(type), (revisions.get(keyOf(type)) ?? 0) + 1);
  return {
    get: (id) => Promise.resolve(all.get(keyOf(id))),
    list: (query) => {
      lists += 1;
      return Promise.resolve(
        [...all.values()].filter((one) => isListed(one, query)).toSorted((a, b) => (keyOf(a.id) < keyOf(b.id) ? -1 : 1)),
      );
    },
    referrers: () => Promise.resolve([]),
    put: (id, properties, more) => {
      const made = resourceOf(id, properties, more);
      all.set(keyOf(id), made);
      touch(made.type);
      return made;
    },
    remove: (id) => {
      all.delete(keyOf(id));
      touch(parseResourceId(id).type);
    },
    revision: (type) => revisions.get(keyOf(type)) ?? 0,
    lists: () => lists,
  };
}

function isListed({ id, type }: Resource, { within, direct, type: wanted }: ListQuery): boolean {
  if (wanted !== undefined && keyOf(wanted) !== keyOf(type)) return false;
  return direct === true ? keyOf(parseResourceId(id).parent ?? '') === keyOf(within) : isWithin(keyOf(id), keyOf(within));
}

function resourceOf(id: string, properties: Asked['properties'], more: Partial<Resource> = {}): Resource {
  const { type, name } = parseResourceId(id);
  return {
    id,
    type,
    name,
    location: undefined,
    tags: {},
    envelope: {},
    properties,
    generation: 1,
    etag: '1',
    deleting: false,
    status: { ...newStatus, settled: 1, outcome: 'ready' },
    createdAt: '2026-11-22T06:00:00.000Z',
    changedAt: '2026-11-22T06:00:00.000Z',
    createdBy: 'a',
    changedBy: 'b',
    ...more,
  };
}
