import { keyOf } from '#arm/resource-id.ts';
import type { JsonObject } from '#arm/resource.ts';
import type { ResourceStore } from '#arm/store.ts';
import { parseRuleRecord, pruned, type RuleRecord } from './alert-record.ts';

const indexName = 'insights.alerts';

/** The durable records of rules: what was fired, resolved and delivered. Only this process writes them. */
export class AlertBook {
  readonly #store: Pick<ResourceStore, 'setting' | 'write'>;
  readonly #records = new Map<string, RuleRecord>();
  readonly #nowMs: () => number;
  #loading: Promise<void> | undefined;

  constructor(store: Pick<ResourceStore, 'setting' | 'write'>, nowMs: () => number) {
    this.#store = store;
    this.#nowMs = nowMs;
  }

  /** Reads what is kept, once. Fault: `AlertRecordBroken` (corrupt). */
  async load(): Promise<void> {
    this.#loading ??= this.#load();
    try {
      await this.#loading;
    } catch (error) {
      this.#loading = undefined;
      throw error;
    }
  }

  /** All there are. Needs `load`. */
  get records(): readonly RuleRecord[] {
    return [...this.#records.values()];
  }

  record(rule: string): RuleRecord {
    return this.#records.get(keyOf(rule)) ?? { rule, lines: {}, alerts: [] };
  }

  /** The record after `change`, durable; undefined: it stays as it is. */
  async change(rule: string, change: (record: RuleRecord) => RuleRecord | undefined): Promise<RuleRecord> {
    const key = keyOf(rule);
    const after = await this.#store.write(async (transaction) => {
      const stored = await transaction.setting(settingOf(key));
      const before = stored === undefined ? this.record(rule) : parseRuleRecord(stored, rule);
      const changed = change(before);
      if (changed === undefined) return before;
      const next = pruned(changed, this.#nowMs());
      const isEmpty = next.alerts.length === 0 && Object.keys(next.lines).length === 0;
      await transaction.putSetting(settingOf(key), isEmpty ? undefined : (next as unknown as JsonObject));
      const keys = new Set(keysOf(await transaction.setting(indexName)));
      if (keys.has(key) !== isEmpty) return next;
      if (isEmpty) keys.delete(key);
      else keys.add(key);
      await transaction.putSetting(indexName, { rules: [...keys] });
      return next;
    });
    if (after.alerts.length === 0 && Object.keys(after.lines).length === 0) this.#records.delete(key);
    else this.#records.set(key, after);
    return after;
  }

  async #load(): Promise<void> {
    for (const key of keysOf(await this.#store.setting(indexName))) {
      const stored = await this.#store.setting(settingOf(key));
      if (stored !== undefined) this.#records.set(key, parseRuleRecord(stored, key));
    }
  }
}

function settingOf(key: string): string {
  return `${indexName} ${key}`;
}

function keysOf(index: JsonObject | undefined): readonly string[] {
  const rules = index?.['rules'];
  return Array.isArray(rules) ? rules.filter((one): one is string => typeof one === 'string') : [];
}
