import { makeStyles, Text, tokens } from '@fluentui/react-components';
import { Fragment, type ReactElement } from 'react';
import { useLinks, useLinkStatuses } from '#studio/data/links.ts';
import type { Link, LinkStatus } from '#studio/data/link-shapes.ts';
import { useWorkspace } from '#studio/data/workspace.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { durationText } from '#studio/parts/time-words.ts';
import { byNeed } from './by-need.ts';
import { Panel } from './panel.tsx';

const shown = 6;
/** As many are asked how they are; a workspace with more has its own page for that. */
const mostAsked = 50;
const nothing: readonly never[] = [];
const useStyles = makeStyles({
  state: { display: 'flex', alignItems: 'center', gap: tokens.spacingHorizontalS, flexShrink: 0 },
  lag: { fontVariantNumeric: 'tabular-nums', minWidth: '56px', textAlign: 'right' },
  name: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', minWidth: 0 },
  trouble: { color: tokens.colorStatusWarningForeground1 },
});

/** Links of the workspace, those that need somebody first. */
export function LinksPanel(): ReactElement {
  const styles = useStyles();
  const { current, isPending, error } = useWorkspace();
  const links = useLinks();
  const asked: readonly Link[] = (links.data ?? nothing).slice(0, mostAsked);
  const statuses = useLinkStatuses(asked);
  const rows = asked.map((link, i) => ({ link, status: statuses[i]?.data })).toSorted(byNeed);
  const count = links.data?.length ?? 0;
  return (
    <Panel
      title={current === undefined ? 'Links' : `Links of ${current.name}`}
      to="/monitor"
      more="Monitor"
      isPending={isPending || (links.isPending && current !== undefined)}
      error={error ?? links.error}
      empty={
        current === undefined ? (
          <>
            There is no workspace yet. <AppLink to="/create/Microsoft.Synapse/workspaces">Create one</AppLink>
          </>
        ) : (
          <>
            No table is linked yet. <AppLink to="/integrate/new">Link tables</AppLink>
          </>
        )
      }
      note={count > shown ? `and ${count - shown} more` : undefined}
    >
      {rows.slice(0, shown).map(({ link, status }) => (
        <Fragment key={link.id}>
          <span className={styles.name}>
            <AppLink to={`/monitor/link/${encodeURIComponent(link.name)}`} title={link.name}>
              {link.name}
            </AppLink>{' '}
            <Trouble status={status} />
          </span>
          {status !== undefined && (
            <span className={styles.state}>
              <StatusBadge state={status.status} />
              <Text size={200} className={styles.lag} title="How late it is">
                {status.lagSeconds === undefined ? '–' : durationText(status.lagSeconds)}
              </Text>
            </span>
          )}
        </Fragment>
      ))}
    </Panel>
  );
}

function Trouble({ status }: { readonly status: LinkStatus | undefined }): ReactElement | null {
  const styles = useStyles();
  const { error, isPartiallyFailed = false } = status ?? {};
  if (error === undefined && !isPartiallyFailed) return null;
  return (
    <Text size={200} className={styles.trouble} {...(error && { title: error.message })}>
      {error?.code ?? 'some tables have failed'}
    </Text>
  );
}
