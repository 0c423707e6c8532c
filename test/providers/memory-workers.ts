import { fault, type Fault } from '#base/fault.ts';
import { faultText } from '#base/fault-text.ts';
import type { Passed } from '#fabric/engine.ts';
import type { JobEvent, JobFinding, LinkMessage, LinkOrder, LinkReport, LogHeld, Moved, RuntimeJob } from '#runtime/job.ts';
import type { Isolation, JobOrder, RunningJob, RunningWorker, RuntimeHost, Warmth } from '#runtime/runtime.ts';

/** A link's worker as a test drives it. */
export interface MemoryWorker {
  readonly order: LinkOrder;
  readonly segment: string;
  readonly messages: LinkMessage[];
  /** It lives, and says nothing any more. */
  mute: boolean;
  /** What it says that it moved: with its reports, and before an end in good order. Undefined: it never does. */
  moved: Moved | undefined;
  /** Undefined: it was asked for nothing yet. */
  ended: 'stopped' | 'disposed' | 'done' | 'lost' | undefined;
  tell(report?: Partial<LinkReport>): void;
  /** Ends without a word. */
  lose(): void;
  /** Its job is done (interval mode). */
  finish(): void;
  fail(kind: 'lost-history' | 'unauthenticated', code: string): void;
}

/**
 * Integration runtimes without processes: a source is a set of slots. A link's worker makes its slot when it begins and keeps it, a release takes
 * it away; workers say again and again what the test had them say last.
 */
export class MemoryRuntimes implements RuntimeHost {
  readonly workers: MemoryWorker[] = [];
  /** Every job that was started, in order. */
  readonly jobs: RuntimeJob[] = [];
  readonly slots: Set<string> = new Set();
  /** Slots that two workers had at once: never. */
  readonly clashes: string[] = [];
  /** The source cannot be reached. */
  away = false;
  held: LogHeld | null = null;
  /** What every check finds. */
  findings: readonly JobFinding[] = [];
  allowed = true;
  /** Workers do not begin to copy anew what they are asked to. */
  slow = false;
  /** Workers tell that they follow as soon as they begin. */
  follows = true;
  /** What the network counted, by asker. */
  readonly passed: Map<string, Passed> = new Map();

  async isolation(): Promise<Isolation> {
    const reason = fault('unsupported', 'NotIsolated', 'There is no sandbox here.', { remedy: 'Allow it.' });
    return this.allowed ? { isolated: true } : { isolated: false, allowed: false, reason };
  }

  warm(): void {
    // There is nothing to keep warm.
  }

  warmth(): Warmth {
    return { state: 'cold', sinceMs: undefined };
  }

  running(): readonly RunningWorker[] {
    return this.workers
      .filter(({ ended }) => ended === undefined)
      .map(({ segment, order }) => ({ segment, name: order.name, job: 'link' as const, sinceMs: 0, isolated: true }));
  }

  onWarmth(): () => void {
    return () => undefined;
  }

  async start(order: JobOrder, signal: AbortSignal): Promise<RunningJob> {
    signal.throwIfAborted();
    this.jobs.push(order.job);
    if (order.job.kind === 'link') return this.#link(order, order.job.link);
    const { job } = order;
    if (this.away) return answering(() => Promise.reject(sourceAway()));
    if (job.kind === 'release') {
      this.slots.delete(job.slot);
      return answering(async () => [{ kind: 'done' }]);
    }
    if (job.kind !== 'check') throw fault('bug', 'NotInMemory', job.kind);
    const columns = [{ name: 'id', sourceType: 'text', fidelity: 'exact' as const, reason: null }];
    const tables = job.tables.map(({ schema, name }) => ({ schema, name, columns }));
    return answering(async () => [{ kind: 'checked', findings: this.findings, tables, held: this.held }, { kind: 'done' }]);
  }

  get live(): readonly MemoryWorker[] {
    return this.workers.filter(({ ended }) => ended === undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.live) worker.lose();
  }

  #link({ segment }: JobOrder, order: LinkOrder): RunningJob {
    if (this.live.some((other) => other.order.slot === order.slot)) this.clashes.push(order.slot);
    const queue = new Queue();
    let said: LinkReport | undefined;
    const say = (): void => {
      if (said === undefined || worker.mute) return;
      sayMoved();
      queue.put({ kind: 'link', report: { ...said, recopies: recopies() } });
    };
    const sayMoved = (last?: true): void => {
      if (worker.moved !== undefined) queue.put({ kind: 'moved', moved: worker.moved, last });
    };
    const recopies = (): LinkReport['recopies'] => {
      const asked = worker.messages.filter((message) => message.kind === 'recopy');
      return {
        asked: asked.length,
        open: this.slow ? asked.flatMap(({ tables }) => tables.map(({ schema, name }) => ({ schema, name }))) : [],
      };
    };
    const heartbeat = setInterval(say, heartbeatMs);
    const end = (how: MemoryWorker['ended'], last: () => void): void => {
      if (worker.ended !== undefined) return;
      worker.ended = how;
      clearInterval(heartbeat);
      last();
    };
    const worker: MemoryWorker = {
      order,
      segment,
      messages: [],
      mute: false,
      moved: undefined,
      ended: undefined,
      tell: (report) => {
        said = { ...following, tables: order.tables.map(replicating), ...report };
        say();
      },
      lose: () => end('lost', () => queue.break(fault('unreachable', 'WorkerLost', 'The worker ended without a word.'))),
      finish: () => {
        say();
        sayMoved(true);
        end('done', () => queue.end());
      },
      fail: (kind, code) => end('lost', () => queue.break(fault(kind, code, `The job failed: ${code}.`))),
    };
    this.workers.push(worker);
    if (!this.away) {
      this.slots.add(order.slot);
      if (this.follows) worker.tell();
    } else worker.tell({ following: false, trouble: faultText(sourceAway()) });
    return {
      events: queue.events(),
      send: (message) => void worker.messages.push(message),
      askMoved: () => sayMoved(),
      stop: async () => {
        sayMoved(true);
        end('stopped', () => queue.end());
      },
      pid: 1,
      isolated: true,
      attempts: async () => 0,
      incidents: async () => undefined,
      [Symbol.asyncDispose]: async () => end('disposed', () => queue.end()),
    };
  }
}

const heartbeatMs = 20;

const following: LinkReport = {
  following: true,
  tables: [],
  position: 'pg/1',
  heldBytes: '0',
  headroomBytes: null,
  findings: [],
  trouble: null,
  heardMs: 1,
  recopies: { asked: 0, open: [] },
};

function replicating({ schema, name }: { readonly schema: string; readonly name: string }) {
  return { schema, name, state: 'Replicating' as const, rowsCopied: 1, estimatedRows: 1, fault: null };
}

function sourceAway(): Fault {
  return fault('unreachable', 'SourceAway', 'The source is away.', { remedy: 'Bring it back.' });
}

function answering(answer: () => Promise<readonly JobEvent[]>): RunningJob {
  async function* events(): AsyncGenerator<JobEvent> {
    yield* await answer();
  }
  return {
    events: events(),
    send: () => undefined,
    askMoved: () => undefined,
    stop: async () => undefined,
    pid: 2,
    isolated: true,
    attempts: async () => 0,
    incidents: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Events for one reader; the last can be a fault. */
class Queue {
  readonly #events: JobEvent[] = [];
  #ending: { readonly why: Fault | undefined } | undefined;
  #wake: () => void = () => undefined;

  put(event: JobEvent): void {
    if (this.#ending === undefined) this.#events.push(event);
    this.#wake();
  }

  end(): void {
    this.#ending ??= { why: undefined };
    this.#wake();
  }

  break(why: Fault): void {
    this.#ending ??= { why };
    this.#wake();
  }

  async *events(): AsyncGenerator<JobEvent> {
    for (;;) {
      const next = this.#events.shift();
      if (next !== undefined) yield next;
      else if (this.#ending?.why !== undefined) throw this.#ending.why;
      else if (this.#ending !== undefined) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
