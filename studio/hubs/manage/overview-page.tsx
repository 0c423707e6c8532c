import { Card, CardHeader, makeStyles, Text, tokens } from '@fluentui/react-components';
import type { ReactElement } from 'react';
import { AppLink } from '#studio/parts/app-link.tsx';
import { ManagePage } from './manage-page.tsx';
import { managePlaces } from './places.ts';

const useStyles = makeStyles({
  cards: { display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(280px, 1fr))', gap: tokens.spacingHorizontalL },
});

/** What there is to manage. */
export function OverviewPage(): ReactElement {
  const styles = useStyles();
  return (
    <ManagePage title="Manage" about="Workspaces, what they may reach and with which secrets, and who may do what.">
      <div className={styles.cards}>
        {managePlaces.slice(1).map(({ to, text, about }) => (
          <Card key={to}>
            <CardHeader header={<AppLink to={to}>{text}</AppLink>} />
            <Text>{about}</Text>
          </Card>
        ))}
      </div>
    </ManagePage>
  );
}
