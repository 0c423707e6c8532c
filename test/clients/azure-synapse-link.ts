// 'Configure Azure Synapse Link for Azure SQL Database with network security', both variants, with Microsoft's packages, unmodified; the source is
// a PostgreSQL server. Managed private endpoints of workspaces and testing a connection are in none of the packages: those are raw requests.
// Prints what it saw as JSON. The first argument says which part, the second what it is about.
import { isDeepStrictEqual } from 'node:util';
import { ClientSecretCredential } from '@azure/identity';
import { PostgreSQLManagementFlexibleServerClient } from '@azure/arm-postgresql-flexible';
import { ResourceManagementClient } from '@azure/arm-resources';
import { SynapseManagementClient } from '@azure/arm-synapse';
import { ArtifactsClient, type LinkConnectionResource, type LinkTableRequest } from '@azure/synapse-artifacts';

const {
  ARM = '',
  CLIENT_ID = '',
  CLIENT_SECRET = '',
  SUBSCRIPTION = '',
  TENANT = '',
  DATABASE_PORT = '',
  DATABASE_USER = '',
  DATABASE_PASSWORD = '',
} = process.env;
const [part = '', workspace = '', argument = ''] = process.argv.slice(2);
const credential = new ClientSecretCredential(TENANT, CLIENT_ID, CLIENT_SECRET, { authorityHost: ARM, disableInstanceDiscovery: true });
const options = { endpoint: ARM };
const resources = new ResourceManagementClient(credential, SUBSCRIPTION, options);
const servers = new PostgreSQLManagementFlexibleServerClient(credential, SUBSCRIPTION, options);
const synapse = new SynapseManagementClient(credential, SUBSCRIPTION, options);
const artifacts = new ArtifactsClient(credential, `${ARM}/synapse/${workspace}`);
const links = artifacts.linkConnectionOperations;
const group = 'link';
const location = 'eastus';
const server = 'shop-server';
const pool = 'pool1';
const second = 'pool2';
const runtime = 'AutoResolveIntegrationRuntime';
const groupId = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${group}`;
const serverId = `${groupId}/providers/Microsoft.DBforPostgreSQL/flexibleServers/${server}`;

/** At the workspace itself. */
async function ask(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const { token } = await credential.getToken('https://dev.azuresynapse.net/.default');
  const answer = await fetch(`${ARM}/synapse/${workspace}/${path}?api-version=2021-06-01-preview`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

async function serverName(): Promise<string> {
  return (await servers.servers.get(group, server)).fullyQualifiedDomainName!;
}

async function poolNames(): Promise<readonly unknown[]> {
  const names: unknown[] = [];
  for await (const one of synapse.sqlPools.listByWorkspace(group, workspace)) names.push(one.name);
  return names;
}

/** What a call was refused with. */
async function refusal(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
    return undefined;
  } catch (error) {
    const { statusCode, code, message } = error as { statusCode?: number; code?: string; message?: string };
    return { statusCode, code, message };
  }
}

function tableRequests(): LinkTableRequest[] {
  return argument.split(',').map((word) => {
    const [from = '', to = from.replace(/.*:/, '')] = word.split('>');
    const [operationType = '', schemaName = '', tableName = ''] = from.split(/[:.]/);
    const [targetSchema = '', target = ''] = to.split('.');
    return {
      // As Studio writes them, with ids of its own; words that begin large go without.
      ...(/^[a-z]/.test(operationType) && { id: guidOf(`${schemaName}.${tableName}`) }),
      source: { schemaName, tableName },
      target: {
        schemaName: targetSchema,
        tableName: target,
        distributionOptions: { type: 'Round_RoBin', distributionColumn: '' },
        structureOptions: { type: 'Heap' },
      },
      operationType,
    };
  });
}

function guidOf(text: string): string {
  const hex = Buffer.from(text.padEnd(16, '.')).toString('hex').slice(-32);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

const parts: Readonly<Record<string, () => Promise<unknown>>> = {
  server: async () => {
    await resources.resourceGroups.createOrUpdate(group, { location });
    const made = await servers.servers.beginCreateOrUpdateAndWait(group, server, {
      location,
      tags: { 'hidden-backend': `127.0.0.1:${DATABASE_PORT}` },
      administratorLogin: DATABASE_USER,
      administratorLoginPassword: 'Never-shown-3',
      version: '17',
    });
    return made.fullyQualifiedDomainName;
  },
  // 'Allow Azure services and resources to access this server'.
  'server-firewall': async () => {
    if (argument === 'off') return await refusal(servers.firewallRules.beginDeleteAndWait(group, server, 'AllowAllAzureServices'));
    const rule = { startIpAddress: '0.0.0.0', endIpAddress: '0.0.0.0' };
    return (await servers.firewallRules.beginCreateOrUpdateAndWait(group, server, 'AllowAllAzureServices', rule)).startIpAddress;
  },
  // 'Allow outbound data traffic only to approved targets': yes or no.
  workspace: async () => {
    const made = await synapse.workspaces.beginCreateOrUpdateAndWait(group, workspace, {
      location,
      identity: { type: 'SystemAssigned' },
      defaultDataLakeStorage: { accountUrl: 'https://unused.example', filesystem: 'unused' },
      managedVirtualNetwork: 'default',
      managedVirtualNetworkSettings: { preventDataExfiltration: argument === 'yes' },
      sqlAdministratorLogin: 'someone',
      sqlAdministratorLoginPassword: 'Never-shown-4',
    });
    const runtimes: unknown[] = [];
    for await (const one of synapse.integrationRuntimes.listByWorkspace(group, workspace)) runtimes.push(one.name);
    const at = await new ArtifactsClient(credential, made.connectivityEndpoints!['dev']!).workspaceOperations.get();
    return {
      state: made.provisioningState,
      network: made.managedVirtualNetwork,
      protects: made.managedVirtualNetworkSettings?.preventDataExfiltration,
      bypass: made.trustedServiceBypassEnabled,
      endpoints: Object.keys(made.connectivityEndpoints ?? {}).toSorted(),
      identity: made.identity?.principalId?.length,
      runtimes,
      seen: at.name,
    };
  },
  // 'Allow Azure Synapse Link for Azure SQL Database to bypass firewall rules', which only a PUT sets.
  bypass: async () => {
    const found = await synapse.workspaces.get(group, workspace);
    const made = await synapse.workspaces.beginCreateOrUpdateAndWait(group, workspace, {
      ...found,
      trustedServiceBypassEnabled: argument === 'on',
    });
    return made.trustedServiceBypassEnabled;
  },
  pool: async () => {
    const made = await synapse.sqlPools.beginCreateAndWait(group, workspace, pool, { location, sku: { name: 'DW100c' } });
    return [made.name, made.status, made.sku?.name];
  },
  // A second one, over all that may be done to it.
  'pool-life': async () => {
    const made = await synapse.sqlPools.beginCreateAndWait(group, workspace, second, { location, sku: { name: 'DW100c' } });
    await synapse.sqlPools.beginPauseAndWait(group, workspace, second);
    const paused = (await synapse.sqlPools.get(group, workspace, second)).status;
    await synapse.sqlPools.beginResumeAndWait(group, workspace, second);
    const resumed = (await synapse.sqlPools.get(group, workspace, second)).status;
    const scaled = await synapse.sqlPools.update(group, workspace, second, { sku: { name: 'DW200c' } });
    const listed = await poolNames();
    const plane = [(await artifacts.sqlPools.get(second)).name, (await artifacts.sqlPools.list()).value?.length];
    await synapse.sqlPools.beginDeleteAndWait(group, workspace, second);
    return {
      made: [made.status, made.sku?.name, made.collation],
      paused,
      resumed,
      scaled: scaled.sku?.name,
      listed,
      plane,
      left: await poolNames(),
    };
  },
  'pool-power': async () => {
    if (argument === 'pause') await synapse.sqlPools.beginPauseAndWait(group, workspace, pool);
    else await synapse.sqlPools.beginResumeAndWait(group, workspace, pool);
    return (await synapse.sqlPools.get(group, workspace, pool)).status;
  },
  interactive: async () => {
    await synapse.integrationRuntimes.beginEnableInteractiveQueryAndWait(group, workspace, runtime);
    const status = await synapse.integrationRuntimeStatusOperations.get(group, workspace, runtime);
    return [status.name, status.properties.type, status.properties.state];
  },
  // A host of their own may be named; without one it is the server's.
  'linked-service': async () => {
    const [name = 'shop', password = DATABASE_PASSWORD, host = await serverName()] = argument.split(',').filter((word) => word !== '');
    const made = await artifacts.linkedServiceOperations.beginCreateOrUpdateLinkedServiceAndWait(name, {
      properties: {
        type: 'AzurePostgreSql',
        connectVia: { type: 'IntegrationRuntimeReference', referenceName: runtime },
        connectionString: `Host=${host};Port=5432;Database=postgres;UID=${DATABASE_USER};Password={${password}};EncryptionMethod=0`,
      } as never,
    });
    return made;
  },
  endpoint: async () => {
    const path = `managedVirtualNetworks/default/managedPrivateEndpoints/${argument === '' ? 'to-shop' : argument}`;
    const body = { properties: { privateLinkResourceId: serverId, groupId: 'postgresqlServer' } };
    return await ask('PUT', path, body);
  },
  'endpoint-state': async () => {
    const { body } = await ask('GET', 'managedVirtualNetworks/default/managedPrivateEndpoints/to-shop');
    return (body['properties'] as { connectionState?: { status?: string } } | undefined)?.connectionState?.status;
  },
  // As the owner of the server.
  decide: async () => {
    const states: unknown[] = [];
    for await (const one of servers.privateEndpointConnections.listByServer(group, server)) {
      await servers.privateEndpointConnections.beginUpdateAndWait(group, server, one.name!, {
        privateLinkServiceConnectionState: { status: argument, description: `${argument} by the owner.` },
      });
      const now = await servers.privateEndpointConnections.get(group, server, one.name!);
      states.push(now.privateLinkServiceConnectionState?.status);
    }
    return states;
  },
  test: async () => await ask('POST', 'testConnectivity', { linkedService: { name: argument === '' ? 'shop' : argument } }),
  browse: async () => await ask('POST', 'browse', { linkedService: { name: 'shop' } }),
  // The server's id, and another one if given, is kept as it came.
  link: async () => {
    const body: LinkConnectionResource = {
      description: 'By the package.',
      properties: {
        sourceDatabase: {
          linkedService: { type: 'LinkedServiceReference', referenceName: 'shop' },
          typeProperties: { resourceId: argument === '' ? serverId : argument, principalId: 'nobody' },
        },
        targetDatabase: {
          linkedService: {
            type: 'LinkedServiceReference',
            referenceName: `${workspace}-WorkspaceDefaultSqlServer`,
            parameters: { DBName: pool },
          },
          typeProperties: { crossTableTransaction: true, dropExistingTargetTableOnStart: true },
        },
        compute: { coreCount: 4, computeType: 'General', dataProcessIntervalMinutes: 0 },
      },
    };
    const made = await links.createOrUpdate('shop-link', body);
    const { sourceDatabase } = (await links.get('shop-link')).properties;
    return {
      made: [made.name, made.description, made.properties.compute?.coreCount],
      same: isDeepStrictEqual(sourceDatabase, body.properties.sourceDatabase),
      status: (await links.getDetailedStatus('shop-link')).status,
    };
  },
  'edit-tables': async () => (await links.editTables('shop-link', { linkTables: tableRequests() })) ?? null,
  'link-tables': async () =>
    (await links.listLinkTables('shop-link')).value?.map(({ name, target }) => [name, target?.schemaName, target?.structureOptions?.type]),
  // Whether it is shown afterwards.
  credential: async () => {
    await links.updateLandingZoneCredential('shop-link', { sasToken: { type: 'SecureString', value: 'sas-canary' } });
    return JSON.stringify(await links.get('shop-link')).includes('sas-canary');
  },
  'default-service': async () => {
    const name = `${workspace}-WorkspaceDefaultSqlServer`;
    const { properties } = await artifacts.linkedServiceOperations.getLinkedService(name);
    const listed: unknown[] = [];
    for await (const one of artifacts.linkedServiceOperations.listLinkedServicesByWorkspace()) listed.push(one.name);
    return { type: properties.type, parameters: properties.parameters, isListed: listed.includes(name) };
  },
  preflight: async () => await ask('POST', 'linkconnections/shop-link/preflight', {}),
  start: async () => (await refusal(links.start('shop-link'))) ?? null,
  stop: async () => (await refusal(links.stop('shop-link'))) ?? null,
  pause: async () => (await refusal(links.pause('shop-link'))) ?? null,
  resume: async () => (await refusal(links.resume('shop-link'))) ?? null,
  delete: async () => (await refusal(links.delete('shop-link'))) ?? null,
  status: async () => {
    const { name, status, isApplyingChanges, isPartiallyFailed, error, continuousRunId, startTime } =
      await links.getDetailedStatus('shop-link');
    return { name, status, isApplyingChanges, isPartiallyFailed, error, run: continuousRunId?.length, startTime };
  },
  'table-status': async () => {
    const all: unknown[] = [];
    let continuationToken: unknown;
    do {
      const page = await links.queryTableStatus('shop-link', { maxSegmentCount: 2, continuationToken });
      all.push(...(page.value ?? []));
      continuationToken = page.continuationToken;
    } while (continuationToken !== undefined && continuationToken !== null && continuationToken !== '');
    return all;
  },
  list: async () => {
    const names: unknown[] = [];
    for await (const one of links.listByWorkspace()) names.push(one.name);
    return names;
  },
  'delete-workspace': async () => (await refusal(synapse.workspaces.beginDeleteAndWait(group, workspace))) ?? null,
};

process.stdout.write(JSON.stringify((await parts[part]!()) ?? null));
