import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { HostPort } from '#fabric/plan.ts';
import { oneOf, type Dice } from './dice.ts';
import type { WorkerNetwork } from './worker-network.ts';

/** A connection of a client, or one that was tried. All times are milliseconds since 1970. */
export interface Call {
  readonly number: number;
  readonly segment: string | undefined;
  readonly client: string;
  readonly door: HostPort;
  readonly beganMs: number;
  localAddress: string;
  localPort: number;
  openMs: number | undefined;
  endMs: number | undefined;
  /** `ours`: the client ended it, or the run did. Undefined: it goes on. */
  end: 'ours' | 'ended' | `E${string}` | undefined;
  /** Bytes that came back. */
  bytes: number;
  /** What came back otherwise than it was sent. */
  wrong: string | undefined;
  /** Times in which an answer was waited for, of a second and more. */
  readonly silences: { readonly fromMs: number; readonly toMs: number }[];
}

/** How a client goes about it: talks as long as it can; ends in order after a while; breaks off; ends its side and listens to what is left to say. */
type Manner = 'stays' | 'ends' | 'breaks off' | 'listens';

/** What the first byte of a connection asks of a server: to send back, or to go on to send after the other side has ended. */
const tailMark = 0xee;
const plainMark = 0xdd;
const tailBytes = 400;
const patternOf = (salt: number, at: number): number => (salt * 31 + at * 7 + (at >> 8)) & 255;

/** Servers on ports of one address, that send back what comes. Those that are closed keep the connections they have. */
export class ChaosServers implements AsyncDisposable {
  readonly host: string;
  readonly ports: readonly number[];
  readonly #servers: Server[];
  readonly #sockets = new Set<Socket>();
  readonly #eats: () => boolean;

  private constructor(host: string, servers: Server[], ports: readonly number[], eats: () => boolean) {
    this.host = host;
    this.ports = ports;
    this.#servers = servers;
    this.#eats = eats;
  }

  /** `eats`: whether a server swallows what came last. A mistake to be found. */
  static async open(host: string, count: number, eats: () => boolean = () => false): Promise<ChaosServers> {
    const servers = Array.from({ length: count }, () => createServer({ allowHalfOpen: true, noDelay: true }));
    const listening: number[] = [];
    // Below those that the kernel gives to clients: nobody takes one while its server is closed.
    let port = 20_000 + (process.pid % 5_000);
    for (const server of servers) {
      while (!(await listens(server, host, port))) port += 1;
      listening.push(port);
      port += 1;
    }
    const all = new ChaosServers(host, servers, listening, eats);
    for (const server of servers) server.on('connection', (socket) => all.#serve(socket));
    return all;
  }

  async set(closed: ReadonlySet<number>): Promise<void> {
    for (const [at, server] of this.#servers.entries()) {
      if (server.listening && closed.has(at)) server.close();
      else if (!server.listening && !closed.has(at) && !(await listens(server, this.host, this.ports[at] ?? 0)))
        throw new Error(`somebody else listens on port ${this.ports[at]}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await this.set(new Set(this.#servers.keys()));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let hasTail: boolean | undefined;
    socket.on('data', (chunk: Buffer) => {
      hasTail ??= chunk[0] === tailMark;
      if (!this.#eats()) socket.write(chunk);
    });
    socket.on('end', () => void (hasTail === true ? sendTail(socket) : socket.end()));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

async function listens(server: Server, host: string, port: number): Promise<boolean> {
  server.listen({ host, port });
  try {
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  }
}

/** Bit by bit, for a second and more. */
async function sendTail(socket: Socket): Promise<void> {
  for (let sent = 0; sent < tailBytes && !socket.destroyed; sent += 10) {
    socket.write(Buffer.alloc(10, 0x2e));
    await delay(25);
  }
  socket.end();
}

/** Where a client connects to, and by what. */
export interface Caller {
  /** In which it stands; undefined: a program of the host. */
  readonly segment?: string | undefined;
  readonly client: string;
  /** Undefined: nobody has told yet. */
  door(): HostPort | undefined;
  connect(door: HostPort, begun: (socket: Socket) => void): Promise<Socket>;
}

const patienceMs = 8_000;

/** Clients that connect, talk and connect anew until they are ended, and the record of all they saw. */
export class ChaosTraffic {
  readonly calls: Call[] = [];
  readonly #roll: Dice;
  readonly #running: Promise<void>[] = [];
  readonly #ending = new AbortController();

  constructor(roll: Dice) {
    this.#roll = roll;
  }

  add(caller: Caller): void {
    this.#running.push(this.#run(caller));
  }

  /** Connections that are open now. */
  get open(): readonly Call[] {
    return this.calls.filter(({ openMs, end }) => openMs !== undefined && end === undefined);
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#running);
  }

  async #run(caller: Caller): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      const door = caller.door();
      if (door !== undefined) await this.#call(caller, door);
      await pause(50 + this.#roll(150), signal);
    }
  }

  async #call(caller: Caller, door: HostPort): Promise<void> {
    const { signal } = this.#ending;
    const call: Call = {
      number: this.calls.length,
      segment: caller.segment,
      client: caller.client,
      door,
      beganMs: Date.now(),
      localAddress: '',
      localPort: 0,
      openMs: undefined,
      endMs: undefined,
      end: undefined,
      bytes: 0,
      wrong: undefined,
      silences: [],
    };
    this.calls.push(call);
    const finish = (end: Call['end']): void => {
      call.endMs ??= Date.now();
      call.end ??= end;
    };
    try {
      const socket = await caller.connect(door, (begun) => noteLocal(call, begun));
      noteLocal(call, socket);
      call.openMs = Date.now();
      await this.#talk(call, socket, finish);
    } catch (error) {
      finish(signal.aborted ? 'ours' : (((error as NodeJS.ErrnoException).code ?? 'ELOST') as Call['end']));
    }
  }

  async #talk(call: Call, socket: Socket, finish: (end: Call['end']) => void): Promise<void> {
    const { signal } = this.#ending;
    const manner = oneOf<Manner>(this.#roll, ['stays', 'stays', 'stays', 'stays', 'ends', 'breaks off', 'listens']);
    const talk = new Talk(call, socket, manner === 'listens');
    socket.on('error', (error: NodeJS.ErrnoException) => finish((error.code ?? 'ELOST') as Call['end']));
    socket.on('end', () => {
      finish(talk.isOver ? 'ours' : 'ended');
      socket.end();
    });
    const closed = new Promise<void>((settle) => socket.once('close', () => settle()));
    const stop = (): void => {
      finish('ours');
      socket.destroy();
    };
    signal.addEventListener('abort', stop, { once: true });
    const untilMs = manner === 'stays' ? Number.POSITIVE_INFINITY : Date.now() + 300 + this.#roll(3_000);
    while (call.end === undefined && Date.now() < untilMs) {
      await talk.exchange(1 + this.#roll(3_000));
      await pause(20 + this.#roll(200), signal);
    }
    if (call.end === undefined && manner === 'breaks off') {
      finish('ours');
      socket.resetAndDestroy();
    } else if (call.end === undefined) {
      talk.isOver = manner !== 'listens';
      socket.end();
    }
    await closed;
    finish('ELOST');
    talk.finish();
    signal.removeEventListener('abort', stop);
  }
}

/** One connection's bytes. */
class Talk {
  /** The other side may end now. */
  isOver = false;
  readonly #call: Call;
  readonly #socket: Socket;
  readonly #hasTail: boolean;
  #sent = 0;
  #askedMs: number | undefined;
  #answered: (() => void) | undefined;

  constructor(call: Call, socket: Socket, hasTail: boolean) {
    this.#call = call;
    this.#socket = socket;
    this.#hasTail = hasTail;
    socket.on('data', (chunk: Buffer) => this.#hear(chunk));
    socket.on('close', () => this.#answered?.());
  }

  /** Says so much and waits until it has come back, or the connection is over. */
  async exchange(size: number): Promise<void> {
    const chunk = Buffer.alloc(size);
    for (let at = 0; at < size; at++) chunk[at] = this.#byteAt(this.#sent + at);
    this.#sent += size;
    this.#askedMs = Date.now();
    const answered = new Promise<void>((settle) => (this.#answered = settle));
    this.#socket.write(chunk);
    if (this.#call.end === undefined) await answered;
    this.finish();
  }

  /** Notes how long an answer was waited for. */
  finish(): void {
    if (this.#askedMs !== undefined && Date.now() - this.#askedMs >= 1_000)
      this.#call.silences.push({ fromMs: this.#askedMs, toMs: Math.min(Date.now(), this.#call.endMs ?? Number.POSITIVE_INFINITY) });
    this.#askedMs = undefined;
  }

  #byteAt(at: number): number {
    if (at === 0) return this.#hasTail ? tailMark : plainMark;
    return patternOf(this.#call.number, at);
  }

  #hear(chunk: Buffer): void {
    const call = this.#call;
    for (const [at, byte] of chunk.entries()) {
      const place = call.bytes + at;
      const expected = place < this.#sent ? this.#byteAt(place) : 0x2e;
      if (place >= this.#sent && !this.#hasTail) call.wrong ??= `more came back than was sent: ${this.#sent} bytes`;
      else if (byte !== expected) call.wrong ??= `byte ${place} came back as ${byte}, and was ${expected}`;
    }
    call.bytes += chunk.length;
    if (this.#hasTail && call.bytes === this.#sent + tailBytes) this.isOver = true;
    if (call.bytes >= this.#sent) this.#answered?.();
  }
}

function noteLocal(call: Call, socket: Socket): void {
  call.localAddress = socket.localAddress ?? call.localAddress;
  call.localPort = socket.localPort ?? call.localPort;
}

/** From this host. */
export async function connectFromHost(door: HostPort, begun: (socket: Socket) => void): Promise<Socket> {
  const socket = connect({ ...door, allowHalfOpen: true, noDelay: true });
  const timer = setTimeout(() => socket.destroy(noAnswer()), patienceMs);
  try {
    await once(socket, 'connect');
    begun(socket);
    return socket;
  } finally {
    clearTimeout(timer);
  }
}

/** From a network of a worker, for as long as it is patient. */
export function connectFromNetwork(network: WorkerNetwork, { host, port }: HostPort): Promise<Socket> {
  return new Promise((done, failed) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      failed(noAnswer());
    }, patienceMs);
    const settle = (socket: Socket): void => {
      clearTimeout(timer);
      if (isLate) socket.destroy();
      else done(socket);
    };
    network.connect(host, port).then(settle, (error: Error) => {
      clearTimeout(timer);
      failed(error);
    });
  });
}

function noAnswer(): Error {
  return Object.assign(new Error('nobody answered'), { code: 'ETIMEDOUT' });
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
