import { spawn } from 'node:child_process';

export interface Ended {
  readonly out: string;
  readonly err: string;
  readonly exit: number | null;
}

/** Runs a program to its end, with this on its standard input. */
export function runProgram(
  command: string,
  args: readonly string[],
  { input = '', env = {} }: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Ended> {
  return new Promise((done, failed) => {
    const child = spawn(command, args, {
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', HOME: '/nonexistent', ...env },
      timeout: 50_000,
    });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.once('error', failed);
    child.stdin.on('error', () => undefined);
    child.once('close', (exit) => done({ out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString(), exit }));
    child.stdin.end(input);
  });
}

/** What a client's program told, step by step: each line is an object with one step. */
export function stepsOf({ out, err, exit }: Ended): Readonly<Record<string, unknown>> {
  if (exit !== 0) throw new Error(`the client ended with ${exit}: ${out.slice(-2_000)}${err.slice(-4_000)}`);
  return Object.assign(
    {},
    ...out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  ) as Record<string, unknown>;
}
