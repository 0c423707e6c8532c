import { fault, type Fault } from '#base/fault.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { type CheckContext, type Principal, resourceType, type ResourceType } from '#arm/resource-type.ts';
import type { Asked } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import { actionGroupType } from './action-group.ts';
import type { MetricCatalog, ShownMetric } from './metric-catalog.ts';
import { type MetricAlertProperties, metricAlertProperties, metricAlertType, type MetricCriterion } from './metric-alert-shape.ts';

export interface MetricAlertOptions {
  readonly catalog: MetricCatalog;
  /** Whether a principal may do something at a scope. */
  readonly may: (principal: Principal, action: string, scope: string) => Promise<boolean>;
  /** How each line of a rule stands. */
  readonly standing: (rule: string) => readonly RuleLine[];
}

/** One line of a rule: a scope, and the values of the dimensions that it is split by. */
export interface RuleLine {
  readonly scope: string;
  readonly dimensions: readonly { readonly name: string; readonly value: string }[];
  readonly isFired: boolean;
  /** Milliseconds since 1970. */
  readonly lookedMs: number;
}

/**
 * Rules on what is measured. A rule may look at any resource that something is measured of: a link connection, a workspace, a private endpoint, a
 * private link service, a private endpoint connection or what it leads to.
 */
export function metricAlerts(options: MetricAlertOptions): ResourceType<MetricAlertProperties> {
  return resourceType<MetricAlertProperties>({
    type: metricAlertType,
    summary: 'A rule on what is measured: when it fires, and who is told',
    versions: { floor: '2018-03-01', implemented: '2026-01-01' },
    location: 'optional',
    name: {
      pattern: /^[^*#&+:<>?@%{}\\/\p{Cc}]{0,259}[^*#&+:<>?@%{}\\/\p{Cc}\s.]$/u,
      maxLength: 260,
      says: "anything but *#&+:<>?@%{}\\/ and not ending with '.'",
    },
    properties: metricAlertProperties,
    shows: { provisioningState: false, etag: false },
    // Azure's clients take no other success here.
    answers: { created: 200, replaced: 200, deleted: 200 },
    check: (asked, context) => checkRule(asked, context, options),
    show: async (self) => ({ lastUpdatedTime: self.changedAt, isMigrated: false }),
    reads: {
      status: {
        summary: 'How each line of the rule stands',
        permission: 'read',
        run: async ({ self }) => shownStatus(self.id, options.standing(self.id)),
      },
    },
  });
}

async function checkRule(
  { properties }: Asked<MetricAlertProperties>,
  { resources, principal }: CheckContext<MetricAlertProperties>,
  { catalog, may }: MetricAlertOptions,
): Promise<void> {
  const { scopes, criteria, actions } = properties;
  for (const [i, scope] of scopes.entries()) {
    const at = `properties.scopes[${i}]`;
    // What a rule tells is what its author might have read. Asked first: who may not is not told what there is either.
    if (!(await may(principal, 'Microsoft.Insights/metrics/read', scope))) throw notAllowed(scope, at, 'Microsoft.Insights/metrics/read');
    const target = await found(scope, at, resources);
    for (const [j, one] of criteria.allOf.entries())
      checkCriterion(one, `properties.criteria.allOf[${j}]`, catalog.of(target.type), target.type);
  }
  checkSameSplit(criteria.allOf);
  for (const [i, { actionGroupId }] of actions.entries()) {
    const at = `properties.actions[${i}].actionGroupId`;
    if (!(await may(principal, `${actionGroupType}/read`, actionGroupId))) throw notAllowed(actionGroupId, at, `${actionGroupType}/read`);
    const group = await found(actionGroupId, at, resources);
    if (group.type !== actionGroupType)
      throw fault('invalid', 'InvalidActionGroup', `${actionGroupId} is not an action group.`, {
        target: at,
        remedy: `Name a resource of the type ${actionGroupType}.`,
      });
  }
}

async function found(id: string, at: string, resources: ResourceReader): Promise<{ readonly type: string }> {
  const there = await resources.get(id);
  if (there !== undefined) return there;
  throw fault('invalid', 'InvalidResourceReference', `There is no resource ${id.slice(0, 300)}.`, {
    target: at,
    remedy: 'Create it first, or look at its id.',
  });
}

function notAllowed(id: string, at: string, action: string): Fault {
  return fault('denied', 'LinkedAuthorizationFailed', `A rule about ${id.slice(0, 300)} needs the permission '${action}' there.`, {
    target: at,
    remedy: 'Be given a role that contains it, such as Reader.',
  });
}

function checkCriterion(one: MetricCriterion, at: string, metrics: readonly ShownMetric[], type: string): void {
  if (one.metricNamespace !== undefined && one.metricNamespace.toLowerCase() !== type.toLowerCase())
    throw badCriterion(`${at}.metricNamespace`, `resources of the type ${type} have no other namespace than that`, 'Leave it out.');
  if (one.skipMetricValidation === true) return;
  const metric = metrics.find(({ definition }) => definition.name.toLowerCase() === one.metricName.toLowerCase());
  const known = metrics.map(({ definition }) => definition.name).join(', ');
  if (metric === undefined)
    throw badCriterion(
      `${at}.metricName`,
      `resources of the type ${type} have no metric '${one.metricName}'`,
      known === '' ? 'Nothing is measured of such resources.' : `They have: ${known}.`,
    );
  const { aggregations } = metric.definition;
  if (one.timeAggregation !== 'Count' && !aggregations.includes(one.timeAggregation))
    throw badCriterion(
      `${at}.timeAggregation`,
      `values of '${one.metricName}' are not put together as ${one.timeAggregation}`,
      `Use ${[...aggregations, 'Count'].join(', ')}.`,
    );
  const wrong = one.dimensions.find(({ name }) => !metric.dimensions.some((dimension) => dimension.toLowerCase() === name.toLowerCase()));
  if (wrong === undefined) return;
  throw badCriterion(
    `${at}.dimensions`,
    `'${one.metricName}' of the type ${type} has no dimension '${wrong.name}'`,
    `It has: ${metric.dimensions.join(', ') || 'none'}.`,
  );
}

/** Conditions that must all hold are about the same thing each time. */
function checkSameSplit(allOf: readonly MetricCriterion[]): void {
  const splits = allOf.filter(({ dimensions }) => dimensions.length > 0).map((one) => splitOf(one));
  if (new Set(splits).size <= 1) return;
  throw badCriterion(
    'properties.criteria.allOf',
    'its conditions are split by different dimensions',
    'Split all of them by the same dimensions, or write a rule for each.',
  );
}

function splitOf({ dimensions }: MetricCriterion): string {
  return dimensions
    .map(({ name }) => name.toLowerCase())
    .toSorted()
    .join(' ');
}

function badCriterion(at: string, why: string, remedy: string): Fault {
  return fault('invalid', 'InvalidAlertCriterion', `The rule cannot be kept: ${why}.`, { target: at, remedy });
}

function shownStatus(rule: string, lines: readonly RuleLine[]): JsonObject {
  const value = lines.map(({ scope, dimensions, isFired, lookedMs }, i): Json => {
    const properties = {
      dimensions: Object.fromEntries([['ResourceId', scope], ...dimensions.map(({ name, value: of }) => [name, of])]) as JsonObject,
      status: isFired ? 'Unhealthy' : 'Healthy',
      timestamp: new Date(lookedMs).toISOString(),
    };
    return { id: `${rule}/status/${i}`, name: String(i), type: `${metricAlertType}/status`, properties };
  });
  return { value };
}
