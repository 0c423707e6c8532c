import 'uplot/dist/uPlot.min.css';
import { makeStyles, tokens } from '@fluentui/react-components';
import { useEffect, useRef, type ReactElement } from 'react';
import UPlot from 'uplot';
import type { Drawing } from './result-text.ts';

const heightPx = 320;
const useStyles = makeStyles({ box: { width: '100%', color: tokens.colorNeutralForeground1 } });
const lines = ['#0f6cbd', '#c239b3', '#0e7a0d', '#bc4b09', '#5c2e91', '#038387'];

/** A result drawn: lines over time where the first column is a time, else bars by name. The rows beside it say the same in words. */
export function ResultChart({ drawing }: { readonly drawing: Drawing }): ReactElement {
  const styles = useStyles();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const place = box.current!;
    const style = getComputedStyle(place);
    const { labels, times, series } = drawing;
    const axis = { stroke: style.color, grid: { stroke: `${style.color.replace('rgb', 'rgba').replace(')', ', 0.12)')}` } };
    const xs = times === undefined ? labels.map((_, index) => index) : times.map((ms) => ms / 1000);
    const chart = new UPlot(
      {
        width: place.clientWidth,
        height: heightPx,
        scales: { x: { time: times !== undefined } },
        axes: [
          times === undefined
            ? { ...axis, values: (_, ticks) => ticks.map((at) => (Number.isInteger(at) ? (labels[at] ?? '') : '')) }
            : axis,
          axis,
        ],
        series: [
          times === undefined ? { label: 'name', value: (_, at) => labels[at] ?? '' } : {},
          ...series.map(({ name }, index) => ({
            label: name,
            stroke: lines[index % lines.length]!,
            width: 2,
            ...(times === undefined && { paths: UPlot.paths.bars!({ size: [0.6, 64] }), fill: `${lines[index % lines.length]!}88` }),
          })),
        ],
      },
      [xs, ...series.map(({ values }) => [...values])],
      place,
    );
    const watch = new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: heightPx }));
    watch.observe(place);
    return () => {
      watch.disconnect();
      chart.destroy();
    };
  }, [drawing]);
  return <div ref={box} className={styles.box} role="img" aria-label={`Chart of ${drawing.series.map(({ name }) => name).join(', ')}`} />;
}
