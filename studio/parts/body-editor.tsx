import { Button, makeStyles, MessageBar, MessageBarBody, tokens } from '@fluentui/react-components';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState, type ReactElement } from 'react';
import type { Fault } from '#base/fault.ts';
import type { JsonObject } from '#arm/resource.ts';
import { canCheck, checkBody } from './check-body.ts';
import { CommandPane } from './command-pane.tsx';
import { FaultPanel } from './fault-panel.tsx';
import { JsonPane } from './json-pane.tsx';
import { ResourceForm } from './resource-form.tsx';
import type { TypeSchema } from './schema/type-schema.ts';
import { issuesOf, issueText } from './schema/validate.ts';
import { withoutSecrets } from './without-secrets.ts';

const useStyles = makeStyles({
  editor: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL, minWidth: 0 },
  actions: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
});

export interface BodyEditorProps {
  readonly schema: TypeSchema;
  /** Where it is to be written; undefined: that is not known yet, and `idTrouble` says why. */
  readonly id: string | undefined;
  readonly idTrouble?: string | undefined;
  readonly body: JsonObject;
  readonly onChange: (body: JsonObject) => void;
  /** On the button: `Create`, `Save`. */
  readonly verb: string;
  readonly onSend: () => void;
  readonly isSending: boolean;
  readonly refusal: Fault | null;
  /** There is one already. */
  readonly keepsSecrets?: boolean;
  readonly hidden?: readonly string[];
  readonly onCancel?: (() => void) | undefined;
}

/** A body that is filled in, checked and sent, with its JSON and the commands that do the same. */
export function BodyEditor(props: BodyEditorProps): ReactElement {
  const { schema, id, idTrouble, body, onChange, verb, onSend, isSending, refusal, keepsSecrets = false, hidden, onCancel } = props;
  const styles = useStyles();
  const [tried, setTried] = useState(false);
  const [isReadable, setReadable] = useState(true);
  const check = useMutation<void, Fault, { readonly id: string; readonly body: JsonObject }>({
    mutationFn: (one) => checkBody(one.id, one.body),
  });
  const { reset } = check;
  // What was said of another body says nothing of this one.
  useEffect(() => reset(), [body, id, reset]);
  const refused = refusal ?? check.error;
  const [refusedBody, setRefusedBody] = useState(body);
  const [lastRefusal, setLastRefusal] = useState(refused);
  // A refusal is about the body that was sent: what is typed after it may be right.
  if (refused !== lastRefusal) {
    setLastRefusal(refused);
    setRefusedBody(body);
  }
  const secrets = schema.secrets.map((path) => path.split('.').at(-1)!);
  const issues = issuesOf(body, schema.body).filter(({ path }) => !(keepsSecrets && secrets.includes(String(path.at(-1)))));
  const send = (go: () => void): void => {
    setTried(true);
    if (issues.length === 0 && isReadable && id !== undefined) go();
  };
  return (
    <div className={styles.editor}>
      <ResourceForm
        schema={schema.body}
        value={body}
        onChange={onChange}
        onReadable={setReadable}
        showMissing={tried}
        keepsSecrets={keepsSecrets}
        {...(hidden && { hidden })}
        refusal={refusedBody === body ? refused : undefined}
      />
      {tried && issues.length > 0 && (
        <MessageBar intent="warning">
          <MessageBarBody>{issues.length === 1 ? issueText(issues[0]!) : `${issues.length} things are missing or wrong.`}</MessageBarBody>
        </MessageBar>
      )}
      {tried && idTrouble !== undefined && (
        <MessageBar intent="warning">
          <MessageBarBody>{idTrouble}</MessageBarBody>
        </MessageBar>
      )}
      {check.isSuccess && (
        <MessageBar intent="success">
          <MessageBarBody>The server would accept this.</MessageBarBody>
        </MessageBar>
      )}
      {refused !== null && !check.isSuccess && <FaultPanel error={refused} />}
      <div className={styles.actions}>
        <Button appearance="primary" disabled={isSending || !isReadable} onClick={() => send(onSend)}>
          {verb}
        </Button>
        {id !== undefined && canCheck(id) && (
          <Button disabled={check.isPending || !isReadable} onClick={() => send(() => check.mutate({ id, body }))}>
            Check
          </Button>
        )}
        {onCancel !== undefined && <Button onClick={onCancel}>Cancel</Button>}
      </div>
      <div>
        <JsonPane value={withoutSecrets(body, secrets)} title="JSON that is sent" />
        {id !== undefined && <CommandPane calls={[{ method: 'PUT', path: id, body, secrets }]} />}
      </div>
    </div>
  );
}
