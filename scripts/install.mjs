// What must be there before anything of this checkout can run: its npm packages and a Node that runs TypeScript.
// Plain JavaScript for any Node from 20 on, since it runs before the rest is installed. `node scripts/install.mjs` installs and ends.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** The first release whose type stripping is stable. */
const oldestNode = [24, 12];

/**
 * Installs the packages that package-lock.json names if one is missing or of another version; says what it does on stderr.
 * `dev: false` is content without the packages that only developers need. Ends the process if npm fails.
 */
export function ensureInstalled({ dev = true } = {}) {
  const reason = outdated(dev);
  if (reason === undefined) return;
  process.stderr.write(`Installing npm packages (${reason}): npm ci\n`);
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (npm.status === 0) return;
  const trouble = npm.error === undefined ? `npm ci ended with ${npm.status ?? npm.signal}` : `npm cannot be run: ${npm.error.message}`;
  process.stderr.write(
    `error InstallFailed: ${trouble}.\nremedy: Check that the npm registry can be reached and that ${root} is writable, then try again.\n`,
  );
  process.exit(7);
}

/** A Node that runs TypeScript: this one if it is new enough, else the one that came with the packages. Ends the process if there is none. */
export function nodeBinary() {
  if (isNewEnough(process.versions.node)) return process.execPath;
  for (const name of [`node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`]) {
    const path = join(root, 'node_modules', name, 'bin', 'node');
    const version = existsSync(path) ? spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout : undefined;
    if (version && isNewEnough(version.trim().replace(/^v/, ''))) return path;
  }
  process.stderr.write(
    `error NodeTooOld: This is Node ${process.versions.node}, and npm brings no newer one for ${process.platform} on ${process.arch}.\n` +
      `remedy: Install Node ${oldestNode.join('.')} or newer, or on other systems run npm ci --include=optional.\n`,
  );
  process.exit(2);
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
}

/** Why npm must run, or undefined. npm writes what it installed to node_modules/.package-lock.json, last of all. */
function outdated(dev) {
  const read = (path) => (existsSync(join(root, path)) ? JSON.parse(readFileSync(join(root, path), 'utf8')).packages : undefined);
  const wanted = read('package-lock.json');
  const installed = read('node_modules/.package-lock.json');
  if (installed === undefined) return 'none are installed';
  for (const [path, entry] of Object.entries(wanted)) {
    // Optional packages are those of one platform: where they fail npm goes on, and so do we.
    if (path === '' || entry.optional || entry.devOptional || entry.peer || (entry.dev && !dev)) continue;
    const name = path.replace(/^node_modules\//, '');
    if (installed[path]?.version !== entry.version) return `${name} is ${installed[path]?.version ?? 'missing'}, not ${entry.version}`;
    if (!existsSync(join(root, path, 'package.json'))) return `${name} is missing`;
  }
  return undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensureInstalled();
