import { Field, makeStyles, ProgressBar, Select, tokens } from '@fluentui/react-components';
import { useMemo, useState, type ReactElement } from 'react';
import { poolOf, type Link, type LinkStatus, type LogHeld } from '#studio/data/link-shapes.ts';
import { useMetrics } from '#studio/data/metrics.ts';
import type { Series } from '#studio/data/series.ts';
import { Chart } from '#studio/parts/chart.tsx';
import { Facts } from '#studio/parts/facts.tsx';
import { FaultPanel } from '#studio/parts/fault-panel.tsx';
import { bytesText, countText } from '#studio/parts/quantity-words.ts';
import { Section } from '#studio/parts/section.tsx';
import { TimeText } from '#studio/parts/time-text.tsx';
import { durationText } from '#studio/parts/time-words.ts';
import { TroubleBar } from '#studio/parts/trouble-bar.tsx';
import { heldText, rateText, sourceOf, tablesText } from './link-columns.tsx';
import { LinkPath } from './link-path.tsx';
import { rateSince, secondsLeft, shareOf } from './progress.ts';
import { useRate } from './use-rate.ts';

const useStyles = makeStyles({
  columns: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fit, minmax(min(420px, 100%), 1fr))',
    gap: `${tokens.spacingVerticalL} ${tokens.spacingHorizontalXXL}`,
  },
  stack: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL, minWidth: 0 },
  span: { maxWidth: '200px' },
});

export interface LinkOverviewProps {
  readonly link: Link;
  readonly status: LinkStatus;
  /** When it was read, milliseconds since 1970. */
  readonly readMs: number;
}

/** What a link does at a glance: facts, how far copying is, the source's log, lag and throughput over time. */
export function LinkOverview({ link, status, readMs }: LinkOverviewProps): ReactElement {
  const styles = useStyles();
  const { findings } = status.isthmus;
  return (
    <div className={styles.stack}>
      <div className={styles.columns}>
        <Section title="Now">
          <LinkFacts link={link} status={status} />
        </Section>
        <div className={styles.stack}>
          <Copying status={status} readMs={readMs} />
          <SourceLog log={status.isthmus.log} />
          <LinkPath link={link} />
          <LinkCharts link={link} status={status} />
        </div>
      </div>
      {findings.length > 0 && (
        <Section title="Found at the source">
          {findings.map((finding) => (
            <TroubleBar key={`${finding.code} ${finding.target ?? ''} ${finding.message}`} trouble={finding} severity={finding.severity} />
          ))}
        </Section>
      )}
    </div>
  );
}

function LinkFacts({ link, status }: Omit<LinkOverviewProps, 'readMs'>): ReactElement {
  const { isthmus } = status;
  const count = link.properties.linkTables?.length ?? 0;
  return (
    <Facts
      facts={[
        ['Source', sourceOf(link)],
        ['SQL pool', poolOf(link.properties)],
        ['Tables', tablesText(isthmus.tables, count)],
        ['Last transaction in the pool', isthmus.lag?.lastTransactionCommitTime && <TimeText at={isthmus.lag.lastTransactionCommitTime} />],
        ['Changes a second', isthmus.changesPerSecond === undefined ? undefined : rateText(isthmus.changesPerSecond)],
        [
          'Waiting for the pool',
          isthmus.waiting && `${bytesText(isthmus.waiting.bytes)}, segments: ${countText(isthmus.waiting.segments)}`,
        ],
        ['Source last heard of', isthmus.lastHeard && <TimeText at={isthmus.lastHeard} />],
        ['Next batch', isthmus.nextBatch && <TimeText at={isthmus.nextBatch} />],
        ['Started', status.startTime && <TimeText at={status.startTime} as="exact" />],
        ['Stopped', status.stopTime && <TimeText at={status.stopTime} as="exact" />],
        ['Run', isthmus.run && `${isthmus.run.number}, ${status.continuousRunId ?? ''}`],
        ['Place in the source', isthmus.position],
        ['Owed to the source', isthmus.owed.length === 0 ? undefined : isthmus.owed.join(', ')],
        ['Isolated', isthmus.isolated === undefined ? undefined : isthmus.isolated ? 'yes, by the operating system' : 'no'],
      ]}
    />
  );
}

const copies = new Set(['Starting', 'Running', 'Resuming']);

/** How far the copying of tables is, while there is any. */
function Copying({ status, readMs }: { readonly status: LinkStatus; readonly readMs: number }): ReactElement | null {
  const { tables, run } = status.isthmus;
  const open = tables === undefined ? 0 : tables.count - (tables.states['Replicating'] ?? 0);
  const going = useRate(`${status.id} ${run?.number ?? 0}`, tables?.rowsCopied, readMs);
  if (tables === undefined || open === 0 || !copies.has(status.status)) return null;
  const progress = { done: tables.rowsCopied, whole: tables.estimatedRows === 0 ? undefined : tables.estimatedRows };
  const rate = going ?? rateSince(tables.rowsCopied, Date.parse(status.startTime ?? ''), readMs);
  const left = secondsLeft(progress, rate);
  const share = shareOf(progress);
  const text = [
    `${countText(progress.done)}${progress.whole === undefined ? '' : ` of about ${countText(progress.whole)}`} rows`,
    `${countText(open)} of ${countText(tables.count)} tables to go`,
    ...(rate === undefined || rate <= 0 ? [] : [`${rateText(rate)} rows/s`]),
    ...(left === undefined ? [] : [`about ${durationText(left)} left`]),
  ].join(', ');
  return (
    <Section title="Copying">
      <Field validationState="none" validationMessage={text} label="Rows copied">
        <ProgressBar {...(share !== undefined && { value: share })} thickness="large" />
      </Field>
    </Section>
  );
}

/** What the source keeps of its log for the link, against what it may. */
function SourceLog({ log }: { readonly log: LogHeld }): ReactElement {
  const [held, most, warn] = [Number(log.heldBytes ?? 0), Number(log.mostBytes), Number(log.warnBytes)];
  const color = held >= most ? 'error' : held >= warn ? 'warning' : 'brand';
  const then = log.whenExceeded === 'reseed' ? 'everything is copied anew by itself' : 'the link gives its place up and waits for you';
  const room = log.headroomBytes === undefined ? '' : ` The source itself has room for ${bytesText(Number(log.headroomBytes))} more.`;
  const state = log.heldBytes === undefined ? 'Not known.' : `${heldText(log)} of ${bytesText(most)}: beyond, ${then}.`;
  return (
    <Section title="Source log held">
      <Field validationState="none" validationMessage={`${state} From ${bytesText(warn)} on it is said.${room}`} label="Of the log budget">
        <ProgressBar value={Number(Math.min(1, held / most).toFixed(4))} color={color} thickness="large" />
      </Field>
    </Section>
  );
}

const spans = { PT15M: 'Last 15 minutes', PT1H: 'Last hour', PT24H: 'Last day' } as const;
type Span = keyof typeof spans;
const intervals: Readonly<Record<Span, readonly [interval: string, seconds: number]>> = {
  PT15M: ['PT10S', 10],
  PT1H: ['PT1M', 60],
  PT24H: ['PT15M', 900],
};
const lagMetric = 'IntegrationLinkProcessingLatencyInSeconds';
const rowsMetric = 'IntegrationLinkProcessedChangedRows';
const bytesMetric = 'IntegrationLinkProcessedDataVolume';
const logMetric = 'LinkSourceLogHeldBytes';

function LinkCharts({ link, status }: Omit<LinkOverviewProps, 'readMs'>): ReactElement {
  const styles = useStyles();
  const [span, setSpan] = useState<Span>('PT15M');
  const [interval, seconds] = intervals[span];
  const watch = { ids: [link.id] };
  const levels = useMetrics(link.id, { names: [lagMetric, logMetric], timespan: span, interval, aggregation: 'Maximum' }, watch);
  const amounts = useMetrics(link.id, { names: [rowsMetric, bytesMetric], timespan: span, interval, aggregation: 'Total' }, watch);
  const error = levels.error ?? amounts.error;
  return (
    <Section
      title="Over time"
      actions={
        <Select aria-label="Time shown" className={styles.span} value={span} onChange={(_, { value }) => setSpan(value as Span)}>
          {Object.entries(spans).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </Select>
      }
    >
      {error !== null && <FaultPanel error={error} />}
      <div className={styles.columns}>
        <Line title="Lag" series={levels.data} metric={lagMetric} format={durationText} />
        <Line title="Rows a second" series={amounts.data} metric={rowsMetric} format={rateText} per={seconds} area />
        <Line title="Bytes a second" series={amounts.data} metric={bytesMetric} format={bytesText} per={seconds} area />
        <Line title="Source log held" series={levels.data} metric={logMetric} format={bytesText} limit={nearLimit(levels.data, status)} />
      </div>
    </Section>
  );
}

/** The warning's line is drawn once it is near: else it would press the values flat. */
function nearLimit(
  series: Series | undefined,
  { isthmus: { log } }: LinkStatus,
): { readonly value: number; readonly name: string } | undefined {
  const warn = Number(log.warnBytes);
  const most = (series?.values[logMetric] ?? []).reduce<number>((top, value) => Math.max(top, value ?? 0), 0);
  return most < warn / 4 ? undefined : { value: warn, name: 'Warning' };
}

interface LineProps {
  readonly title: string;
  readonly series: Series | undefined;
  readonly metric: string;
  readonly format: (value: number) => string;
  /** Amounts are shown a second: of so many each is. */
  readonly per?: number;
  readonly area?: boolean;
  readonly limit?: { readonly value: number; readonly name: string } | undefined;
}

const noTimes: readonly number[] = [];

function Line({ title, series, metric, format, per = 1, area = false, limit }: LineProps): ReactElement {
  const lines = useMemo(() => {
    const values = (series?.values[metric] ?? []).map((value) => (value === null ? null : value / per));
    return [{ name: title, values, area }];
  }, [series, metric, per, title, area]);
  return <Chart title={title} times={series?.times ?? noTimes} series={lines} format={format} limit={limit} sync="link" />;
}
