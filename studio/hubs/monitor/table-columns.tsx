import { Link, makeStyles, tokens } from '@fluentui/react-components';
import type { ReactElement } from 'react';
import { nameOfTable, type LinkTableStatus } from '#studio/data/link-shapes.ts';
import type { Column } from '#studio/parts/grid.tsx';
import { bytesText, countText } from '#studio/parts/quantity-words.ts';
import { StatusBadge } from '#studio/parts/status-badge.tsx';
import { TimeText } from '#studio/parts/time-text.tsx';
import { durationText } from '#studio/parts/time-words.ts';
import { secondsLeft, shareOf } from './progress.ts';
import type { TableRates } from './use-table-rates.ts';

const useStyles = makeStyles({ error: { color: tokens.colorStatusDangerForeground1 } });

export function tableColumns(rates: TableRates, onOpen: (table: LinkTableStatus) => void): readonly Column<LinkTableStatus>[] {
  return [
    {
      key: 'source',
      title: 'Source table',
      cell: (table) => (
        <Link as="button" onClick={() => onOpen(table)} title={nameOfTable(table.isthmus.source)}>
          {nameOfTable(table.isthmus.source)}
        </Link>
      ),
      sortBy: ({ isthmus }) => nameOfTable(isthmus.source),
      width: 'minmax(140px, 1.5fr)',
    },
    {
      key: 'target',
      title: 'Target table',
      cell: ({ isthmus: { target } }) => <span title={nameOfTable(target)}>{nameOfTable(target)}</span>,
      sortBy: ({ isthmus }) => nameOfTable(isthmus.target),
      width: 'minmax(120px, 1.3fr)',
    },
    { key: 'state', title: 'State', cell: ({ status }) => <StatusBadge state={status} />, sortBy: ({ status }) => status, width: '128px' },
    {
      key: 'rows',
      title: 'Rows',
      cell: ({ isthmus: { rows } }) => (rows === undefined ? '–' : countText(rows)),
      sortBy: ({ isthmus }) => isthmus.rows,
      width: '96px',
      isNumber: true,
    },
    {
      key: 'copied',
      title: 'Copying',
      cell: (table) => copyingText(table, rates.get(table.id)),
      sortBy: ({ isthmus }) => isthmus.rowsCopied,
      width: 'minmax(90px, 0.9fr)',
      isNumber: true,
    },
    {
      key: 'processed',
      title: 'Processed rows',
      cell: ({ processedRows }) => countText(processedRows),
      sortBy: ({ processedRows }) => processedRows,
      width: '118px',
      isNumber: true,
    },
    {
      key: 'bytes',
      title: 'Bytes',
      cell: ({ processedDataVolume }) => bytesText(processedDataVolume),
      sortBy: ({ processedDataVolume }) => processedDataVolume,
      width: '88px',
      isNumber: true,
    },
    {
      key: 'last',
      title: 'Last processed',
      cell: ({ lastProcessedData }) => <TimeText at={lastProcessedData} />,
      sortBy: ({ lastProcessedData }) => lastProcessedData,
      width: '120px',
    },
    {
      key: 'error',
      title: 'Error',
      cell: (table) => table.errorCode !== undefined && <ErrorCode table={table} />,
      sortBy: ({ errorCode }) => errorCode,
      width: 'minmax(90px, 1fr)',
    },
  ];
}

function ErrorCode({ table: { errorCode, errorMessage } }: { readonly table: LinkTableStatus }): ReactElement {
  const styles = useStyles();
  return (
    <span className={styles.error} title={errorMessage}>
      {errorCode}
    </span>
  );
}

/** `45 %, 2 min left`: of a table that is being copied. */
function copyingText({ status, isthmus: { rowsCopied, estimatedRows } }: LinkTableStatus, rate: number | undefined): string {
  if (status !== 'Snapshotting' || rowsCopied === undefined) return '';
  const progress = { done: rowsCopied, whole: estimatedRows };
  const share = shareOf(progress);
  const left = secondsLeft(progress, rate);
  const done = share === undefined ? countText(rowsCopied) : `${Math.floor(share * 100)} %`;
  return left === undefined ? done : `${done}, ${durationText(left)}`;
}
