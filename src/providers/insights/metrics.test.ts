import { beforeEach, expect, test } from 'vitest';
import { silentLog } from '#base/log.ts';
import { toFault } from '#base/fault.ts';
import type { MetricReading, MetricSource } from '#arm/metric.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import type { ResourceChange } from '#arm/store.ts';
import { metricAnswers } from './metric-answers.ts';
import { MetricCatalog } from './metric-catalog.ts';
import { parseDimensionFilter } from './metric-filter.ts';
import { Sampler } from './sampler.ts';
import { SeriesStore } from './series-store.ts';

const house = '/subscriptions/s/resourceGroups/g/providers/Test.House/houses/h';
const room = (name: string): string => `${house}/rooms/${name}`;
const roomType = 'Test.House/houses/rooms';

interface Scene {
  sample(seconds: number, readings: MetricReading[] | Error): Promise<void>;
  remove(id: string): void;
  metrics(scope: string, query?: Record<string, string>): Promise<JsonObject & { readonly value: readonly Shown[] }>;
  readonly answer: (word: string, scope: string, query?: Record<string, string>) => Promise<unknown>;
  readonly said: string[];
}

interface Shown {
  readonly name: { readonly value: string };
  readonly unit: string;
  readonly timeseries: readonly {
    readonly metadatavalues: readonly { readonly name: { readonly value: string }; readonly value: string }[];
    readonly data: readonly Readonly<Record<string, number | string>>[];
  }[];
}

let scene: Scene;
let readings: MetricReading[] | Error;
let nowMs: number;
beforeEach(() => {
  readings = [];
  nowMs = Date.parse('2026-03-01T12:00:00Z');
  scene = makeScene();
});

function makeScene(): Scene {
  const usual = { description: 'd', category: 'c', dimensions: [] };
  const source: MetricSource = {
    types: [roomType],
    within: { types: ['Test.House/houses'], dimension: 'RoomName' },
    definitions: [
      { ...usual, name: 'Warmth', displayName: 'Warmth', unit: 'Count', kind: 'level', aggregations: ['Average', 'Maximum', 'Minimum'] },
      { ...usual, name: 'Steps', displayName: 'Steps', unit: 'Count', kind: 'amount', aggregations: ['Total'], dimensions: ['Foot'] },
    ],
    read: async () => {
      if (readings instanceof Error) throw readings;
      return readings;
    },
  };
  const sources = [source];
  const catalog = new MetricCatalog(sources);
  const series = new SeriesStore();
  const listeners: ((change: ResourceChange) => void)[] = [];
  const said: string[] = [];
  const log = { ...silentLog, warn: (...[, sentence]: readonly unknown[]) => void said.push(String(sentence)) } as typeof silentLog;
  const store = {
    onChange: (listener: (change: ResourceChange) => void) => {
      listeners.push(listener);
      return () => undefined;
    },
    get: async (id: string): Promise<Resource | undefined> => {
      const type =
        id === house ? 'Test.House/houses' : id.startsWith(`${house}/rooms/`) ? roomType : id === '/subscriptions/s' ? 'x/y' : '';
      return type === '' ? undefined : ({ id, type } as Resource);
    },
  };
  const sampler = new Sampler({ sources, catalog, series, store, log, nowMs: () => nowMs, pause: () => new Promise(() => undefined) });
  void sampler.run(new AbortController().signal);
  const answers = metricAnswers({ store, catalog, series, nowMs: () => nowMs });
  const answer = async (word: string, scope: string, query: Record<string, string> = {}): Promise<unknown> =>
    await answers.find((one) => one.word === word)!.run({ scope, query: new Map(Object.entries(query)) } as never);
  return {
    said,
    sample: async (seconds, now) => {
      for (let second = 0; second < seconds; second += 1) {
        nowMs += 1_000;
        readings = now;
        await sampler.sample();
      }
    },
    remove: (id) => listeners.forEach((listener) => listener({ id, type: roomType, kind: 'removed' })),
    metrics: async (scope, query) => (await answer('metrics', scope, query)) as never,
    answer,
  };
}

const warm = (name: string, value: number): MetricReading => ({ resource: room(name), metric: 'Warmth', value });
const steps = (name: string, foot: string, value: number): MetricReading => ({
  resource: room(name),
  metric: 'Steps',
  value,
  dimensions: { Foot: foot },
});

test('a metric is answered as Azure answers it, and gaps stay gaps', async () => {
  await scene.sample(10, [warm('a', 20)]);
  nowMs += 20_000;
  await scene.sample(5, [warm('a', 30)]);
  const query = { metricnames: 'warmth', interval: 'PT10S', timespan: 'PT40S', aggregation: 'average,maximum,count' };
  expect(await scene.metrics(room('a'), query)).toEqual({
    cost: 0,
    timespan: '2026-03-01T11:59:55Z/2026-03-01T12:00:35Z',
    interval: 'PT10S',
    namespace: roomType,
    value: [
      {
        id: `${room('a')}/providers/Microsoft.Insights/metrics/Warmth`,
        type: 'Microsoft.Insights/metrics',
        name: { value: 'Warmth', localizedValue: 'Warmth' },
        displayDescription: 'd',
        unit: 'Count',
        errorCode: 'Success',
        timeseries: [
          {
            metadatavalues: [],
            data: [
              { timeStamp: '2026-03-01T11:59:50Z' },
              { timeStamp: '2026-03-01T12:00:00Z', average: 20, maximum: 20, count: 9 },
              { timeStamp: '2026-03-01T12:00:10Z', average: 20, maximum: 20, count: 1 },
              { timeStamp: '2026-03-01T12:00:20Z' },
              { timeStamp: '2026-03-01T12:00:30Z', average: 30, maximum: 30, count: 5 },
            ],
          },
        ],
      },
    ],
  });
  const whole = await scene.metrics(room('a'), { interval: 'FULL', aggregation: 'Count', metricnames: 'Warmth' });
  expect([whole['interval'], whole.value[0]!.timeseries[0]!.data]).toEqual(['FULL', [{ timeStamp: expect.any(String), count: 15 }]]);
});

test('what nothing is known of has no series', async () => {
  const none = await scene.metrics(room('empty'));
  expect(none.value.map(({ name, timeseries }) => [name.value, timeseries])).toEqual([
    ['Warmth', []],
    ['Steps', []],
  ]);
  expect(none['interval']).toBe('PT1M');
  expect(await scene.metrics('/subscriptions/s')).toMatchObject({ value: [] });
});

test('a place shows what is measured in it, together or by name', async () => {
  await scene.sample(3, [warm('a', 10), warm('b', 40), steps('a', 'left', 2), steps('b', 'left', 1), steps('b', 'right', 5)]);
  const of = async (metricnames: string, more: Record<string, string> = {}): Promise<unknown> => {
    const { value } = await scene.metrics(house, { metricnames, interval: 'PT1M', timespan: 'PT1M', ...more });
    return value[0]!.timeseries.map(({ metadatavalues, data }) => {
      const { timeStamp: _, ...values } = data.at(-1)!;
      return [metadatavalues.map((one) => `${one.name.value}=${one.value}`).join(' '), values];
    });
  };
  expect(await of('Warmth')).toEqual([['', { average: 25 }]]);
  expect(await of('Steps')).toEqual([['', { total: 24 }]]);
  expect(await of('Steps', { $filter: "RoomName eq '*'" })).toEqual([
    ['roomname=a', { total: 6 }],
    ['roomname=b', { total: 18 }],
  ]);
  expect(await of('Steps', { $filter: "roomname eq 'B' and Foot eq '*'" })).toEqual([
    ['foot=left roomname=b', { total: 3 }],
    ['foot=right roomname=b', { total: 15 }],
  ]);
  expect(await of('Steps', { $filter: "RoomName eq '*'", top: '1', orderby: 'total desc' })).toEqual([['roomname=b', { total: 18 }]]);
  expect(await of('Steps', { $filter: "RoomName eq 'a' or RoomName eq 'b'", rollupby: 'RoomName' })).toEqual([['', { total: 24 }]]);
  expect(await of('Steps', { $filter: "RoomName eq 'cellar'" })).toEqual([]);
  expect(await of('Warmth', { $filter: "Foot eq 'left'", validatedimensions: 'false' })).toEqual([['', { average: 25 }]]);
});

test('amounts are zero while nothing comes, and what is removed is forgotten', async () => {
  await scene.sample(2, [steps('a', 'left', 0)]);
  const total = async (): Promise<unknown> =>
    (await scene.metrics(room('a'), { metricnames: 'Steps', timespan: 'PT2S', interval: 'PT1S' })).value[0]!.timeseries.map(({ data }) =>
      data.map((one) => one['total']),
    );
  expect(await total()).toEqual([[undefined, 0]]);
  scene.remove(room('a'));
  expect(await total()).toEqual([]);
});

test('a source that fails leaves a gap and is told of once', async () => {
  await scene.sample(1, [warm('a', 1)]);
  await scene.sample(3, new RangeError('broken'));
  await scene.sample(1, [warm('a', 2)]);
  await scene.sample(1, new RangeError('broken'));
  expect(scene.said).toEqual(['metrics could not be read', 'metrics could not be read']);
  const { value } = await scene.metrics(room('a'), { metricnames: 'Warmth', timespan: 'PT6S', interval: 'PT1S' });
  expect(value[0]!.timeseries[0]!.data.map((one) => one['average'])).toEqual([undefined, 1, undefined, undefined, undefined, 2]);
});

test('definitions and namespaces say what there is', async () => {
  const shown = (await scene.answer('metricDefinitions', house)) as { readonly value: readonly JsonObject[] };
  expect(shown.value[1]).toEqual({
    id: `${house}/providers/Microsoft.Insights/metricDefinitions/Steps`,
    resourceId: house,
    namespace: 'Test.House/houses',
    name: { value: 'Steps', localizedValue: 'Steps' },
    displayDescription: 'd',
    category: 'c',
    isDimensionRequired: false,
    unit: 'Count',
    primaryAggregationType: 'Total',
    supportedAggregationTypes: ['Total'],
    metricAvailabilities: [
      { timeGrain: 'PT1S', retention: 'PT15M' },
      { timeGrain: 'PT10S', retention: 'PT6H' },
      { timeGrain: 'PT1M', retention: 'P7D' },
    ],
    dimensions: [
      { value: 'Foot', localizedValue: 'Foot' },
      { value: 'RoomName', localizedValue: 'RoomName' },
    ],
  });
  expect(await scene.answer('metricNamespaces', house)).toMatchObject({
    value: [{ name: 'Test.House-houses', properties: { metricNamespaceName: 'Test.House/houses' } }],
  });
  expect(await scene.answer('metricNamespaces', '/subscriptions/s')).toEqual({ value: [] });
});

test.each([
  [{ metricnames: 'Weight' }, 'InvalidMetricName', /It has: Warmth, Steps/],
  [{ metricnames: Array.from({ length: 21 }, (_, i) => `m${i}`).join(',') }, 'TooManyMetrics', /at most 20/],
  [{ timespan: 'yesterday' }, 'InvalidTimespan', /PT1H/],
  [{ timespan: '2026-03-01T12:00:00Z/2026-03-01T11:00:00Z' }, 'InvalidTimespan', /beginning/],
  [{ timespan: 'PT1H/PT1H' }, 'InvalidTimespan', /beginning/],
  [{ interval: 'soon' }, 'InvalidTimeGrain', /PT1M/],
  [{ interval: 'PT1S' }, 'InvalidTimeGrain', /interval=PT10S/],
  [{ interval: 'PT1M', timespan: '2020-01-01/2026-03-01' }, 'InvalidTimeGrain', /interval=PT6H/],
  [{ aggregation: 'median' }, 'InvalidAggregation', /Average/],
  [{ $filter: "Colour eq 'red'" }, 'InvalidMetricFilter', /no dimension 'colour'/],
  [{ $filter: "Foot eq 'left'", top: '0' }, 'InvalidSeriesCount', /1 to/],
  [{ metricnamespace: 'Other' }, 'InvalidMetricNamespace', /Test.House/],
])('%j is refused: %s', async (query, code, says) => {
  const refused = toFault(await scene.metrics(room('a'), { metricnames: 'Steps', ...query } as never).catch((error: unknown) => error));
  expect(refused).toMatchObject({ kind: 'invalid', code });
  expect(`${refused.message} ${refused.remedy}`).toMatch(says);
});

test('a grain that is not kept so long is made coarser where that is allowed', async () => {
  const query = { interval: 'PT1S', timespan: 'P2D', autoadjusttimegrain: 'true' };
  expect((await scene.metrics(room('a'), query))['interval']).toBe('PT1M');
});

test('what is not there is missing', async () => {
  for (const scope of ['', '/subscriptions/other'])
    expect(toFault(await scene.metrics(scope).catch((error: unknown) => error))).toMatchObject({
      kind: 'missing',
      code: 'ResourceNotFound',
    });
});

test.each(["A eq 'x' and", "A eq 'x' or B eq 'y'", "A eq 'x' and A eq 'y'", "A ne 'x'", 'A', "A eq 'x", "A eq 'x' B eq 'y'", 'and'])(
  'the filter %s is refused',
  (text) => {
    expect(() => parseDimensionFilter(text)).toThrow(expect.objectContaining({ code: 'InvalidMetricFilter' }));
  },
);

test("a filter's values are texts with doubled quotes", () => {
  expect([...parseDimensionFilter("A eq 'it''s' or a eq '*' and B eq 'and'")!]).toEqual([
    ['a', ["it's", '*']],
    ['b', ['and']],
  ]);
});
