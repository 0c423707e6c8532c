import { Field, Input, makeStyles, Option, Combobox, Select, Tab, TabList, Text, tokens } from '@fluentui/react-components';
import { CheckmarkCircleFilled, DismissCircleFilled } from '@fluentui/react-icons';
import { useNavigate, useSearch as useAddress } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { nameOf } from '#arm/endpoint-connection.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { JsonObject } from '#arm/resource.ts';
import { principalType, useNames } from '#studio/data/people.ts';
import { useArmList } from '#studio/data/queries.ts';
import { useSubscription } from '#studio/data/session.ts';
import { write } from '#studio/data/writing.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { ConfirmButton } from '#studio/parts/confirm-button.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { FormDialog } from '#studio/parts/form-dialog.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { Section } from '#studio/parts/section.tsx';
import { TimeText } from '#studio/parts/time-text.tsx';
import { ManagePage } from './manage-page.tsx';
import { principalOf } from './principal.ts';
import {
  allows,
  assignmentOf,
  authorizationPath,
  permissionOf,
  roleGuid,
  roleOf,
  usualActions,
  type RoleAssignment,
  type RoleDefinition,
} from './role.ts';
import { ScopePicker } from './scope-picker.tsx';

const assignmentType = 'Microsoft.Authorization/roleAssignments';
const roleType = 'Microsoft.Authorization/roleDefinitions';
const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalL, alignItems: 'end' },
  rights: {
    listStyleType: 'none',
    margin: 0,
    padding: 0,
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fill, minmax(280px, 1fr))',
    gap: tokens.spacingVerticalS,
  },
  right: { display: 'flex', gap: tokens.spacingHorizontalS, alignItems: 'center' },
  good: { color: tokens.colorPaletteGreenForeground1 },
  quiet: { color: tokens.colorNeutralForeground3 },
});

type View = 'assignments' | 'definitions' | 'mine';
const views: Readonly<Record<View, string>> = { assignments: 'Who may', definitions: 'Roles there are', mine: 'What I may' };

interface Address {
  readonly scope?: string | undefined;
  readonly view?: string | undefined;
  /** Only roles of this one, by its object id. */
  readonly principal?: string | undefined;
}

/** Who may do what where. */
export function RolesPage(): ReactElement {
  const styles = useStyles();
  const navigate = useNavigate();
  const subscription = useSubscription();
  const { scope = subscription, view: asked, principal } = useAddress({ strict: false }) as Address;
  const view: View = asked !== undefined && asked in views ? (asked as View) : 'assignments';
  const go = (change: Address): void =>
    void navigate({ to: '/manage/roles', search: { scope, view, ...(principal && { principal }), ...change }, replace: true });
  const roles = useArmList(authorizationPath(scope, 'roleDefinitions'), { watch: { types: [roleType] } });
  const definitions = (roles.data ?? []).map(roleOf);
  return (
    <ManagePage
      title="Roles"
      about="A role is given to somebody at a scope, and holds there and below."
      actions={<Assign key={scope} scope={scope} roles={definitions} principal={principal} />}
    >
      <div className={styles.bar}>
        <ScopePicker value={scope} onChange={(next) => go({ scope: next })} />
        <TabList selectedValue={view} onTabSelect={(_, { value }) => go({ view: value as View })} aria-label="What is shown">
          {(Object.keys(views) as View[]).map((one) => (
            <Tab key={one} value={one}>
              {views[one]}
            </Tab>
          ))}
        </TabList>
      </div>
      {roles.error !== null && <FaultPanel error={roles.error} />}
      {view === 'assignments' && <Assignments scope={scope} roles={definitions} principal={principal} />}
      {view === 'definitions' && <Definitions roles={definitions} scope={scope} isPending={roles.isPending} />}
      {view === 'mine' && <Mine scope={scope} />}
    </ManagePage>
  );
}

interface AssignmentsProps {
  readonly scope: string;
  readonly roles: readonly RoleDefinition[];
  readonly principal: string | undefined;
}

function Assignments({ scope, roles, principal }: AssignmentsProps): ReactElement {
  const name = useNames();
  const path = authorizationPath(scope, 'roleAssignments');
  const { data, isPending, error } = useArmList(path, { watch: { types: [assignmentType] } });
  const all = (data ?? []).map(assignmentOf).filter((one) => principal === undefined || keyOf(one.principal) === keyOf(principal));
  const roleName = (id: string): string => roles.find(({ guid }) => keyOf(guid) === roleGuid(id))?.roleName ?? roleGuid(id);
  const columns: readonly Column<RoleAssignment>[] = [
    {
      key: 'who',
      title: 'Who',
      sortBy: (one) => name(one.principal),
      cell: (one) => <span title={one.principal}>{name(one.principal)}</span>,
      width: 'minmax(140px, 1.4fr)',
    },
    { key: 'role', title: 'Role', sortBy: (one) => roleName(one.role), cell: (one) => roleName(one.role), width: 'minmax(140px, 1.2fr)' },
    {
      key: 'scope',
      title: 'Where',
      sortBy: (one) => one.scope,
      cell: (one) => <span title={one.scope}>{scopeWord(one.scope, scope)}</span>,
      width: 'minmax(160px, 2fr)',
    },
    { key: 'at', title: 'Since', sortBy: ({ at }) => at, cell: ({ at }) => <TimeText at={at} /> },
    {
      key: 'actions',
      title: 'Actions',
      width: '120px',
      cell: (one) => (
        <ConfirmButton
          text="Remove"
          title={`Take ${roleName(one.role)} from ${name(one.principal)}?`}
          run={() => write({ title: `Take ${roleName(one.role)} from ${name(one.principal)}`, method: 'DELETE', path: one.id })}
        >
          <Text>It holds no longer at {one.scope} and below.</Text>
        </ConfirmButton>
      ),
    },
  ];
  return (
    <>
      {principal !== undefined && (
        <Text>
          Only roles of {name(principal)}.{' '}
          <AppLink to="/manage/roles" search={{ scope }}>
            Show all
          </AppLink>
        </Text>
      )}
      {error !== null && <FaultPanel error={error} />}
      <Grid
        label="Role assignments"
        columns={columns}
        rows={all}
        idOf={({ id }) => id}
        isPending={isPending}
        empty="Nobody has a role here that you may see."
      />
      <JsonPane value={data} path={path} />
    </>
  );
}

function scopeWord(scope: string, here: string): string {
  if (scope === '/') return 'everywhere';
  return keyOf(scope) === keyOf(here) ? 'here' : scope;
}

interface DefinitionsProps {
  readonly roles: readonly RoleDefinition[];
  readonly scope: string;
  readonly isPending: boolean;
}

const definitionColumns: readonly Column<RoleDefinition>[] = [
  { key: 'name', title: 'Role', sortBy: ({ roleName }) => roleName, cell: ({ roleName }) => roleName, width: 'minmax(150px, 1fr)' },
  {
    key: 'about',
    title: 'What it lets you do',
    cell: ({ description }) => <span title={description}>{description}</span>,
    width: 'minmax(220px, 3fr)',
  },
  { key: 'kind', title: 'Kind', cell: ({ isBuiltIn }) => (isBuiltIn ? 'built in' : 'made here'), width: '90px' },
  {
    key: 'actions',
    title: 'Actions',
    cell: ({ permissions }) => <Words of={permissions.flatMap((one) => one.actions)} />,
    width: 'minmax(160px, 2fr)',
  },
  { key: 'not', title: 'Not', cell: ({ permissions }) => <Words of={permissions.flatMap((one) => one.notActions)} /> },
];

function Words({ of }: { readonly of: readonly string[] }): ReactElement {
  return <span title={of.join('\n')}>{of.join(', ')}</span>;
}

function Definitions({ roles, scope, isPending }: DefinitionsProps): ReactElement {
  return (
    <>
      <Grid
        label="Roles"
        columns={definitionColumns}
        rows={roles}
        idOf={({ guid }) => guid}
        isPending={isPending}
        empty="You may not see roles here."
      />
      <CommandPane calls={[{ method: 'GET', path: authorizationPath(scope, 'roleDefinitions') }]} />
    </>
  );
}

function Mine({ scope }: { readonly scope: string }): ReactElement {
  const styles = useStyles();
  const path = authorizationPath(scope, 'permissions');
  const { data, error } = useArmList<JsonObject>(path, { watch: { types: [assignmentType, roleType] } });
  const [action, setAction] = useState('');
  const mine = (data ?? []).map(permissionOf);
  const said = (text: string, isAllowed: boolean): ReactElement => (
    <span className={styles.right}>
      {isAllowed ? (
        <CheckmarkCircleFilled className={styles.good} aria-hidden />
      ) : (
        <DismissCircleFilled className={styles.quiet} aria-hidden />
      )}
      {text}: {isAllowed ? 'yes' : 'no'}
    </span>
  );
  return (
    <Section
      title="What I may do here"
      about="By the roles that you hold at this scope and above. What depends on who asked is decided when it is done."
    >
      {error !== null && <FaultPanel error={error} />}
      <ul className={styles.rights}>
        {usualActions.map((one) => (
          <li key={one.action} title={one.action}>
            {said(one.text, allows(mine, one.action))}
          </li>
        ))}
      </ul>
      <Field label="Another action" hint="As refusals name it: Microsoft.Network/loadBalancers/write">
        <Input value={action} onChange={(_, { value }) => setAction(value)} />
      </Field>
      {action.trim() !== '' && <Text role="status">{said(action.trim(), allows(mine, action.trim()))}</Text>}
      <JsonPane value={data} path={path} />
    </Section>
  );
}

function Assign({
  scope,
  roles,
  principal = '',
}: {
  readonly scope: string;
  readonly roles: readonly RoleDefinition[];
  readonly principal: string | undefined;
}): ReactElement {
  const people = useArmList(`/providers/${principalType}`, { watch: { types: [principalType] } });
  const known = (people.data ?? []).map(principalOf);
  const [who, setWho] = useState(principal);
  const [guid, setGuid] = useState('');
  const [name, setName] = useState(() => crypto.randomUUID());
  const role = roles.find((one) => one.guid === guid);
  const id = known.find((one) => one.name === who)?.objectId ?? who.trim();
  const path = authorizationPath(scope, `roleAssignments/${name}`);
  const body = { properties: { roleDefinitionId: role?.id ?? '', principalId: id, principalType: 'ServicePrincipal' } };
  const isGuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(id);
  return (
    <FormDialog
      text="Assign role"
      title={`Assign a role at ${scope === '/' ? 'the top: it holds everywhere' : nameOf(scope)}`}
      submit="Assign"
      problem={role === undefined ? 'Choose a role.' : isGuid ? undefined : 'Choose who, or give an object id.'}
      calls={[{ method: 'PUT', path, body }]}
      onOpen={() => setName(crypto.randomUUID())}
      run={() => write({ title: `Give ${role?.roleName ?? 'a role'} to ${who}`, method: 'PUT', path, body })}
    >
      <Field label="Role" required {...(role !== undefined && { hint: role.description })}>
        <Select value={guid} onChange={(_, { value }) => setGuid(value)}>
          <option value="">Choose a role</option>
          {roles.map((one) => (
            <option key={one.guid} value={one.guid}>
              {one.roleName}
            </option>
          ))}
        </Select>
      </Field>
      <Field label="Who" required hint="A credential of this installation, or the object id of somebody from elsewhere.">
        <Combobox
          freeform
          value={who}
          selectedOptions={who === '' ? [] : [who]}
          onChange={({ target }) => setWho(target.value)}
          onOptionSelect={(_, { optionValue }) => optionValue !== undefined && setWho(optionValue)}
        >
          {known.map((one) => (
            <Option key={one.id} value={one.name}>
              {one.name}
            </Option>
          ))}
        </Combobox>
      </Field>
    </FormDialog>
  );
}
