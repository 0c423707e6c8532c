import { Badge, Button, Link, Text } from '@fluentui/react-components';
import { AlertFilled, CheckmarkCircleFilled } from '@fluentui/react-icons';
import { useMemo, type ReactElement } from 'react';
import { Facts } from '#studio/parts/facts.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { Section } from '#studio/parts/section.tsx';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { TimeText } from '#studio/parts/time-text.tsx';
import { deliveriesText, errorText, useAlerts, type Alert, type Condition, type Delivery } from './alerts.ts';
import { operators, type Operator } from './alert-rule.ts';
import type { AlertTabProps } from './alert-tab.ts';

const nothing: readonly Alert[] = [];

/** What fired and what was resolved in the last 30 days, and whether those who were to be told were. */
export function AlertList({ opened, onOpen }: AlertTabProps): ReactElement {
  const { data = nothing, isPending, error, refetch } = useAlerts();
  const columns = useMemo(() => alertColumns(onOpen), [onOpen]);
  const alert = data.find(({ id }) => id === opened);
  return (
    <>
      {error !== null && <FaultPanel error={error} retry={() => void refetch()} />}
      <Grid
        label="Alerts"
        columns={columns}
        rows={data}
        idOf={({ id }) => id}
        isPending={isPending}
        empty="Nothing has fired in the last 30 days. Alert rules say what is watched."
        onOpen={({ id }) => onOpen(id)}
      />
      {alert !== undefined && <OneAlert alert={alert} onClose={() => onOpen(undefined)} />}
    </>
  );
}

function alertColumns(onOpen: (id: string) => void): readonly Column<Alert>[] {
  return [
    {
      key: 'state',
      title: 'State',
      cell: (alert) => <AlertState alert={alert} />,
      sortBy: ({ properties }) => properties.essentials.monitorCondition,
      width: '110px',
    },
    {
      key: 'rule',
      title: 'Rule',
      cell: ({ id, name }) => (
        <Link as="button" onClick={() => onOpen(id)}>
          {name}
        </Link>
      ),
      sortBy: ({ name }) => name,
      width: 'minmax(120px, 1.2fr)',
    },
    {
      key: 'severity',
      title: 'Severity',
      cell: ({ properties }) => properties.essentials.severity,
      sortBy: ({ properties }) => properties.essentials.severity,
      width: '80px',
    },
    {
      key: 'target',
      title: 'About',
      cell: ({ properties }) => <span title={properties.essentials.targetResource}>{properties.essentials.targetResourceName}</span>,
      sortBy: ({ properties }) => properties.essentials.targetResourceName,
    },
    {
      key: 'fired',
      title: 'Fired',
      cell: ({ properties }) => <TimeText at={properties.essentials.startDateTime} />,
      sortBy: ({ properties }) => properties.essentials.startDateTime,
      width: '130px',
    },
    {
      key: 'resolved',
      title: 'Resolved',
      cell: ({ properties }) => <TimeText at={properties.essentials.monitorConditionResolvedDateTime} />,
      sortBy: ({ properties }) => properties.essentials.monitorConditionResolvedDateTime,
      width: '130px',
    },
    {
      key: 'told',
      title: 'Messages',
      cell: ({ properties }) => deliveriesText(properties.isthmus.deliveries),
      width: 'minmax(110px, 1fr)',
    },
  ];
}

function AlertState({ alert }: { readonly alert: Alert }): ReactElement {
  const { monitorCondition } = alert.properties.essentials;
  const fired = monitorCondition === 'Fired';
  return (
    <Badge
      appearance="tint"
      color={fired ? 'danger' : 'success'}
      icon={fired ? <AlertFilled aria-hidden /> : <CheckmarkCircleFilled aria-hidden />}
    >
      {monitorCondition}
    </Badge>
  );
}

function OneAlert({ alert, onClose }: { readonly alert: Alert; readonly onClose: () => void }): ReactElement {
  const { essentials, context, isthmus } = alert.properties;
  return (
    <Section title={alert.name} actions={<Button onClick={onClose}>Close</Button>}>
      <Facts
        facts={[
          ['State', <AlertState key="state" alert={alert} />],
          ['Because', isthmus.because],
          ['Description', essentials.description],
          ['About', essentials.targetResource],
          ['Condition', (context.fired?.allOf ?? []).map(conditionText).join(', and ')],
          ['Fired', <TimeText key="fired" at={essentials.startDateTime} as="exact" />],
          [
            'Resolved',
            essentials.monitorConditionResolvedDateTime && <TimeText at={essentials.monitorConditionResolvedDateTime} as="exact" />,
          ],
        ]}
      />
      <Grid
        label="Messages of the alert"
        columns={deliveryColumns}
        rows={isthmus.deliveries}
        idOf={({ id }) => id}
        height="280px"
        empty={<Text>Nobody was to be told: the rule names no action group.</Text>}
      />
      <JsonPane value={alert} path={alert.id} />
    </Section>
  );
}

function conditionText({ metricName, operator, threshold, metricValue }: Condition): string {
  const words = Object.hasOwn(operators, operator) ? operators[operator as Operator] : operator;
  return `${metricName} ${words} ${threshold}${metricValue === undefined ? '' : `: it was ${metricValue}`}`;
}

const deliveryColumns: readonly Column<Delivery>[] = [
  { key: 'about', title: 'Tells of', cell: ({ about }) => about, sortBy: ({ about }) => about, width: '96px' },
  { key: 'receiver', title: 'Receiver', cell: ({ receiver }) => receiver, sortBy: ({ receiver }) => receiver },
  { key: 'kind', title: 'By', cell: ({ kind }) => kind, sortBy: ({ kind }) => kind, width: '90px' },
  { key: 'state', title: 'State', cell: ({ state }) => <StatusBadge state={state} />, sortBy: ({ state }) => state, width: '120px' },
  {
    key: 'attempts',
    title: 'Attempts',
    cell: ({ attempts }) => attempts,
    sortBy: ({ attempts }) => attempts,
    width: '84px',
    isNumber: true,
  },
  { key: 'at', title: 'When', cell: ({ at, next }) => <TimeText at={at ?? next} />, sortBy: ({ at }) => at, width: '130px' },
  {
    key: 'error',
    title: 'Error',
    cell: ({ error }) => error !== undefined && <span title={errorText(error)}>{errorText(error)}</span>,
    width: 'minmax(140px, 2fr)',
  },
];
