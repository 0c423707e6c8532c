import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { fault, type Fault } from '#base/fault.ts';

/** Not PATH: whoever sets our environment would choose what writes the rules. */
const folders = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** A program of the host that the kernel engine needs. */
interface HostProgram {
  readonly path: string;
  readonly does: string;
  /** The package of Debian's that has it. */
  readonly from: string;
}

function program(name: string, does: string, from: string): HostProgram {
  const [first = ''] = folders;
  const found = folders.find((folder) => isProgram(join(folder, name))) ?? first;
  return { path: join(found, name), does, from };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export type KernelProgram = 'ip' | 'ss' | 'nft' | 'conntrack' | 'nsenter' | 'unshare' | 'setpriv' | 'umount' | 'sh' | 'head';

export const kernelPrograms: Readonly<Record<KernelProgram, HostProgram>> = {
  ip: program('ip', 'makes network namespaces and interfaces', 'iproute2'),
  ss: program('ss', 'ends connections', 'iproute2'),
  nft: program('nft', 'writes the rules', 'nftables'),
  conntrack: program('conntrack', 'lists and forgets connections', 'conntrack'),
  nsenter: program('nsenter', 'runs these in a namespace', 'util-linux'),
  unshare: program('unshare', 'makes namespaces that no other user sees', 'util-linux'),
  setpriv: program('setpriv', 'ends what we started when we are killed', 'util-linux'),
  umount: program('umount', 'takes namespaces away', 'mount'),
  sh: program('sh', "sets the hub's settings, and begins these there", 'dash'),
  head: program('head', 'hands rules over', 'coreutils'),
};

/** Fault: `KernelToolMissing` (unsupported), naming all that are missing. */
export function requirePrograms(): void {
  const missing = Object.values(kernelPrograms).filter(({ path }) => !isProgram(path));
  if (missing.length === 0) return;
  const names = missing.map(({ path, does }) => `${path}, which ${does}`);
  const packages = [...new Set(missing.map(({ from }) => from))].join(' ');
  throw fault(
    'unsupported',
    'KernelToolMissing',
    `The kernel engine needs ${names.join(', and ')}: ${missing.length === 1 ? 'it is' : 'they are'} not here.`,
    { target: missing.map(({ path }) => path).join(', '), remedy: `apt-get install ${packages}; or use isthmus up --engine userspace.` },
  );
}

export interface Ran {
  readonly out: string;
  readonly err: string;
  /** Undefined: it was ended. */
  readonly exit: number | undefined;
}

/** A program and what it is given, before it runs. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/** A program that takes longer is ended. */
export const patienceMs = 60_000;
/** All that programs are told of the world. */
export const ownEnvironment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } as const;

/** Runs a program to its end, begun by this process. */
export function run(file: string, args: readonly string[], input = ''): Promise<Ran> {
  return new Promise((done, failed) => {
    const child = spawn(file, args, { env: ownEnvironment, cwd: '/', timeout: patienceMs });
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
export function runNow(file: string, args: readonly string[], input = ''): Ran {
  const { status, stdout, stderr } = spawnSync(file, args, {
    input,
    encoding: 'utf8',
    env: ownEnvironment,
    cwd: '/',
  });
  return { out: stdout, err: stderr, exit: status ?? undefined };
}

/** Fault: `KernelCommandFailed` (unsupported), with what the program said. */
export function commandFailed(file: string, args: readonly string[], { err, exit }: Ran): Fault {
  return fault('unsupported', 'KernelCommandFailed', `${[file, ...args].join(' ')} failed: ${saidBy({ err, exit })}.`, {
    target: file,
    remedy: 'See what it says; isthmus up --engine userspace needs none of this.',
  });
}

/** What a program said for itself before it failed, on one line. */
export function saidBy({ err, exit }: Pick<Ran, 'err' | 'exit'>): string {
  const said = err.trim().split('\n').slice(0, 3).join(' ').slice(0, 400);
  return said === '' ? `exit ${exit ?? 'by a signal'}` : said.replace(/\.$/, '');
}
