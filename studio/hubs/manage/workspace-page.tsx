import { Field, Input, makeStyles, Switch, Text, tokens } from '@fluentui/react-components';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { nameOf } from '#arm/endpoint-connection.ts';
import { objectOf, textOf } from '#arm/client-answer.ts';
import { useArm, useArmList, type ShownResource } from '#studio/data/queries.ts';
import { useWrite, write } from '#studio/data/writing.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { ConfirmButton } from '#studio/parts/confirm-button.tsx';
import { Facts } from '#studio/parts/facts.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { FormDialog } from '#studio/parts/form-dialog.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { Section } from '#studio/parts/section.tsx';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';
import { homeNoun, networkId } from '#studio/parts/authoring/home.ts';
import { ruleBody, ruleProblem, type RuleDraft } from './home-draft.ts';
import { ManagePage } from './manage-page.tsx';

const useStyles = makeStyles({ links: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalL } });
const crumbs = [{ text: 'Workspaces', to: '/manage/workspaces' }];

/** One workspace or data factory: from where it is reached, and what it may reach. */
export function WorkspacePage(): ReactElement {
  const { _splat: rest = '' } = useParams({ strict: false });
  // A place for all that follows would take the list for an id that is empty.
  const id = `/subscriptions/${rest}`;
  const { data, error, refetch } = useArm<ShownResource>(id, { watch: { ids: [id] } });
  if (data === undefined)
    return (
      <ManagePage title={nameOf(id)} crumbs={crumbs}>
        {error === null ? <Waiting /> : <FaultPanel error={error} retry={() => void refetch()} />}
      </ManagePage>
    );
  return <Shown home={data} error={error} />;
}

function Shown({ home, error }: { readonly home: ShownResource; readonly error: Error | null }): ReactElement {
  const navigate = useNavigate();
  const noun = homeNoun(home);
  return (
    <ManagePage
      title={home.name}
      crumbs={crumbs}
      about={`A ${noun}.`}
      actions={
        <ConfirmButton
          text="Delete"
          title={`Delete the ${noun} ${home.name}?`}
          run={async () => {
            await write({ title: `Delete the ${noun} ${home.name}`, method: 'DELETE', path: home.id });
            void navigate({ to: '/manage/workspaces' });
          }}
        >
          <Text>
            Everything in it goes: linked services, runtimes, managed private endpoints, and of a workspace its SQL pools with their tables.
          </Text>
        </ConfirmButton>
      }
    >
      {error !== null && <FaultPanel error={error} />}
      <HomeFacts home={home} />
      <Access home={home} />
      {noun === 'workspace' && <FirewallRules home={home} />}
      <JsonPane value={home} path={home.id} />
    </ManagePage>
  );
}

function HomeFacts({ home }: { readonly home: ShownResource }): ReactElement {
  const styles = useStyles();
  const network = useArm<ShownResource>(networkId(home), { watch: { within: home.id, types: ['*/managedVirtualNetworks'] } });
  const hasNetwork = network.data !== undefined && network.error === null;
  const settings = objectOf(home.properties['managedVirtualNetworkSettings']);
  const endpoints = objectOf(home.properties['connectivityEndpoints']);
  const pages = [
    { to: '/manage/linked-services', text: 'Linked services' },
    { to: '/manage/runtimes', text: 'Integration runtimes' },
    { to: '/manage/endpoints', text: 'Managed private endpoints' },
    { to: '/manage/egress', text: 'Egress' },
  ];
  return (
    <>
      <div className={styles.links}>
        {pages.map(({ to, text }) => (
          <AppLink key={to} to={to} search={{ home: home.id }}>
            {text}
          </AppLink>
        ))}
      </div>
      <Facts
        facts={[
          ['State', <StatusBadge key="state" state={textOf(home.properties['provisioningState']) ?? 'unknown'} />],
          ['Region', home.location],
          ['Managed network', network.isPending ? undefined : hasNetwork ? 'default' : 'none'],
          [
            'Exfiltration protection',
            settings['preventDataExfiltration'] === true ? 'on' : homeNoun(home) === 'workspace' ? 'off' : undefined,
          ],
          ['Workspace address', textOf(endpoints['dev'])],
          ['SQL address', textOf(endpoints['sql'])],
        ]}
      />
    </>
  );
}

function Access({ home }: { readonly home: ShownResource }): ReactElement {
  const writing = useWrite();
  const isPublic = home.properties['publicNetworkAccess'] !== 'Disabled';
  const isTrusting = home.properties['trustedServiceBypassEnabled'] === true;
  const change = (properties: Readonly<Record<string, string | boolean>>): void =>
    writing.mutate({ title: `Change access to ${home.name}`, method: 'PATCH', path: home.id, body: { properties } });
  return (
    <Section title="Access">
      <Switch
        label="Public network access"
        checked={isPublic}
        disabled={writing.isPending}
        onChange={(_, { checked }) => change({ publicNetworkAccess: checked ? 'Enabled' : 'Disabled' })}
      />
      {homeNoun(home) === 'workspace' && (
        <Switch
          label="Trusted services pass by the firewall (links need it where the workspace is not reached from everywhere)"
          checked={isTrusting}
          disabled={writing.isPending}
          onChange={(_, { checked }) => change({ trustedServiceBypassEnabled: checked })}
        />
      )}
      {writing.error !== null && <FaultPanel error={writing.error} />}
      <CommandPane
        calls={[{ method: 'PATCH', path: home.id, body: { properties: { publicNetworkAccess: isPublic ? 'Disabled' : 'Enabled' } } }]}
      />
    </Section>
  );
}

function FirewallRules({ home }: { readonly home: ShownResource }): ReactElement {
  const path = `${home.id}/firewallRules`;
  const { data, isPending, error } = useArmList(path, { watch: { within: home.id, types: ['*/firewallRules'] } });
  return (
    <Section
      title="Firewall rules"
      about="Addresses outside of this host from which the workspace is reached. Programs of this host and private endpoints do not pass through it."
      actions={<NewRule home={home} />}
    >
      {error !== null && <FaultPanel error={error} />}
      <Grid
        label="Firewall rules"
        columns={ruleColumns}
        rows={data ?? []}
        idOf={({ id }) => id}
        isPending={isPending}
        empty="There is none: only programs of this host reach it."
        height="280px"
      />
    </Section>
  );
}

const ruleColumns: readonly Column<ShownResource>[] = [
  { key: 'name', title: 'Name', sortBy: ({ name }) => name, cell: ({ name }) => name },
  { key: 'from', title: 'First address', cell: ({ properties }) => textOf(properties['startIpAddress']) },
  { key: 'to', title: 'Last address', cell: ({ properties }) => textOf(properties['endIpAddress']) },
  {
    key: 'actions',
    title: 'Actions',
    width: '112px',
    cell: ({ id, name }) => (
      <ConfirmButton
        text="Delete"
        title={`Delete the firewall rule ${name}?`}
        run={() => write({ title: `Delete the firewall rule ${name}`, method: 'DELETE', path: id })}
      />
    ),
  },
];

function NewRule({ home }: { readonly home: ShownResource }): ReactElement {
  const [draft, setDraft] = useState<RuleDraft>({ name: '', from: '', to: '' });
  const path = `${home.id}/firewallRules/${encodeURIComponent(draft.name.trim())}`;
  const body = ruleBody(draft);
  return (
    <FormDialog
      text="New rule"
      title="New firewall rule"
      submit="Create rule"
      appearance="secondary"
      problem={ruleProblem(draft)}
      calls={[{ method: 'PUT', path, body }]}
      onOpen={() => setDraft({ name: '', from: '', to: '' })}
      run={() => write({ title: `Create the firewall rule ${draft.name}`, method: 'PUT', path, body })}
    >
      <Field label="Name" required>
        <Input value={draft.name} maxLength={128} onChange={(_, { value }) => setDraft({ ...draft, name: value })} />
      </Field>
      <Field label="First address" required>
        <Input value={draft.from} onChange={(_, { value }) => setDraft({ ...draft, from: value })} />
      </Field>
      <Field label="Last address" hint="Empty: the first alone.">
        <Input value={draft.to} onChange={(_, { value }) => setDraft({ ...draft, to: value })} />
      </Field>
    </FormDialog>
  );
}
