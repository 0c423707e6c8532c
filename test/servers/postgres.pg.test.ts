import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { startEmbeddedPostgres } from '#bin/demo/embedded-postgres.ts';
import { hasPostgres, startPostgres, type PostgresVersion } from './postgres.ts';

const never = new AbortController().signal;

/** The server's first byte to an SSL request, `N` or `S`: the least that only a live PostgreSQL answers. */
function greets(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => socket.write(Buffer.from('0000000804d2162f', 'hex')));
    socket.once('data', (bytes) => settle(/^[NS]/.test(bytes.toString('latin1'))));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
  }).then((answer) => answer === true);
}

/** Runs a program that starts a server, says one line and stays; answers that line's words. */
async function startOwner(program: string): Promise<{ readonly owner: ChildProcess; readonly words: readonly string[] }> {
  const text = `${program}\nsetInterval(() => {}, 1000);`;
  const root = join(import.meta.dirname, '../..');
  const owner = spawn(process.execPath, ['--input-type=module-typescript', '-e', text], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((settle, fail) => {
    owner.stdout.once('data', (bytes: Buffer) => settle(bytes.toString('utf8').trim()));
    owner.once('exit', (code) => fail(new Error(`the owner ended with ${code}`)));
  });
  return { owner, words: line.split(' ') };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((settle) => setTimeout(settle, 20));
}

test('starts, stops, is killed, starts again on the same port with the same data, and leaves nothing behind', async () => {
  const server = await startPostgres();
  const folder = dirname(server.logFile);
  const made = readFileSync(join(folder, 'cluster', 'global', 'pg_control'));
  expect(await greets(server.port)).toBe(true);
  await server.stop('fast');
  expect(await greets(server.port)).toBe(false);
  await server.start();
  expect(await greets(server.port)).toBe(true);
  await server.kill();
  expect(await greets(server.port)).toBe(false);
  await server.start({ max_wal_senders: '7' });
  expect(await greets(server.port)).toBe(true);
  // The first 8 bytes are the system identifier.
  expect(readFileSync(join(folder, 'cluster', 'global', 'pg_control')).subarray(0, 8)).toEqual(made.subarray(0, 8));
  await server[Symbol.asyncDispose]();
  expect(await greets(server.port)).toBe(false);
  expect(existsSync(folder)).toBe(false);
});

test('a server whose owner was killed is stopped at the next start, one whose owner lives is refused', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'isthmus-test-leftover-'));
  try {
    const { owner, words } = await startOwner(`import { startEmbeddedPostgres } from '#bin/demo/embedded-postgres.ts';
      const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, port: 0, signal: new AbortController().signal });
      process.stdout.write(server.port + ' ' + server.password + '\\n');`);
    const [port, password] = words;
    await expect(startEmbeddedPostgres({ dataDir, port: 0, signal: never })).rejects.toMatchObject({
      kind: 'conflict',
      code: 'ClusterInUse',
    });
    owner.kill('SIGKILL');
    await new Promise((settle) => owner.once('exit', settle));
    expect(await greets(Number(port))).toBe(true);
    await using server = await startEmbeddedPostgres({ dataDir, port: 0, signal: never });
    expect(await greets(Number(port))).toBe(false);
    expect(server.password).toBe(password);
    expect(await greets(server.port)).toBe(true);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});

test('the end of the test process, even by kill -9, ends its servers and removes their data', async () => {
  const { owner, words } = await startOwner(`import { startPostgres } from '#test/servers/postgres.ts';
    const server = await startPostgres();
    process.stdout.write(server.port + ' ' + server.logFile + '\\n');`);
  const [port, logFile = ''] = words;
  expect(await greets(Number(port))).toBe(true);
  owner.kill('SIGKILL');
  await until(async () => !existsSync(dirname(logFile)) && !(await greets(Number(port))));
});

test('a port in use, a folder without programs and a wrong setting are told apart, each with a remedy', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'isthmus-test-refused-'));
  try {
    await using first = await startPostgres();
    const refused = (more: object): Promise<unknown> => startEmbeddedPostgres({ dataDir, port: 0, signal: never, ...more });
    await expect(refused({ port: first.port })).rejects.toMatchObject({ kind: 'conflict', code: 'PortInUse', remedy: expect.anything() });
    await expect(refused({ nativeDir: dataDir })).rejects.toMatchObject({
      kind: 'missing',
      code: 'NoPostgresBinaries',
      remedy: expect.anything(),
    });
    await expect(refused({ settings: { wal_level: 'none' } })).rejects.toMatchObject({
      code: 'PostgresDidNotStart',
      message: expect.stringContaining('wal_level'),
      remedy: expect.stringContaining('postgres.log'),
    });
    await expect(refused({ signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: 'cancelled' });
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});

test('a pid file whose number belongs to another program now does not stop that program', async () => {
  const server = await startPostgres();
  await server.kill();
  const file = join(dirname(server.logFile), 'cluster', 'postmaster.pid');
  const other = spawn('/bin/sleep', ['60']);
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^\d+/, String(other.pid)));
  await server.start();
  expect(await greets(server.port)).toBe(true);
  expect(other.exitCode).toBeNull();
  other.kill();
  await server[Symbol.asyncDispose]();
});

test('without user namespaces root runs it as nobody, elsewhere if nobody cannot reach the folder; others run it as they are', async () => {
  const isRoot = process.getuid?.() === 0;
  const outer = mkdtempSync(join(tmpdir(), 'isthmus-test-nobody-'));
  const dataDir = join(outer, 'data');
  const notices: string[] = [];
  const request = { dataDir, port: 0, signal: never, unshare: '/nonexistent/unshare', onNotice: (text: string) => notices.push(text) };
  let elsewhere = outer;
  try {
    const server = await startEmbeddedPostgres(request);
    if (isRoot) elsewhere = dirname(dirname(server.clusterDir));
    expect(server.clusterDir.startsWith(outer)).toBe(!isRoot);
    expect(notices.filter((text) => text.includes('nobody'))).toHaveLength(isRoot ? 1 : 0);
    expect(await greets(server.port)).toBe(true);
    await server.stop('fast');
    await using again = await startEmbeddedPostgres(request);
    expect(again.clusterDir).toBe(server.clusterDir);
    expect(again.password).toBe(server.password);
  } finally {
    for (const folder of [outer, elsewhere]) rmSync(folder, { recursive: true, force: true });
  }
});

const others = ([13, 14, 15, 16, 17, 'debian'] as const satisfies readonly PostgresVersion[]).filter(hasPostgres);
test.each(others)('PostgreSQL %s, where it is installed', async (version) => {
  await using server = await startPostgres({ version });
  expect(await greets(server.port)).toBe(true);
});
