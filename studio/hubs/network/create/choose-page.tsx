import { makeStyles, Text, tokens } from '@fluentui/react-components';
import type { ReactElement } from 'react';
import { AppLink } from '#studio/parts/app-link.tsx';
import { Section } from '#studio/parts/section.tsx';
import { lookOf } from '../kind-look.tsx';
import { NetworkPage } from '../network-page.tsx';
import type { NodeKind } from '../topology-shape.ts';

interface Flow {
  readonly kind: NodeKind;
  readonly to: string;
  readonly text: string;
  readonly about: string;
}

/** In the order in which an owner of a database makes them, and then who wants to reach it. */
const flows: readonly Flow[] = [
  {
    kind: 'virtualNetwork',
    to: '/network/create/network',
    text: 'Virtual network',
    about: 'Addresses and subnets: for forwarders, for the frontend, for the service.',
  },
  {
    kind: 'balancer',
    to: '/network/create/balancer',
    text: 'Load balancer',
    about: 'Frontend, backend pool, health probe and a rule for each database.',
  },
  {
    kind: 'service',
    to: '/network/create/service',
    text: 'Private link service',
    about: 'What endpoints lead to. Who may come in is yours to approve.',
  },
  { kind: 'forwarder', to: '/network/create/forwarder', text: 'Forwarder', about: 'Passes each port on to one database by its name.' },
  {
    kind: 'endpoint',
    to: '/network/create/endpoint',
    text: 'Private endpoint',
    about: 'An address in your network that leads to a service or a database server.',
  },
];

const others = [
  { to: '/create/Microsoft.Network/privateDnsZones', text: 'Private DNS zone' },
  { to: '/create/Microsoft.Network/privateDnsZones/virtualNetworkLinks', text: 'Link of a zone to a network' },
  { to: '/create/Microsoft.Network/privateDnsZones/A', text: 'Address record of a zone' },
  { to: '/create/Microsoft.Network/privateEndpoints/privateDnsZoneGroups', text: 'Zone group of a private endpoint' },
  { to: '/create/Microsoft.Sql/servers', text: 'SQL server' },
  { to: '/create/Microsoft.Sql/managedInstances', text: 'SQL managed instance' },
  { to: '/create/Microsoft.DBforPostgreSQL/flexibleServers', text: 'PostgreSQL server' },
  { to: '/create/Microsoft.DBforMySQL/flexibleServers', text: 'MySQL server' },
] as const;

const useStyles = makeStyles({
  list: {
    listStyleType: 'none',
    margin: 0,
    padding: 0,
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fill, minmax(280px, 1fr))',
    gap: tokens.spacingHorizontalM,
  },
  flow: {
    display: 'flex',
    gap: tokens.spacingHorizontalM,
    padding: tokens.spacingHorizontalM,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
  },
  icon: { fontSize: '24px', flexShrink: 0, color: tokens.colorNeutralForeground2 },
  words: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXXS },
  quiet: { color: tokens.colorNeutralForeground2 },
  plain: { margin: 0, paddingLeft: '20px', display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXS },
});

/** What can be made, in the order of a way from a consumer to a database. */
export function ChooseFlowPage(): ReactElement {
  const styles = useStyles();
  return (
    <NetworkPage
      title="Create"
      about="A private path, part by part: first what the owner of a database makes, last what whoever wants to reach it makes."
    >
      <ol className={styles.list}>
        {flows.map(({ kind, to, text, about }, at) => {
          const { Icon } = lookOf({ kind, detail: {} });
          return (
            <li key={to} className={styles.flow}>
              <Icon className={styles.icon} aria-hidden />
              <div className={styles.words}>
                <AppLink to={to}>
                  {at + 1}. {text}
                </AppLink>
                <Text className={styles.quiet}>{about}</Text>
              </div>
            </li>
          );
        })}
      </ol>
      <Section
        title="By a form made from the schema"
        about="Names within networks, and database servers that stand for databases that are there already: tag hidden-backend, host:port."
      >
        <ul className={styles.plain}>
          {others.map(({ to, text }) => (
            <li key={to}>
              <AppLink to={to}>{text}</AppLink>
            </li>
          ))}
        </ul>
      </Section>
    </NetworkPage>
  );
}
