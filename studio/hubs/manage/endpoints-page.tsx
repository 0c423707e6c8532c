import {
  Button,
  Dialog,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  makeStyles,
  Text,
  tokens,
} from '@fluentui/react-components';
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
import { Waiting } from '#studio/parts/waiting.tsx';
import { EndpointForm } from '#studio/parts/authoring/endpoint-form.tsx';
import { EndpointState } from '#studio/parts/authoring/endpoint-state.tsx';
import type { ManagedEndpoint } from '#studio/parts/authoring/endpoint.ts';
import { homeNoun, useHome } from '#studio/parts/authoring/home.ts';
import { HomePicker, ManagePage } from './manage-page.tsx';
import { useEndpoints } from '#studio/parts/authoring/use-endpoints.ts';

const useStyles = makeStyles({ buttons: { display: 'flex', gap: tokens.spacingHorizontalS } });

/** Ways out of the managed network of a home. */
export function EndpointsPage(): ReactElement {
  const styles = useStyles();
  const { current, isPending, error } = useHome();
  const [isNew, setNew] = useState(false);
  return (
    <ManagePage
      title="Managed private endpoints"
      about="Ways out of the managed network. Each leads to one service or server, once its owner has approved."
      actions={
        <div className={styles.buttons}>
          <HomePicker />
          <Button appearance="primary" disabled={current === undefined} onClick={() => setNew(true)}>
            New endpoint
          </Button>
        </div>
      }
    >
      {error !== null && <FaultPanel error={error} />}
      {current === undefined ? (
        isPending ? (
          <Waiting />
        ) : (
          <Text>There is no workspace and no data factory yet.</Text>
        )
      ) : (
        <Endpoints home={current} />
      )}
      {current !== undefined && (
        <Dialog open={isNew} onOpenChange={(_, { open }) => setNew(open)}>
          <DialogSurface>
            <DialogBody>
              <DialogTitle>New managed private endpoint</DialogTitle>
              <DialogContent>
                <EndpointForm home={current} onDone={() => setNew(false)} onCancel={() => setNew(false)} />
              </DialogContent>
            </DialogBody>
          </DialogSurface>
        </Dialog>
      )}
    </ManagePage>
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
