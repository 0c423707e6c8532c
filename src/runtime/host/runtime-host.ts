import { mkdirSync } from 'node:fs';
import { Fault, fault, toFault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import { runtimeMetrics } from '../metrics.ts';
import type { Isolation, JobOrder, RunningJob, RunningWorker, RuntimeHost, RuntimeNetworks, Warmth } from '../runtime.ts';
import { openSandbox, type Sandbox } from '../sandbox/sandbox.ts';
import { holdInSandbox, holdPlainly, type WorkerProgram } from './held-worker.ts';
import { SpareWorkers } from './spare-workers.ts';
import { WorkerSession, type SessionLimits, type SessionSetting } from './worker-session.ts';

export interface RuntimeHostOptions {
  readonly networks: RuntimeNetworks;
  readonly program: WorkerProgram;
  /** The operator has said that workers may run where the operating system does not hold them. */
  readonly allowUnisolated: boolean;
  readonly log: Log;
  /** Of each worker's heap. */
  readonly memoryMb?: number;
  /** Workers with a job at once, of all segments together. */
  readonly mostJobs?: number;
  /** Given by tests. */
  readonly limits?: Partial<SessionLimits>;
  /** What this host can, unless given. */
  readonly sandbox?: () => Promise<Sandbox | Fault>;
}

const usualMemoryMb = 256;
const usualLimits: SessionLimits = { stopMs: 10_000, graceMs: 15_000, mostUnheardBytes: 64 * 1024 * 1024 };
const usualJobs = 256;

/** The control side of integration runtimes on this host. Opens nothing before the first worker is wanted. */
export function openRuntimeHost(options: RuntimeHostOptions): RuntimeHost {
  return new HostOfWorkers(options);
}

class HostOfWorkers implements RuntimeHost {
  readonly #options: RuntimeHostOptions;
  readonly #log: Log;
  readonly #spares: SpareWorkers;
  /** With what is told of each, as soon as it has its job. */
  readonly #running = new Map<WorkerSession, RunningWorker | undefined>();
  readonly #closing = new AbortController();
  readonly #listeners = new Set<(segment: string) => void>();
  #starting = 0;
  #sandbox: Promise<Sandbox | Fault> | undefined;
  #prepared: Promise<void> | undefined;

  constructor(options: RuntimeHostOptions) {
    this.#options = options;
    this.#log = options.log.child({ part: 'runtime' });
    this.#spares = new SpareWorkers({
      start: (segment) => this.#launch({ segment, name: `spare worker of ${segment}`, writable: [], job: undefined }),
      signal: this.#closing.signal,
      log: this.#log,
      onWarmth: (segment) => {
        for (const listener of this.#listeners) listener(segment);
      },
    });
  }

  async isolation(): Promise<Isolation> {
    const sandbox = await this.#open();
    if (!(sandbox instanceof Fault)) return { isolated: true };
    return { isolated: false, allowed: this.#options.allowUnisolated, reason: sandbox };
  }

  warm(segment: string, wanted: boolean): void {
    if (!this.#closing.signal.aborted) this.#spares.want(segment, wanted);
  }

  warmth(segment: string): Warmth {
    return this.#spares.warmth(segment);
  }

  onWarmth(listener: (segment: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async start(order: JobOrder, signal: AbortSignal): Promise<RunningJob> {
    if (signal.aborted || this.#closing.signal.aborted) throw cancelled(order);
    const { mostJobs = usualJobs } = this.#options;
    if (this.#running.size + this.#starting >= mostJobs) throw tooMany(mostJobs);
    const fromMs = performance.now();
    this.#starting += 1;
    const session = await this.#begin(order).finally(() => {
      this.#starting -= 1;
    });
    if (signal.aborted || this.#closing.signal.aborted) {
      await session[Symbol.asyncDispose]();
      throw cancelled(order);
    }
    const stop = (): void => void session.stop();
    signal.addEventListener('abort', stop, { once: true });
    void session.over.then(() => signal.removeEventListener('abort', stop));
    const job = await session.give(order);
    this.#note(session, order, job);
    runtimeMetrics.start.record(performance.now() - fromMs);
    return job;
  }

  running(): readonly RunningWorker[] {
    const known = [...this.#running.values()].filter((one) => one !== undefined);
    return known.toSorted((a, b) => a.sinceMs - b.sinceMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all([
      this.#spares[Symbol.asyncDispose](),
      ...[...this.#running.keys()].map((one) => one[Symbol.asyncDispose]()),
      this.#prepared,
    ]);
  }

  async #begin(order: JobOrder): Promise<WorkerSession> {
    const session = this.#takeSpare(order) ?? (await this.#launch(order));
    this.#running.set(session, undefined);
    void session.over.then(() => this.#running.delete(session));
    return session;
  }

  #note(session: WorkerSession, { segment, name, job }: JobOrder, { isolated }: RunningJob): void {
    if (this.#running.has(session)) this.#running.set(session, { segment, name, job: job.kind, sinceMs: Date.now(), isolated });
  }

  /** What a spare sees of the file system is fixed: a job that writes needs a worker of its own. */
  #takeSpare({ segment, writable }: JobOrder): WorkerSession | undefined {
    return writable.length === 0 ? this.#spares.take(segment) : undefined;
  }

  #open(): Promise<Sandbox | Fault> {
    this.#sandbox ??= (this.#options.sandbox ?? (() => openSandbox({ log: this.#log })))();
    return this.#sandbox;
  }

  /** Fault: `NotIsolated`. */
  async #setting(): Promise<SessionSetting> {
    const { networks, program, allowUnisolated, memoryMb = usualMemoryMb, limits } = this.#options;
    const sandbox = await this.#open();
    if (sandbox instanceof Fault && !allowUnisolated) throw notIsolated(sandbox);
    // It is shown to workers, and so must be there.
    mkdirSync(program.cache, { recursive: true, mode: 0o700 });
    const hold: SessionSetting['hold'] =
      sandbox instanceof Fault ? (request) => holdPlainly(request) : (request) => holdInSandbox(sandbox, request);
    return { hold, networks, program, memoryMb, limits: { ...usualLimits, ...limits }, log: this.#log };
  }

  async #launch(place: Parameters<typeof WorkerSession.start>[1]): Promise<WorkerSession> {
    const setting = await this.#setting();
    this.#prepared ??= this.#keepCompiled(setting);
    return await WorkerSession.start(setting, place);
  }

  /**
   * Once, a worker without job writes down what becomes of the program when it is loaded: later ones start in half the time. It is the only one that
   * may write there, and it is told nothing.
   */
  async #keepCompiled(setting: SessionSetting): Promise<void> {
    try {
      const place = { segment: '', name: 'worker that loads the program', writable: [setting.program.cache], job: undefined };
      await using session = await WorkerSession.start({ ...setting, networks: nothing }, place);
      this.#closing.signal.addEventListener('abort', () => void session[Symbol.asyncDispose](), { once: true });
      await session.prepare(true);
      await session.over;
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#log.warn({ err: toFault(error) }, 'what is loaded could not be kept for later workers');
    }
  }
}

const noEndpoint = fault('denied', 'NoEndpoint', 'There is no endpoint.');

/** A network with nothing in it. */
const nothing: RuntimeNetworks = {
  doors: () => [],
  isOpen: () => false,
  dialer: () => ({ dial: () => Promise.reject(noEndpoint) }),
  explain: async () => ({ denied: noEndpoint }),
  onChange: () => () => undefined,
};

function cancelled({ name }: JobOrder): Fault {
  return fault('cancelled', 'Canceled', `The start of the ${name} was cancelled.`);
}

function tooMany(mostJobs: number): Fault {
  return fault('throttled', 'TooManyJobs', `${mostJobs} jobs are running on this host already.`, {
    remedy: 'Try again when one has ended.',
  });
}

function notIsolated(reason: Fault): Fault {
  return fault('unsupported', 'NotIsolated', `Workers do not run here, since nothing would hold them: ${reason.message}`, {
    target: reason.target,
    remedy: `${reason.remedy ?? 'isthmus doctor says what this host allows.'} Or start isthmus up with --allow-unisolated, and trust the program instead.`,
  });
}
