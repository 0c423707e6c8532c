import { makeStyles, Text, tokens } from '@fluentui/react-components';
import type { ReactElement } from 'react';
import { AppLink } from '#studio/parts/app-link.tsx';

const useStyles = makeStyles({
  box: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, alignItems: 'start', maxWidth: '640px' },
});

/** Where there is nothing yet: what comes first. */
export function EmptyNetwork(): ReactElement {
  const styles = useStyles();
  return (
    <div className={styles.box}>
      <Text>
        There is no network that you may see. The owner of a database makes a virtual network, a load balancer, a private link service and a
        forwarder; whoever wants to reach it makes a private endpoint.
      </Text>
      <AppLink to="/network/create">Create the first one</AppLink>
    </div>
  );
}
