import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { Link, useRouterState } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { Page, type PageProps } from '#studio/parts/page.tsx';
import { networkPlaces } from './network-places.ts';

const useStyles = makeStyles({
  frame: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL, minWidth: 0 },
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalXS },
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

/** A page of this hub, with the way to its others above it. */
export function NetworkPage(page: PageProps): ReactElement {
  const styles = useStyles();
  const path = useRouterState({ select: ({ location }) => location.pathname.replace(/^\/studio/, '') });
  return (
    <div className={styles.frame}>
      <nav aria-label="Network">
        <ul className={styles.list}>
          {networkPlaces.map(({ to, text }) => {
            const isHere = to === '/network' ? path === to : path.startsWith(to);
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
