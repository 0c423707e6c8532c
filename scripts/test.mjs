// Runs tests and closes with the line `N passed, N failed`.
//   node scripts/test.mjs            every day: what needs nothing, and what needs a PostgreSQL (which npm brings)
//   node scripts/test.mjs --all      everything, after installing the servers and tools it needs; also the static checks
// Further arguments go to vitest: `npm test -- src/wire`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { ensureInstalled, nodeBinary, root } from './install.mjs';

const everyDay = ['unit', 'pg'];

ensureInstalled();
const node = nodeBinary();
const all = process.argv.includes('--all');
const forVitest = process.argv.slice(2).filter((argument) => argument !== '--all');
const counts = { passed: 0, failed: 0 };

if (all) {
  step('check', 'npm', ['run', 'check']);
  step('Debian packages', 'bash', [join(root, 'scripts/debian-packages.sh')]);
  step('PostgreSQL versions', node, [join(root, 'scripts/postgres-versions.mjs')]);
}
vitest(all ? [] : everyDay);

if (counts.passed + counts.failed === 0) {
  process.stderr.write('error NoTests: no test ran.\n');
  counts.failed = 1;
}
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
process.exitCode = counts.failed === 0 ? 0 : 1;

/** One preparation or check, counted like a test. */
function step(name, command, args) {
  process.stdout.write(`\n> ${name}\n`);
  const ok = run(command, args).status === 0;
  if (!ok) process.stderr.write(`failed: ${name}\n`);
  counts[ok ? 'passed' : 'failed'] += 1;
}

function vitest(projects) {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-tests-'));
  const report = join(folder, 'report.json');
  const choice = projects.flatMap((project) => ['--project', project]);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  try {
    const { status } = run(node, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...choice, ...reporters, ...forVitest]);
    const before = counts.failed;
    if (existsSync(report)) count(JSON.parse(readFileSync(report, 'utf8')).testResults);
    // An error outside any test, or a crash: vitest says so only by its exit code.
    if (status !== 0 && counts.failed === before) counts.failed += 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function count(files) {
  for (const file of files) {
    const results = file.assertionResults.map((result) => result.status);
    counts.passed += results.filter((status) => status === 'passed').length;
    const failed = results.filter((status) => status === 'failed').length;
    // A file that cannot be loaded has no tests, and fails all the same.
    counts.failed += failed === 0 && file.status === 'failed' ? 1 : failed;
  }
}

/** With our Node first, so that tools and programs that tests start find it too. */
function run(command, args) {
  const path = [dirname(node), join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, PATH: path } });
  if (done.error !== undefined) process.stderr.write(`${command}: ${done.error.message}\n`);
  return done;
}
