import type { OnReadOpts } from 'node:net';
import { getCACertificates } from 'node:tls';
import type { Dialer } from '#base/dialer.ts';
import { faultFrom, faultText, type FaultText } from '#base/fault-text.ts';
import { fault, must, toFault, type Fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import { LineChannel, type FromWorker, type ToWorker } from '../channel.ts';
import { targetOf } from '../job-target.ts';
import type { JobEvent, LinkMessage, RuntimeJob } from '../job.ts';
import { runtimeMetrics } from '../metrics.ts';
import type { JobOrder, RunningJob, RuntimeNetworks } from '../runtime.ts';
import { endpointKey, type SandboxEndpoint } from '../sandbox/endpoint.ts';
import type { Far } from '../sandbox/passage.ts';
import { doorsOf, isOwnDoor, listeningDoors, type Doors, type Target } from './doors.ts';
import { Allowance, EventQueue } from './event-queue.ts';
import type { HeldWorker, HoldRequest, WorkerProgram } from './held-worker.ts';
import { readFromWorker } from './job-shapes.ts';
import { listenToOutput, type HeardOutput } from './worker-output.ts';

export interface SessionSetting {
  readonly hold: (request: HoldRequest) => Promise<HeldWorker>;
  readonly networks: RuntimeNetworks;
  readonly program: WorkerProgram;
  readonly memoryMb: number;
  readonly limits: SessionLimits;
  readonly log: Log;
}

export interface SessionPlace {
  readonly segment: string;
  readonly name: string;
  readonly writable: readonly string[];
  /** What it will do; undefined: that is not known yet. */
  readonly job: RuntimeJob | undefined;
}

export interface SessionLimits {
  /** For an orderly end. */
  readonly stopMs: number;
  /** What a job may take beyond its own time before it is ended. */
  readonly graceMs: number;
  /** Of what it was told and did not take: a worker that lets more wait is ended. */
  readonly mostUnheardBytes: number;
}

const doorRetryMs = 5_000;
/** Questions of a worker that wait for their answer. */
const mostQuestions = 100;

/** One worker from its start to its end: its doors, its channel, and its one job. */
export class WorkerSession implements AsyncDisposable {
  readonly #setting: SessionSetting;
  readonly #segment: string;
  readonly #events = new EventQueue();
  readonly #allowance = new Allowance(2_000, 200);
  readonly #ignoreChanges: () => void;
  readonly #ready = Promise.withResolvers<void>();
  #log: Log;
  #name: string;
  #target: Target | undefined;
  #doors: Doors;
  #turn: Promise<void> = Promise.resolve();
  #asked: Promise<void> = Promise.resolve();
  #questions = 0;
  #held: HeldWorker | undefined;
  #channel: LineChannel | undefined;
  #output: HeardOutput | undefined;
  #over: Promise<void> | undefined;
  #stopping = false;
  #mayEnd = false;
  #deadline: NodeJS.Timeout | undefined;
  #doorRetry: NodeJS.Timeout | undefined;
  #deadlineFault: Fault | undefined;

  private constructor(setting: SessionSetting, place: SessionPlace) {
    this.#setting = setting;
    this.#segment = place.segment;
    this.#name = place.name;
    this.#target = place.job && targetOf(place.job);
    this.#log = setting.log.child({ worker: place.name });
    this.#doors = doorsOf(setting.networks, place.segment, this.#target);
    this.#ignoreChanges = setting.networks.onChange(() => void this.#refresh());
    this.#ready.promise.catch(() => undefined);
  }

  /** Faults: those of the sandbox. */
  static async start(setting: SessionSetting, place: SessionPlace): Promise<WorkerSession> {
    const session = new WorkerSession(setting, place);
    try {
      await session.#start(place);
      return session;
    } catch (error) {
      session.#ignoreChanges();
      throw error;
    }
  }

  /** Settles when all is loaded that a job may need. Rejects when the worker ends before. */
  prepare(keep: boolean): Promise<void> {
    this.#mayEnd = keep;
    this.#channel?.send({ kind: 'prepare', keep });
    return this.#ready.promise;
  }

  /** Settles when the worker has ended. */
  get over(): Promise<void> {
    return must(this.#over, 'a started worker');
  }

  get pid(): number | undefined {
    return this.#held?.pid;
  }

  /** Gives it its job. Once. */
  async give(order: JobOrder): Promise<RunningJob> {
    const held = must(this.#held, 'a started worker');
    this.#name = order.name;
    held.rename(order.name);
    this.#log = this.#setting.log.child({ worker: order.name });
    this.#output?.follow(this.#log, secretsOf(order.job));
    this.#target = targetOf(order.job);
    await this.#refresh();
    const timeoutMs = order.job.kind === 'link' ? undefined : order.job.timeoutMs;
    if (timeoutMs !== undefined) this.#deadline = setTimeout(() => this.#tooLong(timeoutMs), timeoutMs + this.#setting.limits.graceMs);
    // What NODE_EXTRA_CA_CERTS names for the control side holds for its workers, who see neither the variable nor the file.
    const authorities = getCACertificates('extra');
    this.#channel?.send({ kind: 'job', job: order.job, own: this.#doors.own, streams: held.streams, authorities });
    runtimeMetrics.jobs.add(1, { kind: order.job.kind });
    this.#log.info({ job: order.job.kind, pid: held.pid, isolated: held.isolated }, 'worker has its job');
    return {
      events: this.#events,
      send: (message: LinkMessage) => this.#say({ kind: 'message', message }),
      askMoved: () => this.#say({ kind: 'tell' }),
      stop: () => this.stop(),
      pid: held.pid,
      isolated: held.isolated,
      attempts: () => held.attempts(),
      incidents: () => held.incidents(),
      [Symbol.asyncDispose]: () => this[Symbol.asyncDispose](),
    };
  }

  /** Asks for an orderly end and waits for it, not longer than it may take. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#channel?.send({ kind: 'stop' });
    const timer = setTimeout(() => void this[Symbol.asyncDispose](), this.#setting.limits.stopMs);
    await this.over;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    await this.#held?.[Symbol.asyncDispose]();
    this.#channel?.close();
    await this.#over;
  }

  async #start({ writable, job }: SessionPlace): Promise<void> {
    const { hold, program, memoryMb, networks } = this.#setting;
    const { attach } = networks;
    const held = await hold({
      program,
      memoryMb,
      doors: this.#listening,
      attach: attach && ((pid) => attach({ segment: this.#segment, pid, asker: this.#name })),
      writable,
      kind: job?.kind,
      dialDoor: (door, ...how) => this.#dial(isOwnDoor(this.#doors.own, door) ? this.#doors.own : { ...door, host: door.address }, ...how),
      dialName: (target, ...how) => this.#dial(target, ...how),
      onWay: (way, trouble) => this.#say({ kind: 'way', way, fault: trouble === undefined ? null : faultText(trouble) }),
      log: this.#log,
    });
    this.#held = held;
    this.#output = listenToOutput(held, this.#log);
    const drained = Promise.withResolvers<void>();
    this.#channel = new LineChannel(held.channel, {
      onLine: (line) => this.#take(line),
      onEnd: (reason) => {
        if (reason !== undefined) this.#broke(reason);
        drained.resolve();
      },
    });
    this.#over = held.ended.then(async (how) => {
      // What it said before its end is heard before its end.
      await drained.promise;
      this.#finish(how);
      await held[Symbol.asyncDispose]();
      this.#noteAttempts(await held.attempts());
    });
    // What changed while it started.
    await this.#refresh();
  }

  get #listening(): readonly SandboxEndpoint[] {
    return listeningDoors(this.#doors, this.#setting.networks.attach !== undefined);
  }

  get #dialer(): Dialer {
    return this.#setting.networks.dialer(this.#segment, this.#name);
  }

  async #dial({ host, port }: Target, signal: AbortSignal, onread: OnReadOpts): Promise<Far> {
    const dialer = this.#dialer;
    if (dialer.relay === undefined) return await dialer.dial(host, port, signal);
    return { relayed: await dialer.relay(host, port, signal, onread) };
  }

  /** The doors become what they should be by now. Never rejects; calls are taken one after the other. */
  #refresh(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#setDoors());
    return this.#turn;
  }

  async #setDoors(): Promise<void> {
    const held = this.#held;
    if (held === undefined || this.#events.ended) return;
    const before = this.#doors;
    const doors = doorsOf(this.#setting.networks, this.#segment, this.#target);
    if (JSON.stringify(doors) === JSON.stringify(before)) return;
    this.#doors = doors;
    try {
      await held.setDoors(this.#listening);
      if (JSON.stringify(doors.own) !== JSON.stringify(before.own)) this.#say({ kind: 'own', own: doors.own });
    } catch (error) {
      if (this.#events.ended) return;
      const opened = new Set(before.all.filter(({ direct }) => !direct).map(endpointKey));
      this.#doors = { all: doors.all.filter((one) => one.direct || opened.has(endpointKey(one))), own: doors.own };
      this.#log.warn({ err: toFault(error), retryMs: doorRetryMs }, 'endpoints could not be opened for a worker');
      clearTimeout(this.#doorRetry);
      this.#doorRetry = setTimeout(() => void this.#refresh(), doorRetryMs).unref();
    }
  }

  #take(line: Buffer): boolean {
    const message = readFromWorker(line);
    if (typeof message === 'string') {
      this.#broke(message);
      return true;
    }
    this.#hear(message, line.length);
    // By their number, and by what they take to be read.
    const waitMs = this.#allowance.charge(1 + line.length / 65_536);
    if (waitMs === 0) return true;
    setTimeout(() => this.#channel?.resume(), waitMs);
    return false;
  }

  #hear(message: FromWorker, bytes: number): void {
    if (message.kind === 'ready') this.#ready.resolve();
    else if (message.kind === 'why') this.#hearQuestion();
    else this.#hearEvent(message.event, bytes);
  }

  /** They are answered one after the other: no more dials at once than one. */
  #hearQuestion(): void {
    if (this.#questions >= mostQuestions) return this.#broke('more questions than are answered');
    this.#questions += 1;
    this.#asked = this.#asked
      .then(() => this.#sayWhy())
      .finally(() => {
        this.#questions -= 1;
      });
  }

  /** What it does not take is kept here: of one that is not to be trusted only so much. */
  #say(message: ToWorker): void {
    if (this.#channel === undefined) return;
    this.#channel.send(message);
    if (this.#channel.waiting > this.#setting.limits.mostUnheardBytes) this.#broke('nothing, while more is told than is kept');
  }

  #hearEvent(event: JobEvent, bytes: number): void {
    if (event.kind === 'failed') {
      const trouble = faultFrom(event.fault);
      this.#events.end(this.#stopping && trouble.kind === 'cancelled' ? undefined : trouble);
      return;
    }
    if (!this.#events.put(event, bytes)) this.#broke('more events than anybody reads');
    if (event.kind === 'done') this.#events.end(undefined);
  }

  /**
   * What keeps the job's own target out of reach, as the network itself says it. It is noted there as the job's attempt, unless the attempt itself came
   * as far as that network.
   */
  async #sayWhy(): Promise<void> {
    const say = (trouble: FaultText | null): void => this.#say({ kind: 'why', fault: trouble });
    if (this.#target === undefined || this.#events.ended) return say(null);
    try {
      const { networks } = this.#setting;
      const asker = networks.attach === undefined ? this.#name : undefined;
      const { denied } = await networks.explain({ segment: this.#segment, ...this.#target, asker });
      if (denied !== undefined) return say(faultText(denied));
      await this.#refresh();
      say(null);
    } catch (error) {
      say(faultText(toFault(error)));
    }
  }

  #broke(what: string): void {
    this.#log.error({ what }, 'a worker broke the protocol and was ended');
    this.#events.end(
      fault('corrupt', 'WorkerBrokeProtocol', `The worker of ${this.#name} said what no worker says (${what}) and was ended.`, {
        target: this.#name,
        remedy: 'Look at the log for what the worker did before; if nobody tampered with the program, report it.',
      }),
    );
    void this[Symbol.asyncDispose]();
  }

  #tooLong(timeoutMs: number): void {
    this.#deadlineFault = fault('timeout', 'JobTimeout', `The ${this.#name} did not end within its ${timeoutMs / 1_000} s and was ended.`, {
      target: this.#name,
      remedy: 'Try again; if it lasts, explain the path to its database.',
    });
    void this[Symbol.asyncDispose]();
  }

  #finish(how: string): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#doorRetry);
    this.#ignoreChanges();
    const lost = this.#deadlineFault ?? this.#lost(how);
    this.#ready.reject(lost);
    if (!this.#events.ended && !this.#stopping && !this.#mayEnd) {
      runtimeMetrics.lost.add(1);
      this.#log.warn({ how, said: this.#output?.tail() }, 'a worker was lost');
    }
    this.#events.end(this.#stopping ? this.#deadlineFault : lost);
  }

  /** What found nobody in its network: a target whose endpoint was revoked is among it, and so is whatever a worker has no business with. */
  #noteAttempts(attempts = 0): void {
    if (attempts === 0) return;
    runtimeMetrics.attempts.add(attempts);
    this.#log.warn({ attempts }, 'a worker tried to reach what its network does not have');
  }

  #lost(how: string): Fault {
    const { memoryMb } = this.#setting;
    const hadTooLittle = this.#output?.tail().includes('heap out of memory') === true;
    const why = hadTooLittle ? `it wanted more than its ${memoryMb} MB of memory` : how;
    return fault('unreachable', 'WorkerLost', `The worker of ${this.#name} ended without a word (${why}).`, {
      target: this.#name,
      remedy: 'Try again; if it lasts, look at the log for what ends it.',
    });
  }
}

function secretsOf(job: RuntimeJob): readonly string[] {
  const { password } = job.kind === 'link' ? job.link.store : job.store;
  // As it is, and as it stands in JSON.
  return password === null || password === '' ? [] : [password, JSON.stringify(password).slice(1, -1)];
}
