import { lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fault } from '#base/fault.ts';

/** What of the file system a worker sees. All absolute; files or folders, and they are in their own places inside too. */
export interface SandboxView {
  readonly readOnly: readonly string[];
  readonly writable: readonly string[];
}

const tmpBytes = 256 * 1024 * 1024;
/** Where Node is, inside. */
export const nodeInside = '/bin/node';

/** The arguments for bubblewrap that build the view: system libraries, Node, what is asked for, an empty /tmp, and /etc of its own. */
export function viewArguments(view: SandboxView, etc: string, canLimitTmp: boolean): string[] {
  const asked = [...view.readOnly.map((path) => ['--ro-bind', path] as const), ...view.writable.map((path) => ['--bind', path] as const)];
  for (const [, path] of asked) refuseWide(path);
  // What lies in another comes after it.
  const inOrder = asked.toSorted(([, a], [, b]) => a.length - b.length);
  return [
    libraryArguments(readFileSync('/proc/self/maps', 'utf8')),
    ['--ro-bind', process.execPath, nodeInside],
    ['--proc', '/proc', ...kernelSettings(), '--dev', '/dev'],
    canLimitTmp ? ['--size', String(tmpBytes)] : [],
    ['--tmpfs', '/tmp'],
    inOrder.flatMap(([how, path]) => [how, path, path]),
    ['--ro-bind', etc, '/etc'],
    // Nothing outside /tmp takes memory by taking files.
    ['--remount-ro', '/dev', '--remount-ro', '/'],
    ['--chdir', '/tmp'],
  ].flat();
}

/** The folders that this Node's own libraries were loaded from: the same Node runs inside. */
function libraryArguments(maps: string): string[] {
  const libraries = maps.matchAll(/\s(\/(?:usr\/)?lib[^\n]*\/[^/\n]+\.so[^/\n]*)$/gm);
  const folders = new Set([...libraries].map(([, path]) => dirname(path ?? '')));
  const links: string[] = [];
  for (const path of ['/lib', '/lib64']) {
    if (kindOf(path) === 'link') links.push('--symlink', readlinkSync(path), path);
    else if (path === '/lib64' && kindOf(path) === 'folder') folders.add(path);
  }
  if (kindOf('/usr/lib64') === 'folder') folders.add('/usr/lib64');
  const inOrder = [...folders].toSorted((a, b) => a.length - b.length);
  return [...inOrder.flatMap((folder) => ['--ro-bind', folder, folder]), ...links];
}

/**
 * What of /proc is the whole host's: read-only. Root writes to it by being its owner, with no capability at all, and bubblewrap covers only what the
 * one who starts it may write by the folder's own mode.
 */
function kernelSettings(): string[] {
  // Names only, looked at one by one: processes come and go meanwhile.
  const shared = readdirSync('/proc').filter((name) => !/^\d+$/.test(name));
  return shared.flatMap((name) => {
    const path = join('/proc', name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    const isWritable = stat?.isFile() === true && (stat.mode & 0o222) !== 0;
    return isWritable || stat?.isDirectory() === true ? ['--ro-bind', path, path] : [];
  });
}

function kindOf(path: string): 'link' | 'folder' | 'other' {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isSymbolicLink()) return 'link';
  return stat?.isDirectory() ? 'folder' : 'other';
}

/** Folders that would show more than a program's own: whole branches of the host, and where its sockets are. */
const wide = [
  '/',
  '/etc',
  '/home',
  '/root',
  '/run',
  '/var',
  '/proc',
  '/sys',
  '/dev',
  '/tmp',
  '/usr',
  '/bin',
  '/lib',
  '/opt',
  '/mnt',
  '/srv',
];

function refuseWide(path: string): void {
  const isAbsolute = path.startsWith('/') && !/(^|\/)\.\.?(\/|$)/.test(path);
  if (!isAbsolute || wide.includes(path.replace(/\/+$/, '') || '/')) {
    throw fault('invalid', 'SandboxViewTooWide', `A sandbox does not show ${path}.`, {
      target: path,
      remedy: 'Name the absolute paths of just the files and folders that the program needs.',
    });
  }
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    throw fault('missing', 'NoSuchFile', `There is no ${path} to show in a sandbox.`, {
      target: path,
      remedy: 'Make it first, or leave it out.',
    });
  }
}

/** Makes the worker's /etc: no accounts but its own, and who is asked for names that are not in `hosts`; undefined: nobody. */
export function makeEtc(etc: string, hosts: string, resolver: string | undefined): void {
  mkdirSync(etc, { mode: 0o755 });
  const files = {
    'nsswitch.conf': `passwd: files\ngroup: files\nhosts: files${resolver === undefined ? '' : ' dns'}\n`,
    'resolv.conf': resolver === undefined ? '' : `nameserver ${resolver}\noptions timeout:2 attempts:2\n`,
    'host.conf': 'multi on\n',
    passwd: 'nobody:x:65534:65534:nobody:/tmp:/bin/false\n',
    group: 'nogroup:x:65534:\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(etc, name), text, { mode: 0o644 });
  writeHosts(etc, hosts);
}

/** In place of the one before, at once: readers see either. */
export function writeHosts(etc: string, hosts: string): void {
  const draft = join(etc, 'hosts.new');
  writeFileSync(draft, hosts, { mode: 0o644 });
  renameSync(draft, join(etc, 'hosts'));
}
