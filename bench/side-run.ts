import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { probedArguments } from './link-run.ts';
import type { Probed } from './probe.ts';
import type { SideReport } from './side.ts';
import type { Workplace } from './workplace.ts';

const root = join(import.meta.dirname, '..');

/** A running side of a hand-over: see `side.ts`. */
export interface RunningSide {
  readonly process: ChildProcess;
  /** Settles when it has ended; rejects when it failed. */
  readonly ended: Promise<Probed>;
  /** Ends it in good order. */
  stop(): Promise<Probed>;
}

export function startSide(
  place: Workplace,
  args: readonly string[],
  onReport: (report: SideReport) => void = () => undefined,
): RunningSide {
  const probeFile = join(place.folder, `probe-side-${args[0]}.json`);
  const [program, ...rest] = ['bench/side.ts', ...args];
  const child = fork(program!, rest, {
    cwd: root,
    execPath: process.execPath,
    execArgv: [...probedArguments([])],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ISTHMUS_BENCH_PROBE: probeFile },
  });
  child.on('message', (report) => onReport(report as SideReport));
  const { promise, resolve, reject } = Promise.withResolvers<Probed>();
  child.once('error', reject);
  child.once('close', (code, signal) => {
    if (code === 0) resolve(JSON.parse(readFileSync(probeFile, 'utf8')) as Probed);
    else reject(new Error(`${args[0]} ended with ${code ?? signal}`));
  });
  promise.catch(() => undefined);
  return {
    process: child,
    ended: promise,
    stop: () => {
      child.kill('SIGTERM');
      return promise;
    },
  };
}
