import { Button } from '@fluentui/react-components';
import { useNavigate } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { textOf } from '#arm/client-answer.ts';
import { useArmList, type ShownResource } from '#studio/data/queries.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { EndpointState } from '#studio/parts/authoring/endpoint-state.tsx';
import { endpointsFor, type ManagedEndpoint } from '#studio/parts/authoring/endpoint.ts';
import { draftOf, hostOf, storeForms } from '#studio/parts/authoring/linked-service-draft.ts';
import { HomeGate } from './home-gate.tsx';
import { useEndpoints } from '#studio/parts/authoring/use-endpoints.ts';

/** Databases, and how to log in to them. */
export function LinkedServicesPage(): ReactElement {
  const navigate = useNavigate();
  return (
    <HomeGate
      title="Linked services"
      about="Databases, how to log in to them, and the private way there."
      actions={({ id }) => (
        <Button appearance="primary" onClick={() => void navigate({ to: '/manage/linked-services/new', search: { home: id } })}>
          New linked service
        </Button>
      )}
    >
      {(home) => <Services home={home} />}
    </HomeGate>
  );
}

function Services({ home }: { readonly home: ShownResource }): ReactElement {
  const navigate = useNavigate();
  const path = `${home.id}/linkedservices`;
  const { data, isPending, error, refetch } = useArmList(path, { watch: { within: home.id, types: ['*/linkedservices'] } });
  const { endpoints } = useEndpoints(home);
  const address = ({ name }: ShownResource): { readonly to: string; readonly search: { readonly home: string } } => ({
    to: `/manage/linked-services/${encodeURIComponent(name)}`,
    search: { home: home.id },
  });
  if (error !== null && data === undefined) return <FaultPanel error={error} retry={() => void refetch()} />;
  return (
    <>
      <Grid
        label="Linked services"
        columns={columnsOf(endpoints, address)}
        rows={data ?? []}
        idOf={({ id }) => id}
        isPending={isPending}
        empty="There is none yet. A link reads its source through one."
        onOpen={(row) => void navigate(address(row))}
      />
      <JsonPane value={data} path={path} />
    </>
  );
}

function columnsOf(
  endpoints: readonly ManagedEndpoint[],
  address: (row: ShownResource) => { readonly to: string; readonly search: { readonly home: string } },
): readonly Column<ShownResource>[] {
  const draft = (row: ShownResource): ReturnType<typeof draftOf> => draftOf(row.name, row.properties);
  const through = (row: ShownResource): ManagedEndpoint | undefined => endpointsFor(endpoints, hostOf(draft(row)), draft(row).port)[0];
  return [
    {
      key: 'name',
      title: 'Name',
      sortBy: ({ name }) => name,
      cell: (row) => (
        <AppLink {...address(row)} title={row.name}>
          {row.name}
        </AppLink>
      ),
      width: 'minmax(110px, 1.2fr)',
    },
    { key: 'type', title: 'Type', sortBy: typeText, cell: typeText },
    {
      key: 'server',
      title: 'Server',
      sortBy: (row) => hostOf(draft(row)),
      cell: (row) => <span title={hostOf(draft(row))}>{hostOf(draft(row))}</span>,
    },
    { key: 'database', title: 'Database', sortBy: (row) => draft(row).database, cell: (row) => draft(row).database },
    {
      key: 'endpoint',
      title: 'Private endpoint',
      width: 'minmax(260px, 1.6fr)',
      cell: (row) => {
        const endpoint = through(row);
        return endpoint === undefined ? 'none' : <EndpointState endpoint={endpoint} isRow />;
      },
    },
  ];
}

function typeText({ properties }: ShownResource): string {
  const type = textOf(properties['type']) ?? '';
  return storeForms.find((one) => one.type === type)?.text ?? type;
}
