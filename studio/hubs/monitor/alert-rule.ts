import type { JsonObject } from '#arm/resource.ts';

export const ruleType = 'Microsoft.Insights/metricAlerts';
export const groupType = 'Microsoft.Insights/actionGroups';

export const operators = {
  GreaterThan: 'is greater than',
  GreaterThanOrEqual: 'is at least',
  LessThan: 'is less than',
  LessThanOrEqual: 'is at most',
  Equals: 'is',
} as const;
export type Operator = keyof typeof operators;

export const severities = ['0: critical', '1: error', '2: warning', '3: informational', '4: verbose'] as const;

export type RuleAggregation = 'Average' | 'Minimum' | 'Maximum' | 'Total' | 'Count';

/** What a form holds of a rule: one condition on one resource. */
export interface RuleDraft {
  readonly name: string;
  readonly description: string;
  readonly severity: number;
  readonly enabled: boolean;
  /** The id of the resource that is looked at. */
  readonly target: string;
  readonly metric: string;
  readonly aggregation: RuleAggregation;
  readonly operator: Operator;
  /** As it is typed. */
  readonly threshold: string;
  /** ISO 8601 durations. */
  readonly window: string;
  readonly frequency: string;
  /** Ids of action groups. */
  readonly groups: readonly string[];
}

export const emptyRule: RuleDraft = {
  name: '',
  description: '',
  severity: 2,
  enabled: true,
  target: '',
  metric: '',
  aggregation: 'Maximum',
  operator: 'GreaterThan',
  threshold: '',
  window: 'PT5M',
  frequency: 'PT1M',
  groups: [],
};

interface Criterion {
  readonly metricName: string;
  readonly operator: string;
  readonly threshold: number;
  readonly timeAggregation: string;
}

export interface RuleProperties {
  readonly description: string;
  readonly severity: number;
  readonly enabled: boolean;
  readonly scopes: readonly string[];
  readonly evaluationFrequency: string;
  readonly windowSize: string;
  readonly criteria: { readonly allOf: readonly Criterion[] };
  readonly actions: readonly { readonly actionGroupId: string }[];
}

/** What is sent. */
export function ruleBody(draft: RuleDraft): JsonObject {
  return {
    location: 'global',
    properties: {
      description: draft.description,
      severity: draft.severity,
      enabled: draft.enabled,
      scopes: [draft.target],
      evaluationFrequency: draft.frequency,
      windowSize: draft.window,
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria',
        allOf: [
          {
            name: 'condition',
            metricName: draft.metric,
            operator: draft.operator,
            threshold: Number(draft.threshold),
            timeAggregation: draft.aggregation,
            criterionType: 'StaticThresholdCriterion',
          },
        ],
      },
      autoMitigate: true,
      actions: draft.groups.map((actionGroupId) => ({ actionGroupId })),
    },
  };
}

/** A rule that is there, as a form has it; undefined: it has several conditions or scopes, which this form does not show. */
export function ruleDraftOf(name: string, rule: RuleProperties): RuleDraft | undefined {
  const { scopes, criteria, severity, enabled, description, windowSize, evaluationFrequency, actions } = rule;
  const [condition, ...others] = criteria.allOf;
  const [target, ...more] = scopes;
  if (condition === undefined || target === undefined || others.length > 0 || more.length > 0 || hasDimensions(condition)) return undefined;
  return {
    name,
    description,
    severity,
    enabled,
    target,
    metric: condition.metricName,
    aggregation: condition.timeAggregation as RuleAggregation,
    operator: condition.operator as Operator,
    threshold: String(condition.threshold),
    window: windowSize,
    frequency: evaluationFrequency,
    groups: actions.map(({ actionGroupId }) => actionGroupId),
  };
}

function hasDimensions(condition: Criterion & { readonly dimensions?: readonly unknown[] }): boolean {
  return (condition.dimensions ?? []).length > 0;
}

/** `Maximum of Link latency in seconds is greater than 30, over 5 minutes`. `nameOf`: how people call a metric. */
export function ruleSentence({ criteria, windowSize }: RuleProperties, nameOf: (metric: string) => string): string {
  const conditions = criteria.allOf.map(({ timeAggregation, metricName, operator, threshold }) => {
    const words = Object.hasOwn(operators, operator) ? operators[operator as Operator] : operator;
    return `${timeAggregation} of ${nameOf(metricName)} ${words} ${threshold}`;
  });
  return `${conditions.join(', and ')}, over ${spanText(windowSize)}`;
}

const spanWords = { S: 'second', M: 'minute', H: 'hour', D: 'day' } as const;

/** `PT5M` as `5 minutes`; what is no such simple duration stays as it is. */
export function spanText(duration: string): string {
  const [, days, count, unit] = /^P(?:(\d+)D|T(\d+)([SMH]))$/.exec(duration) ?? [];
  const number = days ?? count;
  if (number === undefined) return duration;
  const word = spanWords[(unit ?? 'D') as keyof typeof spanWords];
  return `${number} ${word}${number === '1' ? '' : 's'}`;
}

export const spans = ['PT1S', 'PT10S', 'PT30S', 'PT1M', 'PT5M', 'PT15M', 'PT30M', 'PT1H', 'PT6H', 'P1D'] as const;

/** Seconds of one of `spans`. */
function spanSeconds(duration: string): number | undefined {
  const [, days, count, unit] = /^P(?:(\d+)D|T(\d+)([SMH]))$/.exec(duration) ?? [];
  if (days !== undefined) return Number(days) * 86_400;
  const units: Readonly<Record<string, number>> = { S: 1, M: 60, H: 3_600 };
  return count === undefined || unit === undefined ? undefined : Number(count) * units[unit]!;
}

export type RuleProblems = Readonly<Partial<Record<keyof RuleDraft, string>>>;

/** What keeps a rule from being saved, by field; the server says the rest. */
export function ruleProblems(draft: RuleDraft): RuleProblems {
  const [window, frequency] = [spanSeconds(draft.window), spanSeconds(draft.frequency)];
  return {
    ...(!/^[^*#&+:<>?@%{}\\/]{0,259}[^*#&+:<>?@%{}\\/\s.]$/.test(draft.name) && {
      name: String.raw`Anything but *#&+:<>?@%{}\/ and not ending with a dot or blank.`,
    }),
    ...(draft.target === '' && { target: 'Choose what is looked at.' }),
    ...(draft.metric === '' && { metric: 'Choose what is measured.' }),
    ...((draft.threshold.trim() === '' || !Number.isFinite(Number(draft.threshold))) && { threshold: 'Give a number.' }),
    ...(window !== undefined && frequency !== undefined && window < frequency && { window: 'Not shorter than how often it is looked.' }),
  };
}

/** A rule that an address asks for: `Alert me when the lag is …`. */
export function ruleFromAddress(address: Readonly<Record<string, unknown>>): RuleDraft {
  const text = (key: string): string => (typeof address[key] === 'string' || typeof address[key] === 'number' ? String(address[key]) : '');
  return { ...emptyRule, name: text('name'), target: text('target'), metric: text('metric'), threshold: text('threshold') };
}

/** The resource group in which the workspace lies: its rules lie there too. */
export function groupIdOf(id: string | undefined): string {
  return /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+/i.exec(id ?? '')?.[0] ?? '';
}
