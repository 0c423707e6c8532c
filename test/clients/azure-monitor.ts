// What Azure Monitor shows of metrics and alerts, with Microsoft's package, unmodified. Prints what it saw as JSON. The first argument says which part,
// the second is the resource that it is about.
import { ClientSecretCredential } from '@azure/identity';
import { MonitorClient } from '@azure/arm-monitor';

const { ARM = '', CLIENT_ID = '', CLIENT_SECRET = '', SUBSCRIPTION = '', TENANT = '' } = process.env;
const [part = '', resource = ''] = process.argv.slice(2);
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

const parts: Readonly<Record<string, () => Promise<unknown>>> = { metrics };
process.stdout.write(JSON.stringify(await parts[part]!()));
