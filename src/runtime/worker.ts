import { flushCompileCache } from 'node:module';
import { Socket } from 'node:net';
import { faultText, type FaultText } from '#base/fault-text.ts';
import { fault, toFault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import { channelDescriptor, LineChannel, type OwnWay, type StreamAccess, type ToWorker } from './channel.ts';
import type { JobContext, JobWork } from './job-work.ts';
import { targetOf } from './job-target.ts';
import type { JobEvent, JobOf, LinkMessage, RuntimeJob } from './job.ts';
import { MovedBytes } from './moved-bytes.ts';
import { countedDialer, doorDialer, streamDialer, WayNews } from './worker-dialer.ts';

/** What does each kind of job, loaded when it is needed. */
export type Works = { readonly [Kind in RuntimeJob['kind']]: () => Promise<JobWork<JobOf<Kind>>> };

const allWorks: Works = {
  'test-connection': async () => (await import('./jobs/test-connection-job.ts')).testConnectionJob,
  browse: async () => (await import('./jobs/browse.ts')).browse,
  preview: async () => (await import('./jobs/preview.ts')).preview,
  check: async () => (await import('./jobs/check.ts')).check,
  link: async () => (await import('./jobs/link.ts')).link,
  release: async () => (await import('./jobs/release.ts')).release,
};

/** For an orderly end after the control side is gone. */
const orphanMs = 5_000;
/** Reports of a link wait while so much is on its way: only the latest is told. */
const mostWaitingBytes = 262_144;
/** For connections that a job leaves, to have closed: only then all is known of what they moved. */
const closingMs = 500;

/**
 * The life of a worker: one job over the channel that it was started with, events back, and an end. It keeps no state of its own and opens nothing
 * but through its dialer.
 */
export function runWorker(works: Partial<Works> = allWorks): void {
  process.title = 'isthmus worker';
  new Worker(works);
}

class Worker {
  readonly #works: Partial<Works>;
  readonly #channel: LineChannel;
  readonly #stop = new AbortController();
  readonly #news = new WayNews();
  readonly #moved = new MovedBytes();
  readonly #told: LinkMessage[] = [];
  #listener: ((message: LinkMessage) => void) | undefined;
  #own: OwnWay | null = null;
  #asked: ((trouble: FaultText | null) => void)[] = [];
  #hasJob = false;
  #report: JobEvent | undefined;
  #ending = false;

  constructor(works: Partial<Works>) {
    this.#works = works;
    const stream = new Socket({ fd: channelDescriptor, readable: true, writable: true });
    this.#channel = new LineChannel(stream, { onLine: (line) => this.#take(line), onEnd: () => this.#orphaned() });
    stream.on('drain', () => this.#sendReport());
    // From a terminal it comes to the parent too, which stops its workers in order.
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => this.#stopInOrder());
    process.on('uncaughtException', (error) => this.#fail(error));
    process.on('unhandledRejection', (error) => this.#fail(error));
  }

  #take(line: Buffer): boolean {
    // Its sender is the process that started this one, with the same program.
    const message = JSON.parse(line.toString('utf8')) as ToWorker;
    switch (message.kind) {
      case 'load':
        // What is wrong is told by the job itself.
        void Promise.all([this.#works[message.job]?.(), import('#base/log.ts')]).catch(() => undefined);
        break;
      case 'prepare':
        void this.#prepare(message.keep);
        break;
      case 'job':
        void this.#work(message);
        break;
      case 'own':
        this.#own = message.own;
        break;
      case 'message':
        if (this.#listener === undefined) this.#told.push(message.message);
        else this.#listener(message.message);
        break;
      case 'tell':
        if (!this.#ending) this.#sendMoved();
        break;
      case 'way':
        this.#news.tell(message.way, message.fault);
        break;
      case 'why':
        this.#asked.shift()?.(message.fault);
        break;
      case 'stop':
        this.#stopInOrder();
        break;
    }
    return true;
  }

  /** One without job has nothing to bring in order. */
  #stopInOrder(): void {
    this.#stop.abort();
    if (!this.#hasJob) process.exit(0);
  }

  async #prepare(keep: boolean): Promise<void> {
    await Promise.all([...Object.values(this.#works).map((load) => load()), import('#base/log.ts')]);
    if (keep) flushCompileCache();
    this.#channel.send({ kind: 'ready' }, () => keep && process.exit(0));
  }

  async #work({ job, own, streams, authorities }: Extract<ToWorker, { readonly kind: 'job' }>): Promise<void> {
    this.#own = own;
    if (this.#hasJob) return this.#fail(fault('bug', 'SecondJob', 'A worker has one job.'));
    this.#hasJob = true;
    try {
      const work = await workOf(this.#works, job);
      if (authorities.length > 0) await trust(authorities);
      this.#tell({ kind: 'begun' });
      await work(job, await this.#context(job, streams));
      this.#end({ kind: 'done' });
    } catch (error) {
      this.#fail(error);
    }
  }

  async #context(job: RuntimeJob, streams: StreamAccess | null): Promise<JobContext> {
    const { host, port } = targetOf(job);
    const why = (): Promise<FaultText | null> =>
      new Promise((settle) => {
        this.#asked.push(settle);
        this.#channel.send({ kind: 'why' });
      });
    const doors = { own: () => this.#own, news: this.#news, why, target: { host, port } };
    return {
      dialer: countedDialer(streams === null ? doorDialer(doors) : streamDialer(streams), this.#moved),
      signal: this.#stop.signal,
      log: await openLog(),
      tell: (event) => this.#tell(event),
      onMessage: (listener) => {
        this.#listener = listener;
        for (const message of this.#told.splice(0)) listener(message);
      },
    };
  }

  #tell(event: JobEvent): void {
    if (this.#ending) return;
    if (event.kind !== 'link') return this.#channel.send({ kind: 'event', event });
    this.#report = event;
    if (this.#channel.waiting < mostWaitingBytes) this.#sendReport();
  }

  #sendReport(): void {
    const event = this.#report;
    this.#report = undefined;
    if (event === undefined || this.#ending) return;
    this.#sendMoved();
    this.#channel.send({ kind: 'event', event });
  }

  #sendMoved(last = false): void {
    this.#channel.send({ kind: 'event', event: { kind: 'moved', moved: this.#moved.total, ...(last && { last }) } });
  }

  #fail(error: unknown): void {
    this.#end({ kind: 'failed', fault: faultText(toFault(error)) });
  }

  #end(event: JobEvent): void {
    if (this.#ending) return;
    this.#sendReport();
    this.#ending = true;
    void this.#moved.rest(closingMs).then(() => {
      this.#sendMoved(true);
      this.#channel.send({ kind: 'event', event }, () => process.exit(0));
    });
  }

  #orphaned(): void {
    this.#stop.abort();
    if (!this.#hasJob || this.#ending) process.exit(70);
    setTimeout(() => process.exit(70), orphanMs).unref();
  }
}

/** Fault: `JobUnknown` (unsupported). */
async function workOf(works: Partial<Works>, job: RuntimeJob): Promise<JobWork<RuntimeJob>> {
  const load = Object.hasOwn(works, job.kind) ? works[job.kind] : undefined;
  if (load === undefined) {
    throw fault('unsupported', 'JobUnknown', `A worker of this version knows no job ${job.kind}.`, {
      target: job.kind,
      remedy: 'Use the same version of all parts: stop isthmus up and start it again.',
    });
  }
  // The table above says which kind belongs to which.
  return (await load()) as JobWork<RuntimeJob>;
}

/** To standard output, which the control side reads. */
async function openLog(): Promise<Log> {
  const { createLog } = await import('#base/log.ts');
  return createLog({ level: 'info', write: (line) => void process.stdout.write(line) });
}

/** Besides those that Node brings. */
async function trust(authorities: readonly string[]): Promise<void> {
  const { getCACertificates, setDefaultCACertificates } = await import('node:tls');
  setDefaultCACertificates([...getCACertificates('default'), ...authorities]);
}
