// Loaded before the program under measurement (node --import): writes down at its end when it did what, and what it cost. Changes nothing.
import { readFileSync, writeFileSync } from 'node:fs';
import { createNoopMeter, metrics } from '@opentelemetry/api';

/** What the probe leaves. Milliseconds are since the process began. */
export interface Probed {
  /** The link has noted its tables: pages follow. */
  firstTransactionMs: number | undefined;
  firstRowsMs: number | undefined;
  lastTransactionMs: number | undefined;
  rows: number;
  bytes: number;
  transactions: number;
  cpuS: number;
  peakMb: number;
}

const probed: Probed = {
  firstTransactionMs: undefined,
  firstRowsMs: undefined,
  lastTransactionMs: undefined,
  rows: 0,
  bytes: 0,
  transactions: 0,
  cpuS: 0,
  peakMb: 0,
};

const counters: Readonly<Record<string, (value: number) => void>> = {
  'link.rows': (value) => {
    probed.firstRowsMs ??= performance.now();
    probed.rows += value;
  },
  'link.bytes': (value) => {
    probed.bytes += value;
  },
  'link.transactions': (value) => {
    probed.firstTransactionMs ??= performance.now();
    probed.lastTransactionMs = performance.now();
    probed.transactions += value;
  },
};

const file = process.env['ISTHMUS_BENCH_PROBE'];
if (file !== undefined) {
  // The link's own instruments tell how far it is, whatever it prints.
  const meter = createNoopMeter();
  const noop = meter.createCounter('none');
  meter.createCounter = (name) => ({ add: counters[name] ?? ((value) => noop.add(value)) });
  metrics.setGlobalMeterProvider({ getMeter: () => meter });
  process.once('exit', () => {
    const { user, system } = process.cpuUsage();
    probed.cpuS = (user + system) / 1e6;
    probed.peakMb = peakMb();
    writeFileSync(file, JSON.stringify(probed));
  });
}

/** The peak of this program's own memory: `resourceUsage` would count the parent's at the fork. */
function peakMb(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS / 1024;
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
}
