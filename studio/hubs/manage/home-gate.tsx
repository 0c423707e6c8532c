import { makeStyles, Text, tokens } from '@fluentui/react-components';
import type { ReactElement, ReactNode } from 'react';
import type { ShownResource } from '#studio/data/queries.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import type { PageProps } from '#studio/parts/page.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';
import { useHome } from '#studio/parts/authoring/home.ts';
import { HomePicker, ManagePage } from './manage-page.tsx';

const useStyles = makeStyles({ buttons: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS } });

export interface HomeGateProps extends Omit<PageProps, 'actions' | 'children'> {
  readonly actions?: (home: ShownResource) => ReactNode;
  readonly children: (home: ShownResource) => ReactNode;
}

/** A page about one workspace or data factory, which is chosen in it; without any it says how to have one. */
export function HomeGate({ actions, children, ...page }: HomeGateProps): ReactElement {
  const styles = useStyles();
  const { current, isPending, error } = useHome();
  return (
    <ManagePage
      {...page}
      actions={
        <div className={styles.buttons}>
          <HomePicker />
          {current !== undefined && actions?.(current)}
        </div>
      }
    >
      {error !== null && <FaultPanel error={error} />}
      {current !== undefined && children(current)}
      {current === undefined && isPending && <Waiting />}
      {current === undefined && !isPending && error === null && (
        <Text>
          There is no workspace and no data factory that you may read. <AppLink to="/manage/workspaces">Make one</AppLink> first.
        </Text>
      )}
    </ManagePage>
  );
}
