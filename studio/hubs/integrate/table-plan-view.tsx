import { Button, makeStyles, Text, tokens } from '@fluentui/react-components';
import { CheckmarkCircleRegular, ArrowSyncRegular, DismissCircleRegular } from '@fluentui/react-icons';
import type { ReactElement } from 'react';
import { nameOfTable } from '#studio/data/link-shapes.ts';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { Section } from '#studio/parts/section.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';
import { useTablePlan, type PreflightAsk } from './asking.ts';
import { fidelityWords, summaryText, type Fidelity, type PlannedColumn } from './column-plan.ts';
import { FindingList } from './finding-list.tsx';
import type { DraftTable } from './link-draft.ts';

const useStyles = makeStyles({ becomes: { display: 'inline-flex', alignItems: 'center', gap: tokens.spacingHorizontalXS } });

const pictures: Readonly<Record<Fidelity, ReactElement>> = {
  exact: <CheckmarkCircleRegular aria-hidden />,
  widened: <ArrowSyncRegular aria-hidden />,
  text: <ArrowSyncRegular aria-hidden />,
  refused: <DismissCircleRegular aria-hidden />,
};

export interface TablePlanProps {
  readonly ask: PreflightAsk;
  readonly table: DraftTable;
  readonly onClose: () => void;
}

/** What becomes of each column of a table, and what was found about it: before anything starts. */
export function TablePlanView({ ask, table, onClose }: TablePlanProps): ReactElement {
  const { data, error, isPending, isFetching, refetch } = useTablePlan(ask, table);
  const plan = data?.tables[0];
  const name = nameOfTable(table);
  return (
    <Section
      title={`Columns of ${name}`}
      actions={
        <>
          <Button onClick={() => void refetch()} disabled={isFetching}>
            Check again
          </Button>
          <Button onClick={onClose}>Close</Button>
        </>
      }
      {...(plan !== undefined && plan.columns.length > 0 && { about: summaryText(plan) })}
    >
      {error !== null && <FaultPanel error={error} retry={() => void refetch()} />}
      {isPending && error === null && <Waiting what="Asking the source" />}
      {data !== undefined && <FindingList findings={data.findings.filter(({ severity }) => severity !== 'info')} />}
      {plan !== undefined && (
        <Grid
          label={`Columns of ${name}`}
          columns={planColumns}
          rows={plan.columns}
          idOf={(column) => column.name}
          height="360px"
          empty={<Text>The source did not tell the columns: see what was found.</Text>}
        />
      )}
      {data !== undefined && <FindingList findings={data.findings.filter(({ severity }) => severity === 'info')} />}
    </Section>
  );
}

const planColumns: readonly Column<PlannedColumn>[] = [
  {
    key: 'name',
    title: 'Column',
    cell: ({ name }) => <span title={name}>{name}</span>,
    sortBy: ({ name }) => name,
    width: 'minmax(120px, 1fr)',
  },
  {
    key: 'type',
    title: 'Type at the source',
    cell: ({ sourceType }) => <span title={sourceType}>{sourceType}</span>,
    sortBy: ({ sourceType }) => sourceType,
    width: 'minmax(120px, 1fr)',
  },
  {
    key: 'becomes',
    title: 'What becomes of it',
    cell: ({ fidelity }) => <Becomes fidelity={fidelity} />,
    sortBy: ({ fidelity }) => fidelityWords[fidelity],
    width: '180px',
  },
  {
    key: 'reason',
    title: 'Why',
    cell: ({ reason }) => reason !== null && <span title={reason}>{reason}</span>,
    width: 'minmax(160px, 2fr)',
  },
];

function Becomes({ fidelity }: { readonly fidelity: Fidelity }): ReactElement {
  const styles = useStyles();
  return (
    <span className={styles.becomes}>
      {pictures[fidelity]}
      {fidelityWords[fidelity]}
    </span>
  );
}
