import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Probed } from './probe.ts';
import { runProgram, type Workplace } from './workplace.ts';

const root = join(import.meta.dirname, '..');
let runs = 0;

export interface LinkRequest {
  readonly url: string;
  readonly file: string;
  readonly tables: string;
  readonly more?: readonly string[];
}

export interface LinkResult extends Probed {
  /** From the start of the program to its end. */
  readonly wallS: number;
  /** From the link's first note of its tables until its last transaction: all tables Replicating, the pool queryable. */
  readonly linkS: number;
}

/** Runs the real `isthmus link --once` in a process of its own. */
export async function linkOnce(place: Workplace, request: LinkRequest): Promise<LinkResult> {
  const args = [
    'src/bin/cli.ts',
    'link',
    '--from',
    request.url,
    '--to',
    request.file,
    '--tables',
    request.tables,
    '--once',
    ...(request.more ?? []),
  ];
  const { probed, seconds } = await runProbed(place, args);
  return { ...probed, wallS: seconds, linkS: ((probed.lastTransactionMs ?? 0) - (probed.firstTransactionMs ?? 0)) / 1000 };
}

/** Runs a TypeScript program of this checkout with the probe. */
export async function runProbed(place: Workplace, args: readonly string[]): Promise<{ probed: Probed; seconds: number; output: string }> {
  const probeFile = join(place.folder, `probe-${runs++}.json`);
  const { seconds, output } = await runProgram(process.execPath, probedArguments(args), {
    env: { ISTHMUS_BENCH_PROBE: probeFile },
    cwd: root,
  });
  return { probed: JSON.parse(readFileSync(probeFile, 'utf8')) as Probed, seconds, output };
}

/** `BENCH_NODE_OPTIONS`, such as `--cpu-prof`, goes to the program under measurement only. */
export function probedArguments(args: readonly string[]): readonly string[] {
  const more = process.env['BENCH_NODE_OPTIONS']?.split(' ').filter((option) => option !== '') ?? [];
  return [...more, '--import', join(import.meta.dirname, 'probe.ts'), ...args];
}
