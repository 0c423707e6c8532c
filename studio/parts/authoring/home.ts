import { useNavigate, useRouterState, useSearch as useAddress } from '@tanstack/react-router';
import { keyOf } from '#arm/resource-id.ts';
import { useSearch, type ShownResource } from '#studio/data/queries.ts';
import { useWorkspace, workspaceType } from '#studio/data/workspace.ts';

export const factoryType = 'Microsoft.DataFactory/factories';

/** What linked services, runtimes and managed networks lie in: the workspace that is chosen above, or another home that the address names. */
export interface HomeChoice {
  readonly all: readonly ShownResource[];
  readonly current: ShownResource | undefined;
  readonly isPending: boolean;
  readonly error: Error | null;
  readonly choose: (id: string) => void;
}

export function useHome(): HomeChoice {
  const navigate = useNavigate();
  const { home } = useAddress({ strict: false }) as { readonly home?: string };
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const workspace = useWorkspace();
  const { resources: all, isPending, error } = useSearch({ types: [workspaceType, factoryType], top: 1000 });
  const named = home === undefined ? undefined : all.find(({ id }) => keyOf(id) === keyOf(home));
  return {
    all,
    current: named ?? workspace.current ?? all[0],
    isPending: isPending || workspace.isPending,
    error: error ?? workspace.error,
    choose: (id) => {
      if (workspace.all.some((one) => one.id === id)) workspace.choose(id);
      void navigate({ to: path.replace(/^\/studio/, ''), search: { home: id } });
    },
  };
}

export function homeNoun({ type }: Pick<ShownResource, 'type'>): 'data factory' | 'workspace' {
  return keyOf(type) === keyOf(factoryType) ? 'data factory' : 'workspace';
}

export function networkId({ id }: Pick<ShownResource, 'id'>): string {
  return `${id}/managedVirtualNetworks/default`;
}

/** Whether it has a managed virtual network; of a data factory only its network itself tells. */
export function hasManagedNetwork({ properties }: ShownResource): boolean {
  return properties['managedVirtualNetwork'] === 'default';
}

/** Where this hub shows a workspace or data factory. */
export function homeAddress(id: string): string {
  return `/manage/workspaces${id.split('/').map(encodeURIComponent).join('/')}`;
}
