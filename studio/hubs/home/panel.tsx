import { makeStyles, Subtitle2, Text, tokens } from '@fluentui/react-components';
import { useId, type ReactElement, type ReactNode } from 'react';
import { AppLink } from '#studio/parts/app-link.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';

const useStyles = makeStyles({
  panel: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalS,
    padding: tokens.spacingHorizontalL,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusLarge,
    minWidth: 0,
  },
  head: { display: 'flex', justifyContent: 'space-between', alignItems: 'baseline', gap: tokens.spacingHorizontalM },
  rows: { listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS },
  row: { display: 'flex', alignItems: 'center', justifyContent: 'space-between', gap: tokens.spacingHorizontalM, minWidth: 0 },
  quiet: { color: tokens.colorNeutralForeground2 },
});

export interface PanelProps {
  readonly title: string;
  /** Where all of it is. */
  readonly to: string;
  readonly more: string;
  readonly error?: Error | null;
  readonly isPending?: boolean;
  /** The rows. */
  readonly children?: readonly ReactElement[];
  /** Where there is no row: what that means. */
  readonly empty: ReactNode;
  /** What there is beside the rows shown. */
  readonly note?: ReactNode;
}

/** One thing at a glance, and the way to all of it. */
export function Panel({ title, to, more, error = null, isPending = false, children = [], empty, note }: PanelProps): ReactElement {
  const styles = useStyles();
  const id = useId();
  return (
    <section aria-labelledby={id} className={styles.panel}>
      <div className={styles.head}>
        <Subtitle2 as="h2" id={id}>
          {title}
        </Subtitle2>
        <AppLink to={to}>{more}</AppLink>
      </div>
      {error !== null && <FaultPanel error={error} />}
      {isPending && <Waiting />}
      {!isPending && error === null && children.length === 0 && <Text className={styles.quiet}>{empty}</Text>}
      {children.length > 0 && (
        <ul className={styles.rows}>
          {children.map((row) => (
            <li key={row.key} className={styles.row}>
              {row}
            </li>
          ))}
        </ul>
      )}
      {note !== undefined && (
        <Text size={200} className={styles.quiet}>
          {note}
        </Text>
      )}
    </section>
  );
}
