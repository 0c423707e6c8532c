import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Fault, fault } from '#base/fault.ts';
import type { Answer } from './attempts-inside.ts';
import type { SandboxEndpoint } from './endpoint.ts';
import { rawCallProgram } from './raw-calls.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';
import type { SandboxedWorker, SandboxRequest } from './sandboxed-worker.ts';

const root = join(import.meta.dirname, '../../..');
const attemptsInside = join(import.meta.dirname, 'attempts-inside.ts');
const shop: SandboxEndpoint = { address: '10.0.9.5', port: 1433, names: ['shop.database.internal'] };
const books: SandboxEndpoint = { address: '10.0.9.6', port: 5432, names: ['books.postgres.internal', 'old-books.internal'] };

let folder = '';
let sandbox: Sandbox;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-sandbox-test-'));
  const opened = await openSandbox();
  // Where namespaces are forbidden these tests cannot pass, and say why.
  if (opened instanceof Fault) throw new Error(`${opened.code}: ${opened.message} ${opened.remedy ?? ''}`);
  sandbox = opened;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function script(name: string, text: string): string {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, text, { mode: 0o644 });
  return file;
}

async function start(program: string, more: Partial<SandboxRequest> = {}): Promise<SandboxedWorker> {
  const echo = async (): Promise<Duplex> => new PassThrough();
  return sandbox.start({ program, readOnly: [program], endpoints: [shop], dial: echo, memoryMb: 64, ...more });
}

async function ask(worker: { readonly process: ChildProcess }, what: unknown): Promise<Answer> {
  worker.process.send(what as object);
  const ended = once(worker.process, 'exit').then(([code]) => Promise.reject(new Error(`The program ended with ${code}.`)));
  ended.catch(() => undefined);
  const [answer] = (await Promise.race([once(worker.process, 'message'), ended])) as [Answer];
  return answer;
}

const echoTo = (host: string, port: number): object => ({ ask: 'echo', host, port });

/** Processes whose command line has a text. */
function running(text: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text);
    } catch {
      return false;
    }
  });
}

test('whatever a hostile program tries from inside fails, and what it should reach it reaches', async () => {
  const items = await sandbox.probe();
  expect(items.filter(({ holds }) => !holds)).toEqual([]);
  expect(items.reduce((sum, { tries }) => sum + tries, 0)).toBeGreaterThanOrEqual(70);
});

test('the same attempts succeed without a sandbox, so that their failure inside means something', async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, '0.0.0.0');
  const abstract = createServer((socket) => socket.destroy()).listen(`\0isthmus-control-${process.pid}`);
  const path = createServer((socket) => socket.destroy()).listen(join(folder, 'control'));
  for (const one of [server, abstract, path]) await vi.waitFor(() => expect(one.listening).toBe(true));
  const canary = randomBytes(8).toString('hex');
  writeFileSync(join(folder, 'canary'), canary);
  const child = fork(attemptsInside, { execArgv: [], env: { ISTHMUS_CANARY: canary } });
  const { port } = server.address() as AddressInfo;
  const targets = {
    hostPort: port,
    hostAddresses: [],
    abstractSocket: `isthmus-control-${process.pid}`,
    pathSocket: join(folder, 'control'),
    file: join(folder, 'canary'),
    parentPid: process.pid,
    canary,
    endpointAddress: '127.0.0.1',
    endpointPort: port - 1,
    memoryMb: 64,
  };
  const { attempts = [] } = await ask({ process: child }, { ask: 'attempts', targets });
  child.kill();
  for (const one of [server, abstract, path]) one.close();
  const gained = new Set(attempts.filter((one) => one.gained !== undefined).map(({ tried }) => tried));
  for (const tried of [
    `connect to 127.0.0.1 port ${port}`,
    'send a datagram',
    'connect to an abstract socket',
    'connect to a socket in a folder',
    'read a file of the host',
    'take more memory than allowed',
    'see them in /proc',
    'find what the parent has',
    'start one',
    'be without a filter of system calls',
  ]) {
    expect([...gained]).toContain(tried);
  }
});

test('an ordinary user has the same sandbox', () => {
  const run = runAsNobody([process.execPath, 'src/bin/cli.ts', 'doctor', '-o', 'json']);
  expect({ status: run.status, err: run.stderr }).toEqual({ status: 0, err: '' });
  expect(JSON.parse(run.stdout)).toMatchObject({ isolated: true });
});

test('where namespaces are forbidden, doctor says why and what allows them', () => {
  const forbidden = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"';
  const command = ['-Ur', 'sh', '-c', forbidden, 'sh', process.execPath, 'src/bin/cli.ts', 'doctor', '-o', 'json'];
  const run = spawnSync('unshare', command, { cwd: root, encoding: 'utf8' });
  expect(run.status).toBe(5);
  expect(JSON.parse(run.stdout)).toMatchObject({ isolated: false, items: [], why: { code: 'NoUserNamespaces' } });
  expect(JSON.parse(run.stderr).error).toMatchObject({ code: 'NotIsolated', remedy: expect.stringContaining('user.max_user_namespaces') });
});

/** As `nobody` without any rights; the checkout is shown at a place that this user can reach. Tests of an ordinary user run as that. */
function runAsNobody(command: readonly string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  if (process.getuid?.() !== 0) return spawnSync(command[0] ?? '', command.slice(1), { cwd: root, encoding: 'utf8' });
  const inside = mkdtempSync('/tmp/isthmus-checkout-');
  const identity = ['--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all', '--bounding-set=-all'];
  const place = `mount --bind "$1" "$2" && chmod 755 "$2" && cd "$2" && shift 2 && exec setpriv ${identity.join(' ')} -- "$@"`;
  const moved = command.map((word) => word.replace(root, inside));
  try {
    return spawnSync('unshare', ['--mount', 'sh', '-c', place, 'sh', root, inside, ...moved], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    });
  } finally {
    rmSync(inside, { recursive: true, force: true });
  }
}

test('an unmodified client moves bytes exactly, both ways, with half-closed connections', async () => {
  const sizes = [0, 1, 65_536, 3_000_001];
  const program = script(
    'transfer',
    `import { connect } from 'node:net';
     import { createHash, randomBytes } from 'node:crypto';
     process.on('message', async (sizes) => {
       const one = (size) => new Promise((settle, fail) => {
         const sent = randomBytes(size), heard = createHash('sha256');
         const socket = connect({ host: 'shop.database.internal', port: 1433, allowHalfOpen: true });
         socket.on('error', fail).on('data', (bytes) => heard.update(bytes));
         socket.on('end', () => settle(heard.digest('hex') === createHash('sha256').update(sent).digest('hex')));
         socket.end(sent);
       });
       process.send({ how: (await Promise.all(sizes.map(one))).join() });
     });`,
  );
  // The far side answers only after the end of what it was sent.
  const whole = createServer({ allowHalfOpen: true }, (socket) => {
    const chunks: Buffer[] = [];
    socket.on('data', (bytes) => chunks.push(bytes));
    socket.on('end', () => socket.end(Buffer.concat(chunks)));
  }).listen(0, '127.0.0.1');
  await once(whole, 'listening');
  const { port } = whole.address() as AddressInfo;
  await using worker = await start(program, { dial: async () => connect({ port, host: '127.0.0.1', allowHalfOpen: true }) });
  expect(await ask(worker, sizes)).toEqual({ how: 'true,true,true,true' });
  await vi.waitFor(() => expect(worker.connections).toBe(0));
  whole.close();
});

test('endpoints come, change their names and go while it runs; others go on', async () => {
  await using worker = await start(attemptsInside);
  expect(await ask(worker, { ask: 'hold', host: 'shop.database.internal', port: 1433 })).toEqual({ how: 'echoed' });
  await worker.setEndpoints([shop, books]);
  expect(await ask(worker, echoTo('old-books.internal', 5432))).toEqual({ how: 'echoed' });
  await worker.setEndpoints([shop, { ...books, names: ['new-books.internal'] }]);
  expect(await ask(worker, echoTo('new-books.internal', 5432))).toEqual({ how: 'echoed' });
  expect((await ask(worker, echoTo('old-books.internal', 5432))).how).toMatch(/ENOTFOUND|EAI_AGAIN/);
  expect(worker.connections).toBeGreaterThanOrEqual(1);
  const six: SandboxEndpoint = { address: 'fd00::9', port: 1433, names: ['six.internal'] };
  await worker.setEndpoints([shop, six]);
  expect(await ask(worker, echoTo('six.internal', 1433))).toEqual({ how: 'echoed' });
  expect((await ask(worker, echoTo('10.0.9.6', 5432))).how).toMatch(/ENETUNREACH|ECONNREFUSED/);
  await worker.setEndpoints([]);
  expect((await ask(worker, { ask: 'held' })).how).toMatch(/ECONNRESET|closed/);
  expect(worker.connections).toBe(0);
});

test('a list with a mistake changes nothing', async () => {
  await using worker = await start(attemptsInside);
  const wrong = worker.setEndpoints([books, { ...books, address: '127.0.0.1' }]);
  await expect(wrong).rejects.toMatchObject({ kind: 'invalid', code: 'BadSandboxEndpoint' });
  expect(worker.endpoints).toEqual([shop]);
  expect(await ask(worker, echoTo('shop.database.internal', 1433))).toEqual({ how: 'echoed' });
  expect((await ask(worker, echoTo('10.0.9.6', 5432))).how).toMatch(/^E/);
});

test('what the far side refuses is a reset inside', async () => {
  const dial = (): Promise<never> => Promise.reject(fault('denied', 'Refused', 'Not approved.', { remedy: 'Approve it.' }));
  await using worker = await start(attemptsInside, { dial });
  expect(await ask(worker, echoTo('shop.database.internal', 1433))).toEqual({ how: 'ECONNRESET' });
});

test('two workers with the same endpoint address do not meet', async () => {
  const heard: string[] = [];
  const dialAs = (name: string) => async (): Promise<Duplex> => {
    heard.push(name);
    return new PassThrough();
  };
  await using first = await start(attemptsInside, { dial: dialAs('first') });
  await using second = await start(attemptsInside, { dial: dialAs('second') });
  await ask(first, echoTo('shop.database.internal', 1433));
  await ask(second, echoTo('shop.database.internal', 1433));
  expect(heard).toEqual(['first', 'second']);
});

test('its job is in no argument and no environment', async () => {
  const canary = randomBytes(16).toString('hex');
  const program = script('job', `process.on('message', (job) => process.send({ how: job.password }));`);
  await using worker = await start(program);
  expect(await ask(worker, { password: canary })).toEqual({ how: canary });
  expect(running(program).length).toBeGreaterThan(0);
  expect(running(canary)).toEqual([]);
  const environments = running(program).map((pid) => readFileSync(`/proc/${pid}/environ`, 'latin1'));
  expect(environments.join('')).not.toContain(canary);
  expect(environments.join('')).not.toContain('npm_');
});

test('a worker that hands over a socket is ended', async () => {
  const program = script(
    'hands-over',
    `import { createServer } from 'node:net';
     process.on('message', () => { const s = createServer().listen(0, '127.0.0.1', () => process.send({ how: 'take' }, s)); });`,
  );
  await using worker = await start(program);
  worker.process.send({});
  const [, how] = (await once(worker.process, 'exit')) as [number | null, string | null];
  expect(how).toBe('SIGKILL');
});

test('a worker that wants too much memory ends alone', async () => {
  const program = script(
    'grows',
    `process.on('message', () => { const all = []; for (;;) all.push(new Array(1e5).fill(Math.random())); });`,
  );
  await using worker = await start(program, { memoryMb: 32 });
  worker.process.stderr?.resume();
  worker.process.stdout?.resume();
  worker.process.send({});
  const [code] = (await once(worker.process, 'exit')) as [number | null];
  expect(code).toBeGreaterThanOrEqual(128);
});

test('what it writes lies where it may write, and nothing else is shown that is too wide', async () => {
  const landing = mkdtempSync(join(folder, 'landing-'));
  const program = script(
    'writes',
    `import { writeFileSync } from 'node:fs'; process.on('message', (at) => { writeFileSync(at, 'x'); process.send({}); });`,
  );
  await using worker = await start(program, { writable: [landing] });
  await ask(worker, join(landing, 'segment'));
  expect(readFileSync(join(landing, 'segment'), 'utf8')).toBe('x');
  for (const wide of ['/', '/etc', '/tmp/', '/home', '/usr/../etc']) {
    await expect(start(program, { readOnly: [program, wide] })).rejects.toMatchObject({ code: 'SandboxViewTooWide' });
  }
  await expect(start(program, { readOnly: [join(folder, 'nowhere')] })).rejects.toMatchObject({ code: 'NoSuchFile' });
});

test('a program that is not there is a fault, and leaves nothing', async () => {
  const missing = script('missing', '');
  const failed = sandbox.start({
    program: ['/bin/nothing'],
    readOnly: [missing],
    endpoints: [],
    dial: async () => new PassThrough(),
    memoryMb: 64,
  });
  const outcome = await failed.then(
    (worker) => once(worker.process, 'exit').then(([code]) => ({ code: code as number })),
    (error: Fault) => ({ code: error.code }),
  );
  expect([1, 127, 'SandboxFailed']).toContain(outcome.code);
});

test.runIf(process.arch === 'x64')('calls of x32 end the program', async () => {
  const file = join(folder, 'x32');
  writeFileSync(file, rawCallProgram([{ tried: 'getpid of x32', number: 0x4000_0000 + 39, args: [] }]), { mode: 0o755 });
  await using worker = await start(file, { program: [file], endpoints: [] });
  const code = worker.process.exitCode ?? ((await once(worker.process, 'exit')) as [number])[0];
  expect(code).toBe(128 + 31);
});

test('one that is stopped while it begins leaves no process, whenever that is', async () => {
  const program = script('begins', 'setInterval(() => undefined, 1000);');
  for (let ms = 0; ms < 20; ms += 0.5) {
    const worker = await start(program, { endpoints: [] });
    await pause(ms);
    await worker.stop();
  }
  await vi.waitFor(() => expect(running(program)).toEqual([]), { timeout: 10_000 });
});

test('it ends with what started it, though that is killed while it begins', async () => {
  const program = script('orphan', 'setInterval(() => undefined, 1000);');
  const parent = script(
    'dies',
    `import { openSandbox } from ${JSON.stringify(join(import.meta.dirname, 'sandbox.ts'))};
     const sandbox = await openSandbox();
     await sandbox.start(${JSON.stringify({ program, readOnly: [program], endpoints: [], memoryMb: 64 })});
     setTimeout(() => process.kill(process.pid, 'SIGKILL'), Number(process.argv[2]));`,
  );
  for (let ms = 0; ms < 12; ms += 1) await once(fork(parent, [String(ms)], { execArgv: [] }), 'exit');
  await vi.waitFor(() => expect(running(program)).toEqual([]), { timeout: 10_000 });
});

test('it ends with what started it, killed or not, and leaves no process', async () => {
  const program = script('stays', `process.on('message', () => process.send({ how: 'here' })); setInterval(() => undefined, 1000);`);
  const parent = script(
    'parent',
    `import { openSandbox } from ${JSON.stringify(join(import.meta.dirname, 'sandbox.ts'))};
     import { PassThrough } from 'node:stream';
     const sandbox = await openSandbox();
     const worker = await sandbox.start(${JSON.stringify({ program, readOnly: [program], endpoints: [shop], memoryMb: 64 })});
     worker.process.once('message', () => process.send(worker.process.pid));
     worker.process.send({});`,
  );
  const child = fork(parent, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [pid] = (await once(child, 'message')) as [number];
  expect(existsSync(`/proc/${pid}`)).toBe(true);
  expect(running(program).length).toBeGreaterThan(0);
  child.kill('SIGKILL');
  await vi.waitFor(() => expect(running(program)).toEqual([]), { timeout: 10_000 });

  const worker = await start(program);
  expect(await ask(worker, {})).toEqual({ how: 'here' });
  await worker.stop();
  // The kernel ends what is inside when what holds it has ended.
  await vi.waitFor(() => expect(running(program)).toEqual([]), { timeout: 10_000 });
});
