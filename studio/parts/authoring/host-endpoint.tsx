import { Button, makeStyles, Text, tokens } from '@fluentui/react-components';
import { useState, type ReactElement } from 'react';
import { nameOf } from '#arm/endpoint-connection.ts';
import type { ShownResource } from '#studio/data/queries.ts';
import { EndpointForm } from './endpoint-form.tsx';
import { EndpointState } from './endpoint-state.tsx';
import { endpointsFor } from './endpoint.ts';
import { hasManagedNetwork, homeNoun } from './home.ts';
import { useEndpoints } from './use-endpoints.ts';

const useStyles = makeStyles({
  box: {
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'start',
    gap: tokens.spacingVerticalS,
    padding: tokens.spacingHorizontalM,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
  },
  break: { overflowWrap: 'anywhere' },
});

export interface HostEndpointProps {
  readonly home: ShownResource;
  readonly host: string;
  readonly port: string;
}

/** Which managed private endpoint a host is reached through and how its approval stands; where there is none, one can be asked for. */
export function HostEndpoint({ home, host, port }: HostEndpointProps): ReactElement | null {
  const styles = useStyles();
  const { endpoints, isPending, error } = useEndpoints(home);
  const [isNew, setNew] = useState(false);
  if (host === '' || isPending) return null;
  if (error !== null && !hasManagedNetwork(home))
    return (
      <Text
        className={styles.break}
      >{`The ${homeNoun(home)} ${home.name} has no managed virtual network: ${host} is reached from everywhere or not at all.`}</Text>
    );
  const found = endpointsFor(endpoints, host, port);
  return (
    <section className={styles.box} aria-label="Managed private endpoint">
      {found.length === 0 && !isNew && (
        <>
          <Text className={styles.break}>No managed private endpoint has the name {host}.</Text>
          <Button onClick={() => setNew(true)}>New managed private endpoint</Button>
        </>
      )}
      {found.map((one) => (
        <div key={one.id}>
          <Text className={styles.break}>{`Through the managed private endpoint ${one.name} to ${nameOf(one.target)}`}</Text>
          <EndpointState endpoint={one} />
        </div>
      ))}
      {found.length === 0 && isNew && (
        <EndpointForm key={host} home={home} host={host} onDone={() => setNew(false)} onCancel={() => setNew(false)} />
      )}
    </section>
  );
}
