import type { JsonObject } from '#arm/resource.ts';
import { type Plan, planTemplate } from './plan.ts';
import type { DeploymentPlace } from './scope.ts';

export const subscription = '11111111-1111-4111-8111-111111111111';

/** The group that the tests deploy to. */
export const samplePlace: DeploymentPlace = {
  kind: 'group',
  id: `/subscriptions/${subscription}/resourceGroups/shop`,
  subscriptionId: subscription,
  group: 'shop',
  facts: {
    resourceGroup: { id: `/subscriptions/${subscription}/resourceGroups/shop`, name: 'shop', location: 'westeurope', tags: {} },
    subscription: { id: `/subscriptions/${subscription}`, subscriptionId: subscription, displayName: 'Test', tenantId: 'tenant' },
    tenant: { tenantId: 'tenant', displayName: 'Test' },
    deployment: { name: 'sample', properties: {} },
    environment: { name: 'Isthmus' },
  },
};

const sampleFresh = { now: '2026-11-22T05:06:07.089Z', guid: (at: string): string => `guid of ${at}` };

/** Plans a template of a test; what it leaves out is empty. */
export function planned(template: JsonObject, parameters: JsonObject = {}, place: DeploymentPlace = samplePlace): Plan {
  return planTemplate({ template: { resources: [], ...template }, parameters, place, fresh: sampleFresh });
}
