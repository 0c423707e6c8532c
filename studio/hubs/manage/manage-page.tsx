import { makeStyles, mergeClasses, Select, tokens } from '@fluentui/react-components';
import { Link, useRouterState } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { Page, type PageProps } from '#studio/parts/page.tsx';
import { homeNoun, useHome } from '#studio/parts/authoring/home.ts';
import { managePlaces } from './places.ts';

const useStyles = makeStyles({
  frame: {
    display: 'grid',
    gridTemplateColumns: '184px minmax(0, 1fr)',
    gap: tokens.spacingHorizontalXXL,
    '@media (max-width: 900px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  list: {
    listStyleType: 'none',
    margin: 0,
    padding: 0,
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalXXS,
    '@media (max-width: 900px)': { flexDirection: 'row', flexWrap: 'wrap' },
  },
  link: {
    display: 'block',
    padding: `${tokens.spacingVerticalXS} ${tokens.spacingHorizontalM}`,
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground2,
    textDecorationLine: 'none',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  current: {
    backgroundColor: tokens.colorNeutralBackground1Selected,
    color: tokens.colorNeutralForeground1Selected,
    fontWeight: tokens.fontWeightSemibold,
  },
});

/** A page of this hub, with the way to its others beside it. */
export function ManagePage(page: PageProps): ReactElement {
  const styles = useStyles();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  return (
    <div className={styles.frame}>
      <nav aria-label="Manage">
        <ul className={styles.list}>
          {managePlaces.map(({ to, text }) => {
            const isHere = to === '/manage' ? path === to : path.startsWith(to);
            return (
              <li key={to}>
                <Link to={to} aria-current={isHere ? 'page' : undefined} className={mergeClasses(styles.link, isHere && styles.current)}>
                  {text}
                </Link>
              </li>
            );
          })}
        </ul>
      </nav>
      <Page {...page} />
    </div>
  );
}

/** Chooses the workspace or data factory that a page is about. */
export function HomePicker(): ReactElement | null {
  const { all, current, choose } = useHome();
  if (current === undefined) return null;
  return (
    <Select aria-label="Workspace or data factory" value={current.id} onChange={(_, { value }) => choose(value)}>
      {all.map((one) => (
        <option key={one.id} value={one.id}>
          {`${one.name} (${homeNoun(one)})`}
        </option>
      ))}
    </Select>
  );
}
