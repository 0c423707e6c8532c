import { Button, makeStyles, Text, tokens } from '@fluentui/react-components';
import { TableRegular, ChartMultipleRegular } from '@fluentui/react-icons';
import { lazy, Suspense, useMemo, useState, type ReactElement } from 'react';
import { Grid, type Column } from './grid.tsx';
import { shortCountText } from './quantity-words.ts';
import { exactText } from './time-words.ts';
import { Waiting } from './waiting.tsx';

export interface ChartSeries {
  readonly name: string;
  /** One for each time; null: there is none, and the line has a gap. */
  readonly values: readonly (number | null)[];
  /** Whether the area below is filled. */
  readonly area?: boolean;
}

export interface ChartProps {
  /** What is shown, as a heading. */
  readonly title: string;
  /** Milliseconds since 1970, ascending. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  /** A value as people read it. Default: a number with its magnitude. */
  readonly format?: (value: number) => string;
  /** A line that is not to be crossed. */
  readonly limit?: { readonly value: number; readonly name: string } | undefined;
  /** What time is shown, in milliseconds; default: that of the values. */
  readonly range?: readonly [number, number] | undefined;
  /** In pixels. Default: 180. */
  readonly height?: number;
  /** Charts of the same word point at the same time. */
  readonly sync?: string;
  /** Said where there is no value. */
  readonly empty?: string;
}

const ChartPlot = lazy(async () => ({ default: (await import('./chart-plot.tsx')).ChartPlot }));

const useStyles = makeStyles({
  chart: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXS, minWidth: 0, margin: 0 },
  head: { display: 'flex', alignItems: 'center', justifyContent: 'space-between', gap: tokens.spacingHorizontalS },
  empty: {
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'center',
    color: tokens.colorNeutralForeground3,
    border: `1px dashed ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
  },
});

/** Lines over time, quiet, with gaps where nothing is known. The same as a table for whoever does not see lines. */
export function Chart(props: ChartProps): ReactElement {
  const styles = useStyles();
  const { title, times, series, format = shortCountText, height = 180, empty = 'No values in this time.' } = props;
  const [asTable, setAsTable] = useState(false);
  const hasValues = series.some(({ values }) => values.some((value) => value !== null));
  return (
    <figure className={styles.chart} aria-label={title}>
      <div className={styles.head}>
        <Text as="span" weight="semibold">
          {title}
        </Text>
        <Button
          size="small"
          appearance="subtle"
          disabled={!hasValues}
          icon={asTable ? <ChartMultipleRegular /> : <TableRegular />}
          aria-label={asTable ? `${title} as a chart` : `${title} as a table`}
          title={asTable ? 'As a chart' : 'As a table'}
          onClick={() => setAsTable(!asTable)}
        />
      </div>
      {!hasValues && (
        <div className={styles.empty} style={{ height }}>
          {empty}
        </div>
      )}
      {hasValues && asTable && <ChartTable title={title} times={times} series={series} format={format} height={height} />}
      {hasValues && !asTable && (
        <Suspense fallback={<Waiting />}>
          <ChartPlot {...props} format={format} height={height} />
        </Suspense>
      )}
    </figure>
  );
}

type TableProps = Required<Pick<ChartProps, 'title' | 'times' | 'series' | 'format' | 'height'>>;

/** The latest first. */
function ChartTable({ title, times, series, format, height }: TableProps): ReactElement {
  const rows = useMemo(() => times.map((_, i) => times.length - 1 - i), [times]);
  const columns = useMemo(() => columnsOf(times, series, format), [times, series, format]);
  return <Grid label={title} columns={columns} rows={rows} idOf={String} empty="No values in this time." height={`${height + 40}px`} />;
}

function columnsOf(times: readonly number[], series: readonly ChartSeries[], format: (value: number) => string): readonly Column<number>[] {
  return [
    { key: 'time', title: 'Time', cell: (at) => exactText(times[at]!), sortBy: (at) => times[at], width: 'minmax(180px, 1fr)' },
    ...series.map(({ name, values }) => ({
      key: name,
      title: name,
      cell: (at: number) => (typeof values[at] === 'number' ? format(values[at]) : '–'),
      sortBy: (at: number) => values[at] ?? undefined,
      isNumber: true,
    })),
  ];
}
