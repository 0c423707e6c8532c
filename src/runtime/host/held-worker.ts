import { spawn } from 'node:child_process';
import type { Duplex, Readable } from 'node:stream';
import { must, type Fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import { channelDescriptor, lineOf, wayKey, type StreamAccess } from '../channel.ts';
import type { RuntimeJob } from '../job.ts';
import type { AttachedNetwork, TcpIncidents } from '../runtime.ts';
import { endpointKey, type SandboxEndpoint } from '../sandbox/endpoint.ts';
import { endOf } from '../sandbox/network.ts';
import { giveWay } from '../sandbox/niceness.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { nodeFlags } from '../sandbox/sandboxed-worker.ts';
import type { DialEndpoint } from '../sandbox/gateway.ts';
import type { DialTarget } from './doors.ts';
import { openStreamDoor } from './stream-door.ts';

/** What a worker is made of. */
export interface WorkerProgram {
  readonly file: string;
  /** What it is loaded from, files and folders, `file` among them. */
  readonly code: readonly string[];
  /** Where what became of the code is kept between workers. */
  readonly cache: string;
}

export interface HoldRequest {
  readonly program: WorkerProgram;
  /** Of Node's heap. */
  readonly memoryMb: number;
  /** Those that somebody must listen for. */
  readonly doors: readonly SandboxEndpoint[];
  /** Joins the worker's network, by the number of a process in it, to its segment; undefined: doors are its only way. */
  readonly attach: ((pid: number) => Promise<AttachedNetwork>) | undefined;
  readonly writable: readonly string[];
  /** Opens the far side of a connection to a door. */
  readonly dialDoor: DialEndpoint;
  /** The same by the name that the worker says, where there are no doors. */
  readonly dialName: DialTarget;
  /** What will be wanted of it; said at once. */
  readonly kind: RuntimeJob['kind'] | undefined;
  /** What became of a connection to a door. */
  readonly onWay: (way: string, trouble: Fault | undefined) => void;
  readonly log: Log;
}

/** A worker's process and all that holds it. Disposing it ends it at once. */
export interface HeldWorker extends AsyncDisposable {
  readonly isolated: boolean;
  readonly pid: number | undefined;
  readonly channel: Duplex;
  readonly output: Readable;
  readonly errors: Readable;
  /** How the process ended. */
  readonly ended: Promise<string>;
  /** How it gets its streams, where it has no doors. */
  readonly streams: StreamAccess | null;
  /** Takes the whole list. What is gone is cut before it resolves, whatever becomes of the rest; faults as of the sandbox. */
  setDoors(doors: readonly SandboxEndpoint[]): Promise<void>;
  /** Whose its connections are from now on. */
  rename(asker: string): void;
  attempts(): Promise<number | undefined>;
  incidents(): Promise<TcpIncidents | undefined>;
}

/** In a network of its own that has nothing but its doors. */
export async function holdInSandbox(sandbox: Sandbox, request: HoldRequest): Promise<HeldWorker> {
  const { program, memoryMb, doors, attach, writable, dialDoor, onWay, kind } = request;
  let attached: AttachedNetwork | undefined;
  const worker = await sandbox.start({
    program: program.file,
    programArguments: [program.cache],
    readOnly: [...program.code, program.cache].filter((path) => !writable.includes(path)),
    writable,
    endpoints: doors,
    ...(attach !== undefined && { join: async (pid) => (attached = await attach(pid)) }),
    dial: dialDoor,
    onDialled: ({ address, port }, localPort, trouble) => onWay(wayKey(address, port, localPort), trouble),
    memoryMb,
    channel: 'stream',
    ...(kind !== undefined && { greeting: lineOf({ kind: 'load', job: kind }) }),
  });
  const { process: child } = worker;
  child.stdin?.end();
  return {
    isolated: true,
    pid: child.pid,
    channel: must(worker.channel, 'a channel'),
    output: must(child.stdout, 'a pipe'),
    errors: must(child.stderr, 'a pipe'),
    ended: endOf(child),
    streams: null,
    setDoors: async (next) => {
      try {
        await worker.setEndpoints(next);
      } catch (error) {
        const wanted = new Set(next.map(endpointKey));
        await worker.setEndpoints(worker.endpoints.filter((one) => wanted.has(endpointKey(one))));
        throw error;
      }
    },
    rename: (asker) => attached?.rename(asker),
    attempts: async () => await worker.failedConnects().catch(() => undefined),
    incidents: async () => await worker.incidents().catch(() => undefined),
    [Symbol.asyncDispose]: () => worker.stop(),
  };
}

/** As an ordinary process, which gets its connections as streams and is kept from others by nothing but its own code. */
export async function holdPlainly(request: HoldRequest): Promise<HeldWorker> {
  const { program, memoryMb, dialName, log } = request;
  const door = await openStreamDoor({ dial: dialName, log });
  const child = spawn(process.execPath, [...nodeFlags(memoryMb), program.file, program.cache], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
    env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', LANG: 'C.UTF-8', TZ: 'UTC' },
    cwd: '/',
  });
  giveWay(child.pid);
  const ended = endOf(child);
  void ended.then(() => door[Symbol.asyncDispose]());
  // It ends with this process.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  void ended.then(() => process.removeListener('exit', kill));
  return {
    isolated: false,
    pid: child.pid,
    channel: must(child.stdio[channelDescriptor], 'a channel') as Duplex,
    output: must(child.stdout, 'a pipe'),
    errors: must(child.stderr, 'a pipe'),
    ended,
    streams: door.access,
    setDoors: async () => undefined,
    // Each of its connections is dialled by the name of that moment.
    rename: () => undefined,
    attempts: async () => undefined,
    incidents: async () => undefined,
    [Symbol.asyncDispose]: async () => {
      kill();
      await ended;
      await door[Symbol.asyncDispose]();
    },
  };
}
