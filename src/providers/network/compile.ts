import { backendOf } from '#arm/database-server.ts';
import type { ManagedNetworks, PlanGround } from '#arm/private-link.ts';
import { keyOf } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { FabricPlan, Forwarder, ForwardRule, Segment, Service } from '#fabric/plan.ts';
import { addressAt } from './address-book.ts';
import { interfacesByName, interfacesOf } from './backends.ts';
import type { IdReference } from './ip-configuration.ts';
import { compileBalancers } from './compile-balancers.ts';
import { compileEndpoints } from './compile-endpoints.ts';
import { compileManaged } from './compile-managed.ts';
import { compileNames } from './compile-names.ts';
import { compilePublicServers, publicTypes } from './compile-public.ts';
import { connectionWord, privateLinkTargets } from './private-link-target.ts';
import type { PrivateLinkServiceProperties } from './private-link-service.ts';
import { remembered } from './remembered.ts';
import { outerId } from './subnet.ts';
import { groundOf } from './plan-ground.ts';
import {
  addressRecordType,
  backendPoolType,
  loadBalancerType,
  networkInterfaceType,
  privateDnsZoneType,
  privateEndpointType,
  subnetType,
  virtualMachineType,
  virtualNetworkType,
  zoneGroupType,
  zoneLinkType,
} from './type-names.ts';

/** Types of the resources that a plan is made of. */
export const planTypes: readonly string[] = [
  virtualNetworkType,
  subnetType,
  networkInterfaceType,
  loadBalancerType,
  backendPoolType,
  privateEndpointType,
  zoneGroupType,
  privateDnsZoneType,
  addressRecordType,
  zoneLinkType,
  virtualMachineType,
  ...privateLinkTargets.flatMap(({ type }) => [type, `${type}/${connectionWord}`]),
  ...publicTypes,
];

/**
 * The network that the resources describe. Pure: the same resources give the same plan, in whatever order they come. What is being deleted is not
 * there any more, and what has no address yet is not there so far. `managed`: networks of other providers that are part of it.
 * `publicAddresses`: what connections of this host are seen as coming from.
 */
export function compile(
  resources: readonly Resource[],
  managed: readonly ManagedNetworks[] = [],
  publicAddresses: readonly string[] = [],
): FabricPlan {
  const ground = groundOf(resources, new Set(managed.flatMap(({ neededBy = [] }) => neededBy.map(keyOf))));
  const interfaces = interfacesOf(ground.of(networkInterfaceType));
  const forwarders = compileForwarders(ground, interfaces);
  const byNic = new Map<string, string>();
  for (const machine of ground.of(virtualMachineType))
    for (const nic of nicsOf(machine)) if (!byNic.has(nic)) byNic.set(nic, keyOf(machine.id));
  const services = compileServices(ground);
  const serviceIds = new Set(services.map(({ id }) => id));
  const endpoints = compileEndpoints(ground, serviceIds);
  const others = compileManaged(managed, ground, { serviceIds, taken: new Set(endpoints.map(({ linkId }) => linkId)) });
  return {
    segments: [...compileSegments(ground), ...others.segments].toSorted(byId),
    endpoints: [...endpoints, ...others.endpoints].toSorted(byId),
    services,
    balancers: compileBalancers(ground, { interfaces: interfacesByName(interfaces), forwarders: byNic }),
    forwarders,
    publicServers: compilePublicServers(ground),
    publicAddresses,
  };
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : Number(a.id > b.id);
}

function compileSegments(ground: PlanGround): readonly Segment[] {
  const names = compileNames(ground);
  return ground.of(virtualNetworkType).map(({ id }) => ({
    id: keyOf(id),
    kind: 'virtual-network' as const,
    egress: 'open' as const,
    names: names.get(keyOf(id)) ?? [],
  }));
}

function compileServices(ground: PlanGround): readonly Service[] {
  const services = privateLinkTargets.flatMap(({ type, port }) =>
    ground.of(type).flatMap((resource): readonly Service[] => {
      const one = port === undefined ? balancedService(resource) : databaseService(resource, port);
      return one === undefined || (one.kind === 'balanced' && ground.get(one.balancer) === undefined) ? [] : [one];
    }),
  );
  return services.toSorted(byId);
}

const balancedService = remembered((resource): Service | undefined => {
  const { properties } = resource as unknown as Resource<PrivateLinkServiceProperties>;
  const [{ id: frontend }] = properties.loadBalancerFrontendIpConfigurations as readonly [IdReference];
  const balancer = outerId(frontend);
  const natAddresses = properties.ipConfigurations.flatMap((one) => addressAt(resource, one.name, one.properties.subnet.id) ?? []);
  if (natAddresses.length === 0) return undefined;
  return {
    kind: 'balanced',
    id: keyOf(resource.id),
    natAddresses,
    proxyProtocol: properties.enableProxyProtocol,
    balancer: keyOf(balancer),
    frontend: keyOf(frontend.slice(frontend.lastIndexOf('/') + 1)),
  };
});

const databaseService = remembered((resource, port: number): Service | undefined => {
  const target = backendOf(resource.tags);
  return target && { kind: 'database', id: keyOf(resource.id), target, ports: [port] };
});

function nicsOf({ properties }: Resource): readonly string[] {
  const profile = properties['networkProfile'] as { readonly networkInterfaces?: readonly { readonly id?: string }[] } | undefined;
  return (profile?.networkInterfaces ?? []).flatMap(({ id }) => (id === undefined ? [] : [keyOf(id)]));
}

function compileForwarders(ground: PlanGround, interfaces: ReturnType<typeof interfacesOf>): readonly Forwarder[] {
  const byNic = Map.groupBy(interfaces, ({ nic }) => nic);
  return ground.of(virtualMachineType).flatMap((machine): readonly Forwarder[] => {
    const own = nicsOf(machine).flatMap((nic) => byNic.get(nic) ?? []);
    const [first] = own;
    if (first === undefined) return [];
    const { outputs } = machine.status;
    return [
      {
        id: keyOf(machine.id),
        segment: first.segment,
        addresses: own.filter(({ segment }) => segment === first.segment).map(({ address }) => address),
        running: outputs['powerState'] === 'running',
        rules: forwardRules(outputs['forwarding']),
      },
    ];
  });
}

function forwardRules(given: unknown): readonly ForwardRule[] {
  if (!Array.isArray(given)) return [];
  const rules = (given as readonly { readonly port: number; readonly host: string; readonly toPort: number }[]).map(
    ({ port, host, toPort }) => ({ port, to: { host: host.toLowerCase(), port: toPort } }),
  );
  return rules.toSorted((a, b) => a.port - b.port);
}
