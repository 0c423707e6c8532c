import { Button, Field, makeStyles, Select, Text, tokens } from '@fluentui/react-components';
import { useState, type ReactElement } from 'react';
import { textOf } from '#arm/client-answer.ts';
import { useArmList, type ShownResource } from '#studio/data/queries.ts';
import { useWrite } from '#studio/data/writing.ts';
import { testBody } from '#studio/parts/authoring/connection-test.ts';
import { HostEndpoint } from '#studio/parts/authoring/host-endpoint.tsx';
import {
  autoResolve,
  bodyOf,
  draftOf,
  emptyDraft,
  hostOf,
  kindOf,
  problemsOf,
  type ServiceDraft,
} from '#studio/parts/authoring/linked-service-draft.ts';
import { LinkedServiceForm } from '#studio/parts/authoring/linked-service-form.tsx';
import { TestConnection } from '#studio/parts/authoring/test-connection.tsx';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { Facts } from '#studio/parts/facts.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Section } from '#studio/parts/section.tsx';
import type { StepProps } from './step.ts';

const useStyles = makeStyles({
  line: { display: 'flex', flexWrap: 'wrap', alignItems: 'end', gap: tokens.spacingHorizontalM },
  choice: { minWidth: '320px' },
  buttons: { display: 'flex', gap: tokens.spacingHorizontalS },
});
const none: readonly ShownResource[] = [];
/** What every workspace has of its own: its pools are no sources. */
const builtIn = /-WorkspaceDefault(?:SqlServer|Storage)$/i;

/** Which database is read: a linked service that is there, or a new one; with the endpoint it is reached through, and a test. */
export function StepSource({ workspace, draft, change }: StepProps): ReactElement {
  const styles = useStyles();
  const [isNew, setNew] = useState(false);
  const {
    data = none,
    error,
    refetch,
    isPending,
  } = useArmList(`${workspace.id}/linkedservices`, {
    watch: { types: ['*/linkedservices'], within: workspace.id },
  });
  const services = data.filter(({ name }) => !builtIn.test(name));
  const chosen = services.find(({ name }) => name === draft.service);
  // Tables of another source mean nothing here.
  const choose = (service: string): void => change(service === draft.service ? { service } : { service, tables: [] });
  return (
    <Section title="Source" about="The database whose tables are copied, by the linked service that says how it is reached.">
      {error !== null && <FaultPanel error={error} retry={() => void refetch()} />}
      <div className={styles.line}>
        <Field label="Source linked service" required className={styles.choice}>
          <Select value={draft.service} disabled={isNew || isPending} onChange={(_, { value }) => choose(value)}>
            <option value="">{services.length === 0 && !isPending ? 'There is none yet' : 'Choose one'}</option>
            {services.map((service) => (
              <ServiceOption key={service.name} service={service} />
            ))}
          </Select>
        </Field>
        {!isNew && <Button onClick={() => setNew(true)}>New linked service</Button>}
      </div>
      {isNew && (
        <NewService
          workspace={workspace}
          onDone={(service) => {
            setNew(false);
            choose(service);
          }}
          onCancel={() => setNew(false)}
        />
      )}
      {!isNew && chosen !== undefined && <ChosenService workspace={workspace} service={chosen} />}
    </Section>
  );
}

function typeOf({ properties }: ShownResource): string {
  return textOf(properties['type']) ?? '';
}

/** Those whose changes cannot be followed yet are shown, and say so. */
function ServiceOption({ service }: { readonly service: ShownResource }): ReactElement {
  const canFollow = kindOf(typeOf(service)) === 'postgresql';
  return (
    <option value={service.name} disabled={!canFollow}>
      {canFollow ? service.name : `${service.name}: changes of ${typeOf(service)} cannot be followed yet`}
    </option>
  );
}

function ChosenService({ workspace, service }: { readonly workspace: ShownResource; readonly service: ShownResource }): ReactElement {
  const known = draftOf(service.name, service.properties);
  return (
    <>
      <Facts
        facts={[
          ['Type', known.type],
          ['Server', known.form === 'fields' ? `${known.server},${known.port}` : 'in its connection string'],
          ['Database', known.database],
          ['User', known.user],
          ['Integration runtime', known.runtime],
        ]}
      />
      <HostEndpoint home={workspace} host={hostOf(known)} port={known.port} />
      <TestConnection
        key={service.name}
        home={workspace}
        runtime={known.runtime || autoResolve}
        body={{ linkedService: { name: service.name } }}
      />
    </>
  );
}

interface NewServiceProps {
  readonly workspace: ShownResource;
  readonly onDone: (name: string) => void;
  readonly onCancel: () => void;
}

/** Its password is in this page's memory only, until it is sent. */
function NewService({ workspace, onDone, onCancel }: NewServiceProps): ReactElement {
  const styles = useStyles();
  const [service, setService] = useState<ServiceDraft>(() => emptyDraft('PostgreSqlV2'));
  const [isTried, setTried] = useState(false);
  const writing = useWrite(() => onDone(service.name));
  const problems = problemsOf(service, true);
  const isReady = Object.keys(problems).length === 0;
  const body = bodyOf(service);
  const path = `${workspace.id}/linkedservices/${encodeURIComponent(service.name)}`;
  const create = (): void => {
    setTried(true);
    if (isReady) writing.mutate({ title: `Create the linked service ${service.name}`, method: 'PUT', path, body });
  };
  return (
    <Section title="New linked service">
      {kindOf(service.type) !== 'postgresql' && (
        <Text>Changes of this kind of database cannot be followed yet: it can be saved and tested, and no link can read it.</Text>
      )}
      <LinkedServiceForm home={workspace} draft={service} problems={isTried ? problems : {}} isNew onChange={setService} />
      <TestConnection home={workspace} runtime={service.runtime || autoResolve} body={isReady ? testBody(service.name, body) : undefined} />
      {writing.error !== null && <FaultPanel error={writing.error} />}
      <div className={styles.buttons}>
        <Button appearance="primary" disabled={writing.isPending} onClick={create}>
          Create linked service
        </Button>
        <Button onClick={onCancel}>Choose an existing one</Button>
      </div>
      {isReady && <CommandPane title="Commands that create it" calls={[{ method: 'PUT', path, body }]} />}
    </Section>
  );
}
