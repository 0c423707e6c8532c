import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import { type CheckContext, type ResourceType, resourceType } from '#arm/resource-type.ts';
import type { Asked, JsonObject } from '#arm/resource.ts';
import type { AddressBook } from './address-book.ts';
import { aliasOf } from './alias.ts';
import { approvalPolicy } from './approval.ts';
import { connectionsShown } from './connections.ts';
import { ownInterfaceId } from './own-interface.ts';
import {
  allocationMembers,
  type IdReference,
  idReference,
  type IpConfiguration,
  partName,
  shownConfiguration,
  subnetReferences,
  wishesOf,
  withoutShownAddress,
} from './ip-configuration.ts';
import { applied, type PlanKeeper, withdrawn } from './plan-keeper.ts';
import { connectionWord } from './private-link-target.ts';
import { checkRegion } from './region.ts';
import { networkOfSubnet, type SubnetProperties } from './subnet.ts';
import { privateLinkServiceType } from './type-names.ts';

interface Subscriptions {
  readonly subscriptions: readonly string[];
}

export interface PrivateLinkServiceProperties {
  readonly loadBalancerFrontendIpConfigurations: readonly IdReference[];
  readonly ipConfigurations: readonly (IpConfiguration & { readonly properties: { readonly primary: boolean } })[];
  readonly visibility: Subscriptions;
  readonly autoApproval: Subscriptions;
  readonly enableProxyProtocol: boolean;
  readonly fqdns: readonly string[];
}

/** Rule: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#private-link-limits */
const mostNatAddresses = 8;
const mostSubscriptions = 100;
const mostServicesOfBalancer = 8;

const subscriptions = z
  .object({
    subscriptions: z.array(z.string().min(1).max(64)).max(mostSubscriptions, `${mostSubscriptions} subscriptions at most`).default([]),
  })
  .default({ subscriptions: [] });

const natAddress = z.object({
  name: partName,
  properties: z.object({ ...allocationMembers, primary: z.boolean().default(false) }).transform(withoutShownAddress),
});

/** Rule: https://learn.microsoft.com/rest/api/virtualnetwork/private-link-services/create-or-update */
const properties: z.ZodType<PrivateLinkServiceProperties> = z.object({
  loadBalancerFrontendIpConfigurations: z.array(idReference).length(1, 'a service stands in front of one frontend'),
  ipConfigurations: z.array(natAddress).min(1).max(mostNatAddresses, `${mostNatAddresses} NAT addresses at most`),
  visibility: subscriptions,
  autoApproval: subscriptions,
  enableProxyProtocol: z.boolean().default(false),
  fqdns: z
    .array(
      z
        .string()
        .max(253)
        .regex(/^[\w*](?:[\w.-]*\w)?$/, 'a host name'),
    )
    .max(100)
    .default([]),
});

const at = 'properties.ipConfigurations';

export interface PrivateLinkServiceOptions {
  readonly book: AddressBook;
  readonly keeper: PlanKeeper;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** What private endpoints lead to: it stands in front of a load balancer's frontend, and consumers are seen as coming from its NAT addresses. */
export function privateLinkServices({ book, keeper, nowMs }: PrivateLinkServiceOptions): ResourceType<PrivateLinkServiceProperties> {
  return resourceType<PrivateLinkServiceProperties>({
    type: privateLinkServiceType,
    summary: 'A private link service: lets private endpoints of others reach a load balancer, once its owner has approved them',
    versions: { floor: '2018-11-01', implemented: '2025-05-01' },
    properties,
    references: ({ properties: asked }) => [
      ...subnetReferences(asked.ipConfigurations, at),
      ...asked.loadBalancerFrontendIpConfigurations.map(({ id }, i) => ({
        id,
        at: `properties.loadBalancerFrontendIpConfigurations[${i}].id`,
        types: ['Microsoft.Network/loadBalancers/frontendIPConfigurations'],
      })),
    ],
    check: async (asked, context) => {
      approvalPolicy(asked.tags);
      checkLists(asked.properties);
      await checkSubnets(asked, context);
      await checkRegion(asked, asked.properties.ipConfigurations[0]!.properties.subnet.id, context);
      await checkBalancer(asked, context);
      await book.check(context, wishesOf(asked.properties.ipConfigurations, at));
    },
    checkDelete: async (self, { resources }) => {
      const connections = await resources.list({ within: self.id, direct: true, type: `${privateLinkServiceType}/${connectionWord}` });
      if (connections.length === 0) return;
      throw fault(
        'invalid',
        'PrivateLinkServiceCannotBeDeletedWithPrivateEndpointConnections',
        `The private link service ${self.name} has ${connections.length} private endpoint connections.`,
        {
          target: self.id,
          remedy: 'Remove its connections first; their private endpoints are then Disconnected.',
          details: connections.slice(0, 5).map(({ id }) => fault('invalid', 'InUse', `There is the connection ${id}.`, { target: id })),
        },
      );
    },
    parts: { ipConfigurations: (self) => self.properties.ipConfigurations.map((one) => shownConfiguration(self, 'ipConfigurations', one)) },
    show: async (self, resources) => ({
      alias: aliasOf(self),
      ipConfigurations: self.properties.ipConfigurations.map((one) => shownConfiguration(self, 'ipConfigurations', one)),
      networkInterfaces: [{ id: ownInterfaceId(self) }],
      privateEndpointConnections: await connectionsShown(self, resources, nowMs()),
    }),
    reconcile: async (self, { resources }) => {
      const addresses = await book.claim(self, wishesOf(self.properties.ipConfigurations, at), resources);
      return await applied(keeper, self, { addresses: addresses as unknown as JsonObject });
    },
    remove: async (self) => {
      const outcome = await withdrawn(keeper);
      book.release(self.id);
      return outcome;
    },
  });
}

/** Only who may see a service may be approved by itself. */
function checkLists({ visibility, autoApproval }: PrivateLinkServiceProperties): void {
  const visible = new Set(visibility.subscriptions.map(keyOf));
  const hidden = visible.has('*') ? undefined : autoApproval.subscriptions.find((one) => !visible.has(keyOf(one)));
  if (hidden === undefined) return;
  throw fault(
    'invalid',
    'AutoApprovalNotSubsetOfVisibility',
    `The subscription ${hidden} is approved by itself and cannot see the service.`,
    {
      target: 'properties.autoApproval.subscriptions',
      remedy: 'Name it in properties.visibility.subscriptions too.',
    },
  );
}

async function checkSubnets(
  { properties: { ipConfigurations } }: Asked<PrivateLinkServiceProperties>,
  { resources }: CheckContext<PrivateLinkServiceProperties>,
): Promise<void> {
  for (const [i, { properties: one }] of ipConfigurations.entries()) {
    const subnet = await resources.get(one.subnet.id);
    if ((subnet?.properties as unknown as SubnetProperties | undefined)?.privateLinkServiceNetworkPolicies !== 'Enabled') continue;
    throw fault(
      'invalid',
      'PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled',
      `Private link service cannot be created in a subnet ${one.subnet.id} since it has private link service network policies enabled.`,
      { target: `${at}[${i}].properties.subnet.id`, remedy: 'Set privateLinkServiceNetworkPolicies of the subnet to Disabled.' },
    );
  }
}

async function checkBalancer(
  { properties: asked }: Asked<PrivateLinkServiceProperties>,
  { id, resources }: CheckContext<PrivateLinkServiceProperties>,
): Promise<void> {
  const balancer = parseResourceId(asked.loadBalancerFrontendIpConfigurations[0]!.id).parent!;
  const found = await resources.get(balancer);
  const users = await resources.referrers(balancer);
  const others = users.filter((user) => keyOf(user) !== id.key && keyOf(parseResourceId(user).type) === keyOf(privateLinkServiceType));
  if (others.length >= mostServicesOfBalancer)
    throw fault(
      'invalid',
      'PrivateLinkServiceCountLimitReached',
      `The load balancer ${balancer} has ${others.length} private link services.`,
      {
        target: 'properties.loadBalancerFrontendIpConfigurations',
        remedy: `A load balancer takes ${mostServicesOfBalancer} at most: take another.`,
      },
    );
  const frontends = (found?.properties['frontendIPConfigurations'] ?? []) as unknown as readonly IpConfiguration[];
  const network = frontends[0] && keyOf(networkOfSubnet(frontends[0].properties.subnet.id));
  const stray = asked.ipConfigurations.findIndex((one) => keyOf(networkOfSubnet(one.properties.subnet.id)) !== network);
  if (stray < 0) return;
  throw fault('invalid', 'SubnetsNotInSameVnet', 'The NAT addresses are in another virtual network than the load balancer.', {
    target: `${at}[${stray}].properties.subnet.id`,
    remedy: 'Take a subnet of the virtual network of the load balancer.',
  });
}
