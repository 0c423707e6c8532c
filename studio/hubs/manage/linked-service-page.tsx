import { Button, makeStyles, Text, tokens } from '@fluentui/react-components';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import type { JsonObject } from '#arm/resource.ts';
import { useArm, type ShownResource } from '#studio/data/queries.ts';
import { useWrite, write } from '#studio/data/writing.ts';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { CompareDialog } from '#studio/parts/compare-dialog.tsx';
import { ConfirmButton } from '#studio/parts/confirm-button.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { Section } from '#studio/parts/section.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';
import { testBody } from '#studio/parts/authoring/connection-test.ts';
import {
  bodyOf,
  draftOf,
  emptyDraft,
  problemsOf,
  storeForms,
  withoutKeptSecrets,
  type ServiceDraft,
} from '#studio/parts/authoring/linked-service-draft.ts';
import { LinkedServiceForm } from '#studio/parts/authoring/linked-service-form.tsx';
import { HomeGate } from './home-gate.tsx';
import { TestConnection } from '#studio/parts/authoring/test-connection.tsx';

const useStyles = makeStyles({ buttons: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS } });
const crumbs = [{ text: 'Linked services', to: '/manage/linked-services' }];

/** Makes a linked service; it can be tested before it is saved. */
export function NewLinkedServicePage(): ReactElement {
  return (
    <HomeGate title="New linked service" crumbs={crumbs} about="A database, and how to log in to it from an integration runtime.">
      {(home) => <Editor key={home.id} home={home} saved={undefined} />}
    </HomeGate>
  );
}

/** A linked service that is there. */
export function LinkedServicePage(): ReactElement {
  const { name = '' } = useParams({ strict: false });
  return (
    <HomeGate title={name} crumbs={crumbs} about="A database, and how to log in to it.">
      {(home) => <Saved key={`${home.id} ${name}`} home={home} name={name} />}
    </HomeGate>
  );
}

function Saved({ home, name }: { readonly home: ShownResource; readonly name: string }): ReactElement {
  const id = `${home.id}/linkedservices/${encodeURIComponent(name)}`;
  const { data, error, refetch } = useArm<ShownResource>(id, { watch: { ids: [id] } });
  if (data === undefined) return error === null ? <Waiting /> : <FaultPanel error={error} retry={() => void refetch()} />;
  return (
    <>
      {error !== null && <FaultPanel error={error} />}
      <Editor home={home} saved={data} />
      <JsonPane value={data} path={data.id} />
    </>
  );
}

interface EditorProps {
  readonly home: ShownResource;
  /** Undefined: it is made. */
  readonly saved: ShownResource | undefined;
}

function Editor({ home, saved }: EditorProps): ReactElement {
  const styles = useStyles();
  const navigate = useNavigate();
  const [base, setBase] = useState(saved);
  const [draft, setDraft] = useState<ServiceDraft>(() =>
    saved === undefined ? emptyDraft(storeForms[0]!.type) : draftOf(saved.name, saved.properties),
  );
  const [isTried, setTried] = useState(false);
  const writing = useWrite();
  const isNew = base === undefined;
  const problems = problemsOf(draft, isNew);
  const isReady = Object.keys(problems).length === 0;
  const body = bodyOf(draft, base?.properties);
  const path = `${home.id}/linkedservices/${encodeURIComponent(draft.name)}`;
  const isOld = base !== undefined && saved !== undefined && saved.etag !== base.etag;
  const take = (shown: ShownResource): void => {
    setBase(shown);
    setDraft(draftOf(shown.name, shown.properties));
  };
  const send = (over: ShownResource | undefined): void => {
    const title = `${over === undefined ? 'Create' : 'Save'} the linked service ${draft.name}`;
    writing.mutate(
      { title, method: 'PUT', path, body: bodyOf(draft, over?.properties), ifMatch: over?.etag },
      {
        onSuccess: (result) => {
          if (over === undefined)
            void navigate({ to: `/manage/linked-services/${encodeURIComponent(draft.name)}`, search: { home: home.id } });
          else take(result as unknown as ShownResource);
        },
      },
    );
  };
  const save = (): void => {
    setTried(true);
    if (isReady) send(base);
  };
  return (
    <>
      {isOld && (
        <Conflict base={base} saved={saved} want={body} busy={writing.isPending} onTake={() => take(saved)} onSend={() => send(saved)} />
      )}
      <LinkedServiceForm home={home} draft={draft} problems={isTried ? problems : {}} isNew={isNew} onChange={setDraft} />
      {writing.error !== null && <FaultPanel error={writing.error} />}
      <div className={styles.buttons}>
        <Button appearance="primary" disabled={writing.isPending} onClick={save}>
          {isNew ? 'Create' : 'Save'}
        </Button>
        {base !== undefined && (
          <ConfirmButton
            text="Delete"
            title={`Delete the linked service ${base.name}?`}
            run={async () => {
              await write({ title: `Delete the linked service ${base.name}`, method: 'DELETE', path: base.id });
              void navigate({ to: '/manage/linked-services', search: { home: home.id } });
            }}
          >
            <Text>Links that use it cannot be started any more. Its saved password is gone.</Text>
          </ConfirmButton>
        )}
      </div>
      <Section
        title="Test connection"
        about="Hop by hop from the managed network to the rights in the database, with what the form holds now."
      >
        <TestConnection home={home} runtime={draft.runtime} body={isReady ? testBody(isNew ? '' : draft.name, body) : undefined} />
        {!isReady && <Text>{`It can be tested as soon as the form is complete: ${Object.values(problems).join(' ')}`}</Text>}
      </Section>
      <CommandPane calls={[{ method: 'PUT', path, body }]} />
    </>
  );
}

interface ConflictProps {
  /** What the form was filled from, and what somebody else has made of it since. */
  readonly base: ShownResource;
  readonly saved: ShownResource;
  readonly want: JsonObject;
  readonly busy: boolean;
  readonly onTake: () => void;
  readonly onSend: () => void;
}

function Conflict({ base, saved, want, busy, onTake, onSend }: ConflictProps): ReactElement {
  const [isOpen, setOpen] = useState(false);
  return (
    <Section
      title="Somebody else has saved it since"
      about="What you have typed is still here."
      actions={<Button onClick={() => setOpen(true)}>Compare</Button>}
    >
      {isOpen && (
        <CompareDialog
          name={base.name}
          had={withoutKeptSecrets(base.properties, want)}
          now={withoutKeptSecrets(saved.properties, want)}
          want={want}
          busy={busy}
          onTakeTheirs={onTake}
          onWriteMine={onSend}
          onBack={() => setOpen(false)}
        />
      )}
    </Section>
  );
}
