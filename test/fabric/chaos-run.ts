import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { hubPlace } from '#fabric/kernel/hub-place.ts';
import { outwardAddress } from '#fabric/sample-hosts.contract.ts';
import { Capture, type Link, type Packet } from './capture.ts';
import { ChaosControl } from './chaos-control.ts';
import { ChaosNetwork, ports, segments, serverCount } from './chaos-network.ts';
import { ChaosRecord, Judge, type Judged } from './chaos-oracle.ts';
import { ChaosServers, ChaosTraffic, connectFromHost, connectFromNetwork } from './chaos-traffic.ts';
import { dice, oneOf, type Dice } from './dice.ts';
import { workerNetwork, type WorkerNetwork } from './worker-network.ts';

export interface ChaosAsk {
  readonly seed: number;
  readonly changes: number;
  /** Done in the middle of the run: a mistake that is to be found. */
  readonly mistake?: (on: Chaos) => Promise<void>;
}

/** What mistakes are made with. */
export interface Chaos {
  readonly network: ChaosNetwork;
  readonly control: ChaosControl;
  readonly traffic: ChaosTraffic;
  readonly servers: ChaosServers;
  inHub(...command: readonly string[]): Promise<string>;
  /** As if the engine had said that a plan is in force in which nobody is approved. */
  pretendRevoked(): void;
  /** Servers swallow what comes. */
  eats: boolean;
}

/** Changes plans at random under traffic, kills the engine, flushes the rules, and judges all that passed. */
export async function runChaos({ seed, changes, mistake }: ChaosAsk): Promise<Judged> {
  const run = await Run.begin(seed);
  try {
    await run.change(changes, mistake);
    await run.settle();
    return await run.judge();
  } finally {
    await run[Symbol.asyncDispose]();
  }
}

/** The segments that workers stand in: two that have the same addresses, and a second one beside another. */
const workers: readonly string[] = [segments[0], segments[1], segments[0]];
const clientsPerDoor = 2;

interface Worker {
  readonly segment: string;
  readonly network: WorkerNetwork;
  readonly sockets: Set<Socket>;
}

class Run implements AsyncDisposable, Chaos {
  readonly network: ChaosNetwork;
  readonly control: ChaosControl;
  readonly traffic: ChaosTraffic;
  readonly servers: ChaosServers;
  eats = false;
  readonly #roll: Dice;
  readonly #record = new ChaosRecord();
  readonly #folder: string;
  readonly #workers: Worker[] = [];
  readonly #captures: Capture[] = [];
  readonly #ending = new AbortController();
  #strays: Promise<void> = Promise.resolve();
  #clients = 0;
  #kills = 0;
  #flushes = 0;
  #troubles: string[] = [];

  private constructor(seed: number, servers: ChaosServers, folder: string) {
    this.#roll = dice(seed);
    this.servers = servers;
    this.network = new ChaosNetwork(dice(seed + 1), (at) => ({ host: servers.host, port: servers.ports[at] ?? 0 }), Date.now);
    this.control = new ChaosControl(randomBytes(4).toString('hex'), this.network.watched, this.#record);
    this.traffic = new ChaosTraffic(dice(seed + 2));
    this.#folder = folder;
  }

  static async begin(seed: number): Promise<Run> {
    let run: Run | undefined;
    const servers = await ChaosServers.open(outwardAddress(), serverCount, () => run?.eats ?? false);
    run = new Run(seed, servers, await mkdtemp(join(tmpdir(), 'isthmus-chaos-')));
    try {
      await run.#begin(dice(seed + 3));
      return run;
    } catch (error) {
      await run[Symbol.asyncDispose]();
      throw error;
    }
  }

  inHub(...[file = '', ...args]: readonly string[]): Promise<string> {
    return said('/usr/bin/nsenter', [`--net=${this.#hub}`, '--', file, ...args]);
  }

  pretendRevoked(): void {
    const plan = this.network.plan();
    const endpoints = plan.endpoints.map((one) => ({ ...one, state: 'Rejected' as const }));
    this.#record.steps.push({ plan: { ...plan, endpoints }, said: 'nobody is approved', fromMs: Date.now(), doneMs: Date.now() });
  }

  async change(changes: number, mistake: ChaosAsk['mistake']): Promise<void> {
    for (let done = 0; done < changes; done++) {
      if (done === changes >> 1) await mistake?.(this);
      await this.#step();
      await delay(this.#roll(120));
    }
  }

  /** All is approved and well at the end: then everybody is connected. */
  async settle(): Promise<void> {
    this.network.heal();
    await this.#serve();
    await this.control.apply(this.network.plan(), 'all is well');
    const connected = (): ReadonlySet<string> => new Set(this.traffic.open.map(({ client }) => client));
    const untilMs = Date.now() + 20_000;
    while (Date.now() < untilMs && connected().size < this.#clients) await delay(50);
    if (connected().size < this.#clients)
      this.#troubles.push(`of ${this.#clients} clients only ${connected().size} are connected at the end, with all approved and well`);
    await delay(500);
    await this.#stop();
  }

  async judge(): Promise<Judged> {
    const packets: Packet[] = [];
    for (const capture of this.#captures) for (const packet of await capture.end()) packets.push(packet);
    const servers = new Set(this.servers.ports.map((port) => `${this.servers.host}:${port}`));
    const { troubles, facts } = new Judge(this.#record, packets, this.traffic.calls, servers).judge();
    return {
      troubles: [...this.#troubles, ...troubles],
      facts: { plans: this.#record.steps.length, kills: this.#kills, flushes: this.#flushes, ...facts },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    for (const capture of this.#captures) capture.kill();
    await this.control[Symbol.asyncDispose]();
    for (const { network } of this.#workers) await network[Symbol.asyncDispose]();
    await this.servers[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #hub(): string {
    return hubPlace({ label: this.control.label }).path;
  }

  async #begin(roll: Dice): Promise<void> {
    for (const segment of workers) this.#workers.push({ segment, network: await workerNetwork(), sockets: new Set() });
    await this.control.begin();
    await this.control.apply(this.network.plan(), 'all');
    const leg = { interface: hubPlace({ label: this.control.label }).hostInterface, enter: [], hubIs: 'there' } as const;
    await this.#capture({ ...leg, name: 'host-in', way: 'in' });
    await this.#capture({ ...leg, name: 'host-out', way: 'out' });
    // Networks are joined to it anew now and then: all of its legs.
    const all = { interface: 'any', way: 'inout' } as const;
    await this.#capture({ ...all, name: 'hub', enter: ['/usr/bin/nsenter', `--net=${this.#hub}`, '--'], hubIs: 'here' });
    for (const [at, { network }] of this.#workers.entries()) {
      const enter = ['/usr/bin/nsenter', `--net=/proc/${network.pid}/ns/net`, '--'];
      await this.#capture({ ...all, name: `worker-${at}`, enter, hubIs: 'there' });
    }
    await this.#join();
    this.#callAll();
    this.#strays = this.#stray(roll);
  }

  async #capture(link: Link): Promise<void> {
    this.#captures.push(await Capture.begin(link, join(this.#folder, `${link.name}.pcap`)));
  }

  /** Joins the workers' networks. Those of the engine before have been parted, and a worker of the product would not be there any more. */
  async #join(): Promise<void> {
    for (const { segment, network, sockets } of this.#workers) {
      for (const socket of sockets) socket.destroy(Object.assign(new Error('joined anew'), { code: 'EPARTED' }));
      await this.control.attach(segment, network.pid);
    }
  }

  async #stop(): Promise<void> {
    this.#ending.abort();
    await this.#strays;
    await this.traffic.end();
  }

  #callAll(): void {
    for (const endpoint of this.network.watched) {
      for (const port of ports) {
        for (let of = 0; of < clientsPerDoor; of++) {
          const door = (): { host: string; port: number } | undefined => {
            const host = this.control.entries.get(endpoint);
            return host === undefined ? undefined : { host, port };
          };
          this.#add({ client: `host ${endpoint}#${port} ${of}`, door, connect: connectFromHost });
        }
      }
    }
    for (const [at, worker] of this.#workers.entries()) {
      for (const address of this.network.addresses) {
        const port = ports[(at + Number(address.at(-1))) % 2] ?? ports[0];
        const connect = async (door: { host: string; port: number }): Promise<Socket> => {
          const socket = await connectFromNetwork(worker.network, door);
          worker.sockets.add(socket);
          socket.once('close', () => worker.sockets.delete(socket));
          return socket;
        };
        this.#add({ segment: worker.segment, client: `worker ${at} ${address}#${port}`, door: () => ({ host: address, port }), connect });
      }
    }
  }

  #add(caller: Parameters<ChaosTraffic['add']>[0]): void {
    this.#clients += 1;
    this.traffic.add(caller);
  }

  /** Sends what has no way, all the time: datagrams, echo requests, connections to other ports, to databases, to the hub itself, and beside it. */
  async #stray(roll: Dice): Promise<void> {
    const { signal } = this.#ending;
    const range = (this.control.entries.values().next().value ?? '').split('.').slice(0, 2).join('.');
    const socket = createSocket('udp4');
    socket.on('error', () => undefined);
    while (!signal.aborted) {
      const entry = oneOf(roll, [...this.control.entries.values()]);
      const worker = oneOf(roll, this.#workers).network;
      const server = { host: this.servers.host, port: oneOf(roll, this.servers.ports) };
      const places = [entry, `${range}.0.2`, `${range}.1.${roll(250)}`, `${range}.16.${roll(250)}`, `${range}.${32 + roll(200)}.7`];
      const away = [...this.network.addresses, server.host, '10.0.1.10', '192.0.2.1', '169.254.169.254', ...places];
      const quietly = (): undefined => undefined;
      await Promise.race([
        Promise.all([
          Promise.resolve(socket.send('nobody hears this', oneOf(roll, [...ports, 53]), oneOf(roll, places))),
          connectFromHost({ host: oneOf(roll, places), port: oneOf(roll, [22, 80, server.port, ports[1] + 1]) }, quietly).then(
            (one) => one.destroy(),
            quietly,
          ),
          worker.send(oneOf(roll, away), oneOf(roll, [54, ports[0]])).catch(quietly),
          worker.refusal(oneOf(roll, away), oneOf(roll, [22, server.port])).catch(quietly),
          worker.refusal(server.host, server.port).catch(quietly),
        ]),
        delay(500),
      ]);
      await delay(100 + roll(200));
    }
    socket.close();
  }

  async #step(): Promise<void> {
    const said = await this.#change();
    const kind = this.#roll(100);
    if (kind < 7) return this.#killDuring(said);
    if (kind < 10) return this.#killIdle(said);
    if (kind < 13) return this.#flush(said);
    if (kind < 19) {
      const first = this.control.apply(this.network.plan(), said);
      const then = await this.#change();
      await Promise.all([first, this.control.apply(this.network.plan(), then)]);
      return;
    }
    await this.control.apply(this.network.plan(), said);
  }

  async #change(): Promise<string> {
    const said = this.network.change();
    await this.#serve();
    return said;
  }

  /** Closes servers and opens them again, as the network has it. */
  async #serve(): Promise<void> {
    await this.servers.set(this.network.closed);
    this.#record.serve(this.servers.host, this.servers.ports, this.network.closed);
  }

  async #killDuring(said: string): Promise<void> {
    const applied = this.control.apply(this.network.plan(), said);
    await delay(this.#roll(60));
    await this.control.kill();
    await applied;
    await this.#rise();
  }

  async #killIdle(said: string): Promise<void> {
    await this.control.apply(this.network.plan(), said);
    await delay(this.#roll(50));
    await this.control.kill();
    await this.#rise();
  }

  async #rise(): Promise<void> {
    this.#kills += 1;
    await delay(this.#roll(300));
    const flushedMs = this.#roll(4) === 0 ? Date.now() : undefined;
    if (flushedMs !== undefined) {
      this.#flushes += 1;
      await this.inHub('/usr/sbin/nft', 'flush', 'ruleset');
    }
    const said = this.#roll(2) === 0 ? 'the same after a kill' : `after a kill: ${await this.#change()}`;
    await this.control.begin();
    await this.control.apply(this.network.plan(), said);
    if (flushedMs !== undefined) this.#record.outages.push({ fromMs: flushedMs, toMs: Date.now() });
    await this.#join();
  }

  async #flush(said: string): Promise<void> {
    this.#flushes += 1;
    const fromMs = Date.now();
    await this.inHub('/usr/sbin/nft', 'flush', 'ruleset');
    if (this.#roll(2) === 0) await this.control.apply(this.network.plan(), `after a flush: ${said}`);
    while (!(await this.inHub('/usr/sbin/nft', 'list', 'tables')).includes('isthmus')) await delay(50);
    this.#record.outages.push({ fromMs, toMs: Date.now() });
    await this.control.apply(this.network.plan(), said);
  }
}

async function said(file: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(file, args, { encoding: 'utf8' });
  return stdout;
}
