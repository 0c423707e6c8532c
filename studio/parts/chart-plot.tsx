import { makeStyles, tokens, useThemeClassName } from '@fluentui/react-components';
import { useEffect, useRef, useState, type ReactElement } from 'react';
import Plot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { ChartProps, ChartSeries } from './chart.tsx';
import { exactText } from './time-words.ts';

type PlotProps = ChartProps & Required<Pick<ChartProps, 'format' | 'height'>>;

/** Never by colour alone: each line has its own dashes too. */
const looks = [
  { colour: '--colorBrandForeground1', dash: [] },
  { colour: '--colorPaletteDarkOrangeForeground1', dash: [6, 3] },
  { colour: '--colorPaletteGreenForeground1', dash: [2, 3] },
  { colour: '--colorPaletteBerryForeground1', dash: [10, 3, 2, 3] },
  { colour: '--colorPaletteTealForeground2', dash: [4, 2, 1, 2] },
] as const;

const useStyles = makeStyles({
  plot: { minWidth: 0, overflow: 'hidden' },
  legend: {
    display: 'flex',
    flexWrap: 'wrap',
    columnGap: tokens.spacingHorizontalL,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground2,
    minHeight: tokens.lineHeightBase200,
  },
  item: { display: 'inline-flex', alignItems: 'center', gap: tokens.spacingHorizontalXS, fontVariantNumeric: 'tabular-nums' },
  time: { marginLeft: 'auto' },
});

/** Made anew when what it looks like changes; new values are put into the one that is there. */
export function ChartPlot(props: PlotProps): ReactElement {
  const styles = useStyles();
  const { times, series, format, limit } = props;
  const box = useRef<HTMLDivElement>(null);
  const [pointed, setPointed] = useState<number | undefined>();
  usePlot(box, props, setPointed);
  const at = pointed ?? times.length - 1;
  return (
    <div>
      <div ref={box} className={styles.plot} aria-hidden />
      <div className={styles.legend}>
        {series.map(({ name, values }, i) => (
          <span key={name} className={styles.item}>
            <Swatch index={i} />
            {name}: {valueText(values[at], format)}
          </span>
        ))}
        {limit !== undefined && (
          <span className={styles.item}>
            {limit.name}: {format(limit.value)}
          </span>
        )}
        {times[at] !== undefined && <span className={styles.time}>{exactText(times[at])}</span>}
      </div>
    </div>
  );
}

function valueText(value: number | null | undefined, format: (value: number) => string): string {
  return typeof value === 'number' ? format(value) : '–';
}

function Swatch({ index }: { readonly index: number }): ReactElement {
  const { colour, dash } = looks[index % looks.length]!;
  return (
    <svg width="18" height="8" aria-hidden>
      <line x1="0" y1="4" x2="18" y2="4" stroke={`var(${colour})`} strokeWidth="2" strokeDasharray={dash.join(' ')} />
    </svg>
  );
}

function usePlot(box: { readonly current: HTMLDivElement | null }, props: PlotProps, onPoint: (at: number | undefined) => void): void {
  const theme = useThemeClassName();
  const plot = useRef<Plot>(undefined);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  const shape = JSON.stringify([props.series.map(({ name, area }) => [name, area]), props.limit, props.range, props.height, props.sync]);
  useEffect(() => {
    const place = box.current!;
    const made = new Plot(
      optionsOf(place, () => latest.current, onPoint),
      valuesOf(latest.current),
      place,
    );
    plot.current = made;
    const watcher = new ResizeObserver(() => made.setSize({ width: place.clientWidth, height: latest.current.height }));
    watcher.observe(place);
    return () => {
      watcher.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [box, theme, shape, onPoint]);
  const { times, series } = props;
  useEffect(() => plot.current?.setData(valuesOf({ times, series })), [times, series]);
}

function valuesOf({ times, series }: Pick<ChartProps, 'times' | 'series'>): Plot.AlignedData {
  return [times.map((ms) => ms / 1_000), ...series.map(({ values }) => [...values])];
}

/** `current`: formats and limits are asked for when they are needed, so that new ones make no new plot. */
function optionsOf(place: HTMLElement, current: () => PlotProps, onPoint: (at: number | undefined) => void): Plot.Options {
  const { series, height, sync, range, limit } = current();
  const colourOf = (name: string): string => getComputedStyle(place).getPropertyValue(name).trim();
  const axis = {
    stroke: colourOf('--colorNeutralForeground3'),
    font: `11px ${colourOf('--fontFamilyBase')}`,
    grid: { stroke: colourOf('--colorNeutralStroke3'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: Math.max(place.clientWidth, 1),
    height,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: true, y: false }, ...(sync === undefined ? {} : { sync: { key: sync } }) },
    scales: {
      x: { time: true, ...(range !== undefined && { range: () => [range[0] / 1_000, range[1] / 1_000] as Plot.Range.MinMax }) },
      y: { range: (_, least, most) => heights(least, most, limit?.value) },
    },
    axes: [
      { ...axis, values: (...[, splits, , , step]) => splits.map((at) => tickText(at * 1_000, step)) },
      { ...axis, size: 64, values: (_, splits) => splits.map((value) => current().format(value)) },
    ],
    series: [{}, ...series.map((one, i) => lineOf(one, i, colourOf))],
    hooks: {
      setCursor: [({ cursor }) => onPoint(cursor.idx ?? undefined)],
      draw: [(made) => drawLimit(made, current().limit?.value, colourOf('--colorPaletteRedForeground1'))],
    },
  };
}

function lineOf({ name, area = false }: ChartSeries, index: number, colourOf: (name: string) => string): Plot.Series {
  const { colour, dash } = looks[index % looks.length]!;
  const stroke = colourOf(colour);
  return {
    label: name,
    stroke,
    width: 1.5,
    dash: [...dash],
    spanGaps: false,
    points: { show: false },
    ...(area && { fill: /^#[\da-f]{6}$/i.test(stroke) ? `${stroke}22` : stroke }),
  };
}

/** From zero, unless something is below, with room above. */
function heights(least: number | null, most: number | null, limit: number | undefined): Plot.Range.MinMax {
  const top = Math.max(most ?? 0, limit ?? 0);
  const bottom = Math.min(0, least ?? 0);
  return [bottom, top > bottom ? top + (top - bottom) * 0.08 : bottom + 1];
}

function drawLimit(made: Plot, value: number | undefined, colour: string): void {
  if (value === undefined) return;
  const { ctx, bbox } = made;
  const y = made.valToPos(value, 'y', true);
  ctx.save();
  ctx.beginPath();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.setLineDash([4, 4]);
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });
const minute = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const second = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

/** `stepSeconds`: between two ticks. */
function tickText(atMs: number, stepSeconds: number): string {
  if (stepSeconds >= 86_400) return day.format(atMs);
  return (stepSeconds >= 60 ? minute : second).format(atMs);
}
