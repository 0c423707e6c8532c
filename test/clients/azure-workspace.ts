// A Synapse workspace with Microsoft's packages, unmodified: @azure/arm-synapse for the workspace, its firewall and its runtimes,
// @azure/synapse-artifacts for its linked services. Neither has managed private endpoints or tests of connections: those are the requests of the
// Studio. Prints what it saw as JSON. The first argument says which part.
import { ClientSecretCredential } from '@azure/identity';
import { SynapseManagementClient, type Workspace } from '@azure/arm-synapse';
import { ArtifactsClient, type LinkedServiceResource } from '@azure/synapse-artifacts';

const {
  ARM = '',
  CLIENT_ID = '',
  CLIENT_SECRET = '',
  SUBSCRIPTION = '',
  TENANT = '',
  DATABASE_USER = '',
  DATABASE_PASSWORD = '',
} = process.env;
const credential = new ClientSecretCredential(TENANT, CLIENT_ID, CLIENT_SECRET, { authorityHost: ARM, disableInstanceDiscovery: true });
const client = new SynapseManagementClient(credential, SUBSCRIPTION, { endpoint: ARM });
const [part = '', argument = ''] = process.argv.slice(2);
const [group, name, runtime] = ['synapse', 'tutorialspace', 'AutoResolveIntegrationRuntime'];
const server = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${group}/providers/Microsoft.DBforPostgreSQL/flexibleServers/shop-source`;

async function developmentEndpoint(): Promise<string> {
  return (await client.workspaces.get(group, name)).connectivityEndpoints!['dev']!;
}

/** As the Studio asks its workspace. */
async function ask(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: unknown }> {
  const { token } = await credential.getToken('https://dev.azuresynapse.net/.default');
  const answer = await fetch(`${await developmentEndpoint()}/${path}?api-version=2020-12-01`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
}

async function all<T>(pages: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const one of pages) found.push(one);
  return found;
}

async function refusal(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
    return 'done';
  } catch (error) {
    const { statusCode, code } = error as { statusCode?: number; code?: string };
    return [statusCode, code];
  }
}

const workspace: Workspace = {
  location: 'eastus',
  identity: { type: 'SystemAssigned' },
  defaultDataLakeStorage: { accountUrl: 'https://lake.example', filesystem: 'files' },
  sqlAdministratorLogin: 'sqladminuser',
  sqlAdministratorLoginPassword: 'canary-of-the-administrator',
  managedVirtualNetwork: 'default',
  managedVirtualNetworkSettings: { preventDataExfiltration: true, allowedAadTenantIdsForLinking: [] },
};

const endpoint = 'managedVirtualNetworks/default/managedPrivateEndpoints/toShop';

const parts: Readonly<Record<string, () => Promise<unknown>>> = {
  workspace: async () => {
    const made = await client.workspaces.beginCreateOrUpdateAndWait(group, name, workspace);
    const bypassed = await client.workspaces.beginCreateOrUpdateAndWait(group, name, { ...workspace, trustedServiceBypassEnabled: true });
    const patched = await client.workspaces.beginUpdateAndWait(group, name, { tags: { team: 'one' }, publicNetworkAccess: 'Disabled' });
    const listed = await all(client.workspaces.listByResourceGroup(group));
    return {
      state: made.provisioningState,
      endpoints: Object.keys(made.connectivityEndpoints ?? {}).toSorted(),
      principal: made.identity?.principalId?.length,
      uid: made.workspaceUID?.length,
      settings: made.managedVirtualNetworkSettings,
      bypass: [made.trustedServiceBypassEnabled, bypassed.trustedServiceBypassEnabled, patched.trustedServiceBypassEnabled],
      access: [made.publicNetworkAccess, patched.publicNetworkAccess],
      listed: listed.map((one) => one.name),
      everywhere: (await all(client.workspaces.list())).length,
      loosened: await refusal(
        client.workspaces.beginCreateOrUpdateAndWait(group, name, {
          ...workspace,
          managedVirtualNetworkSettings: { preventDataExfiltration: false },
        }),
      ),
      text: JSON.stringify([made, bypassed, patched, listed]),
    };
  },
  firewall: async () => {
    const everywhere = { startIpAddress: '0.0.0.0', endIpAddress: '255.255.255.255' };
    const office = { startIpAddress: '203.0.113.1', endIpAddress: '203.0.113.9' };
    const rules = async () => (await all(client.ipFirewallRules.listByWorkspace(group, name))).map((rule) => rule.name);
    await client.ipFirewallRules.beginCreateOrUpdateAndWait(group, name, 'allowAll', everywhere);
    const [before, got] = [await rules(), await client.ipFirewallRules.get(group, name, 'allowAll')];
    await client.ipFirewallRules.beginReplaceAllAndWait(group, name, { ipFirewallRules: { office } });
    const after = await rules();
    await client.ipFirewallRules.beginDeleteAndWait(group, name, 'office');
    return { before, end: got.endIpAddress, after, last: await rules() };
  },
  runtimes: async () => {
    const { integrationRuntimes: runtimes, integrationRuntimeStatusOperations: statuses } = client;
    const own = await runtimes.beginCreateAndWait(group, name, 'own', { properties: { type: 'Managed' } });
    const listed = (await all(runtimes.listByWorkspace(group, name))).map((one) => one.name);
    const got = await runtimes.get(group, name, 'AutoResolvingIntegrationRuntime');
    await runtimes.beginDeleteAndWait(group, name, 'own');
    await runtimes.beginEnableInteractiveQueryAndWait(group, name, runtime);
    const status = await statuses.get(group, name, runtime);
    return { own: own.properties.type, listed, alias: got.name, status: [status.name, status.properties.type, status.properties.state] };
  },
  status: async () => await ask('POST', `integrationRuntimes/${runtime}/getStatus`),
  disable: async () => {
    await client.integrationRuntimes.beginDisableInteractiveQueryAndWait(group, name, runtime);
    return ((await ask('POST', `integrationRuntimes/${runtime}/getStatus`)) as { body: unknown }).body;
  },
  artifacts: async () => {
    const artifacts = new ArtifactsClient(credential, await developmentEndpoint());
    const { linkedServiceOperations: services } = artifacts;
    const service: LinkedServiceResource = {
      properties: {
        type: 'AzurePostgreSql',
        connectVia: { type: 'IntegrationRuntimeReference', referenceName: runtime },
        connectionString: `Host=${argument};Port=5432;Database=postgres;UID=${DATABASE_USER};Password={${DATABASE_PASSWORD}};EncryptionMethod=0`,
      } as unknown as LinkedServiceResource['properties'],
    };
    const made = await services.beginCreateOrUpdateLinkedServiceAndWait('shop', service);
    await services.beginCreateOrUpdateLinkedServiceAndWait('other', service);
    const listed = (await all(services.listLinkedServicesByWorkspace())).map((one) => one.name);
    await services.beginDeleteLinkedServiceAndWait('other');
    const { connectionString } = (await services.getLinkedService('shop')).properties as unknown as { connectionString: string };
    const root = await artifacts.workspaceOperations.get();
    const runtimes = (await artifacts.integrationRuntimes.list()).value?.map((one) => one.name);
    return {
      made: made.name,
      listed,
      connectionString,
      root: [root.name, root.managedVirtualNetwork],
      runtimes,
      gone: await refusal(services.getLinkedService('other')),
    };
  },
  endpoint: async () => {
    const asked = { properties: { privateLinkResourceId: server, groupId: 'postgresqlServer' } };
    return await ask('PUT', endpoint, asked);
  },
  state: async () => await ask('GET', endpoint),
  'remove-endpoint': async () => [
    (await ask('DELETE', endpoint)).status,
    (await ask('GET', 'managedVirtualNetworks/default/managedPrivateEndpoints')).body,
  ],
  test: async () => await ask('POST', 'testConnectivity', { linkedService: { name: 'shop' } }),
  elsewhere: async () => {
    const typeProperties = { server: 'elsewhere.example', database: 'x', username: 'x', password: { type: 'SecureString', value: 'x' } };
    return await ask('POST', 'testConnectivity', {
      linkedService: { name: 'unsaved', properties: { type: 'PostgreSqlV2', typeProperties } },
    });
  },
  browse: async () => await ask('POST', 'browse', { linkedService: { name: 'shop' } }),
  preview: async () =>
    await ask('POST', 'preview', { linkedService: { name: 'shop' }, table: { schemaName: 'public', tableName: argument }, mostRows: 2 }),
  delete: async () => {
    await client.workspaces.beginDeleteAndWait(group, name);
    return await refusal(client.workspaces.get(group, name));
  },
};

process.stdout.write(JSON.stringify((await parts[part]!()) ?? null));
