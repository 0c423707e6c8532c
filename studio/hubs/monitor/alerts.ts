import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { arm } from '#studio/data/arm.ts';
import { useArm, useArmList } from '#studio/data/queries.ts';
import { ruleType } from './alert-rule.ts';

export interface Delivery {
  readonly id: string;
  readonly about: string;
  readonly actionGroup: string;
  readonly receiver: string;
  readonly kind: string;
  readonly state: string;
  readonly attempts: number;
  readonly next?: string;
  readonly at?: string;
  readonly error?: { readonly code: string; readonly message: string } | string;
}

/** An alert that fired. */
export interface Alert {
  readonly id: string;
  /** Of its rule. */
  readonly name: string;
  readonly properties: {
    readonly essentials: {
      readonly severity: string;
      readonly monitorCondition: string;
      readonly targetResource: string;
      readonly targetResourceName: string;
      readonly alertRule: string;
      readonly startDateTime: string;
      readonly lastModifiedDateTime: string;
      readonly monitorConditionResolvedDateTime?: string;
      readonly description?: string;
    };
    readonly context: { readonly fired?: { readonly allOf?: readonly Condition[] } };
    readonly isthmus: { readonly because?: string; readonly deliveries: readonly Delivery[] };
  };
}

export interface Condition {
  readonly metricName: string;
  readonly operator: string;
  readonly threshold: number | string;
  readonly metricValue?: number;
}

/** Alerts about anything that may be read, newest change first. */
export function useAlerts(): UseQueryResult<readonly Alert[]> {
  return useArmList<Alert>('/providers/Microsoft.AlertsManagement/alerts?timeRange=30d', { watch: { types: [ruleType] } });
}

export interface MetricChoice {
  readonly name: { readonly value: string; readonly localizedValue: string };
  readonly displayDescription: string;
  readonly unit: string;
  readonly primaryAggregationType: string;
  readonly supportedAggregationTypes: readonly string[];
}

const nothing: readonly MetricChoice[] = [];

/** What is measured of a resource. */
export function useMetricChoices(id: string): UseQueryResult<readonly MetricChoice[]> {
  return useQuery({
    queryKey: ['metric-definitions', id],
    queryFn: async ({ signal }) => {
      const answer = await arm.get(`${id}/providers/Microsoft.Insights/metricDefinitions`, { signal });
      return (answer['value'] ?? nothing) as unknown as readonly MetricChoice[];
    },
    enabled: id !== '',
    staleTime: Number.POSITIVE_INFINITY,
  });
}

interface RuleStatus {
  readonly value: readonly { readonly properties: { readonly status: string } }[];
}

/** `Healthy`, `Unhealthy`: how a rule stands; undefined: it was not looked at yet. */
export function useRuleStanding(id: string): string | undefined {
  const { data } = useArm<RuleStatus>(`${id}/status`, { watch: { ids: [id] } });
  const states = (data?.value ?? []).map(({ properties }) => properties.status);
  if (states.length === 0) return undefined;
  return states.includes('Unhealthy') ? 'Unhealthy' : 'Healthy';
}

/** `2 delivered, 1 failed`; empty: nobody was to be told. */
export function deliveriesText(deliveries: readonly Pick<Delivery, 'state'>[]): string {
  const counts = new Map<string, number>();
  for (const { state } of deliveries) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
}

export function errorText(error: Delivery['error']): string {
  if (error === undefined) return '';
  return typeof error === 'string' ? error : `${error.code}: ${error.message}`;
}
