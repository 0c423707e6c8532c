import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const runner = join(root, 'scripts/run.mjs');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-run-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function program(name: string, text: string): string {
  const file = join(folder, `${name}.ts`);
  writeFileSync(file, text);
  return file;
}

/** A program that says its process number, then runs until it is told to end, and says why it ended. */
const patient = `for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    process.stdout.write('got ' + signal + '\\n');
    process.exit(signal === 'SIGINT' ? 130 : 0);
  });
}
setInterval(() => {}, 1000);
process.stdout.write('pid ' + process.pid + '\\n');`;

function said(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((settle) => {
    let text = '';
    child.stdout?.on('data', (bytes: Buffer) => {
      text += bytes.toString('utf8');
      const found = pattern.exec(text);
      if (found) settle(found);
    });
  });
}

const ended = (child: ChildProcess): Promise<number | null> => new Promise((settle) => child.once('exit', (code) => settle(code)));

test('runs TypeScript from any folder with arguments, output and exit code passed on', () => {
  const file = program(
    'plain',
    `const exit: number = 7;\nprocess.stdout.write(JSON.stringify(process.argv.slice(2)));\nprocess.exit(exit);`,
  );
  const done = spawnSync(process.execPath, [runner, file, 'a b', '--flag'], { cwd: folder, encoding: 'utf8' });
  expect(done).toMatchObject({ status: 7, stdout: '["a b","--flag"]', stderr: '' });
});

test.each([
  ['SIGTERM', 0],
  ['SIGINT', 130],
] as const)('passes %s on and answers with the exit code of the program', async (signal, code) => {
  const child = spawn(process.execPath, [runner, program('patient', patient)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = ended(child);
  await said(child, /pid \d+\n/);
  child.kill(signal);
  expect(await end).toBe(code);
});

test('a program ends in good order when its starter is killed', async () => {
  const child = spawn(process.execPath, [runner, program('orphan', patient)], { stdio: ['ignore', 'pipe', 'inherit'] });
  await said(child, /pid \d+\n/);
  const last = said(child, /got SIGTERM/);
  child.kill('SIGKILL');
  expect((await last)[0]).toBe('got SIGTERM');
});

test('a program killed by a signal is told by an exit code over 128', () => {
  const file = program('killed', `process.kill(process.pid, 'SIGKILL');`);
  expect(spawnSync(process.execPath, [runner, file]).status).toBe(137);
});

test('a file of tests that fails, cannot be loaded or holds no test makes the closing line and the exit code say so', () => {
  const counted = (text: string): { line: string | undefined; status: number | null } => {
    const file = join(root, 'test', `planted-${process.pid}.e2e.test.ts`);
    writeFileSync(file, text);
    try {
      const done = spawnSync(process.execPath, [join(root, 'scripts/test.mjs'), '--project', 'e2e', file], { encoding: 'utf8' });
      return { line: done.stdout.trim().split('\n').at(-1), status: done.status };
    } finally {
      rmSync(file);
    }
  };
  const head = `import { expect, test } from 'vitest';\n`;
  expect(counted(`${head}test('a', () => expect(1).toBe(1));\ntest('b', () => expect(1).toBe(1));`)).toEqual({
    line: '2 passed, 0 failed',
    status: 0,
  });
  expect(counted(`${head}test('a', () => expect(1).toBe(1));\ntest('b', () => expect(1).toBe(2));`)).toEqual({
    line: '1 passed, 1 failed',
    status: 1,
  });
  expect(counted(`import './not-there.ts';\n${head}test('a', () => expect(1).toBe(1));`)).toEqual({
    line: '0 passed, 1 failed',
    status: 1,
  });
  expect(counted(`export {};`)).toEqual({ line: '0 passed, 1 failed', status: 1 });
  expect(counted(`${head}test('a', () => expect(1).toBe(1));\nvoid Promise.reject(new Error('unseen'));`)).toEqual({
    line: '1 passed, 1 failed',
    status: 1,
  });
}, 60_000);
