import { useMemo } from 'react';
import { useSearch } from '#studio/data/queries.ts';
import { startsOf, type Start } from './starts.ts';

const startTypes = ['Microsoft.Network/virtualNetworks', '*/managedVirtualNetworks', '*/integrationRuntimes'];

export function useStarts(): { readonly starts: readonly Start[]; readonly error: Error | null; readonly isPending: boolean } {
  const { resources, error, isPending } = useSearch({ types: startTypes, top: 1_000 });
  const starts = useMemo(() => startsOf(resources), [resources]);
  return { starts, error, isPending };
}
