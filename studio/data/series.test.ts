import { expect, test } from 'vitest';
import { seriesOf } from './series.ts';

test('metrics are put on the same times, with gaps where nothing is known', () => {
  const at = (second: number): string => new Date(second * 1_000).toISOString();
  const series = seriesOf(
    {
      value: [
        { name: { value: 'lag' }, timeseries: [{ data: [{ timeStamp: at(1), maximum: 3 }, { timeStamp: at(2) }] }] },
        {
          name: { value: 'rows' },
          timeseries: [
            {
              data: [
                { timeStamp: at(3), maximum: 0 },
                { timeStamp: at(1), average: 9 },
              ],
            },
          ],
        },
        { name: { value: 'none' }, timeseries: [] },
      ],
    },
    'Maximum',
  );
  expect(series).toEqual({
    times: [1_000, 2_000, 3_000],
    values: { lag: [3, null, null], rows: [null, null, 0], none: [null, null, null] },
  });
});
