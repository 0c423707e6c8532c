import { closeSync, constants, existsSync, lstatSync, openSync, readdirSync, readFileSync, rmSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fault, type Fault } from '#base/fault.ts';
import { kernelPrograms, run, saidBy, type Command, type KernelProgram } from './commands.ts';
import type { Uplink } from './uplink.ts';

export interface HubOptions {
  /** Whose it is, of this host: four to eight letters and digits. Two with one label are the same hub. */
  readonly label: string;
  /** Where the hub of a user other than root lives, which no other user may write to; by default the system's temporary folder. */
  readonly folder?: string | undefined;
  /** See `Uplink`; without it one that was there before is given back, and a relay leads to databases beyond this host. */
  readonly uplink?: Uplink | undefined;
}

/** Where a hub is on this host, whether it is there or not. */
export interface HubPlace {
  readonly label: string;
  /** Its network namespace, as a file. */
  readonly path: string;
  /** Its one interface on this host. */
  readonly hostInterface: string;
  /** The namespace is the host's own root's, and `ip netns` shows it. */
  readonly isListed: boolean;
}

const listedAt = '/run/netns';
/** What /proc/self/uid_map says where no user namespace is between this process and the host. */
const allUsers = /^\s*0\s+0\s+4294967295\s*$/;
/** The kind of file system of a namespace that is bound to a file. */
const namespaceFiles = 0x6e73_6673;
const patienceMs = 10_000;

/** Root of the host keeps its hubs where `ip netns` looks for them; all others, root of a user namespace too, in a folder of their own. */
export function hubPlace({ label, folder }: HubOptions): HubPlace {
  if (!/^[a-z0-9]{4,8}$/.test(label)) throw fault('bug', 'LabelWrong', 'A label of a hub is four to eight letters and digits.');
  const isListed = process.getuid?.() === 0 && !isInUserNamespace();
  const path = join(isListed ? listedAt : (folder ?? tmpdir()), `isthmus-${label}`);
  return { label, path, hostInterface: `ist-${label}`, isListed };
}

/** Whether this process is below a user namespace, as within `unshare -Ur`. */
export function isInUserNamespace(): boolean {
  return !allUsers.test(readFileSync('/proc/self/uid_map', 'latin1'));
}

/** Runs a program in a hub. */
export function within({ path }: HubPlace, program: KernelProgram, args: readonly string[] = []): Command {
  return { file: kernelPrograms.nsenter.path, args: [`--net=${path}`, '--', kernelPrograms[program].path, ...args] };
}

/** Whether the namespace is there. A file may be left of one: bound to nothing. */
export function isNamespaceThere({ path }: HubPlace): boolean {
  return existsSync(path) && statfsSync(path).type === namespaceFiles;
}

/** Not by /sys, which shows the network of whoever mounted it. */
export function isInterfaceThere(name: string): boolean {
  return new RegExp(`^ *${name}:`, 'm').test(readFileSync('/proc/net/dev', 'latin1'));
}

/** Faults: `NotAllowed`, `NoNamespaces` (unsupported). */
export async function makeNamespace(place: HubPlace): Promise<void> {
  const lacking = lackingRights();
  if (lacking.length > 0) throw notAllowed(`it lacks ${lacking.join(' and ')}`);
  removeFile(place);
  const { file, args } = place.isListed
    ? { file: kernelPrograms.ip.path, args: ['netns', 'add', `isthmus-${place.label}`] }
    : { file: kernelPrograms.unshare.path, args: [`--net=${place.path}`, '--', kernelPrograms.sh.path, '-c', ':'] };
  if (!place.isListed) makeFile(place);
  const ran = await run(file, args);
  if (ran.exit === 0 && isNamespaceThere(place)) return;
  await takeNamespace(place);
  const said = saidBy(ran);
  throw /No space left on device/.test(said) ? noNamespaces(said) : notAllowed(said);
}

/** Idempotent. */
export async function takeNamespace(place: HubPlace): Promise<void> {
  // It ends with the last that holds it: a connection of ours that is being closed.
  if (isNamespaceThere(place)) await run(kernelPrograms.umount.path, ['-l', place.path]);
  removeFile(place);
}

function makeFile({ path }: HubPlace): void {
  try {
    closeSync(openSync(path, constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600));
  } catch (cause) {
    throw fault('unsupported', 'NotAllowed', `This user may not make ${path}, where the hub of the kernel engine would live.`, {
      target: path,
      remedy: 'Remove it if it is there, or choose another data folder.',
      cause,
    });
  }
}

/** Only what is left of a namespace: an empty file. */
function removeFile({ path }: HubPlace): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFile() === true && found.size === 0 && found.uid === process.getuid?.()) rmSync(path, { force: true });
}

/** Of the capabilities in effect. Both are for this user's own namespaces where there is a user namespace. */
function lackingRights(): readonly string[] {
  const held = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0'}`);
  const needed = { CAP_NET_ADMIN: 12n, CAP_SYS_ADMIN: 21n };
  return Object.entries(needed).flatMap(([name, bit]) => ((held >> bit) & 1n ? [] : [name]));
}

function notAllowed(why: string): Fault {
  return fault('unsupported', 'NotAllowed', `This user may not make network namespaces: ${why}.`, {
    remedy: 'Start isthmus up --engine kernel as root, or within: unshare -Urnm; or use isthmus up --engine userspace.',
  });
}

function noNamespaces(said: string): Fault {
  return fault('unsupported', 'NoNamespaces', `This host makes no more network namespaces: ${said}.`, {
    target: 'user.max_net_namespaces',
    remedy: 'Allow some more: sysctl user.max_net_namespaces=15000; or use isthmus up --engine userspace.',
  });
}

/**
 * Waits for programs that a killed process of ours had begun to run for this hub: they finish what they do. Fault: `HubBusy` (conflict).
 */
export async function settled(place: HubPlace): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const busy = programsFor(place);
    if (busy.length === 0) return;
    if (performance.now() > deadline) {
      throw fault('conflict', 'HubBusy', `The processes ${busy.join(', ')} still work on the network ${place.path}.`, {
        target: place.path,
        remedy: 'Wait until they have ended, or end them.',
      });
    }
    await delay(20);
  }
}

/** Those of the programs that the engine starts, by what they were told or by where they are. */
function programsFor({ path, hostInterface, label }: HubPlace): readonly number[] {
  const files = new Set<string>(Object.values(kernelPrograms).map((one) => one.path));
  const words = [path, `--net=${path}`, hostInterface, `isthmus-${label}`];
  const hub = networkOf(path);
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
    .filter((pid) => {
      const told = commandOf(pid);
      if (!files.has(told[0] ?? '')) return false;
      return words.some((word) => told.includes(word)) || (hub !== undefined && networkOf(`/proc/${pid}/ns/net`) === hub);
    });
}

/** What tells a network namespace from others; undefined: there is none. */
function networkOf(path: string): number | undefined {
  try {
    return statfsSync(path).type === namespaceFiles ? statSync(path).ino : undefined;
  } catch {
    // It has ended meanwhile, or is another user's, whose programs are not ours.
    return undefined;
  }
}

function commandOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
  } catch {
    // It has ended meanwhile.
    return [];
  }
}
