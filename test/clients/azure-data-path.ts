// The tutorial's last sections, 'Create a Private Endpoint to Private Link Service' and 'Create a linked service and test the connection', with
// Microsoft's package, unmodified. It has no method for testing connections, nor for interactive authoring: those are the requests of the Studio.
// Prints what it saw as JSON. The first argument says which part.
import { ClientSecretCredential } from '@azure/identity';
import { DataFactoryManagementClient, type LinkedServiceResource } from '@azure/arm-datafactory';

const {
  ARM = '',
  CLIENT_ID = '',
  CLIENT_SECRET = '',
  SUBSCRIPTION = '',
  TENANT = '',
  DATABASE_USER = '',
  DATABASE_PASSWORD = '',
  /** `sqlserver`, as the tutorial has it, or PostgreSQL behind the same path. */
  DATABASE_KIND = '',
} = process.env;
const credential = new ClientSecretCredential(TENANT, CLIENT_ID, CLIENT_SECRET, { authorityHost: ARM, disableInstanceDiscovery: true });
const client = new DataFactoryManagementClient(credential, SUBSCRIPTION, { endpoint: ARM });
const [part = '', argument = ''] = process.argv.slice(2);
const [group, factory, network] = ['tutorial', 'tutorial-factory', 'default'];
const base = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${group}/providers`;
const host = 'sqlmi.tutorial.example';
const runtime = 'AutoResolveIntegrationRuntime';

async function ask(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const { token } = await credential.getToken(`${ARM}/.default`);
  const answer = await fetch(`${ARM}${base}/Microsoft.DataFactory/factories/${factory}/${path}?api-version=2018-06-01`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

function sqlServer(password: string): object {
  const typeProperties = { server: `${host},1433`, database: 'shop', authenticationType: 'SQL', userName: DATABASE_USER };
  return { type: 'AzureSqlMI', typeProperties: { ...typeProperties, password: { type: 'SecureString', value: password } } };
}

function linkedService(password: string): LinkedServiceResource {
  if (DATABASE_KIND === 'sqlserver')
    return {
      properties: {
        type: 'AzureSqlMI',
        connectVia: { type: 'IntegrationRuntimeReference', referenceName: runtime },
        connectionString: `Server=tcp:${host},1433;Initial Catalog=shop;User ID=${DATABASE_USER};Password=${password};Encrypt=True`,
      },
    };
  return {
    properties: {
      type: 'AzurePostgreSql',
      connectVia: { type: 'IntegrationRuntimeReference', referenceName: runtime },
      connectionString: `Host=${host};Port=1433;Database=postgres;UID=${DATABASE_USER};Password={${password}};EncryptionMethod=0`,
    } as unknown as LinkedServiceResource['properties'],
  };
}

const parts: Readonly<Record<string, () => Promise<unknown>>> = {
  factory: async () => {
    const made = await client.factories.createOrUpdate(group, factory, { location: 'eastus', identity: { type: 'SystemAssigned' } });
    const vnet = await client.managedVirtualNetworks.createOrUpdate(group, factory, network, { properties: {} });
    const runtimes = [];
    for await (const one of client.integrationRuntimes.listByFactory(group, factory)) runtimes.push(one.name);
    const own = await client.integrationRuntimes.createOrUpdate(group, factory, 'own', {
      properties: { type: 'Managed', managedVirtualNetwork: { type: 'ManagedVirtualNetworkReference', referenceName: network } },
    });
    const status = await client.integrationRuntimes.getStatus(group, factory, runtime);
    await client.integrationRuntimes.delete(group, factory, 'own');
    return {
      state: made.provisioningState,
      version: made.version,
      hasETag: made.eTag !== undefined,
      principal: made.identity?.principalId?.length,
      network: [vnet.name, vnet.properties.vNetId?.length],
      runtimes,
      own: own.properties.type,
      status: [status.name, status.properties.type, status.properties.state],
    };
  },
  endpoint: async () => {
    const privateLinkResourceId = `${base}/Microsoft.Network/privateLinkServices/myPrivateLinkService`;
    const asked = { properties: { privateLinkResourceId, groupId: '', fqdns: [host] } };
    const made = await client.managedPrivateEndpoints.createOrUpdate(group, factory, network, 'toSqlMi', asked);
    return {
      state: made.properties.connectionState?.status,
      provisioning: made.properties.provisioningState,
      fqdns: made.properties.fqdns,
    };
  },
  state: async () => {
    const found = await client.managedPrivateEndpoints.get(group, factory, network, 'toSqlMi');
    return found.properties.connectionState?.status;
  },
  'linked-service': async () => {
    const made = await client.linkedServices.createOrUpdate(group, factory, 'sqlmi', linkedService(DATABASE_PASSWORD));
    const { type, connectionString, password } = made.properties as unknown as Record<string, unknown>;
    return { name: made.name, type, connectionString, password };
  },
  enable: async () => (await ask('POST', `integrationRuntimes/${runtime}/enableInteractiveQuery`, { autoTerminationMinutes: 10 })).body,
  // As Studio does: the saved one with its mask, or one that is not saved yet.
  test: async () => {
    const linkedService = argument === '' ? (await ask('GET', 'linkedservices/sqlmi')).body : { name: 'unsaved', properties: unsaved() };
    return await ask('POST', 'testConnectivity', { linkedService });
  },
};

function unsaved(): object {
  if (DATABASE_KIND === 'sqlserver') return sqlServer(argument);
  const typeProperties = { server: host, port: 1433, database: 'postgres', username: DATABASE_USER, sslMode: 0 };
  return { type: 'PostgreSqlV2', typeProperties: { ...typeProperties, password: { type: 'SecureString', value: argument } } };
}

process.stdout.write(JSON.stringify((await parts[part]!()) ?? null));
