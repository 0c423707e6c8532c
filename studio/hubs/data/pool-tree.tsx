import { Button, Input, makeStyles, mergeClasses, Text, tokens } from '@fluentui/react-components';
import { TableRegular, EyeRegular } from '@fluentui/react-icons';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState, type ReactElement } from 'react';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';
import { columnsOf, columnsSql, type PoolTable } from './catalogue.ts';
import { usePoolQuery } from './run-query.ts';

const rowPx = 32;
const useStyles = makeStyles({
  all: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS, minHeight: 0, minWidth: 0 },
  list: {
    overflow: 'auto',
    minHeight: '160px',
    maxHeight: 'min(52vh, 560px)',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
  },
  rows: { position: 'relative', margin: 0, padding: 0, listStyleType: 'none' },
  row: { position: 'absolute', left: 0, right: 0, height: `${rowPx}px`, display: 'flex' },
  table: { flexGrow: 1, justifyContent: 'flex-start', minWidth: 0, fontWeight: 'normal' },
  name: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', minWidth: 0, flexGrow: 1, textAlign: 'left' },
  chosen: { backgroundColor: tokens.colorNeutralBackground1Selected, color: tokens.colorNeutralForeground1Selected },
  quiet: { color: tokens.colorNeutralForeground3, fontVariantNumeric: 'tabular-nums', paddingLeft: tokens.spacingHorizontalS },
  columns: { margin: 0, padding: 0, listStyleType: 'none', maxHeight: '26vh', overflow: 'auto' },
  column: { display: 'flex', justifyContent: 'space-between', gap: tokens.spacingHorizontalS, overflowWrap: 'anywhere' },
});

export interface PoolTreeProps {
  readonly pool: string;
  readonly tables: readonly PoolTable[];
  /** `schema.table`. */
  readonly chosen: string | undefined;
  readonly choose: (table: PoolTable) => void;
  readonly look: (table: PoolTable) => void;
}

export function nameOf({ schema, name }: Pick<PoolTable, 'schema' | 'name'>): string {
  return `${schema}.${name}`;
}

/** The pool's tables, and the columns of the chosen one. */
export function PoolTree({ pool, tables, chosen, choose, look }: PoolTreeProps): ReactElement {
  const styles = useStyles();
  const [text, setText] = useState('');
  const box = useRef<HTMLDivElement>(null);
  const shown = useMemo(() => tables.filter((one) => nameOf(one).toLowerCase().includes(text.trim().toLowerCase())), [tables, text]);
  const { getVirtualItems, getTotalSize } = useVirtualizer({
    count: shown.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowPx,
    overscan: 10,
  });
  const table = tables.find((one) => nameOf(one) === chosen);
  return (
    <div className={styles.all}>
      <Input
        aria-label="Filter tables"
        placeholder={`Filter ${tables.length} tables`}
        value={text}
        onChange={(_, { value }) => setText(value)}
      />
      <div ref={box} className={styles.list} tabIndex={-1}>
        <ul className={styles.rows} style={{ height: getTotalSize() }} aria-label="Tables">
          {getVirtualItems().map(({ index, start }) => {
            const one = shown[index]!;
            const isChosen = nameOf(one) === chosen;
            return (
              <li key={nameOf(one)} className={styles.row} style={{ transform: `translateY(${start}px)` }}>
                <Button
                  appearance="subtle"
                  size="small"
                  icon={one.isView ? <EyeRegular /> : <TableRegular />}
                  className={mergeClasses(styles.table, isChosen && styles.chosen)}
                  aria-pressed={isChosen}
                  title={nameOf(one)}
                  onClick={() => choose(one)}
                  onDoubleClick={() => look(one)}
                >
                  <span className={styles.name}>{nameOf(one)}</span>
                  <span className={styles.quiet}>{one.rows === undefined ? 'view' : `≈ ${one.rows.toLocaleString()}`}</span>
                </Button>
              </li>
            );
          })}
        </ul>
      </div>
      {table !== undefined && <Columns pool={pool} table={table} look={() => look(table)} />}
    </div>
  );
}

function Columns({ pool, table, look }: { readonly pool: string; readonly table: PoolTable; readonly look: () => void }): ReactElement {
  const styles = useStyles();
  const { data = [], error, isPending } = usePoolQuery(pool, columnsSql(table), columnsOf);
  return (
    <section aria-label={`Columns of ${nameOf(table)}`} className={styles.all}>
      <Text weight="semibold">
        {nameOf(table)}: {table.rows === undefined ? 'a view' : `about ${table.rows.toLocaleString()} rows`}
      </Text>
      {error !== null && <FaultPanel error={error} />}
      {isPending && <Waiting />}
      <ul className={styles.columns}>
        {data.map(({ name, type, isNullable }) => (
          <li key={name} className={styles.column}>
            <span>{name}</span>
            <span className={styles.quiet}>
              {type}
              {isNullable ? '' : ' not null'}
            </span>
          </li>
        ))}
      </ul>
      <div>
        <Button size="small" onClick={look}>
          Show first rows
        </Button>
      </div>
    </section>
  );
}
