import { Button, makeStyles, MessageBar, MessageBarBody, Tab, TabList, Text, tokens } from '@fluentui/react-components';
import { ArrowDownloadRegular } from '@fluentui/react-icons';
import { lazy, Suspense, useMemo, useState, type ReactElement } from 'react';
import { Grid, type Column } from '#studio/parts/grid.tsx';
import { Waiting } from '#studio/parts/waiting.tsx';
import { drawingOf, csvOf, isNumberType } from './result-text.ts';
import type { Answered } from './run-query.ts';

const ResultChart = lazy(async () => ({ default: (await import('./result-chart.tsx')).ResultChart }));

const useStyles = makeStyles({
  all: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalS, minWidth: 0 },
  line: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalM },
  grow: { flexGrow: 1 },
  absent: { color: tokens.colorNeutralForeground4, fontStyle: 'italic' },
});

interface Row {
  readonly number: number;
  readonly values: readonly (string | null)[];
}

/** What a query answered: rows, a drawing where there are numbers, and the whole as a file. */
export function ResultView({ answered }: { readonly answered: Answered }): ReactElement {
  const styles = useStyles();
  const { result, ms, atMs } = answered;
  const [tab, setTab] = useState<'rows' | 'chart'>('rows');
  const drawing = useMemo(() => drawingOf(result), [result]);
  const rows = useMemo(() => result.rows.map((values, index): Row => ({ number: index + 1, values })), [result]);
  const columns = useMemo(() => gridColumns(result.columns, styles.absent), [result, styles.absent]);
  const shownTab = drawing === undefined ? 'rows' : tab;
  return (
    <section aria-label="Result" className={styles.all}>
      <div className={styles.line}>
        <TabList selectedValue={shownTab} onTabSelect={(_, { value }) => setTab(value as 'rows' | 'chart')}>
          <Tab value="rows">Rows</Tab>
          <Tab value="chart" disabled={drawing === undefined}>
            Chart
          </Tab>
        </TabList>
        <Text className={styles.grow} role="status">
          {result.rows.length.toLocaleString()} rows in {Math.round(ms).toLocaleString()} ms, as of {new Date(atMs).toLocaleTimeString()}
        </Text>
        <Button icon={<ArrowDownloadRegular />} onClick={() => download(csvOf(result))}>
          Download CSV
        </Button>
      </div>
      {result.truncated && (
        <MessageBar intent="warning">
          <MessageBarBody>
            There are more rows than are sent to a page. Ask for less, or take all of them with isthmus sql --pool … --format csv on the
            machine itself.
          </MessageBarBody>
        </MessageBar>
      )}
      {shownTab === 'chart' && drawing !== undefined ? (
        <Suspense fallback={<Waiting />}>
          <ResultChart drawing={drawing} />
        </Suspense>
      ) : (
        <Grid
          label="Rows"
          columns={columns}
          rows={rows}
          idOf={({ number }) => String(number)}
          empty="The query answers no row."
          height="46vh"
        />
      )}
    </section>
  );
}

function gridColumns(columns: Answered['result']['columns'], absent: string): readonly Column<Row>[] {
  return columns.map(({ name, type }, index) => {
    const isNumber = isNumberType(type);
    return {
      key: String(index),
      title: `${name} (${type.toLowerCase()})`,
      width: 'minmax(140px, 1fr)',
      isNumber,
      sortBy: ({ values }) => {
        const value = values[index] ?? undefined;
        return value === undefined || !isNumber ? value : Number(value);
      },
      cell: ({ values }) => {
        const value = values[index] ?? null;
        return value === null ? <span className={absent}>null</span> : <span title={value}>{value}</span>;
      },
    };
  });
}

function download(text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = 'result.csv';
  link.click();
  URL.revokeObjectURL(address);
}
