import { Button, Field, makeStyles, SearchBox, Select, Text, tokens } from '@fluentui/react-components';
import { useMemo, type ReactElement } from 'react';
import { linkPath, nameOfTable, type Link, type LinkStatus, type LinkTableStatus } from '#studio/data/link-shapes.ts';
import { useLinkTables } from '#studio/data/links.ts';
import { useWorkspace } from '#studio/data/workspace.ts';
import { write } from '#studio/data/writing.ts';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { ConfirmButton } from '#studio/parts/confirm-button.tsx';
import { Facts } from '#studio/parts/facts.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Grid } from '#studio/parts/grid.tsx';
import { bytesText, countText } from '#studio/parts/quantity-words.ts';
import { Section } from '#studio/parts/section.tsx';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { TimeText } from '#studio/parts/time-text.tsx';
import { TroubleBar } from '#studio/parts/trouble-bar.tsx';
import { tableColumns } from './table-columns.tsx';
import { chosenTables, stateCounts, tableTrouble } from './table-words.ts';
import { useTableRates } from './use-table-rates.ts';

const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', alignItems: 'end', gap: tokens.spacingHorizontalM },
  search: { minWidth: '240px' },
});

export interface ShownTables {
  /** The id of the one that is looked at. */
  readonly table?: string | undefined;
  readonly text?: string | undefined;
  readonly state?: string | undefined;
}

export interface TableGridProps {
  readonly link: Link;
  readonly status: LinkStatus;
  readonly shown: ShownTables;
  readonly onShow: (shown: ShownTables) => void;
}

const nothing: readonly LinkTableStatus[] = [];

/** All tables of a link, with what is true of each. Failed ones can be copied again. */
export function TableGrid({ link, status, shown, onShow }: TableGridProps): ReactElement {
  const styles = useStyles();
  const { data = nothing, isPending, error, dataUpdatedAt, refetch } = useLinkTables(link.name);
  const rates = useTableRates(`${link.id} ${status.isthmus.run?.number ?? 0}`, data, dataUpdatedAt);
  const rows = useMemo(() => chosenTables(data, shown.text ?? '', shown.state ?? ''), [data, shown.text, shown.state]);
  const failed = useMemo(() => data.filter((table) => table.status === 'Failed'), [data]);
  const open = data.find(({ id }) => id === shown.table);
  const columns = useMemo(() => tableColumns(rates, (table) => onShow({ ...shown, table: table.id })), [rates, shown, onShow]);
  const counts = stateCounts(data);
  const change = (more: ShownTables): void => onShow({ ...clean(shown), ...more });
  return (
    <>
      {error !== null && <FaultPanel error={error} retry={() => void refetch()} />}
      <div className={styles.bar}>
        <Field label="Search tables" className={styles.search}>
          <SearchBox value={shown.text ?? ''} onChange={(_, { value }) => change({ text: value === '' ? undefined : value })} />
        </Field>
        <Field label="State">
          <Select value={shown.state ?? ''} onChange={(_, { value }) => change({ state: value === '' ? undefined : value })}>
            <option value="">All ({countText(data.length)})</option>
            {Object.entries(counts).map(([state, count]) => (
              <option key={state} value={state}>
                {state} ({countText(count)})
              </option>
            ))}
          </Select>
        </Field>
        {failed.length > 0 && <CopyAgain link={link} tables={failed} text={`Copy ${countText(failed.length)} failed again`} />}
        <Text>{countText(rows.length)} tables</Text>
      </div>
      <Grid
        label="Tables of the link"
        columns={columns}
        rows={rows}
        idOf={({ id }) => id}
        isPending={isPending}
        empty={data.length === 0 ? 'The link has no tables.' : 'No table is called so.'}
        onOpen={(table) => change({ table: table.id })}
      />
      {open !== undefined && <OneTable link={link} table={open} onClose={() => change({ table: undefined })} />}
    </>
  );
}

/** Without what is not set: it would stand in the address. */
function clean(shown: ShownTables): ShownTables {
  return Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== undefined));
}

interface OneTableProps {
  readonly link: Link;
  readonly table: LinkTableStatus;
  readonly onClose: () => void;
}

function OneTable({ link, table, onClose }: OneTableProps): ReactElement {
  const { plane } = useWorkspace();
  const { source, target, rows, rowsCopied, estimatedRows } = table.isthmus;
  const trouble = tableTrouble(table);
  return (
    <Section
      title={nameOfTable(source)}
      actions={
        <>
          <CopyAgain link={link} tables={[table]} text="Copy again" />
          <Button onClick={onClose}>Close</Button>
        </>
      }
    >
      {trouble !== undefined && <TroubleBar trouble={trouble} severity={table.status === 'Failed' ? 'error' : 'warning'} />}
      <Facts
        facts={[
          ['State', <StatusBadge key="state" state={table.status} />],
          ['Target table', nameOfTable(target)],
          ['Rows in the pool', rows === undefined ? undefined : `about ${countText(rows)}`],
          [
            'Rows copied',
            rowsCopied === undefined
              ? undefined
              : `${countText(rowsCopied)}${estimatedRows === undefined ? '' : ` of about ${countText(estimatedRows)}`}`,
          ],
          ['Rows processed', countText(table.processedRows)],
          ['Bytes processed', bytesText(table.processedDataVolume)],
          ['Last processed', <TimeText key="processed" at={table.lastProcessedData} />],
          ['Last transaction committed', <TimeText key="committed" at={table.lastTransactionCommitTime} />],
        ]}
      />
      <CommandPane calls={[retryOf(linkPath(plane, link.name), [table])]} />
    </Section>
  );
}

function retryOf(path: string, tables: readonly LinkTableStatus[]) {
  const named = tables.map(({ isthmus: { source } }) => ({ schemaName: source.schemaName, tableName: source.tableName }));
  return { method: 'POST' as const, path: `${path}/retry`, body: { tables: named } };
}

interface CopyAgainProps {
  readonly link: Link;
  readonly tables: readonly LinkTableStatus[];
  readonly text: string;
}

function CopyAgain({ link, tables, text }: CopyAgainProps): ReactElement {
  const { plane } = useWorkspace();
  const what = tables.length === 1 ? nameOfTable(tables[0]!.isthmus.source) : `${countText(tables.length)} tables`;
  const run = async (): Promise<void> => {
    await write({ title: `Copy ${what} again`, ...retryOf(linkPath(plane, link.name), tables) });
  };
  return (
    <ConfirmButton text={text} title={`Copy ${what} again?`} run={run}>
      <Text as="p" block>
        All rows are copied anew over those that are there, which can be read meanwhile. Other tables go on undisturbed.
      </Text>
    </ConfirmButton>
  );
}
