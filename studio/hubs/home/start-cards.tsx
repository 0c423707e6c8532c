import { makeStyles, Text, tokens } from '@fluentui/react-components';
import { DatabaseRegular, FlowRegular, NetworkCheckRegular, PlugConnectedRegular, type FluentIcon } from '@fluentui/react-icons';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';

interface Start {
  readonly to: string;
  readonly title: string;
  readonly about: string;
  readonly Icon: FluentIcon;
}

const starts: readonly Start[] = [
  {
    to: '/network',
    title: 'Create a private path',
    about: 'A network, a balancer and a service in front of a database, and an endpoint that leads to it once its owner approves.',
    Icon: NetworkCheckRegular,
  },
  {
    to: '/integrate/new',
    title: 'Link tables',
    about: 'Choose tables of a database. They are copied into a SQL pool and kept as they are there.',
    Icon: FlowRegular,
  },
  {
    to: '/manage/linked-services',
    title: 'Test a connection',
    about: 'From an integration runtime to a database, hop by hop, or what is in the way.',
    Icon: PlugConnectedRegular,
  },
  { to: '/data', title: 'Query fresh rows', about: 'Tables of SQL pools, with an editor, results and charts.', Icon: DatabaseRegular },
];

const useStyles = makeStyles({
  cards: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fit, minmax(min(220px, 100%), 1fr))',
    gap: tokens.spacingHorizontalM,
    listStyleType: 'none',
    margin: 0,
    padding: 0,
  },
  card: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalXS,
    height: '100%',
    boxSizing: 'border-box',
    padding: tokens.spacingHorizontalL,
    borderRadius: tokens.borderRadiusLarge,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    color: tokens.colorNeutralForeground1,
    textDecorationLine: 'none',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  icon: { fontSize: '24px', color: tokens.colorBrandForeground1 },
  about: { color: tokens.colorNeutralForeground2 },
});

/** What people come here for. */
export function StartCards(): ReactElement {
  const styles = useStyles();
  return (
    <ul className={styles.cards} aria-label="Where to begin">
      {starts.map(({ to, title, about, Icon }) => (
        <li key={to}>
          <Link to={to} className={styles.card}>
            <Icon className={styles.icon} aria-hidden />
            <Text weight="semibold">{title}</Text>
            <Text size={200} className={styles.about}>
              {about}
            </Text>
          </Link>
        </li>
      ))}
    </ul>
  );
}
