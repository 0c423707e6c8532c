import { Checkbox, Combobox, Field, Input, makeStyles, Option, tokens } from '@fluentui/react-components';
import { useNavigate } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { textOf } from '#arm/client-answer.ts';
import { keyOf } from '#arm/resource-id.ts';
import { prefer } from '#studio/data/preferences.ts';
import { useArmList, useSearch, type ShownResource } from '#studio/data/queries.ts';
import { useSubscription } from '#studio/data/session.ts';
import { workspaceType } from '#studio/data/workspace.ts';
import { write } from '#studio/data/writing.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { FormDialog } from '#studio/parts/form-dialog.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { groupOf } from '#studio/parts/resource-address.ts';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { factoryType, homeAddress, homeNoun } from '#studio/parts/authoring/home.ts';
import { emptyHome, groupPath, homeBody, homePath, homeProblem, type HomeDraft } from './home-draft.ts';
import { ManagePage } from './manage-page.tsx';

const useStyles = makeStyles({ buttons: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS } });

/** Workspaces and data factories: everything else of this hub lies in one. */
export function WorkspacesPage(): ReactElement {
  const styles = useStyles();
  const navigate = useNavigate();
  const { resources, isPending, error, hasMore, more } = useSearch({ types: [workspaceType, factoryType], top: 1000 });
  return (
    <ManagePage
      title="Workspaces"
      about="Workspaces and data factories: where linked services, runtimes and managed networks lie; in workspaces SQL pools and links too."
      actions={
        <div className={styles.buttons}>
          <NewHome kind="workspace" />
          <NewHome kind="data factory" />
        </div>
      }
    >
      {error !== null && <FaultPanel error={error} />}
      <Grid
        label="Workspaces and data factories"
        columns={columns}
        rows={resources}
        idOf={({ id }) => id}
        isPending={isPending}
        empty="There is none yet. Make a workspace: databases are linked into its SQL pools."
        more={hasMore ? more : undefined}
        onOpen={({ id }) => void navigate({ to: homeAddress(id) })}
      />
    </ManagePage>
  );
}

function settingsOf({ properties }: ShownResource): Readonly<Record<string, unknown>> {
  return (properties['managedVirtualNetworkSettings'] ?? {}) as Readonly<Record<string, unknown>>;
}

const columns: readonly Column<ShownResource>[] = [
  {
    key: 'name',
    title: 'Name',
    sortBy: ({ name }) => name,
    cell: ({ id, name }) => <AppLink to={homeAddress(id)}>{name}</AppLink>,
    width: 'minmax(120px, 1.5fr)',
  },
  { key: 'kind', title: 'Kind', sortBy: homeNoun, cell: homeNoun },
  { key: 'group', title: 'Resource group', sortBy: ({ id }) => groupOf(id), cell: ({ id }) => groupOf(id) },
  {
    key: 'network',
    title: 'Managed network',
    cell: (row) =>
      homeNoun(row) === 'data factory' ? 'see its page' : row.properties['managedVirtualNetwork'] === 'default' ? 'yes' : 'no',
  },
  {
    key: 'protected',
    title: 'Exfiltration protection',
    cell: (row) => (settingsOf(row)['preventDataExfiltration'] === true ? 'on' : 'off'),
  },
  { key: 'public', title: 'Public access', cell: ({ properties }) => textOf(properties['publicNetworkAccess']) },
  { key: 'state', title: 'State', cell: ({ properties }) => <StatusBadge state={textOf(properties['provisioningState']) ?? 'unknown'} /> },
];

function NewHome({ kind }: Pick<HomeDraft, 'kind'>): ReactElement {
  const navigate = useNavigate();
  const subscription = useSubscription();
  const groups = useArmList(`${subscription}/resourceGroups`, { watch: { types: ['Microsoft.Resources/resourceGroups'] } });
  const [fields, setDraft] = useState(emptyHome);
  const draft = { ...fields, kind };
  const change = (more: Partial<HomeDraft>): void => setDraft({ ...fields, ...more });
  const id = homePath(draft, subscription);
  const body = homeBody(draft);
  const networkCall = { method: 'PUT' as const, path: `${id}/managedVirtualNetworks/default`, body: { properties: {} } };
  const run = async (): Promise<void> => {
    const isNewGroup = groups.data?.some(({ name }) => keyOf(name) === keyOf(draft.group.trim())) === false;
    if (isNewGroup)
      await write({
        title: `Create the resource group ${draft.group}`,
        method: 'PUT',
        path: groupPath(draft.group, subscription),
        body: { location: draft.location },
      });
    await write({ title: `Create the ${kind} ${draft.name}`, method: 'PUT', path: id, body });
    if (kind === 'data factory' && draft.managed) await write({ title: `Create the managed network of ${draft.name}`, ...networkCall });
    if (kind === 'workspace') prefer({ workspace: id });
    void navigate({ to: homeAddress(id) });
  };
  return (
    <FormDialog
      text={`New ${kind}`}
      title={`New ${kind}`}
      submit={`Create ${kind}`}
      appearance={kind === 'workspace' ? 'primary' : 'secondary'}
      problem={homeProblem(draft)}
      calls={[{ method: 'PUT', path: id, body }, ...(kind === 'data factory' && draft.managed ? [networkCall] : [])]}
      run={run}
    >
      <HomeFields draft={draft} groups={groups.data ?? []} onChange={change} />
    </FormDialog>
  );
}

interface HomeFieldsProps {
  readonly draft: HomeDraft;
  readonly groups: readonly ShownResource[];
  readonly onChange: (more: Partial<HomeDraft>) => void;
}

function HomeFields({ draft, groups, onChange }: HomeFieldsProps): ReactElement {
  const { kind } = draft;
  return (
    <>
      <Field label="Resource group" required hint="One that is there, or the name of a new one.">
        <Combobox
          freeform
          value={draft.group}
          selectedOptions={draft.group === '' ? [] : [draft.group]}
          onChange={({ target }) => onChange({ group: target.value })}
          onOptionSelect={(_, { optionValue }) => optionValue !== undefined && onChange({ group: optionValue })}
        >
          {groups.map(({ id, name }) => (
            <Option key={id} value={name}>
              {name}
            </Option>
          ))}
        </Combobox>
      </Field>
      <Field label="Name" required>
        <Input value={draft.name} maxLength={63} onChange={(_, { value }) => onChange({ name: value })} />
      </Field>
      <Field label="Region" required>
        <Input value={draft.location} onChange={(_, { value }) => onChange({ location: value })} />
      </Field>
      <Checkbox
        label={kind === 'workspace' ? 'Managed virtual network (decided once)' : 'Managed virtual network'}
        checked={draft.managed}
        onChange={(_, { checked }) => onChange({ managed: checked === true })}
      />
      <Checkbox
        label={
          kind === 'workspace' ? 'Data exfiltration protection (decided once)' : 'Nothing leaves the network but over approved endpoints'
        }
        checked={draft.managed && draft.isProtected}
        disabled={!draft.managed}
        onChange={(_, { checked }) => onChange({ isProtected: checked === true })}
      />
      <Checkbox
        label="Public network access"
        checked={draft.isPublic}
        onChange={(_, { checked }) => onChange({ isPublic: checked === true })}
      />
      {kind === 'workspace' && (
        <Checkbox
          label="Trusted services pass by the firewall (links need it)"
          checked={draft.isTrusting}
          onChange={(_, { checked }) => onChange({ isTrusting: checked === true })}
        />
      )}
    </>
  );
}
