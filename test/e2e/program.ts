import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fault } from '#base/fault.ts';

const cli = join(import.meta.dirname, '../../src/bin/cli.ts');
const pollMs = 50;

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `isthmus …` to its end. */
export async function isthmus(args: readonly string[], input = '', settings: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const program = new RunningProgram(args, settings);
  program.process.stdin?.end(input);
  return program.ended;
}

/** A program `isthmus …` that runs. Disposing it kills it. */
export class RunningProgram implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly ended: Promise<Ran>;
  out = '';
  err = '';

  /** `settings`: variables of the environment that are meant for it. `via`: a command that becomes it, given how it is called. */
  constructor(args: readonly string[], settings: Readonly<Record<string, string>> = {}, via: readonly string[] = []) {
    // What is set for tests is no setting of the program.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ISTHMUS_')));
    const [command = '', ...rest] = [...via, process.execPath, cli, ...args];
    this.process = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...env, ...settings } });
    this.process.stdout?.on('data', (bytes: Buffer) => (this.out += bytes.toString('utf8')));
    this.process.stderr?.on('data', (bytes: Buffer) => (this.err += bytes.toString('utf8')));
    this.ended = new Promise((settle) => {
      this.process.once('close', (code, signal) =>
        settle({ code: code ?? (signal === 'SIGKILL' ? 137 : 1), out: this.out, err: this.err }),
      );
    });
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** The line `ready {…}`. */
  async ready(withinMs?: number): Promise<Readonly<Record<string, string>>> {
    const read = (): string | undefined => {
      if (this.process.exitCode !== null) throw fault('bug', 'Ended', `it ended: ${this.err}`);
      return /^ready (\{.*\})$/m.exec(this.out)?.[1];
    };
    const line = await until('ready', read, withinMs).catch((error: unknown) => {
      throw fault('timeout', 'Waited', `never ready: ${this.err}`, { cause: error });
    });
    return JSON.parse(line) as Record<string, string>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const family = descendants(this.pid);
    this.process.kill('SIGKILL');
    await this.ended;
    for (const pid of family) killIfThere(pid);
  }
}

/** Waits until `ask` gives something other than undefined or false; asks again where it throws. */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 45_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await ask();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw fault('timeout', 'Waited', `never: ${what}`);
    await new Promise((settle) => setTimeout(settle, pollMs));
  }
}

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
}

/** All processes, as the system lists them (Linux). */
function processes(): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // `number (name) state parent …`
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (state === 'Z') return [];
        return [
          { pid: Number(name), parent: Number(parent), name: readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() },
        ];
      } catch {
        // It ended meanwhile.
        return [];
      }
    });
}

/** Every process below one, by number. */
export function descendants(pid: number): number[] {
  const all = processes();
  const family = [pid];
  for (const parent of family) family.push(...all.filter((one) => one.parent === parent).map((one) => one.pid));
  return family.slice(1);
}

/** A process below one whose title begins so. */
export function descendant(pid: number, title: string): number | undefined {
  return allDescendants(pid, title)[0];
}

/** All processes below one whose title begins so. */
export function allDescendants(pid: number, title: string): readonly number[] {
  const family = new Set(descendants(pid));
  return processes()
    .filter((one) => family.has(one.pid) && one.name.startsWith(title))
    .map((one) => one.pid);
}

export function isThere(pid: number): boolean {
  return processes().some((one) => one.pid === pid);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
