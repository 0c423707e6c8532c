import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import {
  CheckmarkCircleRegular,
  DataUsageRegular,
  DatabaseRegular,
  FlowRegular,
  HomeRegular,
  NetworkCheckRegular,
  SettingsRegular,
  type FluentIcon,
} from '@fluentui/react-icons';
import { Link, useRouterState } from '@tanstack/react-router';
import type { ReactElement } from 'react';

interface HubLink {
  readonly to: string;
  readonly text: string;
  readonly Icon: FluentIcon;
}

const hubs: readonly HubLink[] = [
  { to: '/', text: 'Home', Icon: HomeRegular },
  { to: '/data', text: 'Data', Icon: DatabaseRegular },
  { to: '/integrate', text: 'Integrate', Icon: FlowRegular },
  { to: '/monitor', text: 'Monitor', Icon: DataUsageRegular },
  { to: '/manage', text: 'Manage', Icon: SettingsRegular },
  { to: '/network', text: 'Network', Icon: NetworkCheckRegular },
  { to: '/approvals', text: 'Approvals', Icon: CheckmarkCircleRegular },
];

const useStyles = makeStyles({
  rail: { padding: tokens.spacingHorizontalS, display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXXS, minWidth: '152px' },
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXXS },
  link: {
    display: 'flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalM,
    padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalM}`,
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground2,
    textDecorationLine: 'none',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover, color: tokens.colorNeutralForeground1 },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  current: {
    backgroundColor: tokens.colorNeutralBackground1Selected,
    color: tokens.colorNeutralForeground1Selected,
    fontWeight: tokens.fontWeightSemibold,
    boxShadow: `inset 3px 0 0 ${tokens.colorBrandStroke1}`,
  },
  icon: { fontSize: '20px', flexShrink: 0 },
  narrow: { '@media (max-width: 900px)': { minWidth: '0' } },
  text: { '@media (max-width: 900px)': { display: 'none' } },
});

/** The hubs. On narrow screens their pictures only, each with its name for screen readers. */
export function Navigation(): ReactElement {
  const styles = useStyles();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const first = `/${path.split('/')[1] ?? ''}`;
  return (
    <nav aria-label="Hubs" className={mergeClasses(styles.rail, styles.narrow)}>
      <ul className={styles.list}>
        {hubs.map(({ to, text, Icon }) => (
          <li key={to}>
            <Link
              to={to}
              title={text}
              aria-label={text}
              aria-current={first === to ? 'page' : undefined}
              className={mergeClasses(styles.link, first === to && styles.current)}
            >
              <Icon className={styles.icon} aria-hidden />
              <span className={styles.text}>{text}</span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
