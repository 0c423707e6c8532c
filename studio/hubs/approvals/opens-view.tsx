import { makeStyles, Table, TableBody, TableCell, TableHeader, TableHeaderCell, TableRow, Text, tokens } from '@fluentui/react-components';
import type { ReactElement } from 'react';
import { nameOf } from '#arm/endpoint-connection.ts';
import { useArm } from '#studio/data/queries.ts';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';
import { targetWord } from './decision.ts';
import { networkWord, waysOf, type Opens } from './opens.ts';

const useStyles = makeStyles({
  box: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS, overflowX: 'auto' },
  break: { overflowWrap: 'anywhere' },
});

const builtOf = [
  'Microsoft.Network/privateLinkServices',
  'Microsoft.Network/loadBalancers',
  'Microsoft.Network/loadBalancers/backendAddressPools',
  'Microsoft.Network/networkInterfaces',
  'Microsoft.Compute/virtualMachines',
  'Microsoft.Compute/virtualMachines/forwardingRules',
];

/** Which network would reach what: told from the plan that is in force. */
export function OpensView({ id, endpoint }: { readonly id: string; readonly endpoint: string }): ReactElement {
  const styles = useStyles();
  const target = id.split('/').slice(0, -2).join('/');
  const { data, error } = useArm<Opens>(`${id}/opens`, { watch: { ids: [id, endpoint, target], types: builtOf } });
  if (error !== null) return <FaultPanel error={error} />;
  if (data === undefined) return <Waiting what="Looking at what it opens" />;
  const ways = waysOf(data);
  return (
    <div className={styles.box}>
      <Text>
        From {networkWord(data.from)}
        {data.from.address !== undefined && ` at ${data.from.address}`} to the {targetWord(data.to.id)} {nameOf(data.to.id)}
        {data.from.names !== undefined && data.from.names.length > 0 && `, by the names ${data.from.names.join(', ')}`}.
      </Text>
      {ways.length === 0 ? (
        <Text>Nothing: no port of it leads anywhere yet. What is added later is opened too.</Text>
      ) : (
        <Table size="small" aria-label="What it opens">
          <TableHeader>
            <TableRow>
              <TableHeaderCell>Port</TableHeaderCell>
              <TableHeaderCell>Leads to</TableHeaderCell>
              <TableHeaderCell>By</TableHeaderCell>
            </TableRow>
          </TableHeader>
          <TableBody>
            {ways.map(({ port, leads, by }) => (
              <TableRow key={`${port} ${leads} ${by}`}>
                <TableCell>{port}</TableCell>
                <TableCell className={styles.break}>{leads}</TableCell>
                <TableCell className={styles.break}>{by === '' ? 'the server itself' : by}</TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      )}
    </div>
  );
}
