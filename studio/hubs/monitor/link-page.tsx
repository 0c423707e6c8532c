import { makeStyles, Tab, TabList, Text, tokens } from '@fluentui/react-components';
import { useNavigate, useParams, useSearch as useAddress } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { linkPath, type Link, type LinkStatus } from '#studio/data/link-shapes.ts';
import { useLink, useLinkStatus } from '#studio/data/links.ts';
import { useWorkspace } from '#studio/data/workspace.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { LinkActions } from '#studio/parts/link-actions.tsx';
import { modeText, troubleOf } from '#studio/parts/link-words.ts';
import { Page } from '#studio/parts/page.tsx';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { TroubleBar } from '#studio/parts/trouble-bar.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';
import { lagText } from './link-columns.tsx';
import { LinkOverview } from './link-overview.tsx';
import { LinkTimeline } from './link-timeline.tsx';
import { TableGrid } from './table-grid.tsx';

const useStyles = makeStyles({
  line: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalM },
  quiet: { color: tokens.colorNeutralForeground2 },
});

const tabs = { overview: 'Overview', tables: 'Tables', timeline: 'Timeline', json: 'JSON and commands' } as const;
type TabName = keyof typeof tabs;

interface Address {
  readonly tab?: string;
  readonly table?: string | undefined;
  readonly text?: string | undefined;
  readonly state?: string | undefined;
}

/** One link: what it does, how late it is, why it waits, and what mends it. */
export function LinkPage(): ReactElement {
  const { name = '' } = useParams({ strict: false });
  const { error: noWorkspace } = useWorkspace();
  const link = useLink(name);
  const status = useLinkStatus(name);
  const trouble = noWorkspace ?? (link.data?.name === name ? null : link.error);
  if (trouble !== null)
    return (
      <Page title={name} crumbs={crumbs}>
        <FaultPanel error={trouble} retry={() => void link.refetch()} />
      </Page>
    );
  // What was read before is of another link.
  if (link.data === undefined || status.data === undefined || link.data.name !== name || status.data.name !== name)
    return (
      <Page title={name} crumbs={crumbs}>
        {status.error === null ? <Waiting /> : <FaultPanel error={status.error} retry={() => void status.refetch()} />}
      </Page>
    );
  return <Watched link={link.data} status={status.data} readMs={status.dataUpdatedAt} gone={status.error ?? link.error} />;
}

const crumbs = [{ text: 'Monitor', to: '/monitor' }];

interface WatchedProps {
  readonly link: Link;
  readonly status: LinkStatus;
  /** When the status was read, milliseconds since 1970. */
  readonly readMs: number;
  /** It cannot be read any more: what is shown is old. */
  readonly gone: Error | null;
}

function Watched({ link, status, readMs, gone }: WatchedProps): ReactElement {
  const navigate = useNavigate();
  const address = useAddress({ strict: false }) as Address;
  const tab: TabName = Object.hasOwn(tabs, address.tab ?? '') ? (address.tab as TabName) : 'overview';
  const go = (search: Address): void =>
    void navigate({ to: `/monitor/link/${encodeURIComponent(link.name)}`, search: search as never, replace: true });
  const trouble = troubleOf(status);
  return (
    <Page
      title={link.name}
      about={<Standing link={link} status={status} />}
      crumbs={crumbs}
      actions={<LinkActions link={link} state={status.status} onDeleted={() => void navigate({ to: '/monitor' })} />}
    >
      {gone !== null && <FaultPanel error={gone} />}
      {trouble !== undefined && <TroubleBar trouble={trouble} severity="warning" />}
      <TabList selectedValue={tab} onTabSelect={(_, { value }) => go({ tab: value as string })} aria-label="About the link">
        {Object.entries(tabs).map(([value, text]) => (
          <Tab key={value} value={value}>
            {text}
          </Tab>
        ))}
      </TabList>
      {tab === 'overview' && <LinkOverview link={link} status={status} readMs={readMs} />}
      {tab === 'tables' && (
        <TableGrid
          link={link}
          status={status}
          shown={{ table: address.table, text: address.text, state: address.state }}
          onShow={(shown) => go({ tab: 'tables', ...shown })}
        />
      )}
      {tab === 'timeline' && <LinkTimeline happenings={status.isthmus.events} />}
      {tab === 'json' && <LinkJson link={link} status={status} />}
    </Page>
  );
}

function Standing({ link, status }: { readonly link: Link; readonly status: LinkStatus }): ReactElement {
  const styles = useStyles();
  const { isolated } = status.isthmus;
  return (
    <span className={styles.line} role="status" aria-label={`The link is ${status.status}`}>
      <StatusBadge state={status.status} />
      <Text>{modeText(link.properties)}</Text>
      {status.lagSeconds !== undefined && <Text>{lagText(status.lagSeconds)} late</Text>}
      {status.isApplyingChanges && <Text>applying changes</Text>}
      {isolated !== undefined && (
        <Text className={styles.quiet}>{isolated ? 'worker isolated by the operating system' : 'worker not isolated'}</Text>
      )}
      <AppLink to={`/integrate/link/${encodeURIComponent(link.name)}`}>Edit link</AppLink>
      <AppLink to="/monitor/alerts" search={lagRule(link) as never}>
        Alert me when it is late
      </AppLink>
    </span>
  );
}

/** The form of a rule on the link's lag. */
function lagRule({ id, name }: Link) {
  const metric = 'IntegrationLinkProcessingLatencyInSeconds';
  return { tab: 'rules', open: 'new', name: `${name} is late`, target: id, metric, threshold: 60 };
}

function LinkJson({ link, status }: { readonly link: Link; readonly status: LinkStatus }): ReactElement {
  const { plane } = useWorkspace();
  const path = linkPath(plane, link.name);
  const workspace = decodeURIComponent(plane.split('/').at(-1) ?? '');
  return (
    <>
      <JsonPane title="The link" value={link} path={path} open />
      <JsonPane title="Its status" value={status} path={`${path}/detailedstatus`} />
      <CommandPane
        open
        calls={[
          { method: 'GET', path, isthmus: ['links', 'show', link.name, '--workspace', workspace] },
          { method: 'GET', path: `${path}/detailedstatus` },
          { method: 'POST', path: `${path}/querytablestatus`, body: { maxSegmentCount: 1_000 } },
        ]}
      />
    </>
  );
}
