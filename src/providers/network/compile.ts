import { backendOf } from '#arm/database-server.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { Resource } from '#arm/resource.ts';
import type { Endpoint, FabricPlan, Forwarder, ForwardRule, Segment, Service } from '#fabric/plan.ts';
import { addressAt } from './address-book.ts';
import { aliasOf, isAlias } from './alias.ts';
import { interfacesOf } from './backends.ts';
import { compileBalancers } from './compile-balancers.ts';
import { compileNames } from './compile-names.ts';
import { connectionOf } from './connections.ts';
import { endpointName, targetNames } from './endpoint-names.ts';
import { endpointSlot, type KnownConnection, type PrivateEndpointProperties, wishOf } from './private-endpoint-shape.ts';
import { connectionWord, privateLinkTarget, privateLinkTargets } from './private-link-target.ts';
import type { PrivateLinkServiceProperties } from './private-link-service.ts';
import { networkOfSubnet } from './subnet.ts';
import { groundOf, type PlanGround } from './plan-ground.ts';
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
];

/**
 * The network that the resources describe. Pure: the same resources give the same plan, in whatever order they come. What is being deleted is not
 * there any more, and what has no address yet is not there so far.
 */
export function compile(resources: readonly Resource[]): FabricPlan {
  const ground = groundOf(resources);
  const interfaces = interfacesOf(ground.of(networkInterfaceType));
  const forwarders = compileForwarders(ground, interfaces);
  const byNic = new Map<string, string>();
  for (const machine of ground.of(virtualMachineType))
    for (const nic of nicsOf(machine)) if (!byNic.has(nic)) byNic.set(nic, keyOf(machine.id));
  const services = compileServices(ground);
  return {
    segments: compileSegments(ground),
    endpoints: compileEndpoints(ground, new Set(services.map(({ id }) => id))),
    services,
    balancers: compileBalancers(ground, { interfaces, forwarders: byNic }),
    forwarders,
  };
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
      const one = port === undefined ? balancedService(resource, ground) : databaseService(resource, port);
      return one === undefined ? [] : [one];
    }),
  );
  return services.toSorted((a, b) => (a.id < b.id ? -1 : Number(a.id > b.id)));
}

function balancedService(resource: Resource, ground: PlanGround): Service | undefined {
  const { properties } = resource as unknown as Resource<PrivateLinkServiceProperties>;
  const frontend = parseResourceId(properties.loadBalancerFrontendIpConfigurations[0]!.id);
  const natAddresses = properties.ipConfigurations.flatMap((one) => addressAt(resource, one.name, one.properties.subnet.id) ?? []);
  if (natAddresses.length === 0 || ground.get(frontend.parent!) === undefined) return undefined;
  return {
    kind: 'balanced',
    id: keyOf(resource.id),
    natAddresses,
    proxyProtocol: properties.enableProxyProtocol,
    balancer: keyOf(frontend.parent!),
    frontend: keyOf(frontend.name),
  };
}

function databaseService(resource: Resource, port: number): Service | undefined {
  const target = backendOf(resource.tags);
  return target && { kind: 'database', id: keyOf(resource.id), target, ports: [port] };
}

function compileEndpoints(ground: PlanGround, services: ReadonlySet<string>): readonly Endpoint[] {
  const given = new Set<number | string>();
  return ground.of(privateEndpointType).flatMap((resource): readonly Endpoint[] => {
    const self = resource as unknown as Resource<PrivateEndpointProperties>;
    const { subnet, customDnsConfigs } = self.properties;
    const segment = keyOf(networkOfSubnet(subnet.id));
    const address = addressAt(self, endpointSlot, subnet.id);
    const known = self.status.outputs['connection'] as unknown as KnownConnection | undefined;
    if (known === undefined || address === undefined || ground.get(segment) === undefined) return [];
    const place = `${segment} ${address}`;
    if (given.has(known.linkId) || given.has(place)) return [];
    given.add(place);
    given.add(known.linkId);
    const target = targetOf(self, known, ground);
    const names = [...customDnsConfigs.map(({ fqdn }) => fqdn), ...(target === undefined ? [] : targetNames(target))];
    const way = wayOf(self, known, target, ground);
    return [
      {
        id: keyOf(self.id),
        segment,
        address,
        ...way,
        names: [...new Set(names.map(keyOf))].toSorted().map(endpointName),
        service: target !== undefined && services.has(keyOf(target.id)) ? keyOf(target.id) : undefined,
        linkId: known.linkId,
      },
    ];
  });
}

/** What it leads to: of what its connection lies in and what it asks for, both must be the same. */
function targetOf({ properties }: Resource<PrivateEndpointProperties>, known: KnownConnection, ground: PlanGround): Resource | undefined {
  const target = ground.get(parseResourceId(known.id).parent!);
  if (target === undefined || privateLinkTarget(target.type) === undefined) return undefined;
  const asked = wishOf(properties).properties.privateLinkServiceId;
  const name = isAlias(asked) ? aliasOf(target) : target.id;
  return keyOf(asked) === keyOf(name) ? target : undefined;
}

/** Open only by a connection that says so, belongs to this endpoint, and lies in what it leads to. */
function wayOf(
  self: Resource<PrivateEndpointProperties>,
  known: KnownConnection,
  target: Resource | undefined,
  ground: PlanGround,
): Pick<Endpoint, 'state' | 'expiresAtMs'> {
  const connection = ground.get(known.id);
  if (connection === undefined) return { state: 'Disconnected', expiresAtMs: undefined };
  const { privateEndpoint, linkIdentifier, privateLinkServiceConnectionState, approval } = connectionOf(connection);
  const own = keyOf(privateEndpoint.id) === keyOf(self.id) && linkIdentifier === String(known.linkId);
  if (!own) return { state: 'Disconnected', expiresAtMs: undefined };
  if (target === undefined) return { state: 'Pending', expiresAtMs: undefined };
  return {
    state: privateLinkServiceConnectionState.status,
    expiresAtMs: approval.expiresAt === undefined ? undefined : Date.parse(approval.expiresAt),
  };
}

function nicsOf({ properties }: Resource): readonly string[] {
  const profile = properties['networkProfile'] as { readonly networkInterfaces?: readonly { readonly id?: string }[] } | undefined;
  return (profile?.networkInterfaces ?? []).flatMap(({ id }) => (id === undefined ? [] : [keyOf(id)]));
}

function compileForwarders(ground: PlanGround, interfaces: ReturnType<typeof interfacesOf>): readonly Forwarder[] {
  return ground.of(virtualMachineType).flatMap((machine): readonly Forwarder[] => {
    const nics = new Set(nicsOf(machine));
    const own = interfaces.filter(({ nic }) => nics.has(nic));
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
