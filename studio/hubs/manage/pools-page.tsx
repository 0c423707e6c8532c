import { Button, Field, Input, makeStyles, Select, Text, tokens } from '@fluentui/react-components';
import { useState, type ReactElement } from 'react';
import { textOf } from '#arm/client-answer.ts';
import { useArmList, type ShownResource } from '#studio/data/queries.ts';
import { useWrite, write } from '#studio/data/writing.ts';
import { useWorkspace } from '#studio/data/workspace.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { ConfirmButton } from '#studio/parts/confirm-button.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { FormDialog } from '#studio/parts/form-dialog.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { JsonPane } from '#studio/parts/json-pane.tsx';
import { resourceAddress } from '#studio/parts/resource-address.ts';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { TimeText } from '#studio/parts/time-text.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';
import { ManagePage } from './manage-page.tsx';
import { levelOf, poolBody, poolLevels, poolProblem, type PoolDraft } from './pool.ts';

const useStyles = makeStyles({ buttons: { display: 'flex', gap: tokens.spacingHorizontalXS } });

/** SQL pools of the workspace that is chosen above. */
export function PoolsPage(): ReactElement {
  const { current, isPending, error } = useWorkspace();
  return (
    <ManagePage
      title="SQL pools"
      about={
        current === undefined
          ? 'Stores of tables that links fill.'
          : `SQL pools of the workspace ${current.name}: stores of tables that links fill.`
      }
      actions={current !== undefined && <NewPool workspace={current} />}
    >
      {error !== null && <FaultPanel error={error} />}
      {current !== undefined && <Pools workspace={current} />}
      {current === undefined && isPending && <Waiting />}
      {current === undefined && !isPending && (
        <Text>
          SQL pools lie in workspaces, and there is none that you may read. <AppLink to="/manage/workspaces">Make one</AppLink> first.
        </Text>
      )}
    </ManagePage>
  );
}

function Pools({ workspace }: { readonly workspace: ShownResource }): ReactElement {
  const path = `${workspace.id}/sqlPools`;
  const { data, isPending, error } = useArmList(path, { watch: { within: workspace.id, types: ['*/sqlPools'] } });
  const pools = data ?? [];
  return (
    <>
      {error !== null && <FaultPanel error={error} />}
      <Grid
        label="SQL pools"
        columns={columns}
        rows={pools}
        idOf={({ id }) => id}
        isPending={isPending}
        empty="There is none yet. A pool holds the tables that link connections fill."
      />
      <JsonPane value={data} path={path} />
      <CommandPane
        calls={pools.slice(0, 1).flatMap(({ id }) => [
          { method: 'POST' as const, path: `${id}/pause`, body: {} },
          { method: 'POST' as const, path: `${id}/resume`, body: {} },
        ])}
      />
    </>
  );
}

function statusOf({ properties }: ShownResource): string {
  return textOf(properties['status']) ?? 'unknown';
}

const columns: readonly Column<ShownResource>[] = [
  { key: 'name', title: 'Name', sortBy: ({ name }) => name, cell: ({ id, name }) => <AppLink to={resourceAddress(id)}>{name}</AppLink> },
  { key: 'status', title: 'State', sortBy: statusOf, cell: (row) => <StatusBadge state={statusOf(row)} /> },
  { key: 'level', title: 'Service level', sortBy: levelOf, cell: levelOf },
  {
    key: 'memory',
    title: 'Memory',
    cell: ({ tags }) => (tags?.['hidden-memory-mb'] === undefined ? 'by level' : `${tags['hidden-memory-mb']} MB`),
  },
  { key: 'sql', title: 'SQL endpoint', cell: ({ properties }) => textOf(properties['sqlEndpoint']) ?? '' },
  { key: 'made', title: 'Made', cell: ({ properties }) => <TimeText at={textOf(properties['creationDate'])} /> },
  { key: 'actions', title: 'Actions', width: '200px', cell: (row) => <PoolActions pool={row} /> },
];

function PoolActions({ pool }: { readonly pool: ShownResource }): ReactElement {
  const styles = useStyles();
  const writing = useWrite();
  const { id, name } = pool;
  const isPaused = statusOf(pool) === 'Paused';
  return (
    <span className={styles.buttons}>
      {isPaused ? (
        <Button
          disabled={writing.isPending}
          onClick={() => writing.mutate({ title: `Resume the SQL pool ${name}`, method: 'POST', path: `${id}/resume`, body: {} })}
        >
          Resume
        </Button>
      ) : (
        <ConfirmButton
          text="Pause"
          title={`Pause the SQL pool ${name}?`}
          run={() => write({ title: `Pause the SQL pool ${name}`, method: 'POST', path: `${id}/pause`, body: {} })}
        >
          <Text>Its tables stay and cannot be read until it is resumed. Links go on and keep what they read.</Text>
        </ConfirmButton>
      )}
      <ConfirmButton
        text="Delete"
        title={`Delete the SQL pool ${name}?`}
        run={() => write({ title: `Delete the SQL pool ${name}`, method: 'DELETE', path: id })}
      >
        <Text>All its tables are gone then. A pool that a link fills is not deleted before the link is.</Text>
      </ConfirmButton>
    </span>
  );
}

function NewPool({ workspace }: { readonly workspace: ShownResource }): ReactElement {
  const [draft, setDraft] = useState<PoolDraft>({ name: '', level: poolLevels[0]!, memory: '' });
  const path = `${workspace.id}/sqlPools/${encodeURIComponent(draft.name)}`;
  const body = poolBody(draft, workspace.location ?? '');
  return (
    <FormDialog
      text="New SQL pool"
      title="New SQL pool"
      submit="Create SQL pool"
      problem={poolProblem(draft)}
      calls={[{ method: 'PUT', path, body }]}
      run={() => write({ title: `Create the SQL pool ${draft.name}`, method: 'PUT', path, body })}
    >
      <Field label="Name" required>
        <Input value={draft.name} maxLength={60} onChange={(_, { value }) => setDraft({ ...draft, name: value })} />
      </Field>
      <Field label="Service level" hint="How much memory its process has, up to three quarters of this machine's.">
        <Select value={draft.level} onChange={(_, { value }) => setDraft({ ...draft, level: value })}>
          {poolLevels.map((level) => (
            <option key={level} value={level}>
              {level}
            </option>
          ))}
        </Select>
      </Field>
      <Field label="Memory in MB" hint="Empty: as the service level has it.">
        <Input value={draft.memory} inputMode="numeric" onChange={(_, { value }) => setDraft({ ...draft, memory: value })} />
      </Field>
    </FormDialog>
  );
}
