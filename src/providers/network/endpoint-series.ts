import type { MetricDefinition, MetricReading, MetricSource } from '#arm/metric.ts';
import type { Counter } from '#fabric/engine.ts';
import { privateEndpointType, privateLinkServiceType } from './type-names.ts';

/**
 * What passes private endpoints and private link services, from the counters of whatever carries the network. `PLSNatPortsUsage` is left out: no NAT
 * ports are used here, so nothing of them can run short. `managed`: the types of managed private endpoints.
 */
export function endpointSeries(counters: () => readonly Counter[], managed: readonly string[]): readonly MetricSource[] {
  return [
    sourceOf({ of: 'endpoint', types: [privateEndpointType, ...managed], prefix: 'PE', what: 'the private endpoint' }, counters),
    sourceOf({ of: 'service', types: [privateLinkServiceType], prefix: 'PLS', what: 'the private link service' }, counters),
  ];
}

interface Counted {
  readonly of: Counter['of'];
  readonly types: readonly string[];
  readonly prefix: string;
  readonly what: string;
}

type Totals = Pick<Counter, 'bytesIn' | 'bytesOut' | 'connections' | 'refused'>;

const none: Totals = { bytesIn: 0, bytesOut: 0, connections: 0, refused: 0 };

function sourceOf({ of, types, prefix, what }: Counted, counters: () => readonly Counter[]): MetricSource {
  // Counters begin with the program, and so do these.
  const before = new Map<string, Totals>();
  return {
    types,
    definitions: definitionsOf(prefix, what),
    read: async () => {
      const readings: MetricReading[] = [];
      for (const counter of counters()) {
        if (counter.of !== of) continue;
        const { id: resource, open, ...now } = counter;
        const last = before.get(resource) ?? none;
        readings.push(
          { resource, metric: `${prefix}BytesIn`, value: now.bytesIn - last.bytesIn },
          { resource, metric: `${prefix}BytesOut`, value: now.bytesOut - last.bytesOut },
          { resource, metric: `${prefix}Connections`, value: now.connections - last.connections },
          { resource, metric: `${prefix}ConnectionsRefused`, value: now.refused - last.refused },
          { resource, metric: `${prefix}ConnectionsOpen`, value: open },
        );
        before.set(resource, now);
      }
      return readings;
    },
  };
}

function definitionsOf(prefix: string, what: string): readonly MetricDefinition[] {
  const amount = { category: 'Traffic', unit: 'Count', kind: 'amount', aggregations: ['Total'], dimensions: [] } as const;
  return [
    { ...amount, name: `${prefix}BytesIn`, displayName: 'Bytes In', description: `Bytes that went through ${what} to the database` },
    { ...amount, name: `${prefix}BytesOut`, displayName: 'Bytes Out', description: `Bytes that came back through ${what}` },
    { ...amount, name: `${prefix}Connections`, displayName: 'Connections', description: `Connections that ${what} let through` },
    {
      ...amount,
      name: `${prefix}ConnectionsRefused`,
      displayName: 'Connections refused',
      description: `Connections that came as far as ${what} and no further`,
    },
    {
      ...amount,
      name: `${prefix}ConnectionsOpen`,
      displayName: 'Open connections',
      description: `Connections that are open through ${what}`,
      kind: 'level',
      aggregations: ['Average', 'Maximum', 'Minimum'],
    },
  ];
}
