import { makeStyles, mergeClasses, Text, tokens } from '@fluentui/react-components';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState, type KeyboardEvent, type ReactElement, type ReactNode } from 'react';
import { Waiting } from './waiting.tsx';

const rowPx = 40;
const useStyles = makeStyles({
  box: {
    overflow: 'auto',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    minHeight: '120px',
  },
  row: {
    display: 'grid',
    alignItems: 'center',
    gap: tokens.spacingHorizontalM,
    paddingLeft: tokens.spacingHorizontalM,
    paddingRight: tokens.spacingHorizontalM,
    height: `${rowPx}px`,
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
    boxSizing: 'border-box',
  },
  head: {
    position: 'sticky',
    top: 0,
    zIndex: 1,
    backgroundColor: tokens.colorNeutralBackground2,
    fontWeight: tokens.fontWeightSemibold,
  },
  body: { position: 'relative' },
  placed: { position: 'absolute', left: 0, right: 0, ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover } },
  cell: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap', minWidth: 0 },
  end: { textAlign: 'right', fontVariantNumeric: 'tabular-nums' },
  sort: {
    backgroundColor: 'transparent',
    border: 'none',
    padding: 0,
    font: 'inherit',
    color: 'inherit',
    textAlign: 'inherit',
    whiteSpace: 'nowrap',
    cursor: 'pointer',
    display: 'block',
    width: '100%',
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  empty: { padding: tokens.spacingHorizontalL, color: tokens.colorNeutralForeground2 },
  focusable: { ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' } },
});

export interface Column<T> {
  readonly key: string;
  readonly title: string;
  /** What is shown. */
  readonly cell: (row: T) => ReactNode;
  /** For sorting; undefined: it is not sorted by. */
  readonly sortBy?: (row: T) => string | number | undefined;
  /** As CSS has it for grids. Default: `minmax(80px, 1fr)`. */
  readonly width?: string;
  readonly isNumber?: boolean;
}

export interface GridProps<T> {
  /** For screen readers: what the rows are. */
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly idOf: (row: T) => string;
  readonly isPending?: boolean;
  /** Where there is no row: what that means, and what can be done. */
  readonly empty: ReactNode;
  /** As CSS has it. Default: `min(60vh, 640px)`. */
  readonly height?: string;
  /** More rows can be had from the server: asked for when the end comes into view. */
  readonly more?: (() => void) | undefined;
  /** Enter on a row. */
  readonly onOpen?: (row: T) => void;
}

interface Order {
  readonly key: string;
  readonly descending: boolean;
}

/** Rows of anything: only those in view are there, so that thousands stay smooth. Up and down move, Enter opens, titles sort. */
export function Grid<T>({ label, columns, rows, idOf, isPending = false, empty, height, more, onOpen }: GridProps<T>): ReactElement {
  const styles = useStyles();
  const box = useRef<HTMLDivElement>(null);
  const [order, setOrder] = useState<Order | undefined>();
  const [current, setCurrent] = useState(0);
  const sorted = useMemo(() => inOrder(rows, columns, order), [rows, columns, order]);
  const { getVirtualItems, getTotalSize, scrollToIndex } = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowPx,
    overscan: 12,
    scrollPaddingStart: rowPx,
    onChange: (one) => {
      const last = one.getVirtualItems().at(-1);
      if (more !== undefined && last !== undefined && last.index >= sorted.length - 20) more();
    },
  });
  const template = { gridTemplateColumns: columns.map(({ width = 'minmax(80px, 1fr)' }) => width).join(' ') };
  const go = (event: KeyboardEvent): void => {
    const next = moved(event.key, current, sorted.length);
    if (next !== undefined) {
      event.preventDefault();
      setCurrent(next);
      scrollToIndex(next);
      requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus());
    }
  };
  return (
    <div ref={box} className={styles.box} style={{ maxHeight: height ?? 'min(60vh, 640px)' }}>
      <div role="grid" aria-label={label} aria-rowcount={sorted.length + 1} aria-busy={isPending} style={{ minWidth: 'fit-content' }}>
        <Head columns={columns} order={order} template={template} onOrder={setOrder} />
        <div role="rowgroup" className={styles.body} style={{ height: getTotalSize() }} onKeyDown={go}>
          {getVirtualItems().map(({ index, start }) => {
            const row = sorted[index]!;
            return (
              <div
                key={idOf(row)}
                role="row"
                aria-rowindex={index + 2}
                data-index={index}
                tabIndex={index === Math.min(current, sorted.length - 1) ? 0 : -1}
                className={mergeClasses(styles.row, styles.placed, styles.focusable)}
                style={{ ...template, transform: `translateY(${start}px)` }}
                onFocus={() => setCurrent(index)}
                onKeyDown={(event) => {
                  if (event.key === 'Enter' && event.target === event.currentTarget) onOpen?.(row);
                }}
              >
                {columns.map(({ key, cell, isNumber }) => (
                  <div key={key} role="gridcell" className={mergeClasses(styles.cell, isNumber === true && styles.end)}>
                    {cell(row)}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
      {sorted.length === 0 && (
        <div className={styles.empty}>{isPending ? <Waiting /> : typeof empty === 'string' ? <Text>{empty}</Text> : empty}</div>
      )}
    </div>
  );
}

interface HeadProps<T> {
  readonly columns: readonly Column<T>[];
  readonly order: Order | undefined;
  readonly template: { readonly gridTemplateColumns: string };
  readonly onOrder: (order: Order | undefined) => void;
}

function Head<T>({ columns, order, template, onOrder }: HeadProps<T>): ReactElement {
  const styles = useStyles();
  const isBy = (key: string): boolean => order?.key === key;
  const way = order?.descending === true ? 'descending' : 'ascending';
  return (
    <div role="row" aria-rowindex={1} className={mergeClasses(styles.row, styles.head)} style={template}>
      {columns.map(({ key, title, sortBy, isNumber }) => (
        <div
          key={key}
          role="columnheader"
          aria-sort={isBy(key) ? way : undefined}
          className={mergeClasses(styles.cell, isNumber === true && styles.end)}
        >
          {sortBy === undefined ? (
            title
          ) : (
            <button type="button" className={styles.sort} onClick={() => onOrder(nextOrder(order, key))}>
              {title} {isBy(key) ? arrows[way] : ''}
            </button>
          )}
        </div>
      ))}
    </div>
  );
}

const arrows = { ascending: '↑', descending: '↓' };

function nextOrder(order: Order | undefined, key: string): Order | undefined {
  if (order?.key !== key) return { key, descending: false };
  return order.descending ? undefined : { key, descending: true };
}

function inOrder<T>(rows: readonly T[], columns: readonly Column<T>[], order: Order | undefined): readonly T[] {
  const by = columns.find(({ key }) => key === order?.key)?.sortBy;
  if (order === undefined || by === undefined) return rows;
  const sign = order.descending ? -1 : 1;
  return rows.toSorted((a, b) => sign * compare(by(a), by(b)));
}

function compare(a: string | number | undefined, b: string | number | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? 1 : -1;
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
}

function moved(key: string, at: number, count: number): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    Home: 0,
    End: count - 1,
    PageDown: at + 12,
    PageUp: at - 12,
  };
  const next = steps[key];
  return next === undefined || count === 0 ? undefined : Math.max(0, Math.min(count - 1, next));
}
