import { preferences, prefer } from './preferences.ts';
import { useObservable } from './observable.ts';
import { useSearch, type ShownResource } from './queries.ts';

export const workspaceType = 'Microsoft.Synapse/workspaces';

export interface WorkspaceChoice {
  readonly all: readonly ShownResource[];
  /** The one that hubs show; undefined: there is none yet. */
  readonly current: ShownResource | undefined;
  /** `/synapse/{name}`: where its children are asked for. Empty without a workspace. */
  readonly plane: string;
  readonly isPending: boolean;
  readonly error: Error | null;
  readonly choose: (id: string) => void;
}

/** The workspace that the hubs Data, Integrate, Monitor and Manage are about. */
export function useWorkspace(): WorkspaceChoice {
  const { workspace } = useObservable(preferences);
  const { resources: all, isPending, error } = useSearch({ types: [workspaceType], top: 1000 });
  const current = all.find(({ id }) => id.toLowerCase() === workspace?.toLowerCase()) ?? all[0];
  return {
    all,
    current,
    plane: current === undefined ? '' : `/synapse/${encodeURIComponent(current.name)}`,
    isPending,
    error,
    choose: (id) => prefer({ workspace: id }),
  };
}
