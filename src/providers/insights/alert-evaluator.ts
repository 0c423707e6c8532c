import { toFault } from '#base/fault.ts';
import type { Log } from '#base/log.ts';
import { delay, type Service } from '#base/service.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import type { AlertBook } from './alert-book.ts';
import { type Finding, judge } from './alert-condition.ts';
import { type AlertContext, ended, fired, resolved } from './alert-moves.ts';
import type { AlertChange, AlertPost } from './alert-post.ts';
import type { RuleRecord } from './alert-record.ts';
import { durationMs } from './duration.ts';
import type { RuleLine } from './metric-alert.ts';
import { type MetricAlertProperties, metricAlertType } from './metric-alert-shape.ts';
import type { MetricCatalog } from './metric-catalog.ts';
import type { SeriesStore } from './series-store.ts';

export interface AlertEvaluatorOptions {
  readonly store: Pick<ResourceReader, 'get' | 'list'>;
  readonly catalog: MetricCatalog;
  readonly series: SeriesStore;
  readonly book: AlertBook;
  readonly post: AlertPost;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** A GUID that nobody can guess. */
  readonly newId: () => string;
  /** Given by tests. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onChange: (alert: AlertChange) => void;
}

type Rule = Resource<MetricAlertProperties>;

const tickMs = 1_000;
/** An alert is over when its conditions were not met so often, one time after the other. */
const missesToResolve = 3;

/** Looks at rules as often as they say, and has alerts fired, resolved and told. */
export class AlertEvaluator implements Service {
  readonly name = 'alerts';
  readonly #options: AlertEvaluatorOptions;
  /** By rule: in which of its intervals it was looked at last. */
  readonly #looked = new Map<string, string>();
  /** By rule and line. */
  readonly #misses = new Map<string, number>();
  readonly #standing = new Map<string, readonly RuleLine[]>();
  readonly #failing = new Set<string>();

  constructor(options: AlertEvaluatorOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { nowMs, pause = delay, post } = this.#options;
    try {
      while (!signal.aborted) {
        await this.tick(signal);
        await pause(tickMs - (nowMs() % tickMs), signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      if (signal.aborted) await post.settled();
    }
  }

  /** Looks at those rules whose time has come, and has messages sent. */
  async tick(signal: AbortSignal): Promise<void> {
    const { book, store, post } = this.#options;
    await book.load();
    const rules = (await store.list({ within: '', type: metricAlertType })) as unknown as readonly Rule[];
    const there = new Map(rules.filter(({ deleting }) => !deleting).map((rule) => [keyOf(rule.id), rule]));
    for (const [key, rule] of there) if (rule.properties.enabled && this.#isDue(key, rule)) await this.#look(key, rule);
    for (const record of book.records) await this.#endUnseen(record, there.get(keyOf(record.rule)));
    for (const key of this.#standing.keys()) if (there.get(key)?.properties.enabled !== true) this.#forget(key);
    post.pump(signal);
  }

  /** As it was found last. */
  standing(rule: string): readonly RuleLine[] {
    return this.#standing.get(keyOf(rule)) ?? [];
  }

  #isDue(key: string, { generation, properties }: Rule): boolean {
    const everyMs = durationMs(properties.evaluationFrequency) ?? tickMs;
    // A rule that was written anew is looked at at once.
    const interval = `${generation} ${Math.floor(this.#options.nowMs() / everyMs)}`;
    if (this.#looked.get(key) === interval) return false;
    this.#looked.set(key, interval);
    return true;
  }

  /** A rule that cannot be looked at is said once, and keeps no other from its turn. */
  async #look(key: string, rule: Rule): Promise<void> {
    try {
      await this.#evaluate(key, rule);
      this.#failing.delete(key);
    } catch (error) {
      if (!this.#failing.has(key)) this.#options.log.error({ rule: rule.id, err: toFault(error) }, 'alert rule could not be looked at');
      this.#failing.add(key);
    }
  }

  async #evaluate(key: string, rule: Rule): Promise<void> {
    const { store, catalog, series, book, nowMs, newId } = this.#options;
    const now = nowMs();
    const lines: RuleLine[] = [];
    for (const scope of rule.properties.scopes) {
      const target = await store.get(scope);
      const findings = target === undefined ? [] : judge(scope, rule.properties, { series, metrics: catalog.of(target.type), nowMs: now });
      const before = book.record(rule.id);
      const context = { rule, targetType: target?.type ?? '', nowMs: now, newId };
      for (const finding of [...findings, ...missing(scope, findings, before, rule.properties)]) await this.#settle(key, finding, context);
      const { lines: after } = book.record(rule.id);
      for (const finding of findings)
        lines.push({ scope, dimensions: finding.dimensions, isFired: after[finding.key] !== undefined, lookedMs: now });
    }
    this.#standing.set(key, lines);
  }

  async #settle(key: string, finding: Finding, context: Omit<AlertContext, 'groups'>): Promise<void> {
    const { book, log, onChange } = this.#options;
    const { rule } = context;
    const miss = `${key} ${finding.key}`;
    const isFired = book.record(rule.id).lines[finding.key] !== undefined;
    if (finding.is === 'met') this.#misses.delete(miss);
    if (isFired ? !this.#isOver(miss, finding, rule) : finding.is !== 'met') return;
    const groups = await Promise.all(rule.properties.actions.map(({ actionGroupId }) => this.#options.store.get(actionGroupId)));
    const whole = { ...context, groups: groups as unknown as AlertContext['groups'] };
    await book.change(rule.id, isFired ? resolved(finding, whole) : fired(finding, whole));
    this.#misses.delete(miss);
    log.warn({ rule: rule.name, target: finding.scope, values: finding.values }, isFired ? 'alert is over' : 'alert fired');
    onChange({ rule: rule.id, target: finding.scope, targetType: context.targetType });
  }

  /** Conditions that are not met count, and so does it where nothing at all was measured all through the window. */
  #isOver(miss: string, { is, values }: Finding, rule: Rule): boolean {
    const { series, nowMs } = this.#options;
    const isSilent =
      values.every((value) => value === undefined) && series.beganMs <= nowMs() - (durationMs(rule.properties.windowSize) ?? 0);
    if (is !== 'not-met' && !isSilent) return false;
    const misses = (this.#misses.get(miss) ?? 0) + 1;
    this.#misses.set(miss, misses);
    return misses >= missesToResolve;
  }

  /** Alerts of a rule that nobody looks at any more, and of what it does not look at any more. */
  async #endUnseen(record: RuleRecord, rule: Rule | undefined): Promise<void> {
    if (Object.keys(record.lines).length === 0) return;
    const scopes = new Set((rule?.properties.enabled === true ? rule.properties.scopes : []).map((scope) => `${scope.toLowerCase()} `));
    const isEnded = (line: string): boolean => ![...scopes].some((scope) => line.startsWith(scope));
    if (!Object.keys(record.lines).some((line) => isEnded(line))) return;
    const because = rule === undefined ? 'The rule was deleted.' : 'The rule was disabled, or looks at something else.';
    const over = new Set(Object.entries(record.lines).flatMap(([line, id]) => (isEnded(line) ? [id] : [])));
    const { alerts } = await this.#options.book.change(record.rule, ended(isEnded, because, this.#options.nowMs()));
    for (const { id, target, targetType } of alerts) if (over.has(id)) this.#options.onChange({ rule: record.rule, target, targetType });
  }

  #forget(key: string): void {
    this.#standing.delete(key);
    this.#looked.delete(key);
    for (const miss of this.#misses.keys()) if (miss.startsWith(`${key} `)) this.#misses.delete(miss);
  }
}

/** Lines that are fired and were not found this time: nothing is measured of them. */
function missing(
  scope: string,
  findings: readonly Finding[],
  { lines, alerts }: RuleRecord,
  { criteria }: MetricAlertProperties,
): readonly Finding[] {
  const found = new Set(findings.map(({ key }) => key));
  const place = `${scope.toLowerCase()} `;
  return Object.entries(lines)
    .filter(([key]) => key.startsWith(place) && !found.has(key))
    .map(([key, id]) => ({
      key,
      scope,
      dimensions: (alerts.find((alert) => alert.id === id)?.fired.conditions.flatMap(({ dimensions }) => dimensions) ?? []).map((one) => ({
        ...one,
        name: one.name.toLowerCase(),
      })),
      is: 'unknown',
      values: criteria.allOf.map(() => undefined),
    }));
}
