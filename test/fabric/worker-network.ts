import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What is asked of `inside.ts`, and answered, by number. The answer of a connection comes with its socket. */
export interface InsideAsk {
  readonly id: number;
  readonly kind: 'tcp' | 'udp';
  readonly host: string;
  readonly port: number;
  /** Instead of the network's own address. */
  readonly from?: string | undefined;
}

export interface InsideReply {
  readonly id: number;
  /** It failed, as the system says. */
  readonly code?: string;
}

/** A network namespace as that of a worker, in a user namespace of its own, with one who connects from it as he is asked. */
export interface WorkerNetwork extends AsyncDisposable {
  /** Of a process in it. */
  readonly pid: number;
  connect(host: string, port: number, from?: string): Promise<Socket>;
  /** The code with which a connection fails. Undefined: it does not. */
  refusal(host: string, port: number, from?: string): Promise<string | undefined>;
  /** Sends a datagram. */
  send(host: string, port: number, from?: string): Promise<void>;
  /** Runs a program in it, with all rights there. */
  run(file: string, ...args: readonly string[]): Promise<string>;
}

const inside = fileURLToPath(new URL('./inside.ts', import.meta.url));

export async function workerNetwork(): Promise<WorkerNetwork> {
  // It reads what nobody writes: with us its input ends, and it with that.
  const holder = spawn('/usr/bin/unshare', ['--user', '--map-root-user', '--net', '--', '/bin/sh', '-c', 'echo up && exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  const enter = ['--preserve-credentials', '--user', '--net', '--target', String(holder.pid), '--'];
  const program = spawn('/usr/bin/nsenter', [...enter, process.execPath, inside], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  await once(program, 'message');
  const asked = new Asked(program);
  return {
    pid: holder.pid ?? 0,
    connect: async (host, port, from) => {
      const { reply, socket } = await asked.ask({ kind: 'tcp', host, port, from });
      if (socket === undefined) throw Object.assign(new Error(`${host}:${port} ${reply.code}`), { code: reply.code });
      return socket;
    },
    refusal: async (host, port, from) => {
      const { reply, socket } = await asked.ask({ kind: 'tcp', host, port, from });
      socket?.destroy();
      return reply.code;
    },
    send: async (host, port, from) => {
      const { reply } = await asked.ask({ kind: 'udp', host, port, from });
      if (reply.code !== undefined) throw new Error(`a datagram to ${host}:${port}: ${reply.code}`);
    },
    run: async (file, ...args) => {
      const { stdout } = await promisify(execFile)('/usr/bin/nsenter', [...enter, file, ...args]);
      return stdout;
    },
    [Symbol.asyncDispose]: async () => {
      program.kill('SIGKILL');
      holder.kill('SIGKILL');
      if (holder.exitCode === null && holder.signalCode === null) await once(holder, 'exit');
    },
  };
}

interface Answer {
  readonly reply: InsideReply;
  readonly socket: Socket | undefined;
}

class Asked {
  readonly #program: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #asked = 0;

  constructor(program: ChildProcess) {
    this.#program = program;
    program.on('message', (reply: InsideReply, handle) => {
      const socket = handle instanceof Socket ? handle : undefined;
      this.#waiting.get(reply.id)?.({ reply, socket });
      this.#waiting.delete(reply.id);
    });
  }

  ask(ask: Omit<InsideAsk, 'id'>): Promise<Answer> {
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((settle) => {
      this.#waiting.set(id, settle);
      this.#program.send({ ...ask, id } satisfies InsideAsk);
    });
  }
}
