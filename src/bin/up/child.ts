import { fault, toFault, type Fault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import { faultFrom, faultText } from '#base/fault-text.ts';
import type { FromChild, ToChild } from './channel.ts';
import { openLogFile } from './log-file.ts';
import { measureProcess, mergeMetrics } from './process-metrics.ts';

export interface ChildWork<Report, Job = unknown> {
  /** Aborts when the parent asks for it, or is gone. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Lets the parent know: the state is asked for when it is sent, a few times a second at most. */
  readonly report: (now: () => Report) => void;
  /** Told of the job whenever it changes; the latest that came before is told at once. */
  readonly onJob: (listener: (job: Job) => void) => void;
  /** Asks the parent, and resolves with what it answers. Faults: the parent's; `Unanswered` (unreachable), where it is going. */
  readonly ask: (question: unknown) => Promise<unknown>;
  /** Processes that this one started: their measurements, as texts, are told with its own. */
  readonly alsoMeasures: (texts: () => Promise<readonly string[]>) => void;
}

const reportEveryMs = 100;
/** For an orderly end without a parent: whoever takes over waits for what this process holds. */
const orphanMs = 5_000;

type Work<Job, Report> = (job: Job, context: ChildWork<Report, Job>) => Promise<void>;

/** The life of a child process: one job from its parent, reports to it, and an end with it. Never returns. */
export function runChild<Job, Report>(name: string, work: Work<Job, Report>): void {
  process.title = `isthmus ${name}`;
  const stop = new AbortController();
  const metrics = measureProcess(name);
  const others: (() => Promise<readonly string[]>)[] = [];
  const measured = async (): Promise<string> =>
    mergeMetrics([await metrics.text(), ...(await Promise.all(others.map((one) => one()))).flat()]);
  const jobs = new LatestJob<Job>();
  const questions = new Questions();
  if (process.send === undefined) {
    process.stderr.write(`error BadUse: This program is started by isthmus up.\nremedy: isthmus up --demo\n`);
    process.exit(2);
  }
  // From a terminal it comes to the parent too, which stops its children in order.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => stop.abort());
  process.once('disconnect', () => {
    stop.abort();
    questions.end();
    setTimeout(() => process.exit(70), orphanMs).unref();
  });
  process.on('message', (message: ToChild<Job>) => {
    if (message.kind === 'stop') stop.abort();
    else if (message.kind === 'metrics') void measured().then((text) => send({ kind: 'metrics', id: message.id, text }));
    else if (message.kind === 'job') jobs.take(message.job);
    else if (message.kind === 'answer') questions.take(message);
    else
      void live(message, {
        signal: stop.signal,
        work,
        onJob: (listener) => jobs.listen(listener),
        ask: (question) => questions.ask(question),
        alsoMeasures: (texts) => void others.push(texts),
      });
  });
}

async function live<Job, Report>(
  start: { readonly job: Job; readonly logFile: string },
  context: Pick<ChildWork<Report, Job>, 'signal' | 'onJob' | 'ask' | 'alsoMeasures'> & { readonly work: Work<Job, Report> },
): Promise<void> {
  const { work, signal } = context;
  const { log } = openLogFile(start.logFile);
  const reporter = new Reporter<Report>();
  const die = (error: unknown): void => {
    const trouble = toFault(error);
    log.error({ err: trouble }, 'process failed');
    void send({ kind: 'failed', fault: faultText(trouble) }).finally(() => process.exit(1));
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  log.info({ pid: process.pid }, 'process started');
  try {
    await work(start.job, { ...context, log, report: (now) => reporter.take(now) });
    if (!signal.aborted) throw fault('bug', 'WorkEnded', 'The work of the process ended by itself.');
  } catch (error) {
    if (!signal.aborted) return die(error);
    if (toFault(error).kind !== 'cancelled') log.warn({ err: error }, 'stopped with a fault');
  }
  log.info({ pid: process.pid }, 'process stopped');
  process.exit(0);
}

/** The job as it was last changed, for a listener that may come later. */
class LatestJob<Job> {
  #latest: { readonly job: Job } | undefined;
  #listener: ((job: Job) => void) | undefined;

  take(job: Job): void {
    this.#latest = { job };
    this.#listener?.(job);
  }

  listen(listener: (job: Job) => void): void {
    this.#listener = listener;
    if (this.#latest) listener(this.#latest.job);
  }
}

/** What was asked of the parent and is not answered yet. */
class Questions {
  readonly #open = new Map<number, { readonly resolve: (answer: unknown) => void; readonly reject: (trouble: Fault) => void }>();
  #last = 0;

  ask(question: unknown): Promise<unknown> {
    const id = (this.#last += 1);
    return new Promise((resolve, reject) => {
      if (!process.connected) return reject(unanswered());
      this.#open.set(id, { resolve, reject });
      void send({ kind: 'ask', id, question });
    });
  }

  take({ id, answer, fault: trouble }: ToChild<unknown> & { readonly kind: 'answer' }): void {
    const asked = this.#open.get(id);
    this.#open.delete(id);
    if (trouble === undefined) asked?.resolve(answer);
    else asked?.reject(faultFrom(trouble));
  }

  end(): void {
    for (const { reject } of this.#open.values()) reject(unanswered());
    this.#open.clear();
  }
}

function unanswered(): Fault {
  return fault('unreachable', 'Unanswered', 'The control plane is going and answers no more.', { remedy: 'Try again once it runs.' });
}

class Reporter<Report> {
  #now: (() => Report) | undefined;
  #isDue = false;

  take(now: () => Report): void {
    this.#now = now;
    if (this.#isDue) return;
    this.#isDue = true;
    setTimeout(() => {
      this.#isDue = false;
      void send({ kind: 'report', report: this.#now?.() });
    }, reportEveryMs);
  }
}

/** Settles when the parent has it, or is gone. */
function send(message: FromChild<unknown>): Promise<void> {
  return new Promise((settle) => {
    if (!process.connected) return settle();
    process.send!(message, undefined, {}, () => settle());
  });
}
