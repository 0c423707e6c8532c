import type { OnReadOpts, Server, Socket } from 'node:net';
import { toFault, type Fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import { endpointKey, type SandboxEndpoint } from './endpoint.ts';
import { mostOpen, Passage, tooManyPassages, type Far } from './passage.ts';

/** Opens the far side of a worker's connection to an endpoint. What it throws ends the worker's connection with a reset. */
export type DialEndpoint = (endpoint: SandboxEndpoint, signal: AbortSignal, onread: OnReadOpts) => Promise<Far>;

/** Told of each connection once it is known what became of it. `localPort` is the worker's; `trouble`: why it was refused. */
export type OnDialled = (endpoint: SandboxEndpoint, localPort: number, trouble: Fault | undefined) => void;

interface Gate {
  /** As it is asked for now: names may change. */
  endpoint: SandboxEndpoint;
  readonly server: Server;
  readonly passing: Set<Passage>;
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
    for (const passage of gate.passing) passage.cut();
    return cut;
  }

  removeAll(): void {
    for (const key of this.#gates.keys()) this.remove(key);
  }

  #refuse(endpoint: SandboxEndpoint, client: Socket, localPort: number): void {
    client.resetAndDestroy();
    this.#onDialled(endpoint, localPort, tooManyPassages());
  }

  async #pass(gate: Gate, client: Socket): Promise<void> {
    const { endpoint, passing } = gate;
    const { remotePort: localPort = 0 } = client;
    const passage = new Passage(client);
    if (this.open >= mostOpen) return this.#refuse(endpoint, client, localPort);
    passing.add(passage);
    client.once('close', () => passing.delete(passage));
    try {
      const dial = (signal: AbortSignal, onread: OnReadOpts): Promise<Far> => this.#dial(gate.endpoint, signal, onread);
      await passage.lead(dial, () => this.#onDialled(endpoint, localPort, undefined));
    } catch (error) {
      const trouble = toFault(error);
      const { address, port } = endpoint;
      if (!passage.over) this.#log.info({ err: trouble, address, port }, 'a connection of a worker was refused');
      passage.cut();
      this.#onDialled(endpoint, localPort, trouble);
    }
  }
}
