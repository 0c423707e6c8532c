import type { ShownResource } from '#studio/data/queries.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import type { Column } from '#studio/parts/grid.tsx';
import { groupOf, resourceAddress, shortType } from '#studio/parts/resource-address.ts';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { stateOf } from './resource-state.ts';

/** What every resource has to show. */
export const resourceColumns: readonly Column<ShownResource>[] = [
  {
    key: 'name',
    title: 'Name',
    width: 'minmax(160px, 2fr)',
    cell: ({ id, name }) => (
      <AppLink to={resourceAddress(id)} title={id}>
        {name}
      </AppLink>
    ),
  },
  { key: 'type', title: 'Type', width: 'minmax(140px, 2fr)', cell: ({ type }) => <span title={type}>{shortType(type)}</span> },
  { key: 'group', title: 'Group', cell: ({ id }) => groupOf(id) ?? '–' },
  { key: 'location', title: 'Location', cell: ({ location }) => location ?? '–' },
  {
    key: 'state',
    title: 'State',
    width: 'minmax(120px, 1fr)',
    cell: (resource) => {
      const state = stateOf(resource);
      return state === undefined ? '–' : <StatusBadge state={state} />;
    },
  },
];
