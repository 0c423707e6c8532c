import { Field, makeStyles, SearchBox, Text, tokens } from '@fluentui/react-components';
import { useNavigate, useSearch as useAddress } from '@tanstack/react-router';
import { useMemo, type ReactElement } from 'react';
import { useLinks, useLinkStatuses } from '#studio/data/links.ts';
import { useWorkspace } from '#studio/data/workspace.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Grid } from '#studio/parts/grid.tsx';
import { Page } from '#studio/parts/page.tsx';
import { linkAddress, linkColumns, sourceOf, type WatchedLink } from './link-columns.tsx';

const useStyles = makeStyles({ search: { maxWidth: '320px' }, empty: { color: tokens.colorNeutralForeground2 } });
const nothing: readonly never[] = [];

/** All links of the workspace and how they are, true by the second. */
export function LinksPage(): ReactElement {
  const styles = useStyles();
  const { current, isPending, error } = useWorkspace();
  const { text = '' } = useAddress({ strict: false }) as { readonly text?: string };
  const navigate = useNavigate();
  const links = useLinks();
  const all = links.data ?? nothing;
  const statuses = useLinkStatuses(all);
  const rows = useMemo(() => {
    const watched = all.map((link, i): WatchedLink => ({ link, status: statuses[i]?.data }));
    return watched.filter(({ link, status }) =>
      matches(`${link.name} ${sourceOf(link)} ${status?.status ?? ''} ${status?.error?.code ?? ''}`, text),
    );
  }, [all, statuses, text]);
  const trouble = error ?? links.error;
  return (
    <Page
      title="Monitor"
      about="What links do, how late they are, and why they wait."
      actions={<AppLink to="/monitor/alerts">Alerts</AppLink>}
    >
      {trouble !== null && <FaultPanel error={trouble} retry={() => void links.refetch()} />}
      <Field label="Search links" className={styles.search}>
        <SearchBox
          value={text}
          placeholder="Name, source, state"
          onChange={(_, { value }) => void navigate({ to: '/monitor', search: value === '' ? {} : { text: value }, replace: true })}
        />
      </Field>
      <Grid
        label="Link connections"
        columns={linkColumns}
        rows={rows}
        idOf={({ link }) => link.id}
        isPending={isPending || (links.isPending && current !== undefined)}
        empty={<Nothing workspace={current?.name} searched={text !== ''} />}
        onOpen={({ link }) => void navigate({ to: linkAddress(link.name) })}
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

function Nothing({ workspace, searched }: { readonly workspace: string | undefined; readonly searched: boolean }): ReactElement {
  const styles = useStyles();
  if (searched) return <Text>No link is called so.</Text>;
  if (workspace === undefined)
    return (
      <Text className={styles.empty}>
        There is no workspace yet, and so no link. <AppLink to="/manage">Manage</AppLink> makes one.
      </Text>
    );
  return (
    <Text className={styles.empty}>
      The workspace {workspace} has no link connection yet. <AppLink to="/integrate/new">Create link connection</AppLink>
    </Text>
  );
}

function matches(of: string, text: string): boolean {
  return text === '' || of.toLowerCase().includes(text.toLowerCase());
}
