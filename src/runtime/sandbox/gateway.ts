import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { toFault, type Fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import { endpointKey, type SandboxEndpoint } from './endpoint.ts';

/** Opens the far side of a worker's connection to an endpoint. What it throws ends the worker's connection with a reset. */
export type DialEndpoint = (endpoint: SandboxEndpoint, signal: AbortSignal) => Promise<Duplex>;

/** Told of each connection once it is known what became of it. `localPort` is the worker's; `trouble`: why it was refused. */
export type OnDialled = (endpoint: SandboxEndpoint, localPort: number, trouble: Fault | undefined) => void;

interface Gate {
  /** As it is asked for now: names may change. */
  endpoint: SandboxEndpoint;
  readonly server: Server;
  readonly passing: Set<Passage>;
}

interface Passage {
  readonly client: Socket;
  readonly giveUp: AbortController;
}

/** Takes the connections that a worker makes to its endpoints, outside of its network, and passes each to the dialled far side. */
export class Gateway {
  readonly #dial: DialEndpoint;
  readonly #log: Log;
  readonly #onDialled: OnDialled;
  readonly #gates = new Map<string, Gate>();

  constructor(dial: DialEndpoint, log: Log, onDialled: OnDialled = () => undefined) {
    this.#dial = dial;
    this.#log = log;
    this.#onDialled = onDialled;
  }

  get endpoints(): readonly SandboxEndpoint[] {
    return [...this.#gates.values()].map(({ endpoint }) => endpoint);
  }

  /** Connections that are open at the moment. */
  get open(): number {
    return [...this.#gates.values()].reduce((sum, { passing }) => sum + passing.size, 0);
  }

  add(endpoint: SandboxEndpoint, server: Server): void {
    const gate: Gate = { endpoint, server, passing: new Set() };
    // Of a server that was made elsewhere these are set here; they are what `createServer` sets from its options.
    Object.assign(server, { allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    server.on('connection', (client) => void this.#pass(gate, client));
    // What goes wrong while connections are taken (no descriptors left) ends none of those that are open.
    server.on('error', (error) => this.#log.warn({ err: error, endpoint: endpoint.address }, 'a connection could not be taken'));
    this.#gates.set(endpointKey(endpoint), gate);
  }

  /** What is new about an endpoint that goes on. */
  update(endpoint: SandboxEndpoint): void {
    const gate = this.#gates.get(endpointKey(endpoint));
    if (gate !== undefined) gate.endpoint = endpoint;
  }

  /** Takes no more connections and resets those that are open. Returns how many they were. */
  remove(key: string): number {
    const gate = this.#gates.get(key);
    if (gate === undefined) return 0;
    this.#gates.delete(key);
    gate.server.close();
    const cut = gate.passing.size;
    for (const passage of gate.passing) {
      passage.giveUp.abort();
      passage.client.resetAndDestroy();
    }
    return cut;
  }

  removeAll(): void {
    for (const key of this.#gates.keys()) this.remove(key);
  }

  async #pass(gate: Gate, client: Socket): Promise<void> {
    const { address, port } = gate.endpoint;
    const { remotePort: localPort = 0 } = client;
    const giveUp = new AbortController();
    const passage = { client, giveUp };
    gate.passing.add(passage);
    client.once('close', () => {
      gate.passing.delete(passage);
      giveUp.abort();
    });
    client.on('error', () => client.destroy());
    try {
      const far = await this.#dial(gate.endpoint, giveUp.signal);
      far.on('error', () => client.resetAndDestroy());
      if (giveUp.signal.aborted) return void far.destroy();
      joinStreams(client, far);
      this.#onDialled(gate.endpoint, localPort, undefined);
    } catch (error) {
      client.resetAndDestroy();
      this.#onDialled(gate.endpoint, localPort, toFault(error));
      if (!giveUp.signal.aborted) this.#log.info({ err: toFault(error), address, port }, 'a connection of a worker was refused');
    }
  }
}

/** Bytes both ways, each way's end passed on by itself; what breaks on one side is a reset on the other. */
export function joinStreams(client: Socket, far: Duplex): void {
  client.pipe(far);
  far.pipe(client);
  client.once('close', () => {
    if (!client.readableEnded || !client.writableFinished) far.destroy();
  });
  far.once('close', () => {
    if (!far.readableEnded || !far.writableFinished) client.resetAndDestroy();
  });
}
