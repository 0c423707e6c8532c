import { Button, makeStyles, Text, tokens } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons';
import { useNavigate } from '@tanstack/react-router';
import { useMemo, type ReactElement } from 'react';
import { poolOf, type Link } from '#studio/data/link-shapes.ts';
import { useLinks, useLinkStatuses } from '#studio/data/links.ts';
import { useWorkspace } from '#studio/data/workspace.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { modeText } from '#studio/parts/link-words.ts';
import { Page } from '#studio/parts/page.tsx';
import { countText } from '#studio/parts/quantity-words.ts';
import { StatusBadge } from '#studio/parts/status-badge.tsx';

const useStyles = makeStyles({ empty: { color: tokens.colorNeutralForeground2 } });
const nothing: readonly never[] = [];

interface Row {
  readonly link: Link;
  readonly state: string | undefined;
}

/** What links there are, and the way to make one. */
export function LinksPage(): ReactElement {
  const styles = useStyles();
  const navigate = useNavigate();
  const { current, isPending, error } = useWorkspace();
  const links = useLinks();
  const all = links.data ?? nothing;
  const statuses = useLinkStatuses(all);
  const rows = useMemo(() => all.map((link, i): Row => ({ link, state: statuses[i]?.data?.status })), [all, statuses]);
  const trouble = error ?? links.error;
  return (
    <Page
      title="Integrate"
      about="Link connections: tables of a database, copied into a SQL pool and kept as they are there."
      actions={
        <Button appearance="primary" icon={<AddRegular />} onClick={() => void navigate({ to: '/integrate/new' })}>
          Link connection
        </Button>
      }
    >
      {trouble !== null && <FaultPanel error={trouble} retry={() => void links.refetch()} />}
      <Grid
        label="Link connections"
        columns={columns}
        rows={rows}
        idOf={({ link }) => link.id}
        isPending={isPending || (links.isPending && current !== undefined)}
        empty={
          <Text className={styles.empty}>
            {current === undefined
              ? 'There is no workspace yet, and so no link.'
              : `The workspace ${current.name} has no link connection yet.`}
          </Text>
        }
        onOpen={({ link }) => void navigate({ to: editAddress(link.name) })}
      />
      {current !== undefined && (
        <CommandPane
          calls={[
            {
              method: 'GET',
              path: `/synapse/${encodeURIComponent(current.name)}/linkconnections`,
              isthmus: ['links', 'list', '--workspace', current.name],
            },
          ]}
        />
      )}
    </Page>
  );
}

function editAddress(name: string): string {
  return `/integrate/link/${encodeURIComponent(name)}`;
}

const columns: readonly Column<Row>[] = [
  {
    key: 'name',
    title: 'Link',
    cell: ({ link }) => <AppLink to={editAddress(link.name)}>{link.name}</AppLink>,
    sortBy: ({ link }) => link.name,
    width: 'minmax(120px, 1.4fr)',
  },
  {
    key: 'state',
    title: 'State',
    cell: ({ state }) => (state === undefined ? '…' : <StatusBadge state={state} />),
    sortBy: ({ state }) => state,
    width: '110px',
  },
  {
    key: 'source',
    title: 'Source',
    cell: ({ link }) => link.properties.sourceDatabase.linkedService.referenceName,
    sortBy: ({ link }) => link.properties.sourceDatabase.linkedService.referenceName,
  },
  { key: 'pool', title: 'SQL pool', cell: ({ link }) => poolOf(link.properties), sortBy: ({ link }) => poolOf(link.properties) },
  {
    key: 'tables',
    title: 'Tables',
    cell: ({ link }) => countText(link.properties.linkTables?.length ?? 0),
    sortBy: ({ link }) => link.properties.linkTables?.length ?? 0,
    width: '72px',
    isNumber: true,
  },
  {
    key: 'mode',
    title: 'Mode',
    cell: ({ link }) => modeText(link.properties),
    sortBy: ({ link }) => modeText(link.properties),
    width: '140px',
  },
  {
    key: 'description',
    title: 'Description',
    cell: ({ link }) => <span title={link.description}>{link.description ?? ''}</span>,
    width: 'minmax(100px, 1.4fr)',
  },
  {
    key: 'monitor',
    title: 'What it does',
    cell: ({ link }) => <AppLink to={`/monitor/link/${encodeURIComponent(link.name)}`}>Monitor</AppLink>,
    width: '110px',
  },
];
