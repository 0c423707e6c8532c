import { z } from 'zod';
import type { JsonObject } from '#arm/resource.ts';
import type { Attempt, Denial } from '#fabric/engine.ts';

export interface KeptRecord {
  readonly list: 'denied' | 'outside';
  readonly host: string;
  readonly port: number;
  readonly asker: string | undefined;
  readonly code: string | undefined;
  readonly rule: string | undefined;
  readonly remedy: string | undefined;
  /** See `Denial`. */
  readonly isRule: boolean;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface EgressEvent {
  readonly list: KeptRecord['list'];
  readonly attempt: Attempt;
  readonly denial: Denial | undefined;
  readonly nowMs: number;
}

/** Of each network; those that were longest silent go first. */
const mostRecords = 500;

const record = z.object({
  list: z.enum(['denied', 'outside']),
  host: z.string(),
  port: z.number(),
  asker: z.string().optional(),
  code: z.string().optional(),
  rule: z.string().optional(),
  remedy: z.string().optional(),
  isRule: z.boolean(),
  count: z.number(),
  firstMs: z.number(),
  lastMs: z.number(),
});
const written = z.object({ sinceMs: z.number(), records: z.array(record) });

type Growing = { -readonly [K in keyof KeptRecord]: KeptRecord[K] } & { number: number };

/** The records of one network. What the store had is laid under what came since. */
export class EgressShelf {
  readonly loaded: Promise<void>;
  /** Longest silent first. */
  #records = new Map<string, Growing>();
  #sinceMs: number;
  /** Of the last change, and of the last that is written. */
  #changed = 0;
  #written = 0;
  /** Numbers of records that were first seen by this process, up to which they are audited. */
  #audited = 0;
  #hour = { fromMs: 0, count: 0 };

  constructor(nowMs: number, load: () => Promise<JsonObject | undefined>) {
    this.#sinceMs = nowMs;
    this.loaded = load().then((found) => this.#layUnder(found));
    // Whoever waits for it is told; nobody has to.
    this.loaded.catch(() => undefined);
  }

  get sinceMs(): number {
    return this.#sinceMs;
  }

  get isChanged(): boolean {
    return this.#changed > this.#written;
  }

  add({ list, attempt, denial, nowMs }: EgressEvent): KeptRecord & { readonly isNew: boolean } {
    this.#changed += 1;
    const { port } = attempt;
    const [host, asker] = [attempt.host.slice(0, 253), attempt.asker?.slice(0, 200)];
    const code = denial?.code;
    const key = keyOf({ list, host, port, asker, code });
    const known = this.#records.get(key);
    const latest = { rule: denial?.rule, remedy: denial?.remedy, isRule: denial?.isRule ?? false };
    const one: Growing = known ?? {
      list,
      host,
      port,
      asker,
      code,
      ...latest,
      count: 0,
      firstMs: nowMs,
      lastMs: nowMs,
      number: this.#changed,
    };
    Object.assign(one, latest, { count: one.count + 1, lastMs: nowMs });
    this.#records.delete(key);
    this.#records.set(key, one);
    this.#keepWithin();
    return { ...one, isNew: known === undefined };
  }

  /** Last first. */
  latest(list: KeptRecord['list']): readonly KeptRecord[] {
    return [...this.#records.values()].filter((one) => one.list === list).toReversed();
  }

  /** Names the state as it is now, for `toAudit` and `written`. */
  mark(): number {
    return this.#changed;
  }

  kept(): JsonObject {
    const records = [...this.#records.values()].map((one) => ({ ...one, number: undefined }));
    return JSON.parse(JSON.stringify({ sinceMs: this.#sinceMs, records })) as JsonObject;
  }

  /** What was refused for the first time, up to a mark. */
  toAudit(mark: number): readonly KeptRecord[] {
    return [...this.#records.values()].filter(({ list, number }) => list === 'denied' && number > this.#audited && number <= mark);
  }

  mayAudit(nowMs: number, { most, perMs }: { readonly most: number; readonly perMs: number }): boolean {
    if (nowMs - this.#hour.fromMs >= perMs) this.#hour = { fromMs: nowMs, count: 0 };
    this.#hour.count += 1;
    return this.#hour.count <= most;
  }

  /** The state of that mark is in the store. */
  written(mark: number): void {
    this.#written = mark;
    this.#audited = mark;
  }

  #layUnder(found: JsonObject | undefined): void {
    const before = written.safeParse(found);
    if (!before.success) return;
    const records = new Map<string, Growing>();
    for (const old of before.data.records) {
      const whole = { ...old, asker: old.asker, code: old.code, rule: old.rule, remedy: old.remedy };
      records.set(keyOf(whole), { ...whole, number: 0 });
    }
    for (const [key, one] of this.#records) {
      const old = records.get(key);
      records.delete(key);
      records.set(key, old === undefined ? one : { ...one, count: old.count + one.count, firstMs: old.firstMs, number: 0 });
    }
    this.#sinceMs = before.data.sinceMs;
    this.#records = records;
    this.#keepWithin();
  }

  #keepWithin(): void {
    for (const key of this.#records.keys()) {
      if (this.#records.size <= mostRecords) return;
      this.#records.delete(key);
    }
  }
}

function keyOf({ list, host, port, asker, code }: Pick<KeptRecord, 'list' | 'host' | 'port' | 'asker' | 'code'>): string {
  return JSON.stringify([list, host.toLowerCase(), port, asker ?? null, code ?? null]);
}
