// Builds the Studio's page into dist/studio, unless what is there was made of the same sources.
//   node scripts/build-studio.mjs      says what Home loads first, and fails where that is too much
// Plain JavaScript for any Node from 20 on; Vite runs with the Node that came with the packages.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { ensureInstalled, nodeBinary, root } from './install.mjs';

const dist = join(root, 'dist');
/** A link to the build that is served, so that one takes the place of another at once. */
const served = join(dist, 'studio');
const stampName = '.stamp';
const manifestName = '.vite/manifest.json';
/** All that a page is made of. */
const sources = ['studio', 'src/arm', 'src/base', 'package-lock.json', 'package.json', 'scripts/build-studio.mjs'];
const packed = /\.(?:js|css|svg|json|txt)$/;
/** Smaller ones do not become smaller. */
const leastPacked = 1_000;
/** Builds that nobody is led to any more are kept for so long. */
const spareMs = 600_000;
/** Of scripts, gzip, that Home loads first. */
export const mostHomeBytes = 350_000;

/**
 * Builds what is missing or stale; whoever asks at the same time gets the same. Says what it does on stderr. Answers what Home loads first;
 * undefined: the build failed, which was said.
 */
export function ensureStudio() {
  const stamp = stampOf();
  if (stampThere(served) !== stamp) {
    process.stderr.write('Building the Studio: node scripts/build-studio.mjs\n');
    if (!build(stamp)) return undefined;
  }
  return firstLoad(served);
}

function stampOf() {
  const hash = createHash('sha256');
  const files = sources.flatMap((path) => (lstatSync(join(root, path)).isDirectory() ? filesIn(join(root, path)) : [join(root, path)]));
  for (const file of files.filter((path) => !/\.(?:test|contract)\.tsx?$/.test(path)).toSorted((a, b) => (a < b ? -1 : 1))) {
    const content = readFileSync(file);
    hash.update(`${relative(root, file)}\n${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

function filesIn(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

/** Written last of all: a build that was cut off has none. */
function stampThere(folder) {
  const file = join(folder, stampName);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function build(stamp) {
  mkdirSync(dist, { recursive: true });
  const draft = mkdtempSync(join(dist, 'draft-'));
  // Whoever runs the program reads it, and need not be who built it.
  chmodSync(draft, 0o755);
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  // Each builds into a folder of its own, so Vite need not keep others out.
  const free = ['--outDir', draft, '--emptyOutDir', '--bypass-lock'];
  const args = [vite, 'build', '--config', join(root, 'studio/vite.config.ts'), ...free, '--logLevel', 'warn'];
  const done = spawnSync(nodeBinary(), args, { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, NODE_ENV: 'production' } });
  if (done.status !== 0) {
    rmSync(draft, { recursive: true, force: true });
    const trouble = done.error === undefined ? `vite ended with ${done.status ?? done.signal}` : done.error.message;
    process.stderr.write(`error StudioBuildFailed: ${trouble}.\nremedy: See what it says above; then node scripts/build-studio.mjs.\n`);
    return false;
  }
  for (const file of filesIn(draft)) pack(file);
  writeFileSync(join(draft, stampName), stamp);
  serve(draft);
  return true;
}

function pack(file) {
  const content = readFileSync(file);
  if (!packed.test(file) || file.endsWith('manifest.json') || content.length < leastPacked) return;
  writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
  // One step more would take six times as long for a fiftieth.
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  writeFileSync(`${file}.br`, brotliCompressSync(content, { params }));
}

function serve(draft) {
  const name = basename(draft).replace('draft-', 'studio-');
  renameSync(draft, join(dist, name));
  // A plain folder is what Vite makes when it is called by hand.
  if (existsSync(served) && !lstatSync(served).isSymbolicLink()) rmSync(served, { recursive: true, force: true });
  const link = join(dist, `link-${process.pid}`);
  rmSync(link, { force: true });
  symlinkSync(name, link);
  renameSync(link, served);
  // Others may be building, or reading what was served until now.
  for (const other of readdirSync(dist).filter((one) => one !== name && /^(?:studio|draft|link)-/.test(one)))
    if (Date.now() - lstatSync(join(dist, other)).mtimeMs > spareMs) rmSync(join(dist, other), { recursive: true, force: true });
}

/** The files that Home needs before it is seen, with their sizes as they are sent by gzip. */
function firstLoad(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, manifestName), 'utf8'));
  const wanted = new Set();
  const want = (key) => {
    if (wanted.has(key) || manifest[key] === undefined) return;
    wanted.add(key);
    for (const next of manifest[key].imports ?? []) want(next);
  };
  for (const key of Object.keys(manifest)) if (key === 'index.html' || key.startsWith('hubs/home/')) want(key);
  const files = [...new Set([...wanted].flatMap((key) => [manifest[key].file, ...(manifest[key].css ?? [])]))];
  return files
    .map((file) => ({ file, bytes: gzipSync(readFileSync(join(folder, file)), { level: 9 }).length }))
    .toSorted((a, b) => b.bytes - a.bytes);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  ensureInstalled({ dev: false });
  const files = ensureStudio();
  if (files === undefined) process.exit(1);
  const sum = files.filter(({ file }) => file.endsWith('.js')).reduce((all, { bytes }) => all + bytes, 0);
  for (const { file, bytes } of files) process.stdout.write(`${kilobytes(bytes).padStart(10)}  ${file}\n`);
  process.stdout.write(`${kilobytes(sum).padStart(10)}  of scripts, gzip, that Home loads first; at most ${kilobytes(mostHomeBytes)}\n`);
  if (sum > mostHomeBytes) {
    process.stderr.write(
      'error StudioTooLarge: Home loads too much.\nremedy: Import what only other pages need where it is needed: await import(…).\n',
    );
    process.exit(1);
  }
}

function kilobytes(bytes) {
  return `${(bytes / 1_000).toFixed(1)} kB`;
}
