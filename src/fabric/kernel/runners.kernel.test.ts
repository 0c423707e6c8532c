import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { kernelPrograms } from './commands.ts';
import { Runners } from './runners.ts';

const { sh } = kernelPrograms;

/** In this network. */
function opened(): Runners {
  const runners = new Runners({ file: '/usr/bin/env', args: [] });
  onTestFinished(() => runners[Symbol.dispose]());
  return runners;
}

test('answers what a program says, its errors and its exit; an input is its own', async () => {
  const runners = opened();
  expect(await runners.run('/bin/cat', [], 'a line\nanother, and no end')).toEqual({
    out: 'a line\nanother, and no end',
    err: '',
    exit: 0,
  });
  expect(await runners.run('/bin/cat', [])).toEqual({ out: '', err: '', exit: 0 });
  expect(await runners.run('/bin/cat', ['/nowhere/*'])).toEqual({ out: '', err: expect.stringContaining('/nowhere/*'), exit: 1 });
  expect(await runners.run('/bin/echo', ['$(id)', '`id`', ';id', '$HOME'])).toMatchObject({ out: '$(id) `id` ;id $HOME\n' });
  expect(await runners.run('/usr/bin/env', [])).toMatchObject({ out: expect.not.stringMatching(/HOME|NODE|npm/) });
});

test('what is long comes whole, both ways', async () => {
  const runners = opened();
  const long = `${'€ 0123456789\n'.repeat(300_000)}`;
  expect((await runners.run('/bin/cat', [], long)).out === long).toBe(true);
});

test('what a program does not read of its input is not run', async () => {
  const runners = opened();
  const input = `0 /bin/touch /nowhere\n`.repeat(20_000);
  for (let turn = 0; turn < 3; turn++) {
    expect(await runners.run('/bin/false', [], input)).toMatchObject({ out: '', exit: 1 });
    expect(await runners.run('/bin/echo', ['here'])).toEqual({ out: 'here\n', err: '', exit: 0 });
  }
});

test('as many run at once as are asked for', async () => {
  const runners = opened();
  const all = Array.from({ length: 12 }, (_, at) => runners.run('/bin/cat', [], `${at}`));
  expect((await Promise.all(all)).map(({ out }) => out)).toEqual(Array.from({ length: 12 }, (_, at) => `${at}`));
});

test('one that is ended from outside is told as a fault, and the next program runs', async () => {
  const runners = opened();
  // The program's parent is the shell.
  const ended = runners.run(sh.path, ['-c', 'kill${IFS}-9${IFS}$PPID']);
  await expect(ended).rejects.toMatchObject({ kind: 'unsupported', code: 'KernelCommandFailed' });
  expect(await runners.run('/bin/echo', ['here'])).toMatchObject({ out: 'here\n' });
});

test('where those that wait were ended others take their place', async () => {
  const runners = opened();
  const shells = await Promise.all([1, 2, 3].map(() => runners.run(sh.path, ['-c', 'echo${IFS}$PPID'])));
  for (const { out } of shells) process.kill(Number(out), 'SIGKILL');
  for (const { out } of shells) while (existsSync(`/proc/${out.trim()}`)) await delay(1);
  await expect(runners.run('/bin/echo', ['here'])).resolves.toMatchObject({ out: 'here\n' });
});

test('a program ends with its shell', async () => {
  const runners = opened();
  const { out: pid } = await runners.run(sh.path, ['-c', 'echo${IFS}$PPID']);
  const program = runners.run('/bin/sleep', ['1000']);
  const shell = Number(pid);
  const children = (): string => readFileSync(`/proc/${shell}/task/${shell}/children`, 'latin1').trim();
  while (children() === '' || commandOf(children()) !== '/bin/sleep 1000') await delay(1);
  const child = children();
  process.kill(shell, 'SIGKILL');
  await expect(program).rejects.toMatchObject({ code: 'KernelCommandFailed' });
  while (commandOf(child) !== '') await delay(1);
});

/** Of a process that runs. */
function commandOf(pid: string): string {
  const path = `/proc/${pid}/cmdline`;
  return existsSync(path) ? readFileSync(path, 'latin1').split('\0').join(' ').trim() : '';
}
