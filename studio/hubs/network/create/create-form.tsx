import {
  Button,
  makeStyles,
  MessageBar,
  MessageBarActions,
  MessageBarBody,
  MessageBarTitle,
  Text,
  tokens,
} from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useState, type ReactElement, type ReactNode } from 'react';
import { toFault } from '#base/fault.ts';
import type { JsonObject } from '#arm/resource.ts';
import { write, type Writing } from '#studio/data/writing.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { canCheck, checkBody } from '#studio/parts/check-body.ts';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { resourceAddress } from '#studio/parts/resource-address.ts';
import { knownGroup, rememberPlace, type Place, type PlaceGround } from './place.ts';
import { hasProblems, type Problems } from './validation.ts';

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL, maxWidth: '860px' },
  buttons: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalM },
  quiet: { color: tokens.colorNeutralForeground2 },
});

export interface CreateFormProps {
  /** On the button: `Create network`. */
  readonly text: string;
  readonly problems: Problems;
  /** What is sent, in order; the last of them but actions is what is made. */
  readonly steps: readonly Writing[];
  readonly place: Place;
  readonly ground: PlaceGround;
  /** Told when somebody tried to send it: now what is missing is told too. */
  readonly onTry: () => void;
  /** What comes next, once it is made. */
  readonly next: ReactNode;
  readonly children: ReactNode;
}

/** Fields, what the server would refuse while they are filled in, and everything that is sent by one button. */
export function CreateForm({ text, problems, steps, place, ground, onTry, next, children }: CreateFormProps): ReactElement {
  const styles = useStyles();
  const [running, setRunning] = useState<string>();
  const [error, setError] = useState<unknown>();
  const [made, setMade] = useState<string>();
  const isRight = !hasProblems(problems);
  // In a group that is not there yet the server cannot be asked what it would refuse.
  const isGroupThere = knownGroup(place.group, ground.groups) !== undefined;
  const target = steps.findLast(({ method }) => method === 'PUT');
  const refusal = useRefusal(isRight && isGroupThere && running === undefined && made === undefined ? steps.find(isResource) : undefined);
  const send = async (): Promise<void> => {
    onTry();
    if (!isRight) return;
    setError(undefined);
    try {
      for (const step of steps) {
        setRunning(step.title);
        await write({ ...step, isToldInPage: true });
      }
      rememberPlace(place);
      setMade(target?.path);
    } catch (trouble) {
      setError(trouble);
    } finally {
      setRunning(undefined);
    }
  };
  return (
    <form
      noValidate
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {children}
      {error !== undefined && <FaultPanel error={error} />}
      {error === undefined && refusal !== undefined && <FaultPanel error={refusal} />}
      {made !== undefined && (
        <MessageBar intent="success" layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>It is made</MessageBarTitle>
            <AppLink to={resourceAddress(made)}>{decodeURIComponent(made.slice(made.lastIndexOf('/') + 1))}</AppLink>
          </MessageBarBody>
          <MessageBarActions>{next}</MessageBarActions>
        </MessageBar>
      )}
      <div className={styles.buttons}>
        <Button type="submit" appearance="primary" disabled={running !== undefined}>
          {text}
        </Button>
        {running !== undefined && <Text role="status">{running} …</Text>}
        {running === undefined && isRight && isGroupThere && refusal === undefined && made === undefined && (
          <Text className={styles.quiet}>The server would take it as it is.</Text>
        )}
      </div>
      {isRight && (
        <div>
          <JsonPane title="What is sent" value={steps.map(({ method, path, body }) => ({ method, path, body: body ?? null }))} />
          <CommandPane calls={steps.map(({ method, path, body }) => ({ method, path, ...(body !== undefined && { body }) }))} />
        </div>
      )}
    </form>
  );
}

function isResource({ method, path }: Writing): boolean {
  return method === 'PUT' && canCheck(path);
}

/** What the server would refuse of a step, asked as soon as nothing is typed for a moment. */
function useRefusal(step: Writing | undefined): Error | undefined {
  const path = useDeferredValue(step?.path);
  const text = useDeferredValue(step === undefined ? '' : JSON.stringify(step.body));
  const { error } = useQuery({
    queryKey: ['would-refuse', path, text],
    enabled: path !== undefined && text !== '',
    gcTime: 0,
    retry: false,
    queryFn: async ({ signal }) => {
      await new Promise((resolve) => setTimeout(resolve, quietMs));
      signal.throwIfAborted();
      await checkBody(path!, JSON.parse(text) as JsonObject);
      return true;
    },
  });
  if (step === undefined || error === null) return undefined;
  const refused = toFault(error);
  // It was asked as a deployment of one resource: what is said of that one is meant.
  const [only, ...more] = refused.details ?? [];
  if (refused.kind === 'cancelled') return undefined;
  return only !== undefined && more.length === 0 ? only : refused;
}

const quietMs = 500;
