import { makeStyles, tokens } from '@fluentui/react-components';
import type { ReactElement } from 'react';
import { groupType } from '#arm/resource-id.ts';
import { useSearch } from '#studio/data/queries.ts';
import { useSession } from '#studio/data/session.ts';
import { Page } from '#studio/parts/page.tsx';
import { AlertsPanel } from './alerts-panel.tsx';
import { FirstSteps } from './first-steps.tsx';
import { LinksPanel } from './links-panel.tsx';
import { PoolsPanel } from './pools-panel.tsx';
import { RecentPanel } from './recent-panel.tsx';
import { RequestsPanel } from './requests-panel.tsx';
import { StartCards } from './start-cards.tsx';

const useStyles = makeStyles({
  panels: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fit, minmax(min(320px, 100%), 1fr))',
    gap: tokens.spacingHorizontalL,
    alignItems: 'start',
  },
});

/** What there is at a glance, what needs somebody, and where to begin. */
export function HomePage(): ReactElement {
  const styles = useStyles();
  const { principal } = useSession();
  const { resources, isPending } = useSearch({ types: [groupType], top: 1, kinds: ['written', 'removed'] });
  const isEmpty = !isPending && resources.length === 0;
  return (
    <Page title="Home" about={`Signed in as ${principal.name}.`}>
      {isEmpty && <FirstSteps />}
      <StartCards />
      <div className={styles.panels}>
        <RequestsPanel />
        <LinksPanel />
        <AlertsPanel />
        <PoolsPanel />
        <RecentPanel />
      </div>
    </Page>
  );
}
