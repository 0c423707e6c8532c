import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { fault, toFault } from '#base/fault.ts';
import type { Answer, Ask, Attempt, Targets } from './attempts-inside.ts';
import type { SandboxEndpoint } from './endpoint.ts';
import { rawAnswers, rawCallProgram, rawCalls } from './raw-calls.ts';
import type { SandboxedWorker, SandboxRequest } from './sandboxed-worker.ts';
import type { Cpu } from './syscalls.ts';

/** One thing that isolates a worker, and whether it holds on this host. */
export interface ProbedItem {
  /** A short sentence, true if it holds. */
  readonly item: string;
  readonly holds: boolean;
  /** How many things were tried for it, and what was found where it does not hold. */
  readonly tries: number;
  readonly found: readonly string[];
}

type Start = (request: SandboxRequest) => Promise<SandboxedWorker>;

const attemptsInside = fileURLToPath(new URL('./attempts-inside.ts', import.meta.url));
const memoryMb = 64;
const answerMs = 60_000;
const first: SandboxEndpoint = { address: '10.255.255.5', port: 1433, names: ['first.probe.internal'] };
const second: SandboxEndpoint = { address: '10.255.255.6', port: 5432, names: ['second.probe.internal'] };

/** Starts real sandboxes and tries, from inside, what should be possible and what should not. */
export async function probeSandbox(start: Start, processor: Cpu): Promise<readonly ProbedItem[]> {
  await using outside = await openOutside();
  const items: ProbedItem[] = [];
  const note = (item: string, found: readonly string[], tries = 1): void => {
    items.push({ item, holds: found.length === 0, tries, found });
  };
  try {
    await using worker = await start({
      program: attemptsInside,
      readOnly: [attemptsInside],
      endpoints: [first],
      dial: async () => new PassThrough(),
      memoryMb,
    });
    const ask = (what: Ask): Promise<Answer> => askWorker(worker, what);
    await tryEndpoints(worker, ask, note);
    const { attempts = [] } = await ask({ ask: 'attempts', targets: outside.targets });
    for (const [item, tried] of byItem(attempts)) note(item, gains(tried), tried.length);
    note(
      'nothing arrived at services of the host',
      outside.reached() === 0 ? [] : [`${outside.reached()} connections arrived at services of this host`],
    );
  } catch (error) {
    note('a sandbox starts', [toFault(error).message]);
    return items;
  }
  if (processor === 'x64')
    note(
      'system calls that reach around it are refused (vsock, io_uring, namespaces, …)',
      await tryRawCalls(start, outside.folder),
      rawCalls.length,
    );
  return items;
}

async function tryEndpoints(
  worker: SandboxedWorker,
  ask: (what: Ask) => Promise<Answer>,
  note: (item: string, found: readonly string[]) => void,
): Promise<void> {
  const [firstName = '', secondName = ''] = [...first.names, ...second.names];
  const expect = (how: Answer, wanted: RegExp): string[] => (wanted.test(how.how ?? '') ? [] : [how.how ?? 'no answer']);
  note('an endpoint is reached by its name', expect(await ask({ ask: 'hold', host: firstName, port: first.port }), /^echoed$/));
  note('an address that is no endpoint is not', expect(await ask({ ask: 'echo', host: second.address, port: second.port }), /^E/));
  await worker.setEndpoints([first, second]);
  note('an endpoint is added while it runs', expect(await ask({ ask: 'echo', host: secondName, port: second.port }), /^echoed$/));
  await worker.setEndpoints([second]);
  note('a revoked one is cut', [
    ...expect(await ask({ ask: 'held' }), /^(ECONNRESET|closed)$/),
    ...expect(await ask({ ask: 'echo', host: firstName, port: first.port }), /^(ENOTFOUND|EAI_AGAIN)$/),
    ...expect(await ask({ ask: 'echo', host: first.address, port: first.port }), /^E/),
  ]);
  await worker.setEndpoints([first]);
}

function byItem(attempts: readonly Attempt[]): Map<string, Attempt[]> {
  const items = new Map<string, Attempt[]>();
  for (const attempt of attempts) items.set(attempt.item, [...(items.get(attempt.item) ?? []), attempt]);
  return items;
}

function gains(attempts: readonly Attempt[]): string[] {
  return attempts.flatMap(({ tried, gained }) => (gained === undefined ? [] : [`${tried}: ${gained}`]));
}

/** EPERM, ENOSYS, EAFNOSUPPORT: what the filter answers. Anything else came from the kernel behind it. */
const fromFilter = new Set([-1, -38, -97]);

async function tryRawCalls(start: Start, folder: string): Promise<string[]> {
  const program = join(folder, 'calls');
  writeFileSync(program, rawCallProgram(rawCalls), { mode: 0o755 });
  try {
    await using worker = await start({ program: [program], readOnly: [program], endpoints: [], dial: noDial, memoryMb });
    const answers = rawAnswers(await outputOf(worker), rawCalls.length);
    return rawCalls.flatMap(({ tried }, row) => (fromFilter.has(answers[row] ?? 0) ? [] : [`${tried}: ${answers[row]}`]));
  } catch (error) {
    return [toFault(error).message];
  }
}

async function outputOf(worker: SandboxedWorker): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of worker.process.stdout ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function noDial(): Promise<never> {
  return Promise.reject(fault('denied', 'NoEndpoint', 'There is no endpoint.'));
}

/** Fault: `ProbeFailed` when the worker ends or is silent. */
async function askWorker(worker: SandboxedWorker, what: Ask): Promise<Answer> {
  const signal = AbortSignal.timeout(answerMs);
  const ended = new AbortController();
  const over = (): void => ended.abort();
  worker.process.once('exit', over);
  worker.process.send(what, () => undefined);
  try {
    const [answer] = (await once(worker.process, 'message', { signal: AbortSignal.any([signal, ended.signal]) })) as [Answer];
    return answer;
  } catch (error) {
    throw fault('unreachable', 'ProbeFailed', ended.signal.aborted ? 'The probe ended by itself.' : 'The probe does not answer.', {
      cause: error,
      remedy: 'Run isthmus doctor again; if it lasts, look for what ends processes of this user.',
    });
  } finally {
    worker.process.off('exit', over);
  }
}

export interface Outside extends AsyncDisposable {
  readonly targets: Targets;
  readonly folder: string;
  reached(): number;
}

/** Services, sockets and a file of this host that are really there to be reached. */
export async function openOutside(): Promise<Outside> {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-probe-'));
  const canary = randomBytes(16).toString('hex');
  const file = join(folder, 'secret');
  writeFileSync(file, canary, { mode: 0o644 });
  const servers: Server[] = [];
  let reached = 0;
  const listen = async (where: { host: string; port: number } | { path: string }): Promise<Server> => {
    const server = createServer((socket) => {
      reached += 1;
      socket.destroy();
    });
    server.listen(where);
    await once(server, 'listening');
    servers.push(server);
    return server;
  };
  const tcp = await listen({ host: '0.0.0.0', port: 0 });
  const abstractSocket = `isthmus-${canary}`;
  await listen({ path: `\0${abstractSocket}` });
  const pathSocket = join(folder, 'socket');
  await listen({ path: pathSocket });
  const addresses = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).filter(({ internal }) => !internal));
  return {
    folder,
    targets: {
      hostPort: (tcp.address() as AddressInfo).port,
      hostAddresses: addresses.filter(({ family }) => family === 'IPv4').map(({ address }) => address),
      abstractSocket,
      pathSocket,
      file,
      parentPid: process.pid,
      canary,
      endpointAddress: first.address,
      endpointPort: first.port,
      memoryMb,
    },
    reached: () => reached,
    [Symbol.asyncDispose]: async () => {
      for (const server of servers) server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
