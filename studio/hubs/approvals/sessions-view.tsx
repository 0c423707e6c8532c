import { Button, Text } from '@fluentui/react-components';
import type { ReactElement } from 'react';
import { nameOf, type EndpointConnection } from '#arm/endpoint-connection.ts';
import { useArm } from '#studio/data/queries.ts';
import { write } from '#studio/data/writing.ts';
import { ConfirmButton } from '#studio/parts/confirm-button.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { bytesText } from '#studio/parts/quantity-words.ts';
import { Section } from '#studio/parts/section.tsx';
import { TimeText } from '#studio/parts/time-text.tsx';

/** A live connection, as `GET {connection}/sessions` tells it. */
interface LiveSession {
  readonly id: string;
  readonly state: string;
  readonly since: string;
  readonly asker?: string;
  readonly client?: { readonly address: string; readonly port: number };
  readonly port: number;
  readonly backend?: string;
  readonly target: { readonly host: string; readonly port: number };
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly idleMs: number;
}

/** Who is connected at this moment, and what ends it. */
export function SessionsView({ connection }: { readonly connection: EndpointConnection }): ReactElement {
  const { id, endpoint } = connection;
  const { data, error, isPending, refetch } = useArm<{ readonly value: readonly LiveSession[] }>(`${id}/sessions`, {
    watch: { ids: [id, endpoint] },
  });
  const sessions = data?.value ?? [];
  const cut = async (session?: LiveSession): Promise<void> => {
    await write({
      title: session === undefined ? `Cut all connections of ${nameOf(endpoint)}` : `Cut a connection of ${nameOf(endpoint)}`,
      method: 'POST',
      path: `${id}/cut`,
      body: session === undefined ? {} : { session: session.id },
    });
    await refetch();
  };
  return (
    <Section
      title="Live connections"
      about="Cutting ends a connection now. Whether it may come back is decided by the approval."
      actions={
        <>
          <Button onClick={() => void refetch()}>Read again</Button>
          <ConfirmButton
            text="Cut all"
            title={`Cut all connections of ${nameOf(endpoint)}?`}
            disabled={sessions.length === 0}
            run={() => cut()}
          >
            <Text>{`${sessions.length} live connections end at once. New ones are let in as long as it is approved.`}</Text>
          </ConfirmButton>
        </>
      }
    >
      {error !== null && data === undefined ? (
        <FaultPanel error={error} retry={() => void refetch()} />
      ) : (
        <Grid
          label="Live connections"
          columns={columns(cut)}
          rows={sessions}
          idOf={(session) => session.id}
          isPending={isPending}
          empty="Nobody is connected."
          height="320px"
        />
      )}
    </Section>
  );
}

function columns(cut: (session: LiveSession) => Promise<void>): readonly Column<LiveSession>[] {
  return [
    {
      key: 'from',
      title: 'From',
      cell: (one) => one.asker ?? clientOf(one),
      sortBy: (one) => one.asker ?? clientOf(one),
      width: 'minmax(160px, 2fr)',
    },
    { key: 'to', title: 'To', cell: ({ target, port }) => `${target.host}:${target.port} by port ${port}`, width: 'minmax(160px, 2fr)' },
    { key: 'state', title: 'State', cell: ({ state }) => state, sortBy: ({ state }) => state },
    { key: 'since', title: 'Since', cell: ({ since }) => <TimeText at={since} />, sortBy: ({ since }) => since },
    { key: 'in', title: 'In', cell: ({ bytesIn }) => bytesText(bytesIn), sortBy: ({ bytesIn }) => bytesIn, isNumber: true },
    { key: 'out', title: 'Out', cell: ({ bytesOut }) => bytesText(bytesOut), sortBy: ({ bytesOut }) => bytesOut, isNumber: true },
    {
      key: 'cut',
      title: 'Action',
      width: '96px',
      cell: (one) => (
        <ConfirmButton text="Cut" title="Cut this connection?" run={() => cut(one)}>
          <Text>{`The connection from ${one.asker ?? clientOf(one)} to ${one.target.host} ends at once.`}</Text>
        </ConfirmButton>
      ),
    },
  ];
}

function clientOf({ client }: LiveSession): string {
  return client === undefined ? 'an unknown program' : `${client.address}:${client.port}`;
}
