import { backendOf } from '#arm/database-server.ts';
import type { FirewallRule } from '#arm/firewall-rules.ts';
import type { PlanGround } from '#arm/private-link.ts';
import { keyOf, parseResourceId } from '#arm/resource-id.ts';
import type { JsonObject, Resource } from '#arm/resource.ts';
import { managedInstancePort, type FirewallRange, type PublicServer } from '#fabric/plan.ts';
import { privateLinkTarget } from './private-link-target.ts';
import { remembered } from './remembered.ts';

const firewallWord = 'firewallRules';
const managedInstanceType = 'Microsoft.Sql/managedInstances';

/** Servers that have a public side behind a firewall: whether it is on stands in their properties. */
const walled: readonly {
  readonly type: string;
  readonly product: PublicServer['product'];
  readonly isOn: (given: JsonObject) => boolean;
}[] = [
  { type: 'Microsoft.Sql/servers', product: 'sql', isOn: ({ publicNetworkAccess }) => publicNetworkAccess === 'Enabled' },
  { type: 'Microsoft.DBforPostgreSQL/flexibleServers', product: 'postgresql', isOn: isOnByNetwork },
  { type: 'Microsoft.DBforMySQL/flexibleServers', product: 'mysql', isOn: isOnByNetwork },
];

/** Types that only the public side of servers is made of. */
export const publicTypes: readonly string[] = walled.map(({ type }) => `${type}/${firewallWord}`);

/** The public names of database servers, in order. */
export function compilePublicServers(ground: PlanGround): readonly PublicServer[] {
  const behindWalls = walled.flatMap(({ type }) => {
    const rules = Map.groupBy(ground.of(`${type}/${firewallWord}`), ({ id }) => keyOf(parseResourceId(id).parent!));
    return ground.of(type).flatMap((server) => walledServer(server, rules.get(keyOf(server.id)) ?? []) ?? []);
  });
  const all = [...behindWalls, ...ground.of(managedInstanceType).flatMap((instance) => instanceNames(instance))];
  const given = new Set<string>();
  const once = all.filter(({ name }) => !given.has(name) && given.add(name));
  return once.toSorted((a, b) => order(a.id, b.id) || order(a.name, b.name));
}

const walledServer = remembered((server, rules: readonly Resource[]): PublicServer | undefined => {
  const name = hostName(server);
  const kind = walled.find(({ type }) => keyOf(type) === keyOf(server.type));
  if (name === undefined || kind === undefined) return undefined;
  return {
    id: keyOf(server.id),
    name,
    product: kind.product,
    port: privateLinkTarget(server.type)!.port!,
    target: backendOf(server.tags),
    access: kind.isOn(server.properties) ? 'enabled' : 'disabled',
    firewall: rules.map((rule) => rangeOf(rule as unknown as Resource<FirewallRule>)),
  };
});

/** Of a managed instance the host name is for its own network, and `{name}.public.{zone}` for everybody, on a port of its own. No firewall is before it. */
const instanceNames = remembered((instance): readonly PublicServer[] => {
  const name = hostName(instance);
  if (name === undefined) return [];
  const both = {
    id: keyOf(instance.id),
    product: 'managed-instance',
    port: managedInstancePort,
    target: backendOf(instance.tags),
    firewall: undefined,
  } as const;
  const access = instance.properties['publicDataEndpointEnabled'] === true ? 'enabled' : 'disabled';
  return [
    { ...both, name, access: 'none' },
    { ...both, name: name.replace('.', '.public.'), access },
  ];
});

function rangeOf({ id, name, properties: { startIpAddress, endIpAddress } }: Resource<FirewallRule>): FirewallRange {
  return { id: keyOf(id), name, from: startIpAddress, to: endIpAddress };
}

/** Where the compiler finds it: see `withName`. */
function hostName({ status }: Resource): string | undefined {
  const name = status.outputs['fullyQualifiedDomainName'];
  return typeof name === 'string' ? keyOf(name) : undefined;
}

/** A server that stands in a network of its owner's has no public side. */
function isOnByNetwork({ network }: JsonObject): boolean {
  const { publicNetworkAccess, delegatedSubnetResourceId } = (network ?? {}) as JsonObject;
  return publicNetworkAccess === 'Enabled' && delegatedSubnetResourceId === undefined;
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
