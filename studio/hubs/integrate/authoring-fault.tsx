import { Button, makeStyles, tokens } from '@fluentui/react-components';
import type { ReactElement } from 'react';
import { useWorkspace } from '#studio/data/workspace.ts';
import { useWrite } from '#studio/data/writing.ts';
import { needsAuthoring } from '#studio/parts/authoring/connection-test.ts';
import { autoResolve } from '#studio/parts/authoring/linked-service-draft.ts';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';

const useStyles = makeStyles({ box: { display: 'flex', flexDirection: 'column', alignItems: 'start', gap: tokens.spacingVerticalS } });

/** Why a source could not be asked; where interactive authoring is off, the way to have it. */
export function AuthoringFault({ error, again }: { readonly error: unknown; readonly again: () => void }): ReactElement {
  const styles = useStyles();
  const { current } = useWorkspace();
  const enable = useWrite(again);
  const path = `${current?.id ?? ''}/integrationRuntimes/${autoResolve}/enableInteractiveQuery`;
  return (
    <div className={styles.box}>
      <FaultPanel error={error} retry={again} />
      {needsAuthoring(error) && (
        <Button
          appearance="primary"
          disabled={enable.isPending}
          onClick={() => enable.mutate({ title: `Enable interactive authoring on ${autoResolve}`, method: 'POST', path, body: {} })}
        >
          Enable interactive authoring
        </Button>
      )}
      {enable.error !== null && <FaultPanel error={enable.error} />}
    </div>
  );
}
