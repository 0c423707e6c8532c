import { spawn } from 'node:child_process';
import type { RemoteInfo, Socket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { fault, type Fault } from '#base/fault.ts';
import { silentLog, type Log } from '#base/log.ts';
import { nameNotFound } from '../denial.ts';
import type { FabricEvent } from '../engine.ts';
import type { Tables } from '../tables.ts';
import { addressesOf, answerTo } from './resolver.ts';

const bindInside = fileURLToPath(new URL('bind-inside.mjs', import.meta.url));
const dnsPort = 53;
/** Of one network between two looks; beyond them names are counted only. */
const mostNames = 16;

export interface NameServiceOptions {
  /** What runs a command in the hub's network, as its beginning. */
  readonly enter: { readonly file: string; readonly args: readonly string[] };
  /** Of the hub: where it is asked. */
  readonly address: string;
  /** The segment that whoever has the address stands in; undefined: none, and nothing is answered. The address is no lie: see `c_enter`. */
  readonly segmentOf: (address: string) => string | undefined;
  readonly tables: () => Tables;
  readonly nowMs: () => number;
  readonly log?: Log | undefined;
}

/** Names that one network asked for and that are none of its segment's: a way to tell something to whoever answers, if anybody did. */
export interface UnknownNames {
  /** The network's. */
  readonly address: string;
  /** The first of them, each once. */
  readonly names: readonly string[];
  /** How often it asked, for these and others. */
  readonly count: number;
}

/** Answers questions for names from all networks that are joined to the hub, by a socket within it. See `resolver.ts`. */
export class NameService implements Disposable {
  readonly #options: NameServiceOptions;
  readonly #socket: Socket;
  readonly #unknown = new Map<string, { names: Set<string>; count: number }>();

  private constructor(options: NameServiceOptions, socket: Socket) {
    this.#options = options;
    this.#socket = socket;
    const log = (options.log ?? silentLog).child({ part: 'fabric' });
    socket.on('message', (packet, from) => this.#answer(packet, from));
    socket.on('error', (error) => log.error({ err: error }, 'names of attached networks are not answered'));
    // It keeps no process alive.
    socket.unref();
  }

  /** Fault: `NamesNotServed` (unsupported), with what the system said. */
  static async open(options: NameServiceOptions): Promise<NameService> {
    return new NameService(options, await bindIn(options));
  }

  /** What was asked for since the last time. */
  takeUnknown(): readonly UnknownNames[] {
    const taken = [...this.#unknown].map(([address, { names, count }]) => ({ address, names: [...names], count }));
    this.#unknown.clear();
    return taken;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  #answer(packet: Buffer, { address, port }: RemoteInfo): void {
    const { segmentOf, tables, nowMs } = this.#options;
    const segment = segmentOf(address);
    if (segment === undefined) return;
    const answered = answerTo(packet, (name) => addressesOf(tables(), segment, name, nowMs()));
    if (answered === undefined) return;
    if (answered.unknown !== undefined) this.#note(address, answered.unknown);
    // Whoever is gone meanwhile hears nothing.
    this.#socket.send(answered.packet, port, address, () => undefined);
  }

  #note(address: string, name: string): void {
    const known = this.#unknown.get(address) ?? { names: new Set(), count: 0 };
    this.#unknown.set(address, known);
    known.count += 1;
    if (known.names.size < mostNames) known.names.add(name);
  }
}

/** What is told of them: to ask for a name is to try to tell it to somebody. */
export function refusedNames(
  { of: segment, asker }: { readonly of: string; readonly asker: string },
  names: readonly string[],
): readonly FabricEvent[] {
  return names.map((host) => {
    const { code, target: rule, remedy } = nameNotFound(segment, host, []);
    return { kind: 'refused', endpoint: undefined, segment, host, port: dnsPort, asker, code, rule, remedy, isRule: false };
  });
}

async function bindIn({ enter, address }: NameServiceOptions): Promise<Socket> {
  const { file, args } = enter;
  const child = spawn(file, [...args, process.execPath, bindInside, address, String(dnsPort)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: {},
    cwd: '/',
  });
  let said = '';
  child.stderr?.on('data', (bytes: Buffer) => (said = (said + bytes.toString('utf8')).slice(0, 400)));
  let socket: Socket | undefined;
  child.on('message', (reply: { readonly trouble?: string }, handle) => {
    socket = handle as Socket | undefined;
    said ||= reply.trouble ?? '';
  });
  const failed = once(child, 'error').then(([error]) => {
    said = String(error);
  });
  // Its messages are read before the channel is known to be closed.
  await Promise.race([Promise.all([once(child, 'exit'), once(child, 'disconnect')]), failed]);
  if (socket === undefined) throw notServed(address, said.trim().replace(/\s*\n\s*/g, '; '));
  return socket;
}

function notServed(address: string, said: string): Fault {
  return fault('unsupported', 'NamesNotServed', `Names cannot be served at ${address} within the hub: ${said || 'no reason given'}.`, {
    target: address,
    remedy: 'See what it says; isthmus up --engine userspace needs none of this.',
  });
}
