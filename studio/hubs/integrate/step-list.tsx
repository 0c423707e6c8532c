import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { CheckmarkCircleFilled, CircleRegular, RecordRegular } from '@fluentui/react-icons';
import type { ReactElement } from 'react';
import type { LinkDraft } from './link-draft.ts';
import { openStep, stepNames, stepTitles, type StepName } from './wizard-steps.ts';

const useStyles = makeStyles({
  list: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS, listStyleType: 'none', margin: 0, padding: 0 },
  step: {
    display: 'inline-flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalXS,
    padding: `${tokens.spacingVerticalXS} ${tokens.spacingHorizontalM}`,
    backgroundColor: 'transparent',
    border: 'none',
    borderBottom: `2px solid ${tokens.colorNeutralStroke2}`,
    color: tokens.colorNeutralForeground2,
    font: 'inherit',
    cursor: 'pointer',
    ':disabled': { color: tokens.colorNeutralForegroundDisabled, cursor: 'not-allowed' },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  current: { borderBottomColor: tokens.colorBrandStroke1, color: tokens.colorNeutralForeground1, fontWeight: tokens.fontWeightSemibold },
});

export interface StepListProps {
  readonly current: StepName;
  readonly draft: LinkDraft;
  readonly onGo: (step: StepName) => void;
}

/** Where one is, what is done, and the way to every step that can be shown. */
export function StepList({ current, draft, onGo }: StepListProps): ReactElement {
  const styles = useStyles();
  // The first that is not done: those before it are, and those behind it cannot be shown.
  const reached = stepNames.indexOf(openStep('review', draft));
  return (
    <ol className={styles.list} aria-label="Steps">
      {stepNames.map((name, i) => {
        const isDone = i < reached;
        return (
          <li key={name}>
            <button
              type="button"
              className={mergeClasses(styles.step, name === current && styles.current)}
              aria-current={name === current ? 'step' : undefined}
              disabled={i > reached}
              onClick={() => onGo(name)}
            >
              {name === current ? (
                <RecordRegular aria-hidden />
              ) : isDone ? (
                <CheckmarkCircleFilled aria-hidden />
              ) : (
                <CircleRegular aria-hidden />
              )}
              {`${i + 1}. ${stepTitles[name]}`}
            </button>
          </li>
        );
      })}
    </ol>
  );
}
