import { parseArgs } from 'node:util';
import { resultLine, type Benchmark, type Measure } from './benchmark.ts';
import { changesDrain } from './changes-drain.ts';
import { landing } from './landing.ts';
import { latency } from './latency.ts';
import { linear } from './linear.ts';
import { memory } from './memory.ts';
import { paging } from './paging.ts';
import { snapshotAccounts, snapshotWide } from './snapshot.ts';
import { openWorkplace } from './workplace.ts';

const benchmarks: readonly Benchmark[] = [snapshotWide, snapshotAccounts, landing, changesDrain, latency, memory, linear, paging];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { scale: { type: 'string', default: '1' }, rounds: { type: 'string', default: '3' } },
});

// The servers' processes keep nobody waiting by themselves.
const keepAlive = setInterval(() => undefined, 60_000);
const chosen = positionals.length === 0 ? benchmarks : positionals.map(named);
for (const benchmark of chosen) {
  using place = openWorkplace({ scale: Number(values.scale), rounds: Number(values.rounds) });
  const measures: readonly Measure[] = await benchmark.run(place);
  process.stdout.write(`${resultLine(benchmark.name, measures)}\n`);
}
clearInterval(keepAlive);

function named(name: string): Benchmark {
  const found = benchmarks.find((one) => one.name === name);
  if (found) return found;
  process.stderr.write(`error BadUse: there is no benchmark ${name}.\nremedy: one of ${benchmarks.map((one) => one.name).join(', ')}\n`);
  process.exit(2);
}
