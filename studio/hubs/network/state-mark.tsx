import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { CheckmarkCircleFilled, CircleRegular, ErrorCircleFilled, WarningFilled } from '@fluentui/react-icons';
import type { ReactElement } from 'react';
import { stateText, toneOf } from './topology-words.ts';

const useStyles = makeStyles({
  mark: { display: 'inline-flex', alignItems: 'center', gap: '3px', fontSize: tokens.fontSizeBase200, whiteSpace: 'nowrap' },
  good: { color: tokens.colorStatusSuccessForeground1 },
  warning: { color: tokens.colorStatusWarningForeground3 },
  bad: { color: tokens.colorStatusDangerForeground1 },
  still: { color: tokens.colorNeutralForeground2 },
});

const icons = {
  good: <CheckmarkCircleFilled />,
  warning: <WarningFilled />,
  bad: <ErrorCircleFilled />,
  still: <CircleRegular />,
} as const;

/** A state in little room: its picture and its word, never colour alone. */
export function StateMark({ state }: { readonly state: string }): ReactElement {
  const styles = useStyles();
  const tone = toneOf(state);
  return (
    <span className={mergeClasses(styles.mark, styles[tone])}>
      {icons[tone]}
      {stateText(state)}
    </span>
  );
}
