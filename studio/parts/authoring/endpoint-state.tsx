import { makeStyles, mergeClasses, Text, tokens } from '@fluentui/react-components';
import type { ReactElement } from 'react';
import { AppLink } from '#studio/parts/app-link.tsx';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { ownersPage, type ManagedEndpoint } from './endpoint.ts';

const useStyles = makeStyles({
  line: { display: 'flex', gap: tokens.spacingHorizontalS, alignItems: 'center', flexWrap: 'wrap' },
  row: { flexWrap: 'nowrap', whiteSpace: 'nowrap' },
});

export interface EndpointStateProps {
  readonly endpoint: ManagedEndpoint;
  /** In a row of a grid: on one line. */
  readonly isRow?: boolean;
}

/** How an endpoint stands, and the page on which the owner of what it leads to decides. */
export function EndpointState({ endpoint, isRow = false }: EndpointStateProps): ReactElement {
  const styles = useStyles();
  const { status, id, actionsRequired, provisioning, waitingFor } = endpoint;
  const isMaking = provisioning !== '' && provisioning !== 'Succeeded' && provisioning !== 'Failed';
  return (
    <span className={mergeClasses(styles.line, isRow && styles.row)} title={isRow ? actionsRequired : undefined}>
      <StatusBadge state={provisioning === 'Failed' ? 'Failed' : status} />
      {!isRow && isMaking && <Text>{waitingFor ?? 'It is being made.'}</Text>}
      {!isRow && actionsRequired !== undefined && <Text>{actionsRequired}</Text>}
      <AppLink {...ownersPage(id)}>{status === 'Pending' ? "Open the owner's approval" : 'Open the approval'}</AppLink>
    </span>
  );
}
