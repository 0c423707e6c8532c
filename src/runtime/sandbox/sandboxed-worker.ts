import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { fault, type Fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import type { TcpIncidents } from '../runtime.ts';
import { checkedEndpoints, hostsText, type SandboxEndpoint } from './endpoint.ts';
import { Gateway, type DialEndpoint, type OnDialled } from './gateway.ts';
import { EmptyNetwork, endOf } from './network.ts';
import { niceness } from './niceness.ts';
import type { SandboxPrograms } from './programs.ts';
import { seccompFilter } from './seccomp.ts';
import type { Cpu } from './syscalls.ts';
import { makeEtc, nodeInside, viewArguments, writeHosts, type SandboxView } from './view.ts';

/** What a worker's network was joined to. Disposing of it parts them. */
export interface JoinedNetwork extends AsyncDisposable {
  /** Where names are asked, by UDP on port 53: an IPv4 address. */
  readonly resolver: string;
}

export interface SandboxRequest extends Partial<SandboxView> {
  /** A file that Node runs, or a command inside the view. Either must be in `readOnly`. */
  readonly program: string | readonly [command: string, ...args: string[]];
  readonly endpoints: readonly SandboxEndpoint[];
  /**
   * Joins the worker's network, by the number of a process in it, to another one, before the program begins. What it throws is why nothing is started.
   * The program then asks a resolver for names that no endpoint has, and what it sends elsewhere than to endpoints is up to that network.
   */
  readonly join?: ((pid: number) => Promise<JoinedNetwork>) | undefined;
  /** The far side of the worker's connections. Called outside of the sandbox, for endpoints that are in force only. */
  readonly dial: DialEndpoint;
  /** Given to the program. Everybody on this host may read them. */
  readonly programArguments?: readonly string[];
  /** Of Node's heap. The process may use a fixed part more, for buffers, code and threads, and is refused any beyond that. */
  readonly memoryMb: number;
  /** How messages are written. `advanced` keeps more kinds of values and has the parent read V8's own format from the worker: `json` unless given. */
  readonly serialization?: 'json' | 'advanced';
  /** What descriptor 3 is in the worker: Node's own channel (unless given), or a plain stream both ways, of which nobody reads more than they want. */
  readonly channel?: 'ipc' | 'stream';
  /** Written to that stream at once, while the endpoints are opened. */
  readonly greeting?: string;
  /** Told of each connection to an endpoint. */
  readonly onDialled?: OnDialled;
}

export interface SandboxTools {
  readonly programs: SandboxPrograms;
  readonly processor: Cpu;
  readonly hasDisableUserns: boolean;
  readonly canLimitTmp: boolean;
  readonly log: Log;
}

/** Beside the heap: buffers, thread stacks, the allocator's arenas. */
const besideHeapMb = 384;
/** V8 takes so many addresses for code, and memory for what little code there is; the kernel's limit counts the addresses. */
const codeRangeMb = 512;
const mostFiles = 4_096;
/** For connections of a program that was ended to end. */
const partingMs = 2_000;
/** `nobody`; inside there is no other user. */
const userInside = '65534';

interface Parts {
  readonly network: EmptyNetwork;
  readonly joined: JoinedNetwork | undefined;
  readonly gateway: Gateway;
  readonly folder: string;
  readonly log: Log;
}

/**
 * A worker in its sandbox. `process` is what started it: its standard input and output are pipes (read what it writes, or it will wait), its channel
 * is for the job. A signal other than SIGKILL ends it at once too: ask over the channel for an orderly end.
 */
export class SandboxedWorker implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly #network: EmptyNetwork;
  readonly #joined: JoinedNetwork | undefined;
  readonly #gateway: Gateway;
  readonly #folder: string;
  readonly #log: Log;
  #last: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;
  /** As it was in the end. */
  #failedConnects = 0;
  #incidents: TcpIncidents | undefined;

  private constructor(worker: ChildProcess, parts: Parts) {
    this.process = worker;
    this.#network = parts.network;
    this.#joined = parts.joined;
    this.#gateway = parts.gateway;
    this.#folder = parts.folder;
    this.#log = parts.log;
    // What holds the network and the listeners go with the worker.
    worker.once('exit', () => void this.stop());
    worker.once('error', () => void this.stop());
    worker.on('message', (_message, handle) => {
      if (handle !== undefined) this.#refuseHandle();
    });
  }

  static async start(tools: SandboxTools, request: SandboxRequest): Promise<SandboxedWorker> {
    const endpoints = checkedEndpoints(request.endpoints);
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-sandbox-'));
    const etc = join(folder, 'etc');
    let network: EmptyNetwork | undefined;
    let joined: JoinedNetwork | undefined;
    let worker: SandboxedWorker | undefined;
    try {
      network = await EmptyNetwork.open(tools.programs);
      joined = await request.join?.(network.pid);
      makeEtc(etc, hostsText(endpoints.values()), joined?.resolver);
      const child = spawnWorker(tools, request, { network, folder, etc });
      if (request.greeting !== undefined) (child.stdio[3] as Duplex | null)?.write(request.greeting);
      worker = new SandboxedWorker(child, {
        network,
        joined,
        folder,
        log: tools.log,
        gateway: new Gateway(request.dial, tools.log, request.onDialled),
      });
      const ended = endOf(child);
      const early = ended.then((how) => ({ how }));
      const listens = worker.setEndpoints(request.endpoints).then(() => ({ how: undefined }));
      const { how } = await Promise.race([listens, early]);
      if (how !== undefined) {
        listens.catch(() => undefined);
        throw await endedEarly(child, how);
      }
      tools.log.debug({ endpoints: endpoints.size, pid: child.pid }, 'sandbox started');
      return worker;
    } catch (error) {
      await worker?.stop();
      if (worker === undefined) await joined?.[Symbol.asyncDispose]();
      await network?.[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** What is in force. */
  get endpoints(): readonly SandboxEndpoint[] {
    return this.#gateway.endpoints;
  }

  /** The stream that descriptor 3 is, where that was asked for. */
  get channel(): Duplex | undefined {
    return (this.process.stdio[3] ?? undefined) as Duplex | undefined;
  }

  /** Connections that the worker tried to make and its network did not: counted by the kernel, whatever the worker does. */
  async failedConnects(): Promise<number> {
    if (this.#stopped === undefined) return await this.#network.failedConnects();
    await this.#stopped;
    return this.#failedConnects;
  }

  /** What TCP met with in its network. */
  async incidents(): Promise<TcpIncidents | undefined> {
    if (this.#stopped === undefined) return await this.#network.incidents();
    await this.#stopped;
    return this.#incidents;
  }

  /** Connections to endpoints that are open at the moment. */
  get connections(): number {
    return this.#gateway.open;
  }

  /**
   * Takes the whole list, in place of the one before. New ones listen, and those that are gone are cut, connections included, before it resolves;
   * others go on undisturbed. Calls are taken one after the other. Fault: as of `start`, with everything as before.
   */
  setEndpoints(endpoints: readonly SandboxEndpoint[]): Promise<void> {
    const turn = this.#last.then(() => this.#setEndpoints(endpoints));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Ends it at once, with all that it started, and everything that was made for it. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #setEndpoints(asked: readonly SandboxEndpoint[]): Promise<void> {
    const wanted = checkedEndpoints(asked);
    const before = checkedEndpoints(this.#gateway.endpoints);
    const added = [...wanted].filter(([key]) => !before.has(key)).map(([, endpoint]) => endpoint);
    const removed = [...before.keys()].filter((key) => !wanted.has(key));
    const addressesBefore = new Set([...before.values()].map(({ address }) => address));
    const addresses = new Set([...wanted.values()].map(({ address }) => address));
    const fresh = [...addresses].filter((address) => !addressesBefore.has(address));
    const servers = await this.#listen(fresh, added);
    for (const [key, server] of servers) {
      const endpoint = wanted.get(key);
      if (endpoint !== undefined && this.#stopped === undefined) this.#gateway.add(endpoint, server);
      else server.close();
    }
    if (this.#stopped !== undefined) throw fault('cancelled', 'Canceled', 'The sandbox was stopped.');
    for (const endpoint of wanted.values()) this.#gateway.update(endpoint);
    writeHosts(join(this.#folder, 'etc'), hostsText(wanted.values()));
    const cut = removed.reduce((sum, key) => sum + this.#gateway.remove(key), 0);
    if (removed.length > 0) this.#log.info({ endpoints: removed.length, connections: cut }, 'endpoints of a worker were revoked');
    await this.#network.setAddresses(
      [],
      [...addressesBefore].filter((address) => !addresses.has(address)),
    );
  }

  async #listen(fresh: readonly string[], added: readonly SandboxEndpoint[]): Promise<ReadonlyMap<string, Server>> {
    try {
      await this.#network.setAddresses(fresh, []);
      return await this.#network.listen(added);
    } catch (error) {
      await this.#network.setAddresses([], fresh);
      throw error;
    }
  }

  async #stop(): Promise<void> {
    const ended = endOf(this.process);
    endGroup(this.process);
    this.#gateway.removeAll();
    await ended;
    this.#failedConnects = await this.#network.failedConnects().catch(() => 0);
    await this.#part();
    this.#incidents = await this.#network.incidents().catch(() => undefined);
    await this.#network[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The kernel ends the program's connections with it, and tells their far sides by the way that is taken away here. */
  async #part(): Promise<void> {
    if (this.#joined === undefined) return;
    await this.#network.rest(partingMs).catch(() => undefined);
    await this.#joined[Symbol.asyncDispose]();
  }

  #refuseHandle(): void {
    this.#log.error({}, 'a worker tried to hand over an open file or socket and was ended');
    void this.stop();
  }
}

const separate = ['--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'];
const powerless = ['--uid', userInside, '--gid', userInside, '--hostname', 'worker', '--cap-drop', 'ALL'];
/** No `--new-session`: it has one, from `spawn`, and stays one group with what bubblewrap starts; see `endGroup`. */
const isolateAll = [...separate, ...powerless, '--die-with-parent'];

interface Places {
  readonly network: EmptyNetwork;
  readonly folder: string;
  readonly etc: string;
}

function spawnWorker(tools: SandboxTools, request: SandboxRequest, { network, folder, etc }: Places): ChildProcess {
  const filterFile = join(folder, 'filter');
  writeFileSync(filterFile, seccompFilter(tools.processor, request.join !== undefined), { mode: 0o600 });
  const filter = openSync(filterFile, 'r');
  const { program, memoryMb, programArguments = [], channel = 'ipc' } = request;
  const command = typeof program === 'string' ? [nodeInside, ...nodeFlags(memoryMb), program, ...programArguments] : program;
  const { file, args } = network.enter;
  const dataBytes = (memoryMb + besideHeapMb + codeRangeMb) * 1024 * 1024;
  const limits = [`--core=0:0`, `--data=${dataBytes}:${dataBytes}`, `--nofile=${mostFiles}:${mostFiles}`, '--memlock=0:0'];
  const view = viewArguments({ readOnly: request.readOnly ?? [], writable: request.writable ?? [] }, etc, tools.canLimitTmp);
  const isolation = tools.hasDisableUserns ? [...isolateAll, '--disable-userns'] : isolateAll;
  const wrapped = [...isolation, ...view, '--seccomp', '4', '--', ...command];
  const { nice, prlimit, bwrap } = tools.programs;
  const child = spawn(file, [...args, nice, '-n', String(niceness), prlimit, ...limits, '--', bwrap, ...wrapped], {
    stdio: ['pipe', 'pipe', 'pipe', channel === 'stream' ? 'pipe' : typeof program === 'string' ? 'ipc' : 'ignore', filter],
    serialization: request.serialization ?? 'json',
    // A session of its own: Ctrl-C in a terminal reaches only the parent.
    detached: true,
    env: { PATH: '/bin', HOME: '/tmp', LANG: 'C.UTF-8', TZ: 'UTC' },
    cwd: '/',
  });
  if (child.pid !== undefined) network.endsWithUs(child.pid);
  closeSync(filter);
  // A worker that is gone is noticed by its end.
  child.stdin?.on('error', () => undefined);
  return child;
}

/**
 * All of it. While bubblewrap begins, its inner half is not bound to the life of the outer one yet: if only that were ended, the inner one would wait
 * for it for ever, or go on without it.
 */
function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export function nodeFlags(memoryMb: number): string[] {
  return [`--max-old-space-size=${memoryMb}`, '--no-warnings'];
}

async function endedEarly(child: ChildProcess, how: string): Promise<Fault> {
  const { stderr } = child;
  if (stderr !== null && !stderr.readableEnded) await Promise.race([once(stderr, 'end'), once(stderr, 'readable')]).catch(() => undefined);
  const said = String(stderr?.read() ?? '')
    .slice(0, 1_000)
    .trim()
    .replace(/\s*\n\s*/g, '; ');
  return fault('unreachable', 'SandboxFailed', `The sandboxed program ended as it started (${how})${said === '' ? '' : `: ${said}`}.`, {
    remedy: 'isthmus doctor says what this host allows.',
  });
}
