// SQL pools and link connections with Microsoft's packages, unmodified: @azure/arm-synapse for pools, @azure/synapse-artifacts for links.
// Prints what it saw as JSON. The first argument says which part.
import { ClientSecretCredential } from '@azure/identity';
import { SynapseManagementClient } from '@azure/arm-synapse';
import { ArtifactsClient, type LinkConnectionResource, type LinkTableRequest } from '@azure/synapse-artifacts';

const { ARM = '', CLIENT_ID = '', CLIENT_SECRET = '', SUBSCRIPTION = '', TENANT = '' } = process.env;
const credential = new ClientSecretCredential(TENANT, CLIENT_ID, CLIENT_SECRET, { authorityHost: ARM, disableInstanceDiscovery: true });
const client = new SynapseManagementClient(credential, SUBSCRIPTION, { endpoint: ARM });
const [part = '', argument = ''] = process.argv.slice(2);
const [group, workspace, pool, link] = ['shop', 'shopspace', 'sdkpool', 'sdklink'];

const endpoint = (await client.workspaces.get(group, workspace)).connectivityEndpoints!['dev']!;
const { linkConnectionOperations: links, sqlPools } = new ArtifactsClient(credential, endpoint);

async function all<T>(pages: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const one of pages) found.push(one);
  return found;
}

/** Until the link is so; the operations themselves answer at once. */
async function reached(status: string): Promise<unknown> {
  for (const end = Date.now() + 60_000; Date.now() < end;) {
    const now = await links.getDetailedStatus(link);
    if (now.status === status) return { status, applying: typeof now.isApplyingChanges, run: now.continuousRunId?.length };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return await links.getDetailedStatus(link);
}

const body: LinkConnectionResource = {
  description: 'By the package.',
  properties: {
    sourceDatabase: {
      linkedService: { referenceName: 'shop', type: 'LinkedServiceReference' },
      typeProperties: { resourceId: '/a/server', principalId: 'nobody' },
    },
    targetDatabase: {
      linkedService: {
        referenceName: `${workspace}-WorkspaceDefaultSqlServer`,
        type: 'LinkedServiceReference',
        parameters: { DBName: pool },
      },
      typeProperties: { crossTableTransaction: true, dropExistingTargetTableOnStart: true },
    },
    compute: { coreCount: 4, computeType: 'General', dataProcessIntervalMinutes: 0 },
  },
};

const table = (tableName: string, operationType: string): LinkTableRequest => ({
  source: { schemaName: 'public', tableName },
  target: {
    schemaName: 'dbo',
    tableName,
    distributionOptions: { type: 'Round_RoBin', distributionColumn: '' },
    structureOptions: { type: 'Heap' },
  },
  operationType,
});

const actions = { start: 'Running', pause: 'Paused', resume: 'Running', stop: 'Stopped' } as const;

const parts: Readonly<Record<string, () => Promise<unknown>>> = {
  pool: async () => {
    const made = await client.sqlPools.beginCreateAndWait(group, workspace, pool, { location: 'eastus', sku: { name: 'DW100c' } });
    await client.sqlPools.beginPauseAndWait(group, workspace, pool);
    const paused = (await client.sqlPools.get(group, workspace, pool)).status;
    await client.sqlPools.beginResumeAndWait(group, workspace, pool);
    const resumed = (await client.sqlPools.get(group, workspace, pool)).status;
    const scaled = await client.sqlPools.update(group, workspace, pool, { sku: { name: 'DW200c' } });
    const listed = await all(client.sqlPools.listByWorkspace(group, workspace));
    return {
      made: [made.status, made.sku?.name, made.collation],
      paused,
      resumed,
      scaled: scaled.sku?.name,
      listed: listed.map(({ name }) => name),
      plane: [(await sqlPools.get(pool)).name, (await sqlPools.list()).value?.length],
    };
  },
  link: async () => {
    const made = await links.createOrUpdate(link, body);
    await links.editTables(link, { linkTables: [table('checking', 'Add'), table('savings', 'add')] });
    await links.editTables(link, { linkTables: [table('savings', 'Remove')] });
    const got = await links.get(link);
    return {
      made: [made.name, made.description, made.properties.compute?.coreCount],
      same: got.properties.sourceDatabase,
      listed: (await all(links.listByWorkspace())).map(({ name }) => name),
      tables: (await links.listLinkTables(link)).value?.map(({ name, target }) => [
        name,
        target?.schemaName,
        target?.structureOptions?.type,
      ]),
      status: (await links.getDetailedStatus(link)).status,
    };
  },
  act: async () => {
    await links[argument as keyof typeof actions](link);
    return await reached(actions[argument as keyof typeof actions]);
  },
  tables: async () => {
    const { value, continuationToken } = await links.queryTableStatus(link, { maxSegmentCount: 50 });
    return { value: value?.map(({ status, errorCode, linkTableId }) => [status, errorCode, linkTableId?.length]), continuationToken };
  },
  remove: async () => {
    await links.updateLandingZoneCredential(link, { sasToken: { type: 'SecureString', value: 'sas-canary' } });
    const text = JSON.stringify(await links.get(link));
    await links.delete(link);
    return text.includes('sas-canary');
  },
  'remove-pool': async () => {
    await client.sqlPools.beginDeleteAndWait(group, workspace, pool);
    return (await all(client.sqlPools.listByWorkspace(group, workspace))).length;
  },
};

process.stdout.write(JSON.stringify((await parts[part]!()) ?? null));
