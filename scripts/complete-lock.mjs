// After `npm install X` on one platform: adds to package-lock.json the optional packages of other platforms that npm left out, for example
// because a registry's mirror lacks them. Without them `npm ci` refuses the lock file. `npm run lock` runs it; with --check it only reports.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './install.mjs';

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

const file = join(root, 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));
const missing = Object.entries(lock.packages).flatMap(([path, entry]) =>
  Object.entries(entry.optionalDependencies ?? {})
    .filter(([name]) => !isLocked(path, name))
    .map(([name, version]) => ({ path: `node_modules/${name}`, entry: platformPackage(name, version, entry.dev) })),
);

if (process.argv.includes('--check')) {
  for (const { path } of missing) process.stderr.write(`package-lock.json lacks ${path}: npm run lock\n`);
  process.exitCode = missing.length === 0 ? 0 : 1;
} else if (missing.length > 0) {
  const added = Object.fromEntries(missing.map(({ path, entry }) => [path, entry]));
  const packages = Object.entries({ ...lock.packages, ...added });
  packages.sort(([a], [b]) => a.localeCompare(b, 'en'));
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2)}\n`);
  process.stdout.write(`Added ${missing.length} packages of other platforms to package-lock.json\n`);
}

/** Whether a package that is needed at `path` is locked there or further up. */
function isLocked(path, name) {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (lock.packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`] !== undefined) return true;
    if (folder === '') return false;
  }
}

/** What npm would write, without the checksum, as far as the name tells it: such packages are named for the platform they are for. */
function platformPackage(name, range, dev) {
  // Where a range is asked for, its least version is one that there is.
  const version = range.replace(/^[\^~]/, '');
  const words = name.split(/[/-]/);
  const cpu = words.filter((word) => processors.includes(word));
  const os = words.filter((word) => systems.includes(word));
  const libc = os.includes('linux') ? words.flatMap((word) => (/musl/.test(word) ? ['musl'] : /gnu/.test(word) ? ['glibc'] : [])) : [];
  if (cpu.length === 0 && words.includes('windows')) return { version, ...(dev ? { dev } : {}), optional: true, os: ['win32'] };
  if (cpu.length === 0) throw new Error(`${name}: cannot tell for which platform it is; add it to package-lock.json by hand.`);
  return { version, cpu, ...(dev ? { dev } : {}), ...(libc.length ? { libc } : {}), optional: true, ...(os.length ? { os } : {}) };
}
