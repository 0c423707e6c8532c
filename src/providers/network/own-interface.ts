import type { Resource } from '#arm/resource.ts';
import { guidOfResource } from './guid.ts';

/** The id of the network interface that a private endpoint or private link service has for its addresses. */
export function ownInterfaceId(self: Pick<Resource<unknown>, 'id' | 'name' | 'createdAt'>, name?: string): string {
  const group = self.id.slice(0, self.id.toLowerCase().indexOf('/providers/'));
  return `${group}/providers/Microsoft.Network/networkInterfaces/${name ?? `${self.name}.nic.${guidOfResource(self)}`}`;
}
