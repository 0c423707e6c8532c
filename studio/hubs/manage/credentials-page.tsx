import { Field, Input, makeStyles, Select, Text, tokens } from '@fluentui/react-components';
import { useNavigate, useSearch as useAddress } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { principalType } from '#studio/data/people.ts';
import { useArmList } from '#studio/data/queries.ts';
import { write } from '#studio/data/writing.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { ConfirmButton } from '#studio/parts/confirm-button.tsx';
import { CopyButton } from '#studio/parts/copy-button.tsx';
import { Facts } from '#studio/parts/facts.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { FormDialog } from '#studio/parts/form-dialog.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { Section } from '#studio/parts/section.tsx';
import { TimeText } from '#studio/parts/time-text.tsx';
import { ManagePage } from './manage-page.tsx';
import { lifetimes, newSecretOf, passwordsWord, principalOf, type NewSecret, type Password, type ServicePrincipal } from './principal.ts';
import { SecretDialog } from './secret-dialog.tsx';

const useStyles = makeStyles({ buttons: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS } });
const base = `/providers/${principalType}`;

/** Who may sign in with credentials of this installation. */
export function CredentialsPage(): ReactElement {
  const navigate = useNavigate();
  const { name: chosen } = useAddress({ strict: false }) as { readonly name?: string };
  const { data, isPending, error, refetch } = useArmList(base, { watch: { types: [principalType] } });
  const [secret, setSecret] = useState<NewSecret>();
  const all = (data ?? []).map(principalOf);
  const current = all.find(({ name }) => name === chosen);
  // Secrets are kept beside the principal: that they have changed is no change of it.
  const take = (made: NewSecret): void => {
    setSecret(made);
    void refetch();
  };
  const show = (name: string | undefined): void =>
    void navigate({ to: '/manage/credentials', search: name === undefined ? {} : { name }, replace: true });
  return (
    <ManagePage
      title="Credentials"
      about="People and programs that sign in with a client id and a secret. What they may do is said by roles."
      actions={<NewPrincipal onSecret={take} />}
    >
      {error !== null && <FaultPanel error={error} />}
      <Grid
        label="Service principals"
        columns={columns}
        rows={all}
        idOf={({ id }) => id}
        isPending={isPending}
        empty="There is none that you may read."
        height="360px"
        onOpen={({ name }) => show(name)}
      />
      {current !== undefined && <Principal principal={current} onSecret={take} onRemoved={refetch} onGone={() => show(undefined)} />}
      <JsonPane value={data} path={base} />
      {secret !== undefined && <SecretDialog secret={secret} onClose={() => setSecret(undefined)} />}
    </ManagePage>
  );
}

const columns: readonly Column<ServicePrincipal>[] = [
  {
    key: 'name',
    title: 'Name',
    sortBy: ({ name }) => name,
    cell: ({ name }) => (
      <AppLink to="/manage/credentials" search={{ name }}>
        {name}
      </AppLink>
    ),
  },
  { key: 'client', title: 'Client id', cell: ({ clientId }) => <span title={clientId}>{clientId}</span>, width: 'minmax(120px, 2fr)' },
  { key: 'object', title: 'Object id', cell: ({ objectId }) => <span title={objectId}>{objectId}</span>, width: 'minmax(120px, 2fr)' },
  { key: 'secrets', title: 'Secrets', cell: (one) => passwordsWord(one, Date.now()), width: 'minmax(120px, 1.4fr)' },
];

interface PrincipalProps {
  readonly principal: ServicePrincipal;
  readonly onSecret: (secret: NewSecret) => void;
  readonly onRemoved: () => Promise<unknown>;
  readonly onGone: () => void;
}

function Principal({ principal, onSecret, onRemoved, onGone }: PrincipalProps): ReactElement {
  const styles = useStyles();
  const { id, name, displayName, clientId, objectId, passwords } = principal;
  return (
    <Section
      title={name}
      actions={
        <div className={styles.buttons}>
          <AddSecret principal={principal} onSecret={onSecret} />
          <ConfirmButton
            text="Delete"
            title={`Delete ${name}?`}
            run={async () => {
              await write({ title: `Delete the service principal ${name}`, method: 'DELETE', path: id });
              onGone();
            }}
          >
            <Text>Its secrets, sessions and tokens are of no use then, and its roles are gone.</Text>
          </ConfirmButton>
        </div>
      }
    >
      <Facts
        facts={[
          ['Display name', displayName],
          ['Client id', <WithCopy key="client" text={clientId} what="the client id" />],
          ['Object id', <WithCopy key="object" text={objectId} what="the object id" />],
          [
            'Roles',
            <AppLink key="roles" to="/manage/roles" search={{ principal: objectId }}>
              Show its roles
            </AppLink>,
          ],
        ]}
      />
      <Grid
        label={`Secrets of ${name}`}
        columns={passwordColumns(principal, onRemoved)}
        rows={passwords}
        idOf={({ keyId }) => keyId}
        empty="It has no secret: nobody can sign in with it."
        height="260px"
      />
      <CommandPane
        calls={[
          {
            method: 'POST',
            path: `${id}/addPassword`,
            body: { lifetime: 'P90D' },
            isthmus: ['credential', 'create', name, '--lifetime', '90d'],
          },
        ]}
      />
    </Section>
  );
}

function WithCopy({ text, what }: { readonly text: string; readonly what: string }): ReactElement {
  return (
    <>
      {text} <CopyButton text={text} what={what} />
    </>
  );
}

function passwordColumns({ id, name }: ServicePrincipal, onRemoved: () => Promise<unknown>): readonly Column<Password>[] {
  return [
    { key: 'hint', title: 'Begins with', cell: ({ hint }) => `${hint}…` },
    { key: 'called', title: 'Called', cell: ({ displayName }) => displayName },
    { key: 'start', title: 'Made', cell: ({ start }) => <TimeText at={start} />, sortBy: ({ start }) => start },
    { key: 'end', title: 'Ends', cell: ({ end }) => (end === undefined ? 'never' : <TimeText at={end} />), sortBy: ({ end }) => end },
    {
      key: 'actions',
      title: 'Actions',
      width: '120px',
      cell: ({ keyId, hint }) => (
        <ConfirmButton
          text="Remove"
          title={`Remove the secret ${hint}… of ${name}?`}
          run={async () => {
            await write({ title: `Remove a secret of ${name}`, method: 'POST', path: `${id}/removePassword`, body: { keyId } });
            await onRemoved();
          }}
        >
          <Text>
            Nobody signs in with it any more. Tokens that were given out for it last their hour; whoever is signed in as this principal by a
            browser is signed out.
          </Text>
        </ConfirmButton>
      ),
    },
  ];
}

function AddSecret({ principal: { id, name }, onSecret }: Pick<PrincipalProps, 'principal' | 'onSecret'>): ReactElement {
  const [called, setCalled] = useState('');
  const [lifetime, setLifetime] = useState('P90D');
  return (
    <FormDialog
      text="New secret"
      title={`New secret of ${name}`}
      submit="Create secret"
      appearance="secondary"
      run={async () => {
        const body = { lifetime, ...(called.trim() !== '' && { displayName: called.trim() }) };
        onSecret(newSecretOf(await write({ title: `Create a secret of ${name}`, method: 'POST', path: `${id}/addPassword`, body })));
      }}
    >
      <Field label="Called" hint="Where it is used; for people.">
        <Input value={called} maxLength={120} onChange={(_, { value }) => setCalled(value)} />
      </Field>
      <LifetimeField value={lifetime} onChange={setLifetime} />
      <Text>To rotate: create a new one, put it where the old one is used, then remove the old one.</Text>
    </FormDialog>
  );
}

function NewPrincipal({ onSecret }: { readonly onSecret: (secret: NewSecret) => void }): ReactElement {
  const [name, setName] = useState('');
  const [lifetime, setLifetime] = useState('P90D');
  const path = `${base}/${encodeURIComponent(name)}`;
  return (
    <FormDialog
      text="New credential"
      title="New credential"
      submit="Create credential"
      problem={name.trim() === '' ? 'Give a name.' : undefined}
      calls={[{ method: 'PUT', path, body: { properties: {} }, isthmus: ['credential', 'create', name || 'NAME'] }]}
      run={async () => {
        await write({ title: `Create the service principal ${name}`, method: 'PUT', path, body: { properties: {} } });
        onSecret(
          newSecretOf(
            await write({ title: `Create a secret of ${name}`, method: 'POST', path: `${path}/addPassword`, body: { lifetime } }),
          ),
        );
      }}
    >
      <Field label="Name" required>
        <Input value={name} maxLength={90} onChange={(_, { value }) => setName(value)} />
      </Field>
      <LifetimeField value={lifetime} onChange={setLifetime} />
      <Text>It may do nothing before a role is given to it.</Text>
    </FormDialog>
  );
}

function LifetimeField({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }): ReactElement {
  return (
    <Field label="The secret lasts">
      <Select value={value} onChange={(_, chosen) => onChange(chosen.value)}>
        {lifetimes.map((one) => (
          <option key={one.value} value={one.value}>
            {one.text}
          </option>
        ))}
      </Select>
    </Field>
  );
}
