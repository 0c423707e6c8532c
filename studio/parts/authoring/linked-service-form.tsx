import { Field, Input, makeStyles, Select, Textarea, tokens } from '@fluentui/react-components';
import type { ReactElement } from 'react';
import { useArmList, type ShownResource } from '#studio/data/queries.ts';
import { HostEndpoint } from './host-endpoint.tsx';
import {
  autoResolve,
  hostOf,
  kindOf,
  storeForms,
  tlsChoices,
  withType,
  type DraftProblems,
  type ServiceDraft,
} from './linked-service-draft.ts';

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, maxWidth: '640px' },
  pair: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) 120px',
    gap: tokens.spacingHorizontalM,
    alignItems: 'start',
  },
  narrow: { minWidth: 0, width: '100%' },
});

export interface LinkedServiceFormProps {
  readonly home: ShownResource;
  readonly draft: ServiceDraft;
  readonly problems: DraftProblems;
  readonly isNew: boolean;
  readonly onChange: (draft: ServiceDraft) => void;
}

/** The fields of a linked service, as people know them. */
export function LinkedServiceForm(props: LinkedServiceFormProps): ReactElement {
  const styles = useStyles();
  const { home, draft, problems, isNew, onChange } = props;
  return (
    <div className={styles.form}>
      <Field label="Name" required {...said(problems.name)}>
        <Input value={draft.name} disabled={!isNew} maxLength={260} onChange={(_, { value }) => onChange({ ...draft, name: value })} />
      </Field>
      <Field label="Type" required>
        <Select value={draft.type} onChange={(_, { value }) => onChange(withType(draft, value))}>
          {storeForms.map(({ type, text }) => (
            <option key={type} value={type}>{`${text} (${type})`}</option>
          ))}
        </Select>
      </Field>
      <Field label="Description">
        <Input value={draft.description} maxLength={4_000} onChange={(_, { value }) => onChange({ ...draft, description: value })} />
      </Field>
      <RuntimeField {...props} />
      {draft.form === 'fields' ? <Fields {...props} /> : <StringField {...props} />}
      <HostEndpoint home={home} host={hostOf(draft)} port={draft.port} />
      <Field
        label="Password"
        required={isNew}
        hint={isNew ? 'It is sealed at rest, and shown to nobody.' : 'Leave it empty: the saved one stays.'}
        {...said(problems.password)}
      >
        <Input
          type="password"
          autoComplete="new-password"
          value={draft.password}
          onChange={(_, { value }) => onChange({ ...draft, password: value })}
        />
      </Field>
    </div>
  );
}

function Fields({ draft, problems, onChange }: LinkedServiceFormProps): ReactElement {
  const styles = useStyles();
  const choices = tlsChoices[kindOf(draft.type)];
  const isKnown = choices.some(({ value }) => value === draft.tls);
  return (
    <>
      <div className={styles.pair}>
        <Field
          label="Server"
          required
          hint="The fully qualified domain name that the managed private endpoint carries."
          {...said(problems.server)}
        >
          <Input value={draft.server} maxLength={253} onChange={(_, { value }) => onChange({ ...draft, server: value })} />
        </Field>
        <Field label="Port" {...said(problems.port)}>
          <Input
            className={styles.narrow}
            value={draft.port}
            inputMode="numeric"
            onChange={(_, { value }) => onChange({ ...draft, port: value })}
          />
        </Field>
      </div>
      <Field label="Database" required {...said(problems.database)}>
        <Input value={draft.database} maxLength={128} onChange={(_, { value }) => onChange({ ...draft, database: value })} />
      </Field>
      <Field label="Encryption">
        <Select value={draft.tls} onChange={(_, { value }) => onChange({ ...draft, tls: value })}>
          {choices.map(({ value, text }) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
          {!isKnown && <option value={draft.tls}>{`As it is saved: ${draft.tls}`}</option>}
        </Select>
      </Field>
      <Field label="User" required {...said(problems.user)}>
        <Input value={draft.user} autoComplete="off" maxLength={128} onChange={(_, { value }) => onChange({ ...draft, user: value })} />
      </Field>
    </>
  );
}

function StringField({ draft, problems, isNew, onChange }: LinkedServiceFormProps): ReactElement {
  return (
    <Field
      label="Connection string"
      hint={
        isNew || draft.connectionString !== ''
          ? 'As Server=host,port;Initial Catalog=database;User ID=user, without the password.'
          : 'It is saved as a secret. Leave it empty: it stays.'
      }
      {...said(problems.connectionString)}
    >
      <Textarea
        value={draft.connectionString}
        resize="vertical"
        onChange={(_, { value }) => onChange({ ...draft, connectionString: value })}
      />
    </Field>
  );
}

function RuntimeField({ home, draft, onChange }: LinkedServiceFormProps): ReactElement {
  const { data } = useArmList(`${home.id}/integrationRuntimes`, { watch: { within: home.id, types: ['*/integrationRuntimes'] } });
  const names = new Set([...(data ?? []).map(({ name }) => name), draft.runtime || autoResolve]);
  return (
    <Field label="Connect via integration runtime">
      <Select value={draft.runtime || autoResolve} onChange={(_, { value }) => onChange({ ...draft, runtime: value })}>
        {[...names].map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </Select>
    </Field>
  );
}

function said(problem: string | undefined): { readonly validationMessage?: string } {
  return problem === undefined ? {} : { validationMessage: problem };
}
