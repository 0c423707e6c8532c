// The tutorial's steps from 'Create subnets' to 'Creating Forwarding Rule', and a private endpoint to it, with Microsoft's packages, unmodified.
// Prints what it saw as JSON. The first argument says which part.
import { ClientSecretCredential } from '@azure/identity';
import { ComputeManagementClient } from '@azure/arm-compute';
import { NetworkManagementClient } from '@azure/arm-network';
import { ResourceManagementClient } from '@azure/arm-resources';
import { SqlManagementClient } from '@azure/arm-sql';

const { ARM = '', CLIENT_ID = '', CLIENT_SECRET = '', SUBSCRIPTION = '', TENANT = '', DATABASE_PORT = '' } = process.env;
const credential = new ClientSecretCredential(TENANT, CLIENT_ID, CLIENT_SECRET, { authorityHost: ARM, disableInstanceDiscovery: true });
const options = { endpoint: ARM };
const resources = new ResourceManagementClient(credential, SUBSCRIPTION, options);
const network = new NetworkManagementClient(credential, SUBSCRIPTION, options);
const compute = new ComputeManagementClient(credential, SUBSCRIPTION, options);
const sql = new SqlManagementClient(credential, SUBSCRIPTION, options);
const [part = '', argument = ''] = process.argv.slice(2);
const group = 'tutorial';
const location = 'eastus';
const base = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${group}/providers/Microsoft.Network`;
const balancer = `${base}/loadBalancers/myLoadBalancer`;

const parts: Readonly<Record<string, () => Promise<unknown>>> = {
  provider: async () => {
    await resources.resourceGroups.createOrUpdate(group, { location });
    const made = await network.virtualNetworks.createOrUpdate(group, 'myVNet', {
      location,
      addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
      subnets: [
        { name: 'be-subnet', addressPrefix: '10.0.1.0/24' },
        { name: 'fe-subnet', addressPrefix: '10.0.2.0/24' },
      ],
    });
    await network.subnets.createOrUpdate(group, 'myVNet', 'pls-subnet', {
      addressPrefix: '10.0.3.0/24',
      privateLinkServiceNetworkPolicies: 'Disabled',
    });
    const frontendIPConfiguration = { id: `${balancer}/frontendIPConfigurations/LoadBalancerFrontEnd` };
    const backendAddressPool = { id: `${balancer}/backendAddressPools/myBackendPool` };
    const lb = await network.loadBalancers.createOrUpdate(group, 'myLoadBalancer', {
      location,
      sku: { name: 'Standard' },
      frontendIPConfigurations: [
        {
          name: 'LoadBalancerFrontEnd',
          zones: ['1', '2', '3'],
          privateIPAllocationMethod: 'Dynamic',
          subnet: { id: `${base}/virtualNetworks/myVNet/subnets/fe-subnet` },
        },
      ],
      backendAddressPools: [{ name: 'myBackendPool' }],
      probes: [{ name: 'myHealthProbe', protocol: 'Tcp', port: 22, intervalInSeconds: 15, numberOfProbes: 2 }],
      loadBalancingRules: [
        {
          name: 'myRule',
          protocol: 'Tcp',
          frontendPort: 1433,
          backendPort: 1433,
          idleTimeoutInMinutes: 15,
          enableTcpReset: false,
          frontendIPConfiguration,
          backendAddressPool,
          probe: { id: `${balancer}/probes/myHealthProbe` },
        },
      ],
    });
    const service = await network.privateLinkServices.createOrUpdate(group, 'myPrivateLinkService', {
      location,
      enableProxyProtocol: false,
      loadBalancerFrontendIpConfigurations: [frontendIPConfiguration],
      ipConfigurations: [{ name: 'nat', primary: true, subnet: { id: `${base}/virtualNetworks/myVNet/subnets/pls-subnet` } }],
    });
    const powers: unknown[] = [];
    for (const name of ['myVM1', 'myVM2']) {
      await network.networkInterfaces.createOrUpdate(group, `${name}-nic`, {
        location,
        ipConfigurations: [
          {
            name: 'ipconfig1',
            subnet: { id: `${base}/virtualNetworks/myVNet/subnets/be-subnet` },
            loadBalancerBackendAddressPools: [backendAddressPool],
          },
        ],
      });
      await compute.virtualMachines.createOrUpdate(group, name, {
        location,
        zones: ['1'],
        hardwareProfile: { vmSize: 'Standard_B1s' },
        storageProfile: { imageReference: { publisher: 'Canonical', offer: 'UbuntuServer', sku: '18.04-LTS', version: 'latest' } },
        osProfile: { computerName: name, adminUsername: 'azureuser', adminPassword: 'Never-shown-1' },
        networkProfile: { networkInterfaces: [{ id: `${base}/networkInterfaces/${name}-nic` }] },
      });
      const ran = await compute.virtualMachines.runCommand(group, name, {
        commandId: 'RunShellScript',
        script: [
          `sudo ./ip_fwd.sh -i eth0 -f 1433 -a localhost -b ${DATABASE_PORT}`,
          'sudo iptables -t nat -v -L PREROUTING -n --line-number',
        ],
      });
      const view = await compute.virtualMachines.instanceView(group, name);
      powers.push([view.statuses?.map((one) => one.code).find((code) => code?.startsWith('PowerState')), ran.value?.[0]?.message]);
    }
    return {
      subnets: made.subnets?.map((one) => one.name),
      frontend: lb.frontendIPConfigurations?.[0]?.privateIPAddress,
      alias: service.alias,
      nat: service.ipConfigurations?.length,
      powers,
    };
  },
  // Its address space is the provider's own: they never meet.
  consumer: async () => {
    await network.virtualNetworks.createOrUpdate(group, 'consumer', {
      location,
      addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
      subnets: [{ name: 'inner', addressPrefix: '10.0.9.0/24' }],
    });
    const endpoint = await network.privateEndpoints.createOrUpdate(group, 'toDatabase', {
      location,
      subnet: { id: `${base}/virtualNetworks/consumer/subnets/inner` },
      manualPrivateLinkServiceConnections: [
        {
          name: 'asks',
          privateLinkServiceId: `${base}/privateLinkServices/myPrivateLinkService`,
          requestMessage: 'For the nightly report.',
        },
      ],
    });
    const [asks] = endpoint.manualPrivateLinkServiceConnections ?? [];
    return { state: asks?.privateLinkServiceConnectionState?.status, message: asks?.requestMessage };
  },
  decide: async () => {
    const service = await network.privateLinkServices.get(group, 'myPrivateLinkService');
    const [connection] = service.privateEndpointConnections ?? [];
    const decided = await network.privateLinkServices.updatePrivateEndpointConnection(group, 'myPrivateLinkService', connection!.name!, {
      privateLinkServiceConnectionState: { status: argument, description: `${argument} by the owner.` },
    });
    const endpoint = await network.privateEndpoints.get(group, 'toDatabase');
    return {
      state: decided.privateLinkServiceConnectionState?.status,
      seen: endpoint.manualPrivateLinkServiceConnections?.[0]?.privateLinkServiceConnectionState?.status,
    };
  },
  power: async () => {
    const [name = '', word] = argument.split('=');
    if (word === 'off') await compute.virtualMachines.powerOff(group, name);
    else await compute.virtualMachines.start(group, name);
    const view = await compute.virtualMachines.instanceView(group, name);
    return view.statuses?.map((one) => one.code);
  },
  server: async () => {
    const server = await sql.servers.beginCreateOrUpdateAndWait(group, 'stands-for-one', {
      location,
      tags: { 'hidden-backend': `127.0.0.1:${DATABASE_PORT}` },
      administratorLogin: 'someone',
      administratorLoginPassword: 'Never-shown-2',
    });
    const endpoint = await network.privateEndpoints.createOrUpdate(group, 'toServer', {
      location,
      subnet: { id: `${base}/virtualNetworks/consumer/subnets/inner` },
      privateLinkServiceConnections: [{ name: 'own', privateLinkServiceId: server.id!, groupIds: ['sqlServer'] }],
    });
    const connections = [];
    for await (const one of sql.privateEndpointConnections.listByServer(group, 'stands-for-one')) connections.push(one);
    return {
      name: server.fullyQualifiedDomainName,
      password: 'administratorLoginPassword' in server ? server.administratorLoginPassword : undefined,
      state: endpoint.privateLinkServiceConnections?.[0]?.privateLinkServiceConnectionState?.status,
      names: endpoint.customDnsConfigs?.map((one) => one.fqdn),
      seen: connections.map((one) => one.privateLinkServiceConnectionState?.status),
    };
  },
};

process.stdout.write(JSON.stringify((await parts[part]!()) ?? null));
