import type { Log } from '#base/log.ts';
import type { JobOrder, RunningJob, RuntimeHost } from '#runtime/runtime.ts';
import type { SynapseLinkOptions } from './link-options.ts';
import type { LinkRecord, LinkRecords, RecordChange } from './link-record.ts';
import { unknownProof, type PathProof } from './path-proof.ts';
import { withProof } from './path-record.ts';
import { PathWatch } from './path-watch.ts';

export interface LinkPathOptions {
  /** Of the link. */
  readonly id: string;
  readonly options: Pick<SynapseLinkOptions, 'runtimes' | 'counter' | 'clock'>;
  readonly records: LinkRecords;
  readonly log: Log;
}

/** Starts the workers of one link, one at a time, and keeps with the link what each of them moved, by both sides. */
export class LinkPath implements Pick<RuntimeHost, 'start'> {
  readonly #it: LinkPathOptions;
  #watch: PathWatch | undefined;

  constructor(it: LinkPathOptions) {
    this.#it = it;
  }

  /** Once, before the first worker: one that ran when the program was killed is known of, and nothing that it moved. */
  async begin(): Promise<void> {
    await this.#change((record) => {
      const { open } = record.path;
      return open === null ? undefined : { ...record, path: withProof(record.path, unknownProof(open, this.#at())) };
    });
  }

  /** As `RuntimeHost.start`. The worker's proof is durable once the job is disposed of. */
  async start(order: JobOrder, signal: AbortSignal): Promise<RunningJob> {
    const { options, records, id } = this.#it;
    const { run } = await records.read(id);
    const watch = new PathWatch(order, { counter: options.counter, clock: options.clock, run: run?.number ?? null });
    const open = { job: order.job.kind, run: run?.number ?? null, since: watch.since, engine: options.counter.kind };
    await this.#change((record) => ({ ...record, path: { ...record.path, open } }));
    const job = await this.#started(order, signal);
    this.#watch = watch;
    return {
      ...job,
      events: watch.hear(job),
      [Symbol.asyncDispose]: async () => {
        await job[Symbol.asyncDispose]();
        await this.#keep(await watch.last());
        this.#watch = undefined;
      },
    };
  }

  /** Of the worker that runs now. */
  async now(): Promise<PathProof | undefined> {
    return await this.#watch?.now();
  }

  async #started(order: JobOrder, signal: AbortSignal): Promise<RunningJob> {
    try {
      return await this.#it.options.runtimes.start(order, signal);
    } catch (error) {
      await this.#change((record) => ({ ...record, path: { ...record.path, open: null } }));
      throw error;
    }
  }

  async #keep(proof: PathProof): Promise<void> {
    const { job, run, verdict, said, difference, counted, elsewhere } = proof;
    const facts = { job, run, verdict, said, difference, connections: counted?.reduce((sum, { connections }) => sum + connections, 0) };
    const isWrong = verdict === 'Differs' || verdict === 'Elsewhere' || (elsewhere?.refused ?? 0) > 0;
    this.#it.log[isWrong ? 'warn' : 'info']({ ...facts, elsewhere }, 'path of a worker is known to its end');
    await this.#change((record) => ({ ...record, path: withProof(record.path, proof) }));
  }

  async #change(change: RecordChange): Promise<LinkRecord> {
    return await this.#it.records.change(this.#it.id, change);
  }

  #at(): string {
    return new Date(this.#it.options.clock.nowMs()).toISOString();
  }
}
