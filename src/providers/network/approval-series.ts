import type { MetricSource } from '#arm/metric.ts';
import type { Resource } from '#arm/resource.ts';
import type { ResourceReader } from '#arm/store.ts';
import type { ConnectionProperties } from './approval.ts';
import { connectionWord, privateLinkTargets } from './private-link-target.ts';

/** It changes slowly. */
const everyMs = 10_000;

/** How long approvals last that end by themselves, of every private endpoint connection; what they lead to shows all of its own. */
export function approvalSeries(store: Pick<ResourceReader, 'list'>): MetricSource {
  const targets = privateLinkTargets.map(({ type }) => type);
  const types = targets.map((target) => `${target}/${connectionWord}`);
  return {
    types,
    within: { types: targets, dimension: 'PrivateEndpointConnectionName' },
    everyMs,
    definitions: [
      {
        name: 'ApprovalExpiresInSeconds',
        displayName: 'Approval expires in',
        description: 'Seconds until the approval of the connection ends; 0: it has ended. Of approvals that last nothing is measured',
        category: 'Approvals',
        unit: 'Seconds',
        kind: 'level',
        aggregations: ['Minimum', 'Average', 'Maximum'],
        dimensions: [],
      },
    ],
    read: async (nowMs) => {
      const lists = await Promise.all(types.map((type) => store.list({ within: '', type })));
      return lists.flat().flatMap((one) => {
        const { privateLinkServiceConnectionState: state, approval } = (one as unknown as Resource<ConnectionProperties>).properties;
        if (state.status !== 'Approved' || approval.expiresAt === undefined) return [];
        const value = Math.max(0, (Date.parse(approval.expiresAt) - nowMs) / 1_000);
        return [{ resource: one.id, metric: 'ApprovalExpiresInSeconds', value }];
      });
    },
  };
}
