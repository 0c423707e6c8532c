import { makeStyles, Subtitle2, Text, tokens } from '@fluentui/react-components';
import { useId, type ReactElement, type ReactNode } from 'react';

const useStyles = makeStyles({
  section: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS, minWidth: 0 },
  head: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalM, alignItems: 'center', justifyContent: 'space-between' },
  actions: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
  about: { color: tokens.colorNeutralForeground2 },
});

export interface SectionProps {
  readonly title: string;
  readonly about?: ReactNode;
  /** Buttons. */
  readonly actions?: ReactNode;
  readonly children?: ReactNode;
}

/** A part of a page with a heading of its own. */
export function Section({ title, about, actions, children }: SectionProps): ReactElement {
  const styles = useStyles();
  const id = useId();
  return (
    <section aria-labelledby={id} className={styles.section}>
      <div className={styles.head}>
        <Subtitle2 as="h2" id={id}>
          {title}
        </Subtitle2>
        {actions !== undefined && <div className={styles.actions}>{actions}</div>}
      </div>
      {about !== undefined && <Text className={styles.about}>{about}</Text>}
      {children}
    </section>
  );
}
