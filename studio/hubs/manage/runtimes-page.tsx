import {
  Button,
  Card,
  Checkbox,
  Field,
  Input,
  makeStyles,
  MessageBar,
  MessageBarBody,
  Select,
  Subtitle2,
  Text,
  tokens,
} from '@fluentui/react-components';
import { useState, type ReactElement } from 'react';
import { useArm, useArmList, useArmPost, type ShownResource } from '#studio/data/queries.ts';
import { useWrite, write } from '#studio/data/writing.ts';
import type { JsonObject } from '#arm/resource.ts';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { ConfirmButton } from '#studio/parts/confirm-button.tsx';
import { Countdown } from '#studio/parts/countdown.tsx';
import { Facts } from '#studio/parts/facts.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { FormDialog } from '#studio/parts/form-dialog.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';
import { HomeGate } from './home-gate.tsx';
import { networkId } from '#studio/parts/authoring/home.ts';
import { autoResolve } from '#studio/parts/authoring/linked-service-draft.ts';
import { authoringWord, minuteChoices, minutesWord, runtimeBody, runtimeStatus, type RuntimeStatus } from './runtime.ts';

const useStyles = makeStyles({
  cards: { display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(360px, 1fr))', gap: tokens.spacingHorizontalL },
  head: { display: 'flex', gap: tokens.spacingHorizontalS, alignItems: 'center', flexWrap: 'wrap' },
  buttons: { display: 'flex', gap: tokens.spacingHorizontalS, alignItems: 'end', flexWrap: 'wrap' },
});

/** What connects to databases from inside the managed network, and whether people may use it while they author. */
export function RuntimesPage(): ReactElement {
  return (
    <HomeGate
      title="Integration runtimes"
      about="What connects to databases, from inside the managed network. Interactive authoring lets people test and browse through it."
      actions={(home) => <NewRuntime home={home} />}
    >
      {(home) => <Runtimes home={home} />}
    </HomeGate>
  );
}

function Runtimes({ home }: { readonly home: ShownResource }): ReactElement {
  const styles = useStyles();
  const path = `${home.id}/integrationRuntimes`;
  const { data, isPending, error } = useArmList(path, {
    watch: { within: home.id, types: ['*/integrationRuntimes', '*/managedVirtualNetworks'] },
  });
  if (isPending) return <Waiting />;
  return (
    <>
      {error !== null && <FaultPanel error={error} />}
      <div className={styles.cards}>
        {(data ?? []).map((one) => (
          <RuntimeCard key={one.id} runtime={one} />
        ))}
      </div>
      <JsonPane value={data} path={path} />
    </>
  );
}

function RuntimeCard({ runtime }: { readonly runtime: ShownResource }): ReactElement {
  const styles = useStyles();
  const { id, name, properties } = runtime;
  const { data, error, refetch } = useArmPost<JsonObject>(`${id}/getStatus`, {}, { watch: { ids: [id] } });
  const status = data === undefined ? undefined : runtimeStatus(data);
  const network = properties['managedVirtualNetwork'] === undefined ? undefined : 'managed virtual network';
  return (
    <Card>
      <div className={styles.head}>
        <Subtitle2 as="h2">{name}</Subtitle2>
        {status !== undefined && <StatusBadge state={status.state} />}
      </div>
      {error !== null && <FaultPanel error={error} retry={() => void refetch()} />}
      {status === undefined && error === null && <Waiting />}
      {status !== undefined && (
        <>
          {status.troubles.map((text) => (
            <MessageBar key={text} intent="error" layout="multiline">
              <MessageBarBody>{text}</MessageBarBody>
            </MessageBar>
          ))}
          <Facts
            facts={[
              ['Stands in', network ?? 'no managed network'],
              ['Workers', status.isolated === true ? 'isolated by the operating system' : 'not isolated by the operating system'],
              ['Interactive authoring', authoringWord(status)],
              [
                'Ends',
                status.authoring.until === undefined ? undefined : <Countdown key="ends" until={status.authoring.until} over="ended" />,
              ],
            ]}
          />
          <Authoring id={id} name={name} status={status} />
        </>
      )}
      {name !== autoResolve && (
        <div>
          <ConfirmButton
            text="Delete"
            title={`Delete the integration runtime ${name}?`}
            run={() => write({ title: `Delete the integration runtime ${name}`, method: 'DELETE', path: id })}
          >
            <Text>Linked services that connect through it cannot be used any more.</Text>
          </ConfirmButton>
        </div>
      )}
    </Card>
  );
}

interface AuthoringProps {
  readonly id: string;
  readonly name: string;
  readonly status: RuntimeStatus;
}

function Authoring({ id, name, status: { authoring } }: AuthoringProps): ReactElement {
  const styles = useStyles();
  const [minutes, setMinutes] = useState(String(authoring.minutes));
  const writing = useWrite();
  const isOn = authoring.status !== 'Disabled';
  const choices = [...new Set([...minuteChoices, authoring.minutes])].toSorted((a, b) => a - b);
  const enable = { method: 'POST' as const, path: `${id}/enableInteractiveQuery`, body: { autoTerminationMinutes: Number(minutes) } };
  const disable = { method: 'POST' as const, path: `${id}/disableInteractiveQuery`, body: {} };
  return (
    <>
      <div className={styles.buttons}>
        <Field label="Ends after the last use">
          <Select value={minutes} onChange={(_, { value }) => setMinutes(value)}>
            {choices.map((one) => (
              <option key={one} value={String(one)}>
                {minutesWord(one)}
              </option>
            ))}
          </Select>
        </Field>
        <Button
          appearance={isOn ? 'secondary' : 'primary'}
          disabled={writing.isPending}
          onClick={() => writing.mutate({ title: `Enable interactive authoring on ${name}`, ...enable })}
        >
          {isOn ? 'Begin anew' : 'Enable interactive authoring'}
        </Button>
        {isOn && (
          <Button
            disabled={writing.isPending}
            onClick={() => writing.mutate({ title: `Disable interactive authoring on ${name}`, ...disable })}
          >
            Disable interactive authoring
          </Button>
        )}
      </div>
      {writing.error !== null && <FaultPanel error={writing.error} />}
      <CommandPane calls={[isOn ? disable : enable]} />
    </>
  );
}

function NewRuntime({ home }: { readonly home: ShownResource }): ReactElement {
  const [draft, setDraft] = useState({ name: '', description: '', managed: true });
  const network = useArm(networkId(home), { watch: { ids: [networkId(home)] } });
  const hasNetwork = network.data !== undefined && network.error === null;
  const path = `${home.id}/integrationRuntimes/${encodeURIComponent(draft.name)}`;
  const body = runtimeBody({ ...draft, managed: draft.managed && hasNetwork });
  const problem = /^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/.test(draft.name) ? undefined : "Letters, digits and single '-' between them.";
  return (
    <FormDialog
      text="New runtime"
      title="New integration runtime"
      submit="Create runtime"
      problem={problem}
      calls={[{ method: 'PUT', path, body }]}
      run={() => write({ title: `Create the integration runtime ${draft.name}`, method: 'PUT', path, body })}
    >
      <Field label="Name" required>
        <Input value={draft.name} maxLength={63} onChange={(_, { value }) => setDraft({ ...draft, name: value })} />
      </Field>
      <Field label="Description">
        <Input value={draft.description} maxLength={4_000} onChange={(_, { value }) => setDraft({ ...draft, description: value })} />
      </Field>
      <Checkbox
        label={hasNetwork ? 'Stands in the managed virtual network' : `${home.name} has no managed virtual network`}
        checked={draft.managed && hasNetwork}
        disabled={!hasNetwork}
        onChange={(_, { checked }) => setDraft({ ...draft, managed: checked === true })}
      />
    </FormDialog>
  );
}
