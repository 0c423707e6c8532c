import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { removeHub } from '#fabric/kernel/hub.ts';
import type { FabricPlan } from '#fabric/plan.ts';
import type { EngineAsk, EngineReply } from './chaos-engine.ts';
import type { ChaosRecord, Step } from './chaos-oracle.ts';

const program = fileURLToPath(new URL('./chaos-engine.ts', import.meta.url));

/** An engine in a process of its own, which is killed and begun anew; all that it is told is on record. */
export class ChaosControl implements AsyncDisposable {
  readonly label: string;
  readonly #record: ChaosRecord;
  readonly #watched: readonly string[];
  #child: ChildProcess | undefined;
  #waiting = new Map<number, (reply: EngineReply | undefined) => void>();
  #asked = 0;
  #killedMs: number | undefined;
  /** Where endpoints listen, as last told. */
  readonly entries: Map<string, string> = new Map();

  constructor(label: string, watched: readonly string[], record: ChaosRecord) {
    this.label = label;
    this.#watched = watched;
    this.#record = record;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async begin(): Promise<void> {
    const child = fork(program, [this.label], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child = child;
    this.#asked = 0;
    const waiting = (this.#waiting = new Map());
    const open = this.#reply(0);
    child.on('message', (told) => {
      const reply = told as EngineReply;
      waiting.get(reply.number)?.(reply);
      waiting.delete(reply.number);
    });
    child.once('exit', () => {
      for (const settle of waiting.values()) settle(undefined);
      waiting.clear();
    });
    if ((await open) === undefined) throw new Error('the engine ended while it began');
  }

  /** Gives it a plan. Answers whether it came into force; not where it was killed meanwhile. Throws where the engine refuses it. */
  async apply(plan: FabricPlan, said: string): Promise<boolean> {
    const watched = new Set(this.#watched);
    const step: Step = {
      plan: { ...plan, endpoints: plan.endpoints.filter(({ id }) => watched.has(id)) },
      said,
      fromMs: Date.now(),
      doneMs: undefined,
    };
    this.#record.steps.push(step);
    // An answer of the engine that is being killed is not the next one's.
    const killedMs = this.#killedMs;
    const reply = await this.#ask({ kind: 'apply', plan, watched: this.#watched });
    if (reply === undefined) return false;
    step.doneMs = reply.atMs;
    for (const [endpoint, host] of reply.entries ?? []) {
      this.entries.set(endpoint, host);
      const known = this.#record.entries.get(host) ?? new Set();
      this.#record.entries.set(host, known.add(endpoint));
    }
    if (killedMs === undefined) return true;
    this.#record.restarts.push({ fromMs: killedMs, toMs: reply.atMs });
    this.#killedMs = undefined;
    return true;
  }

  /** Joins a network. Answers its address; undefined where the engine was killed meanwhile. */
  async attach(segment: string, pid: number): Promise<string | undefined> {
    const reply = await this.#ask({ kind: 'attach', segment, pid });
    if (reply?.address === undefined) return undefined;
    const known = this.#record.networks.get(reply.address) ?? [];
    this.#record.networks.set(reply.address, [...known, { segment, fromMs: reply.atMs }]);
    return reply.address;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    this.#killedMs ??= Date.now();
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await removeHub({ label: this.label });
  }

  async #ask(ask: DistributiveOmit<EngineAsk, 'number'>): Promise<EngineReply | undefined> {
    this.#asked += 1;
    const reply = this.#reply(this.#asked);
    this.#child?.send({ ...ask, number: this.#asked }, () => undefined);
    const told = await reply;
    if (told?.trouble !== undefined) throw new Error(`the engine refuses: ${told.trouble}`);
    return told;
  }

  #reply(number: number): Promise<EngineReply | undefined> {
    return new Promise((settle) => this.#waiting.set(number, settle));
  }
}

type DistributiveOmit<T, K extends keyof never> = T extends unknown ? Omit<T, K> : never;
