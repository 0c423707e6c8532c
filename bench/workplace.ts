import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where a benchmark runs, and how much of it. */
export interface Workplace {
  /** 1: as large as documented; smaller for a quick look. */
  readonly scale: number;
  /** Pairs to measure. */
  readonly rounds: number;
  /** For files; removed at the end. */
  readonly folder: string;
  /** Tells how far it is. */
  readonly say: (text: string) => void;
}

export function openWorkplace(options: { readonly scale: number; readonly rounds: number }): Workplace & Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-bench-'));
  const begun = performance.now();
  const say = (text: string): void =>
    void process.stderr.write(`${((performance.now() - begun) / 1000).toFixed(1).padStart(7)} s  ${text}\n`);
  return { ...options, folder, say, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A part of the full amount. */
export function scaled(place: Workplace, full: number, least: number): number {
  return Math.max(least, Math.round(full * place.scale));
}

export interface Ended {
  readonly seconds: number;
  readonly output: string;
  /** The end of what it wrote to stderr. */
  readonly errors: string;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Throw stdout away unread, as `> /dev/null` does. */
  readonly discard?: boolean;
  readonly input?: string;
  readonly cwd?: string;
}

/** Runs a program to its end and times it. Throws when it fails. */
export async function runProgram(command: string, args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  const begun = performance.now();
  const child = spawn(command, args, {
    stdio: [options.input === undefined ? 'ignore' : 'pipe', options.discard ? 'ignore' : 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  let output = '';
  let errors = '';
  child.stdout?.on('data', (bytes: Buffer) => (output += bytes.toString('utf8')));
  child.stderr?.on('data', (bytes: Buffer) => (errors = (errors + bytes.toString('utf8')).slice(-4000)));
  child.stdin?.end(options.input);
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  child.once('error', reject);
  child.once('close', (code, signal) => resolve(code === 0 ? undefined : `${code ?? signal}`));
  const trouble = await promise;
  const seconds = (performance.now() - begun) / 1000;
  if (trouble !== undefined) throw new Error(`${command} ${args[0] ?? ''} ended with ${trouble}: ${errors.trim().slice(-1500)}`);
  return { seconds, output, errors };
}

/** Waits until `ready` answers true. */
export async function until(ready: () => Promise<boolean>, pollMs: number, limitS = 1800): Promise<void> {
  const deadline = performance.now() + limitS * 1000;
  while (!(await ready())) {
    if (performance.now() > deadline) throw new Error(`nothing happened for ${limitS} s`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
