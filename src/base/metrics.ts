import { metrics, type Attributes, type MeterProvider, type ObservableGauge } from '@opentelemetry/api';

/** What an instrument measures. Names are `part.what` (`link.rows`), units as in UCUM (`s`, `By`, `{row}`). */
export interface InstrumentOptions {
  readonly unit: string;
  readonly description: string;
}

export interface Count {
  add(value: number, attributes?: Attributes): void;
}

export interface Distribution {
  record(value: number, attributes?: Attributes): void;
}

/** One reading of a gauge. Attributes are few and low in number: `link`, `pool`, `kind`; never a table or a row. */
export interface Reading {
  readonly value: number;
  readonly attributes?: Attributes;
}

const scope = 'isthmus';

/** A sum that only grows. Costs next to nothing while no exporter is attached. */
export function counter(name: string, options: InstrumentOptions): Count {
  const instrument = perProvider(() => metrics.getMeter(scope).createCounter(name, options));
  return { add: (value, attributes) => instrument().add(value, attributes) };
}

/** A sum that goes up and down, such as open connections. */
export function upDownCounter(name: string, options: InstrumentOptions): Count {
  const instrument = perProvider(() => metrics.getMeter(scope).createUpDownCounter(name, options));
  return { add: (value, attributes) => instrument().add(value, attributes) };
}

/** The spread of values, such as durations. `boundaries` are the upper limits of the buckets. */
export function histogram(name: string, options: InstrumentOptions, boundaries?: readonly number[]): Distribution {
  const advice = boundaries === undefined ? {} : { advice: { explicitBucketBoundaries: [...boundaries] } };
  const instrument = perProvider(() => metrics.getMeter(scope).createHistogram(name, { ...options, ...advice }));
  return { record: (value, attributes) => instrument().record(value, attributes) };
}

/** A value that is read when somebody collects, until disposed. To be called once the process has attached its exporter. */
export function gauge(name: string, options: InstrumentOptions, read: () => Iterable<Reading>): Disposable {
  const instrument: ObservableGauge = metrics.getMeter(scope).createObservableGauge(name, options);
  const observe = (result: { observe(value: number, attributes?: Attributes): void }): void => {
    for (const { value, attributes } of read()) result.observe(value, attributes);
  };
  instrument.addCallback(observe);
  return { [Symbol.dispose]: () => instrument.removeCallback(observe) };
}

/**
 * Instruments are constants of modules and so made before the program attaches an exporter; OpenTelemetry would bind them to nothing for
 * ever. Each is made when it is first used with the provider that is there, and again if another one comes.
 */
function perProvider<T>(make: () => T): () => T {
  let provider: MeterProvider | undefined;
  let instrument: T | undefined;
  return () => {
    const current = metrics.getMeterProvider();
    if (instrument === undefined || provider !== current) {
      provider = current;
      instrument = make();
    }
    return instrument;
  };
}
