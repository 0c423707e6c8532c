import { Button, Checkbox, Field, Link, makeStyles, SearchBox, Switch, Text, tokens } from '@fluentui/react-components';
import { WarningFilled } from '@fluentui/react-icons';
import { useMemo, useState, type ReactElement } from 'react';
import { useLinks } from '#studio/data/links.ts';
import type { ShownResource } from '#studio/data/queries.ts';
import { useWorkspace } from '#studio/data/workspace.ts';
import { CommandPane } from '#studio/parts/command-pane.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { countText } from '#studio/parts/quantity-words.ts';
import { useBrowsed } from './asking.ts';
import { AuthoringFault } from './authoring-fault.tsx';
import type { DraftTable, LinkDraft } from './link-draft.ts';
import { TablePlanView } from './table-plan-view.tsx';
import { chosenShare, matchingRows, tableRows, takenTables, toggled, without, withRows, type TableRow } from './table-choice.ts';
import { mostTables } from './wizard-steps.ts';

const useStyles = makeStyles({
  bar: { display: 'flex', flexWrap: 'wrap', alignItems: 'end', gap: tokens.spacingHorizontalM },
  search: { minWidth: '260px' },
  against: { display: 'inline-flex', alignItems: 'center', gap: tokens.spacingHorizontalXS, color: tokens.colorStatusWarningForeground1 },
});

export interface TableChooserProps {
  readonly workspace: ShownResource;
  readonly draft: LinkDraft;
  /** The name of the table whose columns are shown. */
  readonly opened: string | undefined;
  readonly onOpen: (name: string | undefined) => void;
  readonly onChange: (tables: readonly DraftTable[]) => void;
}

const nothing: readonly never[] = [];

/** The source's tables: searched, selected one by one or all at once, thousands of them; and what becomes of one's columns. */
export function TableChooser({ workspace, draft, opened, onOpen, onChange }: TableChooserProps): ReactElement {
  const styles = useStyles();
  const { plane } = useWorkspace();
  const { data, isPending, isFetching, error, refetch } = useBrowsed(plane, draft.service);
  const links = useLinks();
  const [text, setText] = useState('');
  const [onlyChosen, setOnlyChosen] = useState(false);
  const { tables, service, name } = draft;
  const takenBy = useMemo(() => takenTables(links.data ?? nothing, service, name), [links.data, service, name]);
  const rows = useMemo(() => tableRows(data, tables, takenBy), [data, tables, takenBy]);
  const shown = useMemo(() => matchingRows(rows, text, onlyChosen), [rows, text, onlyChosen]);
  const columns = useMemo(() => tableColumns((row) => onChange(toggled(tables, row)), onOpen), [tables, onChange, onOpen]);
  const share = chosenShare(shown);
  const again = (): void => void refetch();
  const row = rows.find((one) => one.name === opened);
  return (
    <>
      {error !== null && <AuthoringFault error={error} again={again} />}
      <div className={styles.bar}>
        <Field label="Search tables" className={styles.search}>
          <SearchBox value={text} onChange={(_, { value }) => setText(value)} />
        </Field>
        <Checkbox
          label={text === '' ? 'Select all' : 'Select all found'}
          checked={share}
          disabled={shown.length === 0}
          onChange={() => onChange(share === true ? without(tables, shown) : withRows(tables, shown))}
        />
        <Switch label="Only selected" checked={onlyChosen} onChange={(_, { checked }) => setOnlyChosen(checked)} />
        <Button onClick={again} disabled={isFetching}>
          Read tables again
        </Button>
        <Text role="status">
          {`${countText(tables.length)} of ${countText(rows.length)} selected${tables.length > mostTables ? `: a link has at most ${countText(mostTables)}` : ''}`}
        </Text>
      </div>
      <Grid
        label="Tables of the source"
        columns={columns}
        rows={shown}
        idOf={(one) => one.name}
        isPending={isPending && error === null}
        height="min(48vh, 480px)"
        empty={emptyText(error, rows.length)}
        onOpen={(one) => onOpen(one.name)}
      />
      {row !== undefined && (
        <TablePlanView
          ask={{ plane, workspace: workspace.name, draft }}
          table={
            tables.find((one) => `${one.schemaName}.${one.tableName}` === row.name) ?? {
              schemaName: row.schemaName,
              tableName: row.tableName,
            }
          }
          onClose={() => onOpen(undefined)}
        />
      )}
      <CommandPane calls={[{ method: 'POST', path: `${plane}/browse`, body: { linkedService: { name: service } } }]} />
    </>
  );
}

function emptyText(error: Error | null, count: number): string {
  if (error !== null) return 'The tables could not be read.';
  return count === 0
    ? 'The user of the linked service sees no table. Grant it SELECT on those that are to be linked.'
    : 'No table is called so.';
}

function tableColumns(onToggle: (row: TableRow) => void, onOpen: (name: string) => void): readonly Column<TableRow>[] {
  return [
    {
      key: 'chosen',
      title: '',
      cell: (row) => (
        <Checkbox
          aria-label={`Link ${row.name}`}
          checked={row.isChosen}
          disabled={row.against !== undefined && !row.isChosen}
          onChange={() => onToggle(row)}
        />
      ),
      width: '40px',
    },
    {
      key: 'name',
      title: 'Table',
      cell: (row) => (
        <Link as="button" title={row.name} onClick={() => onOpen(row.name)}>
          {row.name}
        </Link>
      ),
      sortBy: ({ name }) => name,
      width: 'minmax(160px, 1.5fr)',
    },
    {
      key: 'rows',
      title: 'Rows, about',
      cell: ({ estimatedRows }) => (estimatedRows === null ? '–' : countText(estimatedRows)),
      sortBy: ({ estimatedRows }) => estimatedRows ?? undefined,
      width: '110px',
      isNumber: true,
    },
    { key: 'key', title: 'Key', cell: ({ hasKey }) => (hasKey ? 'yes' : 'no'), sortBy: ({ hasKey }) => Number(hasKey), width: '56px' },
    {
      key: 'against',
      title: 'Why not',
      cell: ({ against }) => against !== undefined && <Against text={against} />,
      sortBy: ({ against }) => against,
      width: 'minmax(180px, 2fr)',
    },
  ];
}

function Against({ text }: { readonly text: string }): ReactElement {
  const styles = useStyles();
  return (
    <span className={styles.against} title={text}>
      <WarningFilled aria-hidden />
      {text}
    </span>
  );
}
