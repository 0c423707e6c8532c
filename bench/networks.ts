import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { runProgram, until } from './workplace.ts';

/** A network namespace. It has a process of its own to hold it, and ends with that: with this one at the latest, however this one ends. */
export interface Network extends AsyncDisposable {
  /** Of the process that holds it. */
  readonly pid: number;
}

export async function openNetwork(): Promise<Network> {
  const holder = spawnHere('unshare', ['--net', 'cat'], ['pipe', 'ignore', 'ignore']);
  const pid = holder.pid;
  if (pid === undefined) throw new Error('unshare could not be started');
  const own = readlinkSync('/proc/self/ns/net');
  await until(async () => isElsewhere(pid, own), 1, 10);
  // Programs that make connections one after the other need more of them than the kernel gives by default.
  await inNetwork({ pid }, '/bin/sh', [
    '-c',
    'echo 1024 65535 > /proc/sys/net/ipv4/ip_local_port_range; echo 1 > /proc/sys/net/ipv4/tcp_tw_reuse; ip link set lo up',
  ]);
  return { pid, [Symbol.asyncDispose]: () => end(holder) };
}

/** Joins two networks by a pair of interfaces; each end has the address of its side. */
export async function joinDirectly(one: Network, other: Network, addresses: readonly [one: string, other: string]): Promise<void> {
  const [left, right] = [`to${other.pid}`, `to${one.pid}`];
  await runProgram('ip', [
    'link',
    'add',
    left,
    'netns',
    String(one.pid),
    'type',
    'veth',
    'peer',
    'name',
    right,
    'netns',
    String(other.pid),
  ]);
  for (const [network, device, address] of [
    [one, left, addresses[0]],
    [other, right, addresses[1]],
  ] as const) {
    await inNetwork(network, 'ip', ['address', 'add', `${address}/30`, 'dev', device]);
    await inNetwork(network, 'ip', ['link', 'set', device, 'up']);
  }
}

/** Runs a program to its end in a network; undefined: this host's own. */
export async function inNetwork(network: { readonly pid: number } | undefined, file: string, args: readonly string[]): Promise<string> {
  const [program = file, ...rest] = entering(network, [file, ...args]);
  return (await runProgram(program, rest)).output;
}

/** Starts a program in a network that ends with this process. */
export function startIn(network: { readonly pid: number } | undefined, file: string, args: readonly string[]): ChildProcess {
  const [program = file, ...rest] = entering(network, [file, ...args]);
  return spawnHere(program, rest, ['pipe', 'pipe', 'inherit']);
}

export async function end(child: ChildProcess): Promise<void> {
  const over = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
  child.kill('SIGKILL');
  await over;
}

function entering(network: { readonly pid: number } | undefined, words: readonly string[]): readonly string[] {
  return network === undefined ? words : ['nsenter', `--net=/proc/${network.pid}/ns/net`, '--', ...words];
}

/** Killed by the kernel when this process is gone. */
function spawnHere(file: string, args: readonly string[], stdio: ('pipe' | 'ignore' | 'inherit')[]): ChildProcess {
  return spawn('setpriv', ['--pdeathsig', 'KILL', '--', file, ...args], { stdio });
}

function isElsewhere(pid: number, own: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`) !== own;
  } catch {
    return false;
  }
}
