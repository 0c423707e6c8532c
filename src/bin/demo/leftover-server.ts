import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fault } from '#base/fault.ts';
import { delay } from '#base/service.ts';
import { programEnvironment } from './unprivileged.ts';

const pollMs = 20;
const fastStopMs = 30_000;

/** Whether the server `pid` accepts connections. Line 1 of postmaster.pid is the process, line 8 its state: `pg_ctl` waits in this way too. */
export function isReady(cluster: string, pid: number): boolean {
  const lines = pidFile(cluster);
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

/** Notes that this process starts the cluster's server, for the next start to know whether that server was left behind. */
export function noteOwner(cluster: string): void {
  writeFileSync(join(cluster, '..', 'owner'), `${process.pid}\n`);
}

/**
 * Stops the server that a killed process of ours left in this cluster, and removes a pid file whose number is another program's by now.
 * Throws `conflict` if whoever started that server still lives.
 */
export async function stopLeftover(cluster: string, signal: AbortSignal): Promise<void> {
  const pid = Number(pidFile(cluster)[0]);
  if (!Number.isInteger(pid) || pid <= 0) return;
  if (!isServerOf(cluster, pid)) return rmSync(join(cluster, 'postmaster.pid'), { force: true });
  const ownerFile = join(cluster, '..', 'owner');
  const owner = existsSync(ownerFile) ? Number(readFileSync(ownerFile, 'utf8')) : undefined;
  // A process whose parent ended has another parent from then on.
  if (owner !== undefined && parentOf(pid) === owner) {
    throw fault('conflict', 'ClusterInUse', `The PostgreSQL cluster ${cluster} is in use by process ${owner}.`, {
      target: cluster,
      remedy: `Stop process ${owner}, or use another folder (--data DIR).`,
    });
  }
  const started = Date.now();
  process.kill(pid, 'SIGINT');
  while (isServerOf(cluster, pid)) {
    if (Date.now() - started > fastStopMs) process.kill(pid, 'SIGQUIT');
    await delay(pollMs, signal);
  }
}

function pidFile(cluster: string): readonly string[] {
  return (readIfThere(join(cluster, 'postmaster.pid')) ?? '').split('\n');
}

/** A process number is used again after a restart of the machine: only a command line that names our cluster is our server. */
function isServerOf(cluster: string, pid: number): boolean {
  const commandLine = process.platform === 'linux' ? (readIfThere(`/proc/${pid}/cmdline`) ?? '') : askProcess(pid, 'args');
  return commandLine.includes('postgres') && commandLine.includes(cluster);
}

function parentOf(pid: number): number {
  if (process.platform !== 'linux') return Number(askProcess(pid, 'ppid'));
  // `number (name) state parent …`; the name may hold anything, brackets too.
  const stat = readIfThere(`/proc/${pid}/stat`) ?? '';
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function askProcess(pid: number, field: 'args' | 'ppid'): string {
  return spawnSync('ps', ['-o', `${field}=`, '-p', String(pid)], { env: programEnvironment, encoding: 'utf8' }).stdout?.trim() ?? '';
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
