// Runs a TypeScript file of this checkout, installing what it needs first: node scripts/run.mjs src/bin/cli.ts up --demo
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { ensureStudio } from './build-studio.mjs';
import { ensureInstalled, nodeBinary, root } from './install.mjs';
import { whenOrphaned } from './with-parent.mjs';

const [file, ...args] = process.argv.slice(2);
ensureInstalled({ dev: !file.startsWith('src/') });
// Where that fails it is said, and everything else runs.
if (file === 'src/bin/cli.ts' && args[0] === 'up') ensureStudio();

const withParent = new URL('./with-parent.mjs', import.meta.url).href;
const child = spawn(nodeBinary(), ['--import', withParent, resolve(root, file), ...args], {
  stdio: 'inherit',
  env: { ...process.env, ISTHMUS_WITH_PARENT: String(process.pid) },
});

for (const signal of ['SIGTERM', 'SIGHUP', 'SIGUSR2']) process.on(signal, () => child.kill(signal));
// Ctrl-C in a terminal reaches the child by itself; twice would mean "at once".
process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
// A kill of npm itself would leave us, and the program, running on unseen.
if (process.env.npm_lifecycle_event !== undefined) whenOrphaned(() => child.kill('SIGTERM'));

child.once('error', (error) => {
  process.stderr.write(`error StartFailed: ${error.message}\n`);
  process.exit(70);
});
child.once('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
