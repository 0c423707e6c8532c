import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { isReached, type Benchmark, type Measure } from './benchmark.ts';
import { clientProgram } from './servers.ts';

const root = join(import.meta.dirname, '..');

export interface Reported {
  readonly benchmark: Benchmark;
  /** Or why there are none. */
  readonly measures: readonly Measure[] | string;
}

/** Writes docs/performance.md. */
export function writeReport(reported: readonly Reported[], run: { readonly scale: number; readonly rounds: number }): void {
  mkdirSync(join(root, 'docs'), { recursive: true });
  writeFileSync(join(root, 'docs/performance.md'), `${[head(run), ...reported.map(section)].join('\n')}`);
}

function head(run: { readonly scale: number; readonly rounds: number }): string {
  const version = (name: string): string =>
    (JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }).version;
  const postgres = execFileSync(clientProgram('postgres'), ['--version'], { encoding: 'utf8' }).trim();
  const [cpu] = cpus();
  const gib = Math.round(totalmem() / 2 ** 30);
  return `# Performance

Made by \`npm run bench\` (which writes this file anew); one benchmark alone: \`npm run bench -- NAME\`.

- ${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpu?.model.trim()} (${arch()}), ${gib} GiB, Linux ${release()}; source, link and pool share these cores.
- ${postgres}; Node ${process.versions.node}; @duckdb/node-api ${version('@duckdb/node-api')}.
- Scale ${run.scale}, ${run.rounds} rounds. In each round ours and the reference run next to each other. The numbers are medians over the rounds; the
  ratio is the median of the rounds' ratios of times, above 1 where we are faster. Single rounds move by tens of per cent on a machine that does other
  things too, so look at ratios, not at times.
- Every run of ours and of PostgreSQL's subscription is verified: count and sum of row hashes equal at the source and in the copy.
- *link* is from when the link has noted its tables until all of them are Replicating; *whole program* is the command from start to end.
`;
}

function section({ benchmark, measures }: Reported): string {
  const title = `## ${benchmark.name}\n\n${benchmark.about}.\n`;
  if (typeof measures === 'string') return `${title}\nNot measured: ${measures}\n`;
  const rows = measures.map((measure) => `| ${cells(measure).join(' | ')} |`);
  const notes = [...new Set(measures.flatMap((measure) => (measure.note === undefined ? [] : [`- ${measure.what}: ${measure.note}`])))];
  const table = ['| measure | ours | reference | ratio | target | reached |', '|---|---|---|---|---|---|', ...rows].join('\n');
  return `${title}\n${table}\n${notes.length > 0 ? `\n${notes.join('\n')}\n` : ''}`;
}

function cells(measure: Measure): readonly string[] {
  const { what, unit, ours, reference, ratio, target } = measure;
  const wanted = target === undefined ? '' : 'atMost' in target ? `≤ ${target.atMost} ${unit}` : `≥ ${target.ratioAtLeast}`;
  const reached = isReached(measure);
  return [
    what,
    `${ours} ${unit}`,
    reference === undefined ? '' : `${reference} ${unit}`,
    ratio === undefined ? '' : `**${ratio}**`,
    wanted,
    reached === undefined ? '' : reached ? 'yes' : 'no',
  ];
}
