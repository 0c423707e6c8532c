import { Button, Combobox, Field, Input, makeStyles, Option, Text, Textarea, tokens } from '@fluentui/react-components';
import { useState, type ReactElement } from 'react';
import { useSearch, type ShownResource } from '#studio/data/queries.ts';
import { useWrite } from '#studio/data/writing.ts';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { groupOf } from '#studio/parts/resource-address.ts';
import { endpointBody, endpointProblems, endpointTargets, targetKind, type EndpointDraft } from './endpoint.ts';
import { networkId } from './home.ts';

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, maxWidth: '640px' },
  buttons: { display: 'flex', gap: tokens.spacingHorizontalS },
  quiet: { color: tokens.colorNeutralForeground2 },
});

export interface EndpointFormProps {
  readonly home: ShownResource;
  /** A host that it is to have as its name. */
  readonly host?: string;
  readonly onDone: (name: string) => void;
  readonly onCancel?: () => void;
}

/** Asks for a way out of the managed network: to a private link service, or to a database server. */
export function EndpointForm({ home, host = '', onDone, onCancel }: EndpointFormProps): ReactElement {
  const styles = useStyles();
  const [draft, setDraft] = useState<EndpointDraft>({ name: host.split('.')[0]!.replaceAll(/[^\w-]/g, '-'), target: '', fqdns: host });
  const [isTried, setTried] = useState(false);
  const writing = useWrite();
  const problems = isTried ? endpointProblems(draft) : {};
  const path = `${networkId(home)}/managedPrivateEndpoints/${encodeURIComponent(draft.name)}`;
  const body = endpointBody(draft);
  const send = (): void => {
    setTried(true);
    if (Object.keys(endpointProblems(draft)).length > 0) return;
    writing.mutate(
      { title: `Create the managed private endpoint ${draft.name}`, method: 'PUT', path, body },
      { onSuccess: () => onDone(draft.name) },
    );
  };
  return (
    <form
      className={styles.form}
      aria-label="New managed private endpoint"
      onSubmit={(event) => {
        event.preventDefault();
        event.stopPropagation();
        send();
      }}
    >
      <Field label="Endpoint name" required {...said(problems.name)}>
        <Input value={draft.name} onChange={(_, { value }) => setDraft({ ...draft, name: value })} maxLength={127} />
      </Field>
      <TargetField value={draft.target} problem={problems.target} onChange={(target) => setDraft({ ...draft, target })} />
      <Field
        label="Fully qualified domain names"
        hint="One a line. Inside the managed network these names lead through the endpoint; write name,port where only that port is meant."
        required={targetKind(draft.target)?.groupId === ''}
        {...said(problems.fqdns)}
      >
        <Textarea value={draft.fqdns} onChange={(_, { value }) => setDraft({ ...draft, fqdns: value })} resize="vertical" />
      </Field>
      <Text className={styles.quiet}>Its connection waits until the owner of the target approves it.</Text>
      {writing.error !== null && <FaultPanel error={writing.error} />}
      <div className={styles.buttons}>
        <Button type="submit" appearance="primary" disabled={writing.isPending}>
          {writing.isPending ? 'Asking …' : 'Create endpoint'}
        </Button>
        {onCancel !== undefined && <Button onClick={onCancel}>Cancel</Button>}
      </div>
      <CommandPane calls={[{ method: 'PUT', path, body }]} />
    </form>
  );
}

interface TargetFieldProps {
  readonly value: string;
  readonly problem: string | undefined;
  readonly onChange: (id: string) => void;
}

/** Targets that may be read are offered; of others the id is enough. */
function TargetField({ value, problem, onChange }: TargetFieldProps): ReactElement {
  const styles = useStyles();
  const { resources } = useSearch({ types: endpointTargets.map(({ type }) => type), top: 200 });
  return (
    <Field
      label="Target"
      required
      hint="A private link service or a database server; of one that you may not read, give the whole id."
      {...said(problem)}
    >
      <Combobox
        freeform
        value={value}
        selectedOptions={value === '' ? [] : [value]}
        placeholder="Choose, or paste an id"
        onChange={({ target }) => onChange(target.value)}
        onOptionSelect={(_, { optionValue }) => optionValue !== undefined && onChange(optionValue)}
      >
        {resources.map(({ id, name }) => (
          <Option key={id} value={id} text={id}>
            <span>
              {name} <span className={styles.quiet}>{[targetKind(id)?.text, groupOf(id)].filter(Boolean).join(' · ')}</span>
            </span>
          </Option>
        ))}
      </Combobox>
    </Field>
  );
}

function said(problem: string | undefined): { readonly validationMessage?: string } {
  return problem === undefined ? {} : { validationMessage: problem };
}
