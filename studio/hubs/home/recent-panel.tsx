import { Text } from '@fluentui/react-components';
import { Fragment, type ReactElement } from 'react';
import { useObservable } from '#studio/data/observable.ts';
import { recent } from '#studio/data/recent.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { resourceAddress, shortType } from '#studio/parts/resource-address.ts';
import { Panel } from './panel.tsx';

const shown = 6;

/** What was looked at lately in this browser. */
export function RecentPanel(): ReactElement {
  const all = useObservable(recent);
  return (
    <Panel title="Recent resources" to="/resources" more="All resources" empty="What you look at is listed here.">
      {all.slice(0, shown).map(({ id, name, type }) => (
        <Fragment key={id}>
          <AppLink to={resourceAddress(id)} title={id}>
            {name}
          </AppLink>
          <Text size={200}>{shortType(type)}</Text>
        </Fragment>
      ))}
    </Panel>
  );
}
