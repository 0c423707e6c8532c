import { Field, Input, makeStyles, Select, tokens } from '@fluentui/react-components';
import { useMemo, type ReactElement } from 'react';
import { nameOfTable } from '#studio/data/link-shapes.ts';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import type { Distribution, DraftTable, LinkDraft, Structure } from './link-draft.ts';
import { changedTables } from './table-choice.ts';

const useStyles = makeStyles({
  line: { display: 'flex', flexWrap: 'wrap', alignItems: 'end', gap: tokens.spacingHorizontalM },
  input: { width: '100%', minWidth: 0 },
});

const distributions: Readonly<Record<Distribution, string>> = { Round_Robin: 'Round robin', Hash: 'Hash', Replicate: 'Replicate' };
const structures: Readonly<Record<Structure, string>> = {
  ColumnStoreIndex: 'Clustered columnstore index',
  Heap: 'Heap',
  ClusteredIndex: 'Clustered index',
};

interface DefaultsProps {
  readonly draft: LinkDraft;
  readonly onChange: (change: Partial<LinkDraft>) => void;
}

/** What holds for every table that says nothing else. */
export function MappingDefaults({ draft, onChange }: DefaultsProps): ReactElement {
  const styles = useStyles();
  return (
    <div className={styles.line}>
      <Field label="Target schema">
        <Input
          value={draft.targetSchema}
          placeholder="As at the source"
          maxLength={128}
          onChange={(_, { value }) => onChange({ targetSchema: value })}
        />
      </Field>
      <Field label="Distribution">
        <Select value={draft.distribution} onChange={(_, { value }) => onChange({ distribution: value as Distribution })}>
          <option value="Round_Robin">{distributions.Round_Robin}</option>
          <option value="Replicate">{distributions.Replicate}</option>
        </Select>
      </Field>
      <Field label="Structure">
        <Select value={draft.structure} onChange={(_, { value }) => onChange({ structure: value as Structure })}>
          {Object.entries(structures).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </Select>
      </Field>
    </div>
  );
}

interface MappingProps {
  readonly draft: LinkDraft;
  readonly onChange: (tables: readonly DraftTable[]) => void;
}

/** Where each table goes. What is left empty is as for all. */
export function MappingGrid({ draft, onChange }: MappingProps): ReactElement {
  const columns = useMemo(
    () => mappingColumns(draft, (name, change) => onChange(changedTables(draft.tables, name, change))),
    [draft, onChange],
  );
  return (
    <Grid
      label="Where tables go"
      columns={columns}
      rows={draft.tables}
      idOf={nameOfTable}
      height="min(48vh, 420px)"
      empty="No table is selected yet."
    />
  );
}

type Change = (name: string, change: Parameters<typeof changedTables>[2]) => void;

function mappingColumns(draft: LinkDraft, onChange: Change): readonly Column<DraftTable>[] {
  return [
    {
      key: 'source',
      title: 'Source table',
      cell: (table) => <span title={nameOfTable(table)}>{nameOfTable(table)}</span>,
      sortBy: nameOfTable,
      width: 'minmax(120px, 1.2fr)',
    },
    {
      key: 'schema',
      title: 'Target schema',
      cell: (table) => (
        <CellInput
          label={`Target schema of ${nameOfTable(table)}`}
          value={table.targetSchema}
          usual={draft.targetSchema === '' ? table.schemaName : draft.targetSchema}
          onChange={(targetSchema) => onChange(nameOfTable(table), { targetSchema })}
        />
      ),
      width: 'minmax(100px, 1fr)',
    },
    {
      key: 'table',
      title: 'Target table',
      cell: (table) => (
        <CellInput
          label={`Target table of ${nameOfTable(table)}`}
          value={table.targetTable}
          usual={table.tableName}
          onChange={(targetTable) => onChange(nameOfTable(table), { targetTable })}
        />
      ),
      width: 'minmax(110px, 1.2fr)',
    },
    {
      key: 'distribution',
      title: 'Distribution',
      cell: (table) => (
        <CellSelect
          label={`Distribution of ${nameOfTable(table)}`}
          value={table.distribution}
          usual={distributions[draft.distribution]}
          choices={distributions}
          onChange={(distribution) => onChange(nameOfTable(table), { distribution })}
        />
      ),
      width: '150px',
    },
    {
      key: 'column',
      title: 'Distribution column',
      cell: (table) =>
        table.distribution === 'Hash' && (
          <CellInput
            label={`Distribution column of ${nameOfTable(table)}`}
            value={table.distributionColumn}
            usual="Name a column"
            onChange={(distributionColumn) => onChange(nameOfTable(table), { distributionColumn })}
          />
        ),
      width: 'minmax(110px, 1fr)',
    },
    {
      key: 'structure',
      title: 'Structure',
      cell: (table) => (
        <CellSelect
          label={`Structure of ${nameOfTable(table)}`}
          value={table.structure}
          usual={structures[draft.structure]}
          choices={structures}
          onChange={(structure) => onChange(nameOfTable(table), { structure })}
        />
      ),
      width: '190px',
    },
  ];
}

interface CellInputProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly usual: string;
  readonly onChange: (value: string | undefined) => void;
}

function CellInput({ label, value, usual, onChange }: CellInputProps): ReactElement {
  const styles = useStyles();
  return (
    <Input
      size="small"
      className={styles.input}
      aria-label={label}
      value={value ?? ''}
      placeholder={usual}
      maxLength={128}
      onKeyDown={(event) => event.stopPropagation()}
      onChange={(_, { value: now }) => onChange(now === '' ? undefined : now)}
    />
  );
}

interface CellSelectProps<T extends string> {
  readonly label: string;
  readonly value: T | undefined;
  readonly usual: string;
  readonly choices: Readonly<Record<T, string>>;
  readonly onChange: (value: T | undefined) => void;
}

function CellSelect<T extends string>({ label, value, usual, choices, onChange }: CellSelectProps<T>): ReactElement {
  const styles = useStyles();
  return (
    <Select
      size="small"
      className={styles.input}
      aria-label={label}
      value={value ?? ''}
      onKeyDown={(event) => event.stopPropagation()}
      onChange={(_, { value: now }) => onChange(now === '' ? undefined : (now as T))}
    >
      <option value="">{`${usual} (as for all)`}</option>
      {Object.entries<string>(choices).map(([one, text]) => (
        <option key={one} value={one}>
          {text}
        </option>
      ))}
    </Select>
  );
}
