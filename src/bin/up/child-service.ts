import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { environmentWith } from '#base/config.ts';
import { fault, toFault, type Fault } from '#base/fault.ts';
import type { Service } from '#base/service.ts';
import { faultFrom, faultText } from '#base/fault-text.ts';
import type { FromChild, Question, ToChild } from './channel.ts';

export interface ChildSpec<Job, Report> {
  readonly name: string;
  /** The program: a file beside this one's parent. */
  readonly program: string;
  readonly logFile: string;
  /** The job, when there is one; asked before each start. */
  readonly job: (signal: AbortSignal) => Promise<Job>;
  readonly onReport: (report: Report) => void;
  /** Answers what it asks; by default nothing. */
  readonly onAsk?: ((question: unknown) => Promise<unknown>) | undefined;
  /** It ended though nobody asked it to, and will be started again. */
  readonly onTrouble: (trouble: Fault) => void;
  /** How long an orderly end may take. */
  readonly stopMs: number;
  /** Threads for work that Node waits for, in place of its own four: what is asked of databases, files and passwords. */
  readonly threads?: number | undefined;
}

/** A child process as a service: started again whenever it ends by itself. */
export interface ChildService<Job> extends Service {
  /** Its measurements as text, with those of processes that it started; empty while it does not run, or where it is too busy to say them in time. */
  metrics(withinMs?: number): Promise<string>;
  /** The job from now on; while it does not run this does nothing, since the job is asked for before each start. */
  change(job: Job): void;
  /** Ends it at once. */
  kill(): void;
}

const metricsMs = 2_000;

function nobodyAnswers(): Promise<never> {
  return Promise.reject(fault('unsupported', 'NothingToAsk', 'This process may ask nothing.'));
}

export function childService<Job, Report>(spec: ChildSpec<Job, Report>): ChildService<Job> {
  let live: LiveChild<Job, Report> | undefined;
  return {
    name: spec.name,
    run: async (signal) => {
      try {
        const job = await spec.job(signal);
        live = new LiveChild(spec, job);
        await live.run(signal);
      } catch (error) {
        if (signal.aborted) return;
        spec.onTrouble(toFault(error));
        throw error;
      } finally {
        live = undefined;
      }
    },
    metrics: async (withinMs = metricsMs) => live?.metrics(withinMs) ?? '',
    change: (job) => live?.change(job),
    kill: () => live?.kill(),
  };
}

class LiveChild<Job, Report> {
  readonly #spec: ChildSpec<Job, Report>;
  readonly #process: ChildProcess;
  readonly #asked = new Map<number, (text: string) => void>();
  #last = 0;
  #failure: Fault | undefined;

  constructor(spec: ChildSpec<Job, Report>, job: Job) {
    this.#spec = spec;
    mkdirSync(dirname(spec.logFile), { recursive: true, mode: 0o700 });
    // What the runtime itself says when it dies goes where the process' own log is.
    const log = openSync(spec.logFile, 'a', 0o600);
    // A session of its own: Ctrl-C in a terminal reaches only the parent, which stops its children in order.
    // Node reads it once, before it runs anything.
    const env = spec.threads === undefined ? undefined : environmentWith({ UV_THREADPOOL_SIZE: String(spec.threads) });
    this.#process = fork(spec.program, {
      stdio: ['ignore', log, log, 'ipc'],
      serialization: 'advanced',
      detached: true,
      execArgv: [],
      ...(env && { env }),
    });
    closeSync(log);
    this.#process.on('message', (message: FromChild<Report>) => this.#take(message));
    this.#send({ kind: 'start', job, logFile: spec.logFile });
  }

  /** Settles when the process has ended, in good order if the signal asked for it. */
  async run(signal: AbortSignal): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      this.#send({ kind: 'stop' });
      timer = setTimeout(() => this.kill(), this.#spec.stopMs);
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      const how = await this.#ended();
      if (signal.aborted) return;
      const { name } = this.#spec;
      throw (
        this.#failure ??
        fault('unreachable', 'ProcessEnded', `The process ${name} ended by itself (${how}).`, {
          target: name,
          remedy: 'It is started again.',
        })
      );
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      for (const answer of this.#asked.values()) answer('');
    }
  }

  change(job: Job): void {
    this.#send({ kind: 'job', job });
  }

  metrics(withinMs: number): Promise<string> {
    const id = ++this.#last;
    return new Promise((settle) => {
      const answer = (text: string): void => {
        clearTimeout(timer);
        this.#asked.delete(id);
        settle(text);
      };
      const timer = setTimeout(answer, withinMs, '');
      this.#asked.set(id, answer);
      this.#send({ kind: 'metrics', id });
    });
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  #take(message: FromChild<Report>): void {
    if (message.kind === 'report') this.#spec.onReport(message.report);
    else if (message.kind === 'metrics') this.#asked.get(message.id)?.(message.text);
    else if (message.kind === 'ask') void this.#answer(message);
    else this.#failure = faultFrom(message.fault);
  }

  async #answer({ id, question }: Question): Promise<void> {
    const { onAsk = nobodyAnswers } = this.#spec;
    try {
      this.#send({ kind: 'answer', id, answer: await onAsk(question), fault: undefined });
    } catch (error) {
      this.#send({ kind: 'answer', id, answer: undefined, fault: faultText(toFault(error)) });
    }
  }

  /** A process that is gone is noticed by its end. */
  #send(message: ToChild<Job>): void {
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }

  #ended(): Promise<string> {
    return new Promise((settle) => {
      this.#process.once('error', (error) => settle(error.message));
      this.#process.once('exit', (code, signal) => settle(signal ?? `exit code ${code}`));
    });
  }
}
