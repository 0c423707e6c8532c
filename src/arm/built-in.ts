import { newStatus, type JsonObject, type Resource } from './resource.ts';

/** For `find`: what is there though nobody wrote it, with the authors and times of what it belongs to. `etag` never changes. */
export function builtIn<P = JsonObject>(
  { id, type, properties }: Pick<Resource<P>, 'id' | 'type' | 'properties'>,
  { createdAt, createdBy }: Pick<Resource<unknown>, 'createdAt' | 'createdBy'>,
): Resource<P> {
  return {
    id,
    type,
    name: id.slice(id.lastIndexOf('/') + 1),
    location: undefined,
    tags: {},
    envelope: {},
    properties,
    generation: 1,
    etag: 'built-in',
    deleting: false,
    status: { ...newStatus, settled: 1, outcome: 'ready' },
    createdAt,
    createdBy,
    changedAt: createdAt,
    changedBy: createdBy,
  };
}
