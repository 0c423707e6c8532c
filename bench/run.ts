// npm run bench                 all benchmarks; rewrites docs/performance.md
// npm run bench -- NAME …       some of them; each prints one line of JSON
//   --scale 0.01                a part of the full amount, for a quick look
//   --rounds 5                  pairs to measure
//   --report                    rewrite docs/performance.md from the benchmarks named
import { parseArgs } from 'node:util';
import { arm } from './arm.ts';
import { resultLine, type Benchmark } from './benchmark.ts';
import { changesDrain } from './changes-drain.ts';
import { kernel } from './kernel.ts';
import { landing } from './landing.ts';
import { latency } from './latency.ts';
import { linear } from './linear.ts';
import { linkThroughPath } from './link-through-path.ts';
import { memory } from './memory.ts';
import { paging } from './paging.ts';
import { peers } from './peers.ts';
import { relayConnects, relayThroughput } from './relay.ts';
import { writeReport, type Reported } from './report.ts';
import { snapshotAccounts, snapshotWide } from './snapshot.ts';
import { studio } from './studio.ts';
import { tdsLogin, tdsRows } from './tds.ts';
import { tsqlTranslation } from './tsql-translation.ts';
import { workerStart } from './worker-start.ts';
import { openWorkplace } from './workplace.ts';

const benchmarks: readonly Benchmark[] = [
  snapshotWide,
  snapshotAccounts,
  landing,
  changesDrain,
  latency,
  linkThroughPath,
  memory,
  linear,
  paging,
  peers,
  arm,
  relayThroughput,
  relayConnects,
  kernel,
  workerStart,
  tdsRows,
  tdsLogin,
  tsqlTranslation,
  studio,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    report: { type: 'boolean', default: false },
  },
});
const options = { scale: positive('scale', values.scale), rounds: positive('rounds', values.rounds) };

// The servers' processes keep nobody waiting by themselves.
const keepAlive = setInterval(() => undefined, 60_000);
const reported: Reported[] = [];
for (const benchmark of positionals.length === 0 ? benchmarks : positionals.map(named)) reported.push(await measured(benchmark));
if (values.report || positionals.length === 0) writeReport(reported, options);
clearInterval(keepAlive);

async function measured(benchmark: Benchmark): Promise<Reported> {
  using place = openWorkplace(options);
  try {
    const measures = await benchmark.run(place);
    process.stdout.write(`${resultLine(benchmark.name, measures)}\n`);
    return { benchmark, measures };
  } catch (error) {
    // The others may still be measured.
    process.exitCode = 1;
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`error BenchFailed: ${benchmark.name}: ${error instanceof Error ? error.stack : message}\n`);
    return { benchmark, measures: message };
  }
}

function named(name: string): Benchmark {
  const found = benchmarks.find((one) => one.name === name);
  return found ?? badUse(`there is no benchmark ${name}`, `one of ${benchmarks.map((one) => one.name).join(', ')}`);
}

function positive(option: string, text: string): number {
  const value = Number(text);
  return value > 0 && Number.isFinite(value) ? value : badUse(`--${option} is not a positive number`, `--${option} 1`);
}

function badUse(message: string, remedy: string): never {
  process.stderr.write(`error BadUse: ${message}.\nremedy: ${remedy}\n`);
  process.exit(2);
}
