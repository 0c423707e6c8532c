import { Fragment, type ReactElement } from 'react';
import { objectOf, textOf } from '#arm/client-answer.ts';
import { useSearch } from '#studio/data/queries.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { resourceAddress } from '#studio/parts/resource-address.ts';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { Panel } from './panel.tsx';

const shown = 5;

/** SQL pools and whether they can be asked. */
export function PoolsPanel(): ReactElement {
  const { resources, count, isPending, error } = useSearch({
    types: ['Microsoft.Synapse/workspaces/sqlPools'],
    top: shown,
    kinds: ['written', 'settled', 'removed'],
  });
  const rest = (count ?? 0) - resources.length;
  return (
    <Panel
      title="SQL pools"
      to="/data"
      more="Query"
      isPending={isPending}
      error={error}
      empty={
        <>
          There is none yet. <AppLink to="/manage/pools">Create a SQL pool</AppLink>
        </>
      }
      note={rest > 0 ? `and ${rest} more` : undefined}
    >
      {resources.slice(0, shown).map(({ id, name, properties }) => {
        const { status, provisioningState } = objectOf(properties);
        return (
          <Fragment key={id}>
            <AppLink to={resourceAddress(id)}>{poolName(id, name)}</AppLink>
            <StatusBadge state={textOf(status) ?? textOf(provisioningState) ?? 'unknown'} />
          </Fragment>
        );
      })}
    </Panel>
  );
}

/** With its workspace: pools of several are called the same. */
function poolName(id: string, name: string): string {
  const workspace = /\/workspaces\/([^/]+)\//i.exec(id)?.[1];
  return workspace === undefined ? name : `${workspace}/${name}`;
}
