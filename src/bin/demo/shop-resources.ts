import type { JsonObject } from '#arm/resource.ts';

/** One resource of the demo: what is said while it is made, where it is, and what is asked of it. */
export interface ShopResource {
  readonly says: string;
  readonly path: string;
  readonly body: JsonObject;
}

/** Where the demo's resources are. */
export interface ShopPaths {
  readonly group: string;
  readonly service: string;
  readonly forwarder: string;
  readonly workspace: string;
  /** What the workspace's own interface begins with. */
  readonly plane: string;
  readonly endpoint: string;
  readonly linkedService: string;
  readonly link: string;
}

export const shopWorkspace = 'shop';
export const shopPool = 'shop';
/** The name by which the database is known in the workspace's managed network, and nowhere else. */
const shopHost = 'shop.db.example';
export const shopPort = 5432;
const linkedServiceName = 'shop-database';
const location = 'westeurope';

export function shopPaths(subscription: string): ShopPaths {
  const group = `/subscriptions/${subscription}/resourceGroups/shop`;
  const plane = `/synapse/${shopWorkspace}`;
  return {
    group,
    service: `${group}/providers/Microsoft.Network/privateLinkServices/shop-service`,
    forwarder: `${group}/providers/Microsoft.Compute/virtualMachines/shop-forwarder`,
    workspace: `${group}/providers/Microsoft.Synapse/workspaces/${shopWorkspace}`,
    plane,
    endpoint: `${plane}/managedVirtualNetworks/default/managedPrivateEndpoints/${linkedServiceName}`,
    linkedService: `${plane}/linkedservices/${linkedServiceName}`,
    link: `${plane}/linkConnections/shop`,
  };
}

/** The provider's side, as in Azure's tutorial: subnets, a standard internal balancer, a private link service, a forwarder. In order. */
export function providerSide({ group, service, forwarder }: ShopPaths): readonly ShopResource[] {
  const network = `${group}/providers/Microsoft.Network/virtualNetworks/shop-network`;
  const balancer = `${group}/providers/Microsoft.Network/loadBalancers/shop-balancer`;
  const card = `${group}/providers/Microsoft.Network/networkInterfaces/shop-forwarder-nic`;
  const subnet = (name: string): JsonObject => ({ id: `${network}/subnets/${name}` });
  const part = (word: string, name: string): JsonObject => ({ id: `${balancer}/${word}/${name}` });
  const frontend = part('frontendIPConfigurations', 'frontend');
  const backends = part('backendAddressPools', 'forwarders');
  return [
    { says: 'a resource group', path: group, body: { location } },
    {
      says: 'a virtual network with be-subnet, fe-subnet and pls-subnet',
      path: network,
      body: {
        location,
        properties: {
          addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
          subnets: [
            { name: 'be-subnet', properties: { addressPrefix: '10.0.1.0/24' } },
            { name: 'fe-subnet', properties: { addressPrefix: '10.0.2.0/24' } },
            { name: 'pls-subnet', properties: { addressPrefix: '10.0.3.0/24', privateLinkServiceNetworkPolicies: 'Disabled' } },
          ],
        },
      },
    },
    {
      says: 'a standard internal load balancer with pool, probe and rule',
      path: balancer,
      body: {
        location,
        sku: { name: 'Standard' },
        properties: {
          frontendIPConfigurations: [
            { name: 'frontend', properties: { privateIPAllocationMethod: 'Dynamic', subnet: subnet('fe-subnet') } },
          ],
          backendAddressPools: [{ name: 'forwarders' }],
          probes: [{ name: 'answers', properties: { protocol: 'Tcp', port: shopPort, intervalInSeconds: 5, numberOfProbes: 2 } }],
          loadBalancingRules: [
            {
              name: 'postgresql',
              properties: {
                protocol: 'Tcp',
                frontendPort: shopPort,
                backendPort: shopPort,
                idleTimeoutInMinutes: 15,
                frontendIPConfiguration: frontend,
                backendAddressPool: backends,
                probe: part('probes', 'answers'),
              },
            },
          ],
        },
      },
    },
    {
      says: 'a private link service',
      path: service,
      body: {
        location,
        properties: {
          loadBalancerFrontendIpConfigurations: [frontend],
          ipConfigurations: [{ name: 'nat', properties: { subnet: subnet('pls-subnet') } }],
        },
      },
    },
    {
      says: 'a network interface in be-subnet',
      path: card,
      body: {
        location,
        properties: {
          ipConfigurations: [
            { name: 'ipconfig1', properties: { subnet: subnet('be-subnet'), loadBalancerBackendAddressPools: [backends] } },
          ],
        },
      },
    },
    { says: 'a forwarder', path: forwarder, body: { location, properties: { networkProfile: { networkInterfaces: [{ id: card }] } } } },
  ];
}

/** The consumer's side: a workspace that nothing leaves but over approved endpoints, its pool, and an endpoint that asks for the database. In order. */
export function consumerSide({ workspace, endpoint, service }: ShopPaths, memoryMb: number): readonly ShopResource[] {
  return [
    {
      says: 'a workspace with a managed network and data exfiltration protection',
      path: workspace,
      body: {
        location,
        properties: {
          managedVirtualNetwork: 'default',
          managedVirtualNetworkSettings: { preventDataExfiltration: true },
          publicNetworkAccess: 'Disabled',
          trustedServiceBypassEnabled: true,
        },
      },
    },
    {
      says: 'a SQL pool',
      path: `${workspace}/sqlPools/${shopPool}`,
      body: { location, sku: { name: 'DW100c' }, tags: { 'hidden-memory-mb': String(memoryMb) }, properties: {} },
    },
    {
      says: 'a managed private endpoint to the service',
      path: endpoint,
      body: { properties: { privateLinkResourceId: service, fqdns: [shopHost] } },
    },
  ];
}

export interface ShopLogin {
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export function linkedService({ linkedService: path }: ShopPaths, { user, password, database }: ShopLogin): ShopResource {
  const typeProperties: JsonObject = {
    server: shopHost,
    port: shopPort,
    database,
    username: user,
    sslMode: 0,
    password: { type: 'SecureString', value: password },
  };
  return { says: 'a linked service', path, body: { properties: { type: 'PostgreSqlV2', typeProperties } } };
}

/** `tables`: names in the schema `public`. */
export function linkConnection({ link }: ShopPaths, tables: readonly string[]): ShopResource {
  const linkTables = tables.map((tableName) => {
    const names: JsonObject = { schemaName: 'public', tableName };
    return { source: names, target: names };
  });
  return {
    says: `a link connection of ${tables.length} tables`,
    path: link,
    body: {
      properties: {
        sourceDatabase: { linkedService: { referenceName: linkedServiceName, type: 'LinkedServiceReference' } },
        targetDatabase: {
          linkedService: { referenceName: shopPool, type: 'LinkedServiceReference', parameters: { DBName: shopPool } },
          typeProperties: { crossTableTransaction: true, dropExistingTargetTableOnStart: true },
        },
        compute: { coreCount: 4, computeType: 'General' },
        linkTables,
      },
    },
  };
}
