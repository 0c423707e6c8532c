import type { Passed } from '#fabric/engine.ts';
import type { JobEvent, Moved } from '#runtime/job.ts';
import type { JobOrder, RunningJob } from '#runtime/runtime.ts';
import { Bell } from './bell.ts';
import type { LinkClock, PathCounter } from './link-options.ts';
import { bytesOf, passedSince, pathProof, type PathProof, type PathSides, type SaidBytes } from './path-proof.ts';

export interface WatchOptions {
  readonly counter: PathCounter;
  readonly clock: LinkClock;
  /** The number of the link's run. */
  readonly run: number | null;
}

/** So long a worker that runs has to say what it moved. */
const wordMs = 1_000;
/** So long counters may be behind what was said. */
const countMs = 2_500;
const countEveryMs = 50;
const never: AbortSignal = new AbortController().signal;

/**
 * Holds what one worker says that it moved against what was counted for its asker, from before it begins until after its end. No other worker of
 * the asker may run meanwhile.
 */
export class PathWatch {
  readonly since: string;
  readonly #order: JobOrder;
  readonly #options: WatchOptions;
  readonly #base: Passed;
  readonly #heard: Bell;
  #job: RunningJob | undefined;
  #said: SaidBytes | undefined;
  #end: PathSides['end'] = 'none';
  #asked: Promise<PathProof> | undefined;

  /** Before the worker is started. */
  constructor(order: JobOrder, options: WatchOptions) {
    this.#order = order;
    this.#options = options;
    this.since = this.#at();
    this.#base = options.counter.passed(order.segment, order.name);
    this.#heard = new Bell(options.clock);
  }

  /** It has its job, whose events have to be read from here. */
  hear(job: RunningJob): AsyncIterable<JobEvent> {
    this.#job = job;
    return this.#events(job);
  }

  async *#events(job: RunningJob): AsyncGenerator<JobEvent> {
    let isTold = false;
    try {
      for await (const event of job.events) {
        if (event.kind === 'moved') this.#hear(event.moved);
        if (event.kind === 'moved' && event.last === true) isTold = true;
        yield event;
      }
    } finally {
      this.#end = isTold ? 'told' : 'untold';
      this.#heard.ring();
    }
  }

  /** As it is now: the worker is asked, where it can be. */
  now(): Promise<PathProof> {
    this.#asked ??= this.#ask().finally(() => {
      this.#asked = undefined;
    });
    return this.#asked;
  }

  /** After the worker has ended. */
  async last(): Promise<PathProof> {
    if (this.#end === 'none') this.#end = 'untold';
    return await this.#caughtUp(this.#passed());
  }

  #hear({ sent, received }: Moved): void {
    this.#said = { sent, received, at: this.#at() };
    this.#heard.ring();
  }

  async #ask(): Promise<PathProof> {
    const before = this.#passed();
    await this.#nextWord();
    const proof = await this.#caughtUp(before);
    if (proof.verdict !== 'Differs') return proof;
    // What was heard may have been said before it was counted: the next word was not.
    await this.#nextWord();
    return await this.#caughtUp(before);
  }

  async #nextWord(): Promise<void> {
    if (this.#end !== 'none' || this.#job === undefined) return;
    // Of words that came before nobody rings any more.
    await this.#heard.wait(0, never);
    this.#job.askMoved();
    await this.#heard.wait(wordMs, never);
  }

  /** Once all is counted that was said, and every connection of a worker that has ended is over; or as it is after a while. */
  async #caughtUp(before: Passed): Promise<PathProof> {
    const { clock } = this.#options;
    const said = this.#said;
    const end = this.#end;
    const lastMs = clock.monotonicMs() + countMs;
    for (;;) {
      const after = this.#passed();
      const counted = bytesOf(after);
      const isCounted = said === undefined || (counted.sent >= said.sent && counted.received >= said.received);
      const isOver = end === 'none' || after.ways.every(({ open }) => open === 0);
      if ((isOver && (isCounted || end === 'untold')) || clock.monotonicMs() >= lastMs) {
        return await this.#proof({ said, end, before, after });
      }
      await new Promise<void>((resolve) => void clock.timer(countEveryMs, resolve));
    }
  }

  async #proof(sides: Pick<PathSides, 'said' | 'end' | 'before' | 'after'>): Promise<PathProof> {
    const { counter, run } = this.#options;
    const worker = {
      job: this.#order.job.kind,
      run,
      since: this.since,
      isolated: this.#job?.isolated ?? false,
      engine: counter.kind,
    };
    const [tried, incidents] = await Promise.all([this.#job?.attempts(), this.#job?.incidents()]);
    return pathProof({ ...sides, worker, at: this.#at(), tried, incidents });
  }

  #passed(): Passed {
    const { segment, name } = this.#order;
    return passedSince(this.#base, this.#options.counter.passed(segment, name));
  }

  #at(): string {
    return new Date(this.#options.clock.nowMs()).toISOString();
  }
}
