import { parseResourceId } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { LinkedServiceReference, LinkProperties } from './link-shape.ts';

/**
 * The SQL pool that a reference names. As Azure's Studio writes it: the workspace's own linked service, with the pool as its parameter `DBName`;
 * without that, the pool itself.
 */
export function poolNameOf({ referenceName, parameters }: LinkedServiceReference): string {
  const given = Object.entries(parameters ?? {}).find(([name]) => name.toLowerCase() === 'dbname')?.[1];
  return typeof given === 'string' && given !== '' ? given : referenceName;
}

/** Of the workspace in which the link lies. */
export function poolIdOf({ id, properties }: Pick<Resource<LinkProperties>, 'id' | 'properties'>): string {
  return `${parseResourceId(id).parent!}/sqlPools/${poolNameOf(properties.targetDatabase.linkedService)}`;
}

export function sourceIdOf({ id, properties }: Pick<Resource<LinkProperties>, 'id' | 'properties'>): string {
  return `${parseResourceId(id).parent!}/linkedservices/${properties.sourceDatabase.linkedService.referenceName}`;
}
