// What Azure Monitor shows of metrics and alerts, with Microsoft's package, unmodified. Prints what it saw as JSON. The first argument says which part,
// the second is the resource that it is about, the third where webhooks go.
import { ClientSecretCredential } from '@azure/identity';
import { MonitorClient } from '@azure/arm-monitor';

const { ARM = '', CLIENT_ID = '', CLIENT_SECRET = '', SUBSCRIPTION = '', TENANT = '' } = process.env;
const [part = '', resource = '', webhook = ''] = process.argv.slice(2);
const credential = new ClientSecretCredential(TENANT, CLIENT_ID, CLIENT_SECRET, { authorityHost: ARM, disableInstanceDiscovery: true });
const monitor = new MonitorClient(credential, SUBSCRIPTION, { endpoint: ARM });

async function all<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const one of pages) items.push(one);
  return items;
}

async function metrics(): Promise<unknown> {
  const definitions = await all(monitor.metricDefinitions.list(resource));
  const namespaces = await all(monitor.metricNamespaces.list(resource));
  const answer = await monitor.metrics.list(resource, {
    metricnames: definitions[0]!.name!.value!,
    interval: 'PT1S',
    timespan: 'PT5M',
    aggregation: 'Maximum,Count,Total',
    top: 5,
  });
  const refused = await monitor.metrics.list(resource, { metricnames: 'Nothing' }).catch((error: unknown) => error);
  const { code, statusCode } = refused as { readonly code?: string; readonly statusCode?: number };
  const series = answer.value[0]!.timeseries;
  return {
    definitions: definitions.map(({ name, unit, primaryAggregationType, dimensions = [] }) => [
      name?.value,
      unit,
      primaryAggregationType,
      ...dimensions.map(({ value }) => value),
    ]),
    namespaces: namespaces.map(({ properties }) => properties?.metricNamespaceName),
    interval: answer.interval,
    name: answer.value[0]!.name.localizedValue,
    values: series.flatMap(({ data = [] }) => data.filter(({ total = 0 }) => total > 0)).length,
    times: series.every(({ data = [] }) => data.every(({ timeStamp }) => timeStamp instanceof Date)),
    refused: { code, statusCode },
  };
}

/** Whoever is told, and a rule that tells as soon as a connection is open. */
async function rules(): Promise<unknown> {
  const name = 'people';
  const group = await monitor.actionGroups.createOrUpdate('watched', name, {
    location: 'Global',
    groupShortName: name,
    enabled: true,
    webhookReceivers: [{ name: 'chat', serviceUri: webhook, useCommonAlertSchema: true }],
    emailReceivers: [{ name: 'ann', emailAddress: 'ann@example.org', useCommonAlertSchema: true }],
  });
  const rule = await monitor.metricAlerts.createOrUpdate('watched', 'open', {
    location: 'global',
    description: 'A connection is open.',
    severity: 1,
    enabled: true,
    scopes: [resource],
    evaluationFrequency: 'PT1S',
    windowSize: 'PT2S',
    criteria: {
      odataType: 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria',
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion',
          name: 'open',
          metricName: 'PEConnectionsOpen',
          operator: 'GreaterThan',
          threshold: 0,
          timeAggregation: 'Maximum',
        },
      ],
    },
    actions: [{ actionGroupId: group.id! }],
  });
  const again = await monitor.actionGroups.createOrUpdate('watched', name, await monitor.actionGroups.get('watched', name));
  const patched = await monitor.metricAlerts.update('watched', 'open', { severity: 2 });
  await monitor.actionGroups.update('watched', name, { tags: { team: 'blue' }, enabled: true });
  return {
    receivers: again.webhookReceivers?.map(({ serviceUri }) => serviceUri),
    rule: [rule.severity, rule.autoMitigate, rule.criteria.odataType, rule.windowSize],
    read: (await monitor.metricAlerts.get('watched', 'open')).severity === patched.severity,
    rules: (await all(monitor.metricAlerts.listByResourceGroup('watched'))).map((one) => one.name),
    inSubscription: (await all(monitor.metricAlerts.listBySubscription())).length,
    groups: (await all(monitor.actionGroups.listByResourceGroup('watched'))).map((one) => one.name),
    groupsInSubscription: (await all(monitor.actionGroups.listBySubscriptionId())).length,
  };
}

async function status(): Promise<unknown> {
  const found = await monitor.metricAlertsStatus.list('watched', 'open');
  return { value: found.value?.map(({ properties }) => properties?.status) };
}

async function remove(): Promise<unknown> {
  await monitor.metricAlerts.delete('watched', 'open');
  await monitor.actionGroups.delete('watched', 'people');
  return { left: (await all(monitor.metricAlerts.listByResourceGroup('watched'))).length };
}

const parts: Readonly<Record<string, () => Promise<unknown>>> = { metrics, rules, status, remove };
process.stdout.write(JSON.stringify(await parts[part]!()));
