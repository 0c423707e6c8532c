import { Button, Dialog, DialogBody, DialogContent, DialogSurface, DialogTitle, Text } from '@fluentui/react-components';
import { useState, type ReactElement } from 'react';
import { nameOf } from '#arm/endpoint-connection.ts';
import { toFault } from '#base/fault.ts';
import type { ShownResource } from '#studio/data/queries.ts';
import { write } from '#studio/data/writing.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { ConfirmButton } from '#studio/parts/confirm-button.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { resourceAddress } from '#studio/parts/resource-address.ts';
import { EndpointForm } from '#studio/parts/authoring/endpoint-form.tsx';
import { EndpointState } from '#studio/parts/authoring/endpoint-state.tsx';
import type { ManagedEndpoint } from '#studio/parts/authoring/endpoint.ts';
import { homeNoun } from '#studio/parts/authoring/home.ts';
import { HomeGate } from './home-gate.tsx';
import { useEndpoints } from '#studio/parts/authoring/use-endpoints.ts';

/** Ways out of the managed network of a home. */
export function EndpointsPage(): ReactElement {
  return (
    <HomeGate
      title="Managed private endpoints"
      about="Ways out of the managed network. Each leads to one service or server, once its owner has approved."
      actions={(home) => <NewEndpoint home={home} />}
    >
      {(home) => <Endpoints home={home} />}
    </HomeGate>
  );
}

function NewEndpoint({ home }: { readonly home: ShownResource }): ReactElement {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button appearance="primary" onClick={() => setOpen(true)}>
        New endpoint
      </Button>
      <Dialog open={isOpen} onOpenChange={(_, { open }) => setOpen(open)}>
        <DialogSurface>
          <DialogBody>
            <DialogTitle>New managed private endpoint</DialogTitle>
            <DialogContent>
              <EndpointForm home={home} onDone={() => setOpen(false)} onCancel={() => setOpen(false)} />
            </DialogContent>
          </DialogBody>
        </DialogSurface>
      </Dialog>
    </>
  );
}

function Endpoints({ home }: { readonly home: ShownResource }): ReactElement {
  const { resources, endpoints, isPending, error } = useEndpoints(home);
  if (error !== null && endpoints.length === 0) {
    if (toFault(error).kind !== 'missing') return <FaultPanel error={error} />;
    return <Text>{`The ${homeNoun(home)} ${home.name} has no managed virtual network, and so no managed private endpoints.`}</Text>;
  }
  return (
    <>
      <Grid
        label="Managed private endpoints"
        columns={columns}
        rows={endpoints}
        idOf={({ id }) => id}
        isPending={isPending}
        empty="There is none: nothing in the managed network reaches a private database yet."
      />
      <JsonPane value={resources} path={`${home.id}/managedVirtualNetworks/default/managedPrivateEndpoints`} />
    </>
  );
}

const columns: readonly Column<ManagedEndpoint>[] = [
  {
    key: 'name',
    title: 'Name',
    sortBy: ({ name }) => name,
    cell: ({ id, name }) => <AppLink to={resourceAddress(id)}>{name}</AppLink>,
    width: 'minmax(110px, 1fr)',
  },
  {
    key: 'state',
    title: 'Approval',
    sortBy: ({ status }) => status,
    cell: (one) => <EndpointState endpoint={one} isRow />,
    width: '260px',
  },
  { key: 'target', title: 'Leads to', sortBy: ({ target }) => target, cell: ({ target }) => <span title={target}>{nameOf(target)}</span> },
  {
    key: 'names',
    title: 'Names',
    cell: ({ fqdns }) => <span title={fqdns.join('\n')}>{fqdns.join(', ')}</span>,
    width: 'minmax(140px, 1.6fr)',
  },
  {
    key: 'actions',
    title: 'Actions',
    width: '112px',
    cell: ({ id, name }) => (
      <ConfirmButton
        text="Delete"
        title={`Delete the managed private endpoint ${name}?`}
        run={() => write({ title: `Delete the managed private endpoint ${name}`, method: 'DELETE', path: id })}
      >
        <Text>What goes through it ends, and links that need it stop. The owner&apos;s approval goes with it.</Text>
      </ConfirmButton>
    ),
  },
];
