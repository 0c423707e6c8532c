import { Text } from '@fluentui/react-components';
import { Fragment, type ReactElement } from 'react';
import { useArm } from '#studio/data/queries.ts';
import { useSubscription } from '#studio/data/session.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { resourceAddress } from '#studio/parts/resource-address.ts';
import { TimeText } from '#studio/parts/time-text.tsx';
import { Panel } from './panel.tsx';

interface AlertShown {
  readonly id: string;
  readonly name: string;
  readonly properties: {
    readonly essentials: {
      readonly severity: string;
      readonly targetResource: string;
      readonly targetResourceName: string;
      readonly startDateTime: string;
      readonly description?: string;
    };
  };
}

const shown = 5;

/** What has fired and is not over. */
export function AlertsPanel(): ReactElement {
  const subscription = useSubscription();
  const { data, error, isPending } = useArm<{ readonly value: readonly AlertShown[] }>(
    `${subscription}/providers/Microsoft.AlertsManagement/alerts?monitorCondition=Fired`,
    { watch: { types: ['Microsoft.Insights/metricAlerts'] } },
  );
  const fired = data?.value ?? [];
  return (
    <Panel
      title={fired.length === 0 ? 'Alerts' : `Alerts: ${fired.length} fired`}
      to="/monitor/alerts"
      more="All alerts"
      isPending={isPending}
      error={error}
      empty="No alert is fired."
      note={fired.length > shown ? `and ${fired.length - shown} more` : undefined}
    >
      {fired.slice(0, shown).map(({ id, name, properties: { essentials } }) => (
        <Fragment key={id}>
          <span title={essentials.description}>
            <Text weight="semibold">{name}</Text>{' '}
            <Text size={200}>
              {essentials.severity}, <AppLink to={resourceAddress(essentials.targetResource)}>{essentials.targetResourceName}</AppLink>
            </Text>
          </span>
          <Text size={200}>
            <TimeText at={essentials.startDateTime} />
          </Text>
        </Fragment>
      ))}
    </Panel>
  );
}
