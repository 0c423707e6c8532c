import { makeStyles, MessageBar, MessageBarBody, MessageBarTitle, tokens } from '@fluentui/react-components';
import type { ReactElement } from 'react';
import type { Finding, Trouble } from '#studio/data/link-shapes.ts';
import { CopyButton } from './copy-button.tsx';
import { sqlOf } from './link-words.ts';

const useStyles = makeStyles({
  text: { overflowWrap: 'anywhere', whiteSpace: 'pre-line' },
  target: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200 },
  remedy: { marginTop: tokens.spacingVerticalXS, overflowWrap: 'anywhere' },
  sql: { display: 'flex', alignItems: 'center', gap: tokens.spacingHorizontalXS, marginTop: tokens.spacingVerticalXS },
  code: {
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    overflowWrap: 'anywhere',
    backgroundColor: tokens.colorNeutralBackground3,
    padding: tokens.spacingHorizontalXS,
    borderRadius: tokens.borderRadiusSmall,
    color: tokens.colorNeutralForeground1,
  },
});

export interface TroubleBarProps {
  readonly trouble: Trouble;
  readonly severity?: Finding['severity'];
}

/** What is not as it should be, and what mends it; statements of a remedy can be copied. */
export function TroubleBar({ trouble, severity = 'error' }: TroubleBarProps): ReactElement {
  const styles = useStyles();
  const { code, message, target, remedy } = trouble;
  const sql = sqlOf(remedy);
  return (
    <MessageBar intent={severity} layout="multiline" {...(severity === 'error' && { role: 'alert' })}>
      <MessageBarBody>
        <MessageBarTitle>{code}</MessageBarTitle>
        <span className={styles.text}>{message}</span>{' '}
        {typeof target === 'string' && target !== '' && !message.includes(target) && <span className={styles.target}>{target}</span>}
        {typeof remedy === 'string' && remedy !== sql && (
          <div className={styles.remedy}>
            <strong>Remedy:</strong> {remedy}
          </div>
        )}
        {sql !== undefined && (
          <div className={styles.sql}>
            <code className={styles.code}>{sql}</code>
            <CopyButton text={sql} what="the SQL" />
          </div>
        )}
      </MessageBarBody>
    </MessageBar>
  );
}
