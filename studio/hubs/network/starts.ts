import type { ShownResource } from '#studio/data/queries.ts';
import { groupOf } from '#studio/parts/resource-address.ts';

/** Where a connection may begin: a network, or what stands in one. */
export interface Start {
  readonly id: string;
  readonly text: string;
  readonly group: 'Managed networks' | 'Virtual networks' | 'Integration runtimes';
  /** The network's id. */
  readonly network: string;
}

const order: readonly Start['group'][] = ['Managed networks', 'Integration runtimes', 'Virtual networks'];

export function startsOf(resources: readonly ShownResource[]): readonly Start[] {
  const starts = resources.flatMap((one) => startOf(one) ?? []);
  return starts.toSorted((a, b) => order.indexOf(a.group) - order.indexOf(b.group) || a.text.localeCompare(b.text));
}

/** Undefined: a runtime that stands in no network. */
function startOf({ id, name, type, properties }: ShownResource): Start | undefined {
  const word = type.toLowerCase();
  if (word.endsWith('/virtualnetworks')) return { id, text: `${name} (${groupOf(id) ?? ''})`, group: 'Virtual networks', network: id };
  const home = id.split('/').slice(0, -2).join('/');
  const owner = home.slice(home.lastIndexOf('/') + 1);
  if (word.endsWith('/managedvirtualnetworks')) return { id, text: `${owner}: managed network`, group: 'Managed networks', network: id };
  const network = properties['managedVirtualNetwork'] as { readonly referenceName?: string } | undefined;
  if (network?.referenceName === undefined) return undefined;
  return {
    id,
    text: `${owner}: ${name}`,
    group: 'Integration runtimes',
    network: `${home}/managedVirtualNetworks/${network.referenceName}`,
  };
}
