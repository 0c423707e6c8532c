import { makeStyles, MessageBar, MessageBarBody, MessageBarTitle, tokens } from '@fluentui/react-components';
import type { ReactElement } from 'react';
import { groupType } from '#arm/resource-id.ts';
import { AppLink } from '#studio/parts/app-link.tsx';

const useStyles = makeStyles({ steps: { margin: `${tokens.spacingVerticalXS} 0 0`, paddingLeft: tokens.spacingHorizontalXL } });

/** For an installation in which nothing is yet. */
export function FirstSteps(): ReactElement {
  const styles = useStyles();
  return (
    <MessageBar intent="info" layout="multiline">
      <MessageBarBody>
        <MessageBarTitle>Nothing is here yet</MessageBarTitle>
        <ol className={styles.steps}>
          <li>
            <AppLink to={`/create/${groupType}`}>Create a resource group</AppLink>: everything lies in one.
          </li>
          <li>
            <AppLink to="/create/Microsoft.Network/virtualNetworks">Create a virtual network</AppLink> with its subnets, for a private path
            to a database.
          </li>
          <li>
            <AppLink to="/create/Microsoft.Synapse/workspaces">Create a workspace</AppLink>, with a SQL pool into which tables are linked.
          </li>
        </ol>
      </MessageBarBody>
    </MessageBar>
  );
}
