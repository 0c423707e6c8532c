import { Button, Input, Select, makeStyles, tokens } from '@fluentui/react-components';
import { useNavigate, useSearch as useAddress } from '@tanstack/react-router';
import { useDeferredValue, type ReactElement } from 'react';
import { useSearch, type ShownResource } from '#studio/data/queries.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { groupOf, resourceAddress } from '#studio/parts/resource-address.ts';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { NetworkPage } from './network-page.tsx';
import { networkKinds } from './network-kinds.ts';

const useStyles = makeStyles({ bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM } });

const columns: readonly Column<ShownResource>[] = [
  {
    key: 'name',
    title: 'Name',
    cell: ({ id, name }) => <AppLink to={resourceAddress(id)}>{name}</AppLink>,
    sortBy: ({ name }) => name,
    width: 'minmax(160px, 2fr)',
  },
  { key: 'kind', title: 'Kind', cell: (one) => kindText(one), sortBy: (one) => kindText(one), width: 'minmax(140px, 1.3fr)' },
  { key: 'group', title: 'Resource group', cell: ({ id }) => groupOf(id), sortBy: ({ id }) => groupOf(id) },
  { key: 'region', title: 'Region', cell: ({ location }) => location, sortBy: ({ location }) => location },
  {
    key: 'state',
    title: 'State',
    cell: (one) => <StatusBadge state={stateOf(one)} />,
    sortBy: stateOf,
  },
];

function kindText({ type }: ShownResource): string {
  return networkKinds.find((one) => one.type.toLowerCase() === type.toLowerCase())?.text ?? type;
}

function stateOf({ properties }: ShownResource): string {
  const { provisioningState } = properties;
  return typeof provisioningState === 'string' ? provisioningState : 'Succeeded';
}

interface Address {
  readonly type?: string;
  readonly text?: string;
}

/** Everything that the network is made of. */
export function NetworkResourcesPage(): ReactElement {
  const styles = useStyles();
  const navigate = useNavigate();
  const { type = '', text = '' } = useAddress({ strict: false }) as Address;
  const types = type === '' ? networkKinds.map((one) => one.type) : [type];
  const { resources, count, isPending, error, hasMore, more } = useSearch({ types, text: useDeferredValue(text), top: 200 });
  const go = (change: Address): void => {
    const search = Object.fromEntries(Object.entries({ type, text, ...change }).filter(([, value]) => value !== ''));
    void navigate({ to: '/network/resources', search: search as never, replace: true });
  };
  return (
    <NetworkPage
      title="Network resources"
      about="What the network is made of. Each opens with its JSON and the commands that do the same."
      actions={
        <Button appearance="primary" onClick={() => void navigate({ to: '/network/create' })}>
          Create
        </Button>
      }
    >
      {error !== null && <FaultPanel error={error} />}
      <div className={styles.bar}>
        <Select aria-label="Kind" value={type} onChange={(_, { value }) => go({ type: value })}>
          <option value="">All kinds</option>
          {networkKinds.map((one) => (
            <option key={one.type} value={one.type}>
              {one.text}
            </option>
          ))}
        </Select>
        <Input
          aria-label="Words in its name"
          placeholder="Words in its name"
          value={text}
          onChange={(_, { value }) => go({ text: value })}
        />
      </div>
      <Grid
        label={count === undefined ? 'Network resources' : `${count} network resources`}
        columns={columns}
        rows={resources}
        idOf={({ id }) => id}
        isPending={isPending}
        empty="There are none."
        more={hasMore ? more : undefined}
        onOpen={({ id }) => void navigate({ to: resourceAddress(id) })}
      />
    </NetworkPage>
  );
}
