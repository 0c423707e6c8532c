import { spawn, spawnSync } from 'node:child_process';
import { fault, type Fault } from '#base/fault.ts';

/** The programs of the host that the kernel engine needs, each with what it is for and the package of Debian's that has it. */
export const kernelPrograms = {
  ip: { path: '/sbin/ip', does: 'makes network namespaces and interfaces', from: 'iproute2' },
  ss: { path: '/bin/ss', does: 'ends connections', from: 'iproute2' },
  nft: { path: '/usr/sbin/nft', does: 'writes the rules', from: 'nftables' },
  conntrack: { path: '/usr/sbin/conntrack', does: 'lists and forgets connections', from: 'conntrack' },
  nsenter: { path: '/usr/bin/nsenter', does: 'runs these in a namespace', from: 'util-linux' },
} as const;
export type KernelProgram = keyof typeof kernelPrograms;

export interface Ran {
  readonly out: string;
  readonly err: string;
  /** Undefined: it was ended. */
  readonly exit: number | undefined;
}

const patienceMs = 60_000;

/** Runs a program to its end. Never through a shell. */
export function run(file: string, args: readonly string[], input = ''): Promise<Ran> {
  return new Promise((done, failed) => {
    const child = spawn(file, args, { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }, cwd: '/', timeout: patienceMs });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.once('error', (cause) => failed(commandFailed(file, args, { out: '', err: String(cause), exit: undefined })));
    // A program that ends before it has read all says why by itself.
    child.stdin.on('error', () => undefined);
    child.once('close', (exit) =>
      done({ out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString(), exit: exit ?? undefined }),
    );
    child.stdin.end(input);
  });
}

/** The same, where anything but success is a fault: `KernelCommandFailed` (unsupported), with what the program said. */
export async function must0(file: string, args: readonly string[], input = ''): Promise<string> {
  const ran = await run(file, args, input);
  if (ran.exit !== 0) throw commandFailed(file, args, ran);
  return ran.out;
}

/** For the moment in which nothing may come between. */
export function runNow(file: string, args: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(file, args, {
    encoding: 'utf8',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    cwd: '/',
  });
  return { out: stdout, err: stderr, exit: status ?? undefined };
}

/** Fault: `KernelCommandFailed` (unsupported), with what the program said. */
export function commandFailed(file: string, args: readonly string[], { err, exit }: Ran): Fault {
  const said = err.trim().split('\n').slice(0, 3).join(' ').slice(0, 400);
  return fault(
    'unsupported',
    'KernelCommandFailed',
    `${[file, ...args].join(' ')} failed: ${said === '' ? `exit ${exit ?? 'by a signal'}` : said}.`,
    {
      target: file,
      remedy: 'See what it says; isthmus up --engine userspace needs none of this.',
    },
  );
}
