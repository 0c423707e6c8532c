import { Button, Checkbox, Field, Input, Link, makeStyles, Text, tokens } from '@fluentui/react-components';
import { AddRegular, DeleteRegular } from '@fluentui/react-icons';
import { useMemo, useState, type ReactElement } from 'react';
import type { JsonObject } from '#arm/resource.ts';
import { useSearch, type ShownResource } from '#studio/data/queries.ts';
import { useWorkspace } from '#studio/data/workspace.ts';
import { useWrite, write } from '#studio/data/writing.ts';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { ConfirmButton } from '#studio/parts/confirm-button.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { Section } from '#studio/parts/section.tsx';
import { emptyGroup, groupBody, groupDraftOf, groupProblems, replaced, type GroupDraft, type GroupProperties } from './action-group.ts';
import { groupIdOf, groupType } from './alert-rule.ts';
import type { AlertTabProps } from './alert-tab.ts';
import { errorText } from './alerts.ts';

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, maxWidth: '760px' },
  line: { display: 'flex', flexWrap: 'wrap', alignItems: 'end', gap: tokens.spacingHorizontalM },
  wide: { flexGrow: 1, minWidth: '260px' },
  list: { margin: 0 },
  receiver: {
    display: 'grid',
    gridTemplateColumns: 'minmax(120px, 1fr) minmax(0, 3fr) auto',
    gap: tokens.spacingHorizontalM,
    alignItems: 'start',
  },
  remove: { marginTop: '26px' },
});

/** Who is told when something fires: webhooks and e-mail addresses. */
export function AlertGroups({ opened, onOpen }: AlertTabProps): ReactElement {
  const { resources, isPending, error } = useSearch({ types: [groupType], top: 200 });
  const columns = useMemo(() => groupColumns(onOpen), [onOpen]);
  const group = resources.find(({ id }) => id === opened);
  const close = (): void => onOpen(undefined);
  return (
    <>
      {error !== null && <FaultPanel error={error} />}
      <div>
        <Button appearance="primary" icon={<AddRegular />} onClick={() => onOpen('new')}>
          New action group
        </Button>
      </div>
      <Grid
        label="Action groups"
        columns={columns}
        rows={resources}
        idOf={({ id }) => id}
        isPending={isPending}
        height="min(40vh, 400px)"
        empty="There is no action group yet: alerts are shown here, and nobody is told."
        onOpen={({ id }) => onOpen(id)}
      />
      {opened === 'new' && <GroupForm first={emptyGroup} saved={undefined} onClose={close} />}
      {group !== undefined && (
        <GroupForm key={group.id} first={groupDraftOf(group.name, propertiesOf(group))} saved={group} onClose={close} />
      )}
    </>
  );
}

function propertiesOf({ properties }: ShownResource): GroupProperties {
  return properties as unknown as GroupProperties;
}

function groupColumns(onOpen: (id: string) => void): readonly Column<ShownResource>[] {
  return [
    {
      key: 'name',
      title: 'Action group',
      cell: ({ id, name }) => (
        <Link as="button" onClick={() => onOpen(id)}>
          {name}
        </Link>
      ),
      sortBy: ({ name }) => name,
    },
    { key: 'short', title: 'Short name', cell: (group) => propertiesOf(group).groupShortName, width: '120px' },
    {
      key: 'webhooks',
      title: 'Webhooks',
      cell: (group) =>
        propertiesOf(group)
          .webhookReceivers.map(({ name }) => name)
          .join(', '),
    },
    {
      key: 'emails',
      title: 'E-mail',
      cell: (group) =>
        propertiesOf(group)
          .emailReceivers.map(({ emailAddress }) => emailAddress)
          .join(', '),
    },
    { key: 'enabled', title: 'On', cell: (group) => (propertiesOf(group).enabled ? 'yes' : 'no'), width: '56px' },
  ];
}

interface GroupFormProps {
  readonly first: GroupDraft;
  /** Undefined: it is made. */
  readonly saved: ShownResource | undefined;
  readonly onClose: () => void;
}

function GroupForm({ first, saved, onClose }: GroupFormProps): ReactElement {
  const styles = useStyles();
  const { current } = useWorkspace();
  const [draft, setDraft] = useState(first);
  const writing = useWrite(onClose);
  const problems = groupProblems(draft);
  const path = saved?.id ?? `${groupIdOf(current?.id)}/providers/${groupType}/${encodeURIComponent(draft.name)}`;
  const body = groupBody(draft);
  const change = (more: Partial<GroupDraft>): void => setDraft((before) => ({ ...before, ...more }));
  const title = `${saved === undefined ? 'Create' : 'Save'} the action group ${draft.name}`;
  return (
    <Section
      title={saved === undefined ? 'New action group' : saved.name}
      {...(saved !== undefined && { actions: <DeleteGroup group={saved} onDone={onClose} /> })}
    >
      <div className={styles.form}>
        <div className={styles.line}>
          <Field label="Group name" required className={styles.wide}>
            <Input value={draft.name} disabled={saved !== undefined} maxLength={260} onChange={(_, { value }) => change({ name: value })} />
          </Field>
          <Field label="Short name" required>
            <Input value={draft.shortName} maxLength={12} onChange={(_, { value }) => change({ shortName: value })} />
          </Field>
        </div>
        <Receivers draft={draft} change={change} />
        <Checkbox label="Tell them" checked={draft.enabled} onChange={(_, { checked }) => change({ enabled: checked === true })} />
        {writing.error !== null && <FaultPanel error={writing.error} />}
        {problems.length > 0 && <Text role="status">{problems.join(' ')}</Text>}
        <div className={styles.line}>
          <Button
            appearance="primary"
            disabledFocusable={writing.isPending || problems.length > 0 || current === undefined}
            onClick={() => writing.mutate({ title, method: 'PUT', path, body })}
          >
            {saved === undefined ? 'Create group' : 'Save group'}
          </Button>
          <Button onClick={onClose}>Close</Button>
        </div>
        {saved !== undefined && <TestGroup group={saved} />}
      </div>
      {problems.length === 0 && (
        <>
          <JsonPane value={saved ?? withoutAddresses(body)} {...(saved !== undefined && { path: saved.id })} />
          <CommandPane calls={[{ method: 'PUT', path, body: withoutAddresses(body) }]} />
        </>
      )}
    </Section>
  );
}

/** A webhook's address is a secret: its path lets anybody write to whoever reads there. */
function withoutAddresses(body: JsonObject): JsonObject {
  const properties = body['properties'] as JsonObject;
  const webhooks = properties['webhookReceivers'] as readonly JsonObject[];
  return { ...body, properties: { ...properties, webhookReceivers: webhooks.map((one) => ({ ...one, serviceUri: '<address>' })) } };
}

interface ReceiversProps {
  readonly draft: GroupDraft;
  readonly change: (change: Partial<GroupDraft>) => void;
}

function Receivers({ draft: { webhooks, emails }, change }: ReceiversProps): ReactElement {
  const styles = useStyles();
  return (
    <>
      {webhooks.map((webhook, i) => (
        <div key={`webhook ${i}`} className={styles.receiver}>
          <Field label="Webhook name" required>
            <Input
              value={webhook.name}
              maxLength={60}
              onChange={(_, { value }) => change({ webhooks: replaced(webhooks, i, { ...webhook, name: value }) })}
            />
          </Field>
          <Field label="Webhook address" required hint="Once saved only its host is shown.">
            <Input
              value={webhook.serviceUri}
              autoComplete="off"
              placeholder="https://"
              onChange={(_, { value }) => change({ webhooks: replaced(webhooks, i, { ...webhook, serviceUri: value }) })}
            />
          </Field>
          <Button
            className={styles.remove}
            icon={<DeleteRegular />}
            aria-label={`Remove the webhook ${webhook.name}`}
            onClick={() => change({ webhooks: replaced(webhooks, i, undefined) })}
          />
        </div>
      ))}
      {emails.map((email, i) => (
        <div key={`email ${i}`} className={styles.receiver}>
          <Field label="E-mail name" required>
            <Input
              value={email.name}
              maxLength={60}
              onChange={(_, { value }) => change({ emails: replaced(emails, i, { ...email, name: value }) })}
            />
          </Field>
          <Field label="E-mail address" required>
            <Input
              value={email.emailAddress}
              type="email"
              maxLength={254}
              onChange={(_, { value }) => change({ emails: replaced(emails, i, { ...email, emailAddress: value }) })}
            />
          </Field>
          <Button
            className={styles.remove}
            icon={<DeleteRegular />}
            aria-label={`Remove the e-mail address ${email.name}`}
            onClick={() => change({ emails: replaced(emails, i, undefined) })}
          />
        </div>
      ))}
      <div className={styles.line}>
        <Button
          icon={<AddRegular />}
          onClick={() => change({ webhooks: [...webhooks, { name: `webhook ${webhooks.length + 1}`, serviceUri: '' }] })}
        >
          Add webhook
        </Button>
        <Button
          icon={<AddRegular />}
          onClick={() => change({ emails: [...emails, { name: `e-mail ${emails.length + 1}`, emailAddress: '' }] })}
        >
          Add e-mail address
        </Button>
      </div>
    </>
  );
}

interface TestResult {
  readonly receivers: readonly {
    readonly receiver: string;
    readonly kind: string;
    readonly state: string;
    readonly error?: { readonly code: string; readonly message: string };
  }[];
}

/** Whether messages arrive, before it matters. */
function TestGroup({ group }: { readonly group: ShownResource }): ReactElement {
  const styles = useStyles();
  const writing = useWrite();
  const result = writing.data as unknown as TestResult | undefined;
  return (
    <div>
      <Button
        disabled={writing.isPending}
        onClick={() => writing.mutate({ title: `Send a test message to ${group.name}`, method: 'POST', path: `${group.id}/sendTest` })}
      >
        Send test message
      </Button>
      {writing.error !== null && <FaultPanel error={writing.error} />}
      {result !== undefined && (
        <ul className={styles.list} aria-label="Test messages">
          {result.receivers.map(({ receiver, kind, state, error }) => (
            <li key={receiver}>{`${receiver} (${kind}): ${state}${error === undefined ? '' : `. ${errorText(error)}`}`}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function DeleteGroup({ group, onDone }: { readonly group: ShownResource; readonly onDone: () => void }): ReactElement {
  const run = async (): Promise<void> => {
    await write({ title: `Delete the action group ${group.name}`, method: 'DELETE', path: group.id });
    onDone();
  };
  return (
    <ConfirmButton text="Delete group" title={`Delete the action group ${group.name}?`} run={run}>
      Rules that name it tell nobody by it any more.
    </ConfirmButton>
  );
}
