import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef, type ReactElement } from 'react';
import type { Fault } from '#base/fault.ts';
import type { JsonObject } from '#arm/resource.ts';
import { arm } from '#studio/data/arm.ts';
import type { ShownResource } from '#studio/data/queries.ts';
import { write } from '#studio/data/writing.ts';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';
import { needsAuthoring, type TestResult } from './connection-test.ts';
import { HopsView } from './hops-view.tsx';

const useStyles = makeStyles({
  box: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS, alignItems: 'start', minWidth: 0 },
  wide: { width: '100%' },
});

export interface TestConnectionProps {
  readonly home: ShownResource;
  /** Of the integration runtime that tests. */
  readonly runtime: string;
  /** What is tested: `{linkedService}`. Undefined: the form cannot be sent yet. */
  readonly body: JsonObject | undefined;
}

/** Tests a linked service, saved or as it stands in the form, hop by hop. */
export function TestConnection({ home, runtime, body }: TestConnectionProps): ReactElement {
  const styles = useStyles();
  const ending = useRef<AbortController>(null);
  useEffect(() => () => ending.current?.abort(), []);
  const test = useMutation<TestResult, Fault>({
    mutationFn: async () => {
      ending.current = new AbortController();
      return (await arm.post(`${home.id}/testConnectivity`, body!, { signal: ending.current.signal })) as unknown as TestResult;
    },
  });
  const enable = useMutation<JsonObject, Fault>({
    mutationFn: () =>
      write({
        title: `Enable interactive authoring on ${runtime}`,
        method: 'POST',
        path: `${home.id}/integrationRuntimes/${encodeURIComponent(runtime)}/enableInteractiveQuery`,
        body: {},
      }),
    onSuccess: () => test.mutate(),
  });
  return (
    <div className={styles.box}>
      <Button disabled={test.isPending || body === undefined} onClick={() => test.mutate()}>
        Test connection
      </Button>
      {test.isPending && (
        <>
          <Waiting what="Testing hop by hop" />
          <Button onClick={() => ending.current?.abort()}>Stop testing</Button>
        </>
      )}
      {test.error !== null && !test.isPending && (
        <>
          <FaultPanel error={test.error} />
          {needsAuthoring(test.error) && (
            <Button appearance="primary" disabled={enable.isPending} onClick={() => enable.mutate()}>
              Enable interactive authoring and test
            </Button>
          )}
          {enable.error !== null && <FaultPanel error={enable.error} />}
        </>
      )}
      {test.data !== undefined && !test.isPending && (
        <div className={styles.wide}>
          <HopsView result={test.data} />
        </div>
      )}
      {body !== undefined && (
        <div className={styles.wide}>
          <CommandPane title="Commands that test it" calls={[{ method: 'POST', path: `${home.id}/testConnectivity`, body }]} />
        </div>
      )}
    </div>
  );
}
