import { objectOf, textOf } from '#arm/client-answer.ts';
import type { ShownResource } from '#studio/data/queries.ts';

/** The server's word for how a resource is; undefined: it has none. */
export function stateOf({ properties }: Pick<ShownResource, 'properties'>): string | undefined {
  const { provisioningState, status } = objectOf(properties);
  const connection = objectOf(objectOf(properties)['privateLinkServiceConnectionState']);
  return textOf(connection['status']) ?? textOf(provisioningState) ?? textOf(status);
}
