import { spawnSync } from 'node:child_process';
import { Fault, fault } from '#base/fault.ts';
import { silentLog, type Log } from '#base/log.ts';
import { EmptyNetwork } from './network.ts';
import { probeSandbox, type ProbedItem } from './probe.ts';
import { findPrograms } from './programs.ts';
import { SandboxedWorker, type SandboxRequest, type SandboxTools } from './sandboxed-worker.ts';
import type { Cpu } from './syscalls.ts';

export interface SandboxOptions {
  readonly log?: Log;
}

/** Starts programs that can reach nothing but the endpoints they are given. Needs no rights; works for root and for ordinary users. */
export interface Sandbox {
  /**
   * Runs a program of this Node in a sandbox. Settles when its endpoints listen; the program itself starts meanwhile and should wait for its job,
   * which comes over its channel (`process.send`) or standard input and by no other way. Faults: `SandboxFailed`, `SandboxListenFailed`,
   * `BadSandboxEndpoint`, `SandboxViewTooWide`, `NoSuchFile`; then nothing runs.
   */
  start(request: SandboxRequest): Promise<SandboxedWorker>;
  /** What holds on this host, each item tried from inside a sandbox. Takes about two seconds. */
  probe(): Promise<readonly ProbedItem[]>;
}

/** A sandbox, or why there is none (`unsupported`, with a remedy). Tries the parts that kernels and policies forbid. */
export async function openSandbox(options: SandboxOptions = {}): Promise<Sandbox | Fault> {
  const log = (options.log ?? silentLog).child({ part: 'sandbox' });
  const processor = knownCpu();
  if (processor instanceof Fault) return processor;
  const programs = findPrograms();
  if (programs instanceof Fault) return programs;
  try {
    await using network = await EmptyNetwork.open(programs);
    const help = spawnSync(programs.bwrap, ['--help'], { env: {}, encoding: 'utf8' }).stdout ?? '';
    const tools: SandboxTools = {
      programs,
      processor,
      hasDisableUserns: help.includes('--disable-userns'),
      canLimitTmp: help.includes('--size'),
      log,
    };
    const denied = tryBubblewrap(tools, network);
    if (denied !== undefined) return denied;
    const start = (request: SandboxRequest): Promise<SandboxedWorker> => SandboxedWorker.start(tools, request);
    return { start, probe: () => probeSandbox(start, processor) };
  } catch (error) {
    if (error instanceof Fault && error.kind === 'unsupported') return error;
    throw error;
  }
}

function knownCpu(): Cpu | Fault {
  if (process.platform !== 'linux') {
    return fault('unsupported', 'NoSandboxHere', `On ${process.platform} there is no sandbox around workers.`, {
      target: process.platform,
      remedy: 'Run workers on Linux to have them isolated.',
    });
  }
  if (process.arch === 'x64' || process.arch === 'arm64') return process.arch;
  return fault('unsupported', 'NoSandboxHere', `There is no filter of system calls for the processor ${process.arch}.`, {
    target: process.arch,
    remedy: 'Run workers on x64 or arm64 to have them isolated.',
  });
}

function tryBubblewrap({ programs }: SandboxTools, network: EmptyNetwork): Fault | undefined {
  const { file, args } = network.enter;
  const isolate = ['--unshare-user', '--unshare-pid', '--uid', '65534', '--ro-bind', '/', '/', '--proc', '/proc', programs.sh, '-c', ':'];
  const tried = spawnSync(file, [...args, programs.bwrap, ...isolate], { env: {}, encoding: 'utf8', cwd: '/' });
  if (tried.status === 0) return undefined;
  const said = tried.stderr?.trim().replace(/\s*\n\s*/g, '; ');
  return fault('unsupported', 'BubblewrapFailed', `bubblewrap cannot make a sandbox here: ${said || 'no reason given'}.`, {
    target: programs.bwrap,
    remedy: 'Allow nested user namespaces (sysctl user.max_user_namespaces) and an unmasked /proc, or run workers on a host that does.',
  });
}
