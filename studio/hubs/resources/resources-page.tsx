import { Button, Field, makeStyles, SearchBox, Select, Text, tokens } from '@fluentui/react-components';
import { useNavigate, useSearch as useAddress } from '@tanstack/react-router';
import { useDeferredValue, type ReactElement } from 'react';
import { groupType } from '#arm/resource-id.ts';
import { useSearch } from '#studio/data/queries.ts';
import { useSubscription } from '#studio/data/session.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Grid } from '#studio/parts/grid.tsx';
import { Page } from '#studio/parts/page.tsx';
import { countText } from '#studio/parts/quantity-words.ts';
import { resourceAddress, shortType } from '#studio/parts/resource-address.ts';
import { useTypes } from '#studio/parts/schema/type-schema.ts';
import { resourceColumns } from './resource-columns.tsx';

const useStyles = makeStyles({
  filters: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM, alignItems: 'end' },
  text: { minWidth: '220px' },
  select: { width: '240px', '& select': { width: '100%', minWidth: 0, textOverflow: 'ellipsis' } },
  count: { color: tokens.colorNeutralForeground2, paddingBottom: tokens.spacingVerticalS },
});

/** What is only measured is not shown here. */
const written = ['written', 'settled', 'removed'] as const;

interface Filters {
  readonly text?: string;
  readonly type?: string;
  readonly group?: string;
}

/** Everything that may be read. What is looked for is in the address. */
export function ResourcesPage(): ReactElement {
  const styles = useStyles();
  const navigate = useNavigate();
  const { text = '', type = '', group = '' } = useAddress({ strict: false }) as Filters;
  const filters: Filters = { ...(text !== '' && { text }), ...(type !== '' && { type }), ...(group !== '' && { group }) };
  const subscription = useSubscription();
  const scope = group === '' ? '' : `${subscription}/resourceGroups/${encodeURIComponent(group)}`;
  const wanted = useDeferredValue(text);
  const found = useSearch({ scope, ...(type !== '' && { types: type.split(',') }), text: wanted, top: 200, kinds: written });
  const go = (more: Filters): void => {
    const next = Object.entries({ ...filters, ...more }).filter(([, value]) => value !== '');
    void navigate({ to: '/resources', search: Object.fromEntries(next), replace: true });
  };
  return (
    <Page
      title="Resources"
      about="Everything that you may read, by name."
      actions={
        <Button appearance="primary" onClick={() => void navigate({ to: '/create' })}>
          Create resource
        </Button>
      }
    >
      <div className={styles.filters}>
        <Field label="Search" className={styles.text}>
          <SearchBox value={text} placeholder="Name, type, tag" onChange={(_, { value }) => go({ text: value })} />
        </Field>
        <Field label="Type" className={styles.select}>
          <TypeSelect value={type} onChange={(value) => go({ type: value })} />
        </Field>
        <Field label="Resource group" className={styles.select}>
          <GroupSelect value={group} onChange={(value) => go({ group: value })} />
        </Field>
        {found.count !== undefined && (
          <Text className={styles.count} role="status">
            {countText(found.count)} {found.count === 1 ? 'resource' : 'resources'}
          </Text>
        )}
      </div>
      {found.error !== null && <FaultPanel error={found.error} />}
      <Grid
        label="Resources"
        columns={resourceColumns}
        rows={found.resources}
        idOf={({ id }) => id}
        isPending={found.isPending}
        empty={<Nothing filtered={Object.keys(filters).length > 0} />}
        height="calc(100vh - 300px)"
        more={found.hasMore ? found.more : undefined}
        onOpen={({ id }) => void navigate({ to: resourceAddress(id) })}
      />
      <CommandPane calls={[{ method: 'GET', path: `${scope}/providers/Isthmus.Search/resources?${searchQuery(text, type)}` }]} />
    </Page>
  );
}

function searchQuery(text: string, type: string): string {
  return new URLSearchParams({ ...(text !== '' && { text }), ...(type !== '' && { type }) }).toString();
}

function Nothing({ filtered }: { readonly filtered: boolean }): ReactElement {
  return filtered ? (
    <Text>Nothing that you may read is like that.</Text>
  ) : (
    <Text>
      There is nothing yet that you may read. <AppLink to="/create">Create a resource group</AppLink> first: everything lies in one.
    </Text>
  );
}

interface SelectProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function TypeSelect({ value, onChange }: SelectProps): ReactElement {
  const { data } = useTypes();
  const types = (data?.value ?? []).map(({ type }) => type).toSorted((a, b) => shortType(a).localeCompare(shortType(b)));
  const isOther = value !== '' && !types.includes(value);
  return (
    <Select value={value} onChange={(_, { value: next }) => onChange(next)}>
      <option value="">All types</option>
      {isOther && <option value={value}>{value}</option>}
      {types.map((type) => (
        <option key={type} value={type}>
          {shortType(type)} ({type.split('/')[0]!.replace('Microsoft.', '')})
        </option>
      ))}
    </Select>
  );
}

function GroupSelect({ value, onChange }: SelectProps): ReactElement {
  const { resources } = useSearch({ types: [groupType], top: 1000, kinds: written });
  const names = resources.map(({ name }) => name);
  return (
    <Select value={value} onChange={(_, { value: next }) => onChange(next)}>
      <option value="">All groups</option>
      {value !== '' && !names.includes(value) && <option value={value}>{value}</option>}
      {names.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </Select>
  );
}
