import { Button, makeStyles, Select, Text, tokens } from '@fluentui/react-components';
import { PlayRegular, StopRegular } from '@fluentui/react-icons';
import { useNavigate, useSearch as useAddress } from '@tanstack/react-router';
import { lazy, Suspense, useMemo, useState, type ReactElement } from 'react';
import { useSearch, type ShownResource } from '#studio/data/queries.ts';
import { useWorkspace } from '#studio/data/workspace.ts';
import { AppLink } from '#studio/parts/app-link.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Page } from '#studio/parts/page.tsx';
import { resourceAddress } from '#studio/parts/resource-address.ts';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';
import { firstRowsSql, tablesOf, type PoolTable } from './catalogue.ts';
import { nameOf, PoolTree } from './pool-tree.tsx';
import { ResultView } from './result-view.tsx';
import { usePoolTables, useQueryRun } from './run-query.ts';

const SqlEditor = lazy(async () => ({ default: (await import('./sql-editor.tsx')).SqlEditor }));
const poolType = 'Microsoft.Synapse/workspaces/sqlPools';

const useStyles = makeStyles({
  columns: {
    display: 'grid',
    gridTemplateColumns: 'minmax(240px, 320px) minmax(0, 1fr)',
    gap: tokens.spacingHorizontalL,
    '@media (max-width: 900px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  right: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, minWidth: 0 },
  line: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalS },
  quiet: { color: tokens.colorNeutralForeground3 },
});

/** Pools, their tables, and SQL. */
export function PoolsPage(): ReactElement {
  const { current, isPending, error } = useWorkspace();
  const pools = useSearch({ types: [poolType], scope: current?.id ?? '', top: 1_000 }, current !== undefined);
  const address = useAddress({ strict: false }) as { pool?: string };
  const chosen = pools.resources.find(({ name }) => name === address.pool) ?? pools.resources[0];
  const trouble = error ?? pools.error;
  if (trouble !== null) return <Framed>{<FaultPanel error={trouble} />}</Framed>;
  if (isPending || pools.isPending) return <Framed>{<Waiting />}</Framed>;
  if (chosen === undefined)
    return (
      <Framed>
        <Text>
          {current === undefined ? 'There is no workspace yet, and so no SQL pool.' : `The workspace ${current.name} has no SQL pool yet.`}{' '}
          A pool holds the tables that link connections fill. <AppLink to="/manage">Manage</AppLink> makes one.
        </Text>
      </Framed>
    );
  return <PoolPage key={chosen.id} pool={chosen} pools={pools.resources} />;
}

function Framed({ children, actions }: { readonly children: ReactElement; readonly actions?: ReactElement }): ReactElement {
  return (
    <Page title="Data" about="Tables of SQL pools, as fresh as their links." {...(actions && { actions })}>
      {children}
    </Page>
  );
}

interface PoolPageProps {
  readonly pool: ShownResource;
  readonly pools: readonly ShownResource[];
}

function PoolPage({ pool, pools }: PoolPageProps): ReactElement {
  const styles = useStyles();
  const navigate = useNavigate();
  const address = useAddress({ strict: false }) as { table?: string };
  const { status } = pool.properties as { status?: string };
  const tables = usePoolTables(pool.id);
  const list = useMemo(() => (tables.data === undefined ? undefined : tablesOf(tables.data)), [tables.data]);
  const [sql, setSql] = useState('SELECT 1');
  const run = useQueryRun(pool.id);
  const go = (more: { readonly pool?: string; readonly table?: string }): void =>
    void navigate({ to: '/data', search: { pool: pool.name, ...more }, replace: true });
  const look = (table: PoolTable): void => {
    const text = firstRowsSql(table);
    setSql(text);
    go({ table: nameOf(table) });
    run.run(text);
  };
  const names = useMemo(() => namesOf(list ?? []), [list]);
  return (
    <Framed
      actions={
        <div className={styles.line}>
          <StatusBadge state={status ?? 'unknown'} />
          <Select aria-label="SQL pool" value={pool.name} onChange={(_, { value }) => go({ pool: value })}>
            {pools.map(({ id, name }) => (
              <option key={id}>{name}</option>
            ))}
          </Select>
          <AppLink to={resourceAddress(pool.id)}>The pool as a resource</AppLink>
        </div>
      }
    >
      <div className={styles.columns}>
        <div>
          {tables.error !== null && <FaultPanel error={tables.error} retry={() => void tables.refetch()} />}
          {tables.isPending && <Waiting />}
          {list !== undefined && (
            <PoolTree pool={pool.id} tables={list} chosen={address.table} choose={(table) => go({ table: nameOf(table) })} look={look} />
          )}
        </div>
        <div className={styles.right}>
          <Suspense fallback={<Waiting what="The editor comes" />}>
            <SqlEditor value={sql} onChange={setSql} onRun={run.run} names={names} />
          </Suspense>
          <div className={styles.line}>
            <Button appearance="primary" icon={<PlayRegular />} disabled={run.isPending || sql.trim() === ''} onClick={() => run.run(sql)}>
              Run
            </Button>
            <Button icon={<StopRegular />} disabled={!run.isPending} onClick={run.cancel}>
              Cancel
            </Button>
            <Text size={200} className={styles.quiet}>
              Ctrl+Enter runs what is selected, or everything. One reading statement at a time, at most 10,000 rows and 60 seconds.
            </Text>
          </div>
          {run.isPending && <Waiting what="The pool is asked" />}
          {run.error !== null && !run.isPending && <FaultPanel error={run.error} />}
          {run.data !== undefined && run.error === null && <ResultView answered={run.data} />}
        </div>
      </div>
    </Framed>
  );
}

function namesOf(tables: readonly PoolTable[]): Record<string, Record<string, readonly string[]>> {
  const found: Record<string, Record<string, readonly string[]>> = {};
  for (const { schema, name } of tables) (found[schema] ??= {})[name] = [];
  return found;
}
