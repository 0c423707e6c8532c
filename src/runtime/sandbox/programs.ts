import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { fault, type Fault } from '#base/fault.ts';

/** Where the programs are that make a sandbox; each from a package that its name says. */
export interface SandboxPrograms {
  readonly bwrap: string;
  readonly unshare: string;
  readonly nsenter: string;
  readonly prlimit: string;
  readonly ip: string;
  readonly sh: string;
  readonly nice: string;
}

const packages: Readonly<Record<keyof SandboxPrograms, string>> = {
  bwrap: 'bubblewrap',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  prlimit: 'util-linux',
  ip: 'iproute2',
  sh: 'dash',
  nice: 'coreutils',
};
/** Not PATH: whoever sets our environment would choose what makes the sandbox. */
const folders = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin', '/run/current-system/sw/bin'];

/** All of them, or what is missing (`unsupported`). */
export function findPrograms(): SandboxPrograms | Fault {
  const found: Partial<Record<keyof SandboxPrograms, string>> = {};
  const missing: (keyof SandboxPrograms)[] = [];
  for (const name of Object.keys(packages) as (keyof SandboxPrograms)[]) {
    const path = folders.map((folder) => join(folder, name)).find(isProgram);
    if (path === undefined) missing.push(name);
    else found[name] = path;
  }
  if (missing.length === 0) return found as SandboxPrograms;
  const needed = [...new Set(missing.map((name) => packages[name]))].join(' ');
  return fault('unsupported', 'NoSandboxTools', `This host lacks ${missing.join(', ')}, which make the sandbox around workers.`, {
    target: missing.join(', '),
    remedy: `Install it: apt-get install ${needed}`,
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
