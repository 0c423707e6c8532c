import { makeStyles, tokens } from '@fluentui/react-components';
import type { ReactElement, ReactNode } from 'react';

const useStyles = makeStyles({
  list: {
    display: 'grid',
    gridTemplateColumns: 'minmax(120px, max-content) minmax(0, 1fr)',
    columnGap: tokens.spacingHorizontalXL,
    rowGap: tokens.spacingVerticalS,
    margin: 0,
  },
  name: { color: tokens.colorNeutralForeground2 },
  value: { margin: 0, overflowWrap: 'anywhere' },
});

/** A name and what is so; undefined: it is left out. */
export type Fact = readonly [name: string, value: ReactNode];

/** What is known of one thing. */
export function Facts({ facts }: { readonly facts: readonly Fact[] }): ReactElement {
  const styles = useStyles();
  return (
    <dl className={styles.list}>
      {facts.flatMap(([name, value]) =>
        value === undefined || value === ''
          ? []
          : [
              <dt key={name} className={styles.name}>
                {name}
              </dt>,
              <dd key={`${name}=`} className={styles.value}>
                {value}
              </dd>,
            ],
      )}
    </dl>
  );
}
