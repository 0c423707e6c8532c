import { Badge } from '@fluentui/react-components';
import { CheckmarkCircleFilled, ClockFilled, ErrorCircleFilled, PauseCircleFilled, WarningFilled } from '@fluentui/react-icons';
import type { ReactElement } from 'react';

type Tone = 'good' | 'moving' | 'still' | 'warning' | 'bad';

/** What the states of everything mean for whoever glances at them. */
const tones: Readonly<Record<string, Tone>> = {
  Succeeded: 'good',
  Running: 'good',
  Replicating: 'good',
  Approved: 'good',
  Online: 'good',
  Started: 'good',
  Healthy: 'good',
  delivered: 'good',
  Equal: 'good',
  up: 'good',
  Failed: 'bad',
  Rejected: 'bad',
  Disconnected: 'bad',
  Unhealthy: 'bad',
  failed: 'bad',
  down: 'bad',
  Offline: 'bad',
  Differs: 'bad',
  Suspended: 'warning',
  Pending: 'warning',
  Elsewhere: 'warning',
  Unsaid: 'warning',
  Undelivered: 'warning',
  unknown: 'warning',
  Paused: 'still',
  Stopped: 'still',
  Initial: 'still',
  Waiting: 'moving',
};
const looks = {
  good: { color: 'success', icon: <CheckmarkCircleFilled /> },
  moving: { color: 'informative', icon: <ClockFilled /> },
  still: { color: 'subtle', icon: <PauseCircleFilled /> },
  warning: { color: 'warning', icon: <WarningFilled /> },
  bad: { color: 'danger', icon: <ErrorCircleFilled /> },
} as const;

/** A state by its own word, with a picture and a colour: never by colour alone. */
export function StatusBadge({ state }: { readonly state: string }): ReactElement {
  const { color, icon } = looks[tones[state] ?? 'moving'];
  return (
    <Badge appearance="tint" color={color} icon={icon}>
      {state}
    </Badge>
  );
}
