import { Button, makeStyles, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle, tokens } from '@fluentui/react-components';
import type { ReactElement } from 'react';
import { toFault } from '#base/fault.ts';

const useStyles = makeStyles({
  bar: { maxWidth: '960px' },
  remedy: { marginTop: tokens.spacingVerticalXS, overflowWrap: 'anywhere' },
  message: { overflowWrap: 'anywhere', whiteSpace: 'pre-line' },
});

export interface FaultPanelProps {
  readonly error: unknown;
  readonly retry?: () => void;
}

/** A refusal as the server gave it: what is wrong, and what mends it. */
export function FaultPanel({ error, retry }: FaultPanelProps): ReactElement {
  const styles = useStyles();
  const { code, message, remedy, details = [] } = toFault(error);
  return (
    <MessageBar intent="error" layout="multiline" role="alert" className={styles.bar}>
      <MessageBarBody>
        <MessageBarTitle>{code}</MessageBarTitle>
        <span className={styles.message}>{message}</span>
        {details.map((one) => (
          <div key={`${one.code} ${one.target} ${one.message}`} className={styles.message}>
            {one.code}: {one.message}
          </div>
        ))}
        {remedy !== undefined && (
          <div className={styles.remedy}>
            <strong>Remedy:</strong> {remedy}
          </div>
        )}
      </MessageBarBody>
      {retry !== undefined && (
        <MessageBarActions>
          <Button onClick={retry}>Try again</Button>
        </MessageBarActions>
      )}
    </MessageBar>
  );
}
