import { Card, CardHeader, Field, makeStyles, SearchBox, Text, tokens } from '@fluentui/react-components';
import { useNavigate, useSearch as useAddress } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { groupType } from '#arm/resource-id.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Page } from '#studio/parts/page.tsx';
import { shortType } from '#studio/parts/resource-address.ts';
import { memberLabel } from '#studio/parts/schema/member-label.ts';
import { useTypes, type TypeFacts } from '#studio/parts/schema/type-schema.ts';
import { Section } from '#studio/parts/section.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';

const useStyles = makeStyles({
  search: { maxWidth: '320px' },
  cards: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fill, minmax(260px, 1fr))',
    gap: tokens.spacingHorizontalM,
    listStyleType: 'none',
    margin: 0,
    padding: 0,
  },
  card: { height: '100%', boxSizing: 'border-box' },
  about: { color: tokens.colorNeutralForeground2 },
});

/** Which type of resource is to be made. */
export function ChooseTypePage(): ReactElement {
  const styles = useStyles();
  const navigate = useNavigate();
  const { text = '', within } = useAddress({ strict: false }) as { readonly text?: string; readonly within?: string };
  const { data, error, isPending, refetch } = useTypes();
  const fitting = (data?.value ?? []).filter((one) => one.verbs.includes('put') && matches(one, text.trim()));
  const sections = Map.groupBy(fitting, sectionOf);
  return (
    <Page title="Create a resource" about="Choose what it is. Everything lies in a resource group: create one first.">
      <Field label="Search types" className={styles.search}>
        <SearchBox
          value={text}
          onChange={(_, { value }) =>
            void navigate({ to: '/create', search: { ...(value !== '' && { text: value }), ...(within && { within }) }, replace: true })
          }
        />
      </Field>
      {error !== null && <FaultPanel error={error} retry={() => void refetch()} />}
      {isPending && <Waiting />}
      {[...sections].map(([title, types]) => (
        <Section key={title} title={title}>
          <ul className={styles.cards}>
            {types.map(({ type, summary }) => (
              <li key={type}>
                <Card className={styles.card} size="small">
                  <CardHeader
                    header={
                      <AppLink to={`/create/${type}`} search={within === undefined ? {} : { within }} title={type}>
                        {shortType(type).split('/').map(memberLabel).join(' / ')}
                      </AppLink>
                    }
                  />
                  <Text size={200} className={styles.about}>
                    {summary}
                  </Text>
                </Card>
              </li>
            ))}
          </ul>
        </Section>
      ))}
      {!isPending && fitting.length === 0 && <Text>No type is called so.</Text>}
    </Page>
  );
}

function matches({ type, summary }: TypeFacts, text: string): boolean {
  return text === '' || `${type} ${summary}`.toLowerCase().includes(text.toLowerCase());
}

const sections: Readonly<Record<string, string>> = {
  'Microsoft.Network': 'Network',
  'Microsoft.Compute': 'Compute',
  'Microsoft.Sql': 'SQL Server',
  'Microsoft.DBforPostgreSQL': 'PostgreSQL',
  'Microsoft.DBforMySQL': 'MySQL',
  'Microsoft.DataFactory': 'Data Factory',
  'Microsoft.Synapse': 'Synapse',
  'Microsoft.Authorization': 'Access',
  'Isthmus.Identity': 'Access',
  'Microsoft.Insights': 'Alerts',
};

function sectionOf({ type }: TypeFacts): string {
  const namespace = type.split('/')[0]!;
  return type === groupType || namespace === 'Microsoft.Resources' ? 'General' : (sections[namespace] ?? namespace);
}
