import type { NetworkScene } from './network-scene.ts';
import type { Sent } from './provider-scene.ts';

const net = 'Microsoft.Network';

interface Reference {
  readonly id: string;
}

export interface Tutorial {
  readonly subnet: (name: string) => Reference;
  /** A part of the balancer. */
  readonly part: (word: string, name: string) => Reference;
  readonly balancer: string;
  readonly service: string;
  readonly endpoint: string;
  /** PUTs the endpoint. */
  readonly ask: (more?: {
    readonly message?: string;
    readonly manual?: boolean;
    readonly as?: string;
    readonly to?: string;
  }) => Promise<Sent>;
  /** PUTs a decision about its connection. */
  readonly decide: (status: string, as?: string) => Promise<Sent>;
  /** Writes the service, with these tags and properties beside the tutorial's. */
  readonly putService: (tags?: object, more?: object) => Promise<Sent>;
  /** The status that the endpoint shows. */
  readonly state: () => Promise<string>;
}

/** The subnets of the tutorial, and one for consumers. */
export async function withSubnets(scene: NetworkScene): Promise<(name: string) => Reference> {
  const network = scene.id(`${net}/virtualNetworks`, 'myVNet');
  const subnets = ['be', 'fe', 'pls', 'pe'].map((name, i) => ({
    name: `${name}-subnet`,
    properties: { addressPrefix: `10.0.${i}.0/24`, privateLinkServiceNetworkPolicies: name === 'pls' ? 'Disabled' : 'Enabled' },
  }));
  await scene.put(network, { location: 'eastus', properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] }, subnets } });
  return (name) => ({ id: `${network}/subnets/${name}-subnet` });
}

/** The tutorial up to its private link service, with two forwarders; `ask` makes the endpoint. */
export async function tutorial(scene: NetworkScene): Promise<Tutorial> {
  const subnet = await withSubnets(scene);
  const balancer = scene.id(`${net}/loadBalancers`, 'myLoadBalancer');
  const part = (word: string, name: string) => ({ id: `${balancer}/${word}/${name}` });
  await scene.put(balancer, {
    location: 'eastus',
    sku: { name: 'Standard' },
    properties: {
      frontendIPConfigurations: [
        {
          name: 'LoadBalancerFrontEnd',
          zones: ['1', '2', '3'],
          properties: { subnet: subnet('fe'), privateIPAllocationMethod: 'Dynamic' },
        },
      ],
      backendAddressPools: [{ name: 'myBackendPool' }],
      probes: [{ name: 'myHealthProbe', properties: { protocol: 'Tcp', port: 22, intervalInSeconds: 15, numberOfProbes: 2 } }],
      loadBalancingRules: [
        {
          name: 'myRule',
          properties: {
            frontendIPConfiguration: part('frontendIPConfigurations', 'LoadBalancerFrontEnd'),
            backendAddressPool: part('backendAddressPools', 'myBackendPool'),
            probe: part('probes', 'myHealthProbe'),
            protocol: 'Tcp',
            frontendPort: 1433,
            backendPort: 1433,
            idleTimeoutInMinutes: 15,
            enableTcpReset: false,
          },
        },
      ],
    },
  });
  for (const name of ['myVM1', 'myVM2']) {
    const nic = scene.id(`${net}/networkInterfaces`, `${name}-nic`);
    await scene.put(nic, {
      location: 'eastus',
      properties: {
        ipConfigurations: [
          {
            name: 'ipconfig1',
            properties: { subnet: subnet('be'), loadBalancerBackendAddressPools: [part('backendAddressPools', 'myBackendPool')] },
          },
        ],
      },
    });
    const machine = scene.id('Microsoft.Compute/virtualMachines', name);
    await scene.put(machine, { location: 'eastus', properties: { networkProfile: { networkInterfaces: [{ id: nic }] } } });
  }
  const service = scene.id(`${net}/privateLinkServices`, 'myPrivateLinkService');
  const putService = (tags: object = {}, more: object = {}): Promise<Sent> =>
    scene.plane.send('PUT', service, {
      location: 'eastus',
      tags,
      properties: {
        loadBalancerFrontendIpConfigurations: [part('frontendIPConfigurations', 'LoadBalancerFrontEnd')],
        ipConfigurations: [{ name: 'nat1', properties: { subnet: subnet('pls') } }],
        fqdns: ['mi1.abc.database.windows.net'],
        ...more,
      },
    });
  await putService();
  const endpoint = scene.id(`${net}/privateEndpoints`, 'myEndpoint');
  const ask: Tutorial['ask'] = ({ message = 'please', manual = true, as = 'owner', to = service } = {}) => {
    const connections = [{ name: 'c', properties: { privateLinkServiceId: to, requestMessage: message } }];
    const word = manual ? 'manualPrivateLinkServiceConnections' : 'privateLinkServiceConnections';
    return scene.plane.send('PUT', endpoint, { location: 'eastus', properties: { subnet: subnet('pe'), [word]: connections } }, as);
  };
  const decide: Tutorial['decide'] = async (status, as = 'approver') => {
    const [connection] = (await scene.plane.send('GET', `${service}/privateEndpointConnections`)).body.value;
    const body = { properties: { privateLinkServiceConnectionState: { status, description: 'because' } } };
    return await scene.plane.send('PUT', connection.id, body, as);
  };
  const state = async (): Promise<string> => {
    const { properties } = (await scene.plane.send('GET', endpoint)).body;
    const [one] = [...properties.manualPrivateLinkServiceConnections, ...properties.privateLinkServiceConnections];
    return String(one.properties.privateLinkServiceConnectionState.status);
  };
  return { subnet, balancer, service, endpoint, ask, decide, part, putService, state };
}
