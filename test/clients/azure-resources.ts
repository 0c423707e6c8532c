// Drives a control plane with Microsoft's packages, unmodified, in the two generations that are in use. Prints what it saw as JSON.
import { ClientSecretCredential } from '@azure/identity';
import { ResourceManagementClient as NewClient } from '@azure/arm-resources';
import { ResourceManagementClient as OldClient } from '@azure/arm-resources-7';
import { DeploymentsClient } from '@azure/arm-resourcesdeployments';

const { ARM = '', CLIENT_ID = '', CLIENT_SECRET = '', SUBSCRIPTION = '', TENANT = '' } = process.env;
const credential = new ClientSecretCredential(TENANT, CLIENT_ID, CLIENT_SECRET, { authorityHost: ARM, disableInstanceDiscovery: true });
const options = { endpoint: ARM };
const old = new OldClient(credential, SUBSCRIPTION, options);
const fresh = new NewClient(credential, SUBSCRIPTION, options);
const seen: Record<string, unknown> = {};

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function refusal(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
    return 'nothing refused';
  } catch (error) {
    const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
    return { code, statusCode };
  }
}

for (const [name, client] of [
  ['old', old],
  ['new', fresh],
] as const) {
  const group = `sdk-${name}`;
  const made = await client.resourceGroups.createOrUpdate(group, { location: 'westeurope', tags: { a: '1' } });
  const again = await client.resourceGroups.createOrUpdate(group, { location: 'westeurope', tags: { a: '2' } });
  const patched = await client.resourceGroups.update(group, { tags: { b: '3' } });
  const got = await client.resourceGroups.get(group.toUpperCase());
  const listed = (await all(client.resourceGroups.list())).map((one) => one.name);
  const exists = await client.resourceGroups.checkExistence(group);
  const missing = await client.resourceGroups.checkExistence('not-there');
  const id = `${made.id}/providers/Microsoft.Network/virtualNetworks/v`;
  const version = '2025-05-01';
  const body = { location: 'westeurope', properties: { addressSpace: { addressPrefixes: ['10.1.0.0/16'] } } };
  if (client === old) await old.resources.beginCreateOrUpdateByIdAndWait(id, version, body);
  else await fresh.resources.createOrUpdateById(id, version, body);
  // The packages' generic model leaves the etag out: it is read from the answer itself.
  let raw = '';
  await client.resources.getById(id, version, {
    onResponse: (answer: { bodyAsText?: string | null }) => void (raw = answer.bodyAsText ?? ''),
  });
  const { etag } = JSON.parse(raw) as { etag?: string };
  const stale = { 'If-Match': 'W/"stale"' };
  const put =
    client === old
      ? (headers: Record<string, string>) =>
          old.resources.beginCreateOrUpdateByIdAndWait(id, version, body, { requestOptions: { customHeaders: headers } })
      : (headers: Record<string, string>) => fresh.resources.createOrUpdateById(id, version, body, { requestOptions: { headers } });
  const locked = await refusal(async () => put(stale));
  const matched = (await put({ 'If-Match': String(etag) })) as { name?: string };
  const inGroup = (await all(client.resources.listByResourceGroup(group))).map((one) => one.type);
  const filtered = (await all(client.resources.list({ filter: "resourceType eq 'Microsoft.Network/virtualNetworks'" }))).length;
  const providers = (await all(client.providers.list())).map((one) => one.namespace);
  const wrong = await refusal(async () => client.resourceGroups.get('not-there'));
  const bad = await refusal(async () => client.resourceGroups.createOrUpdate('bad name!', { location: 'westeurope' }));
  if (client === old) await old.resourceGroups.beginDeleteAndWait(group);
  else await fresh.resourceGroups.delete(group);
  const gone = await refusal(async () => client.resourceGroups.get(group));
  seen[name] = {
    made: made.tags,
    again: again.tags,
    patched: patched.tags,
    got: [got.name, got.location, got.properties?.provisioningState],
    isListed: listed.includes(group),
    exists,
    missing,
    locked,
    matched: matched.name,
    inGroup,
    filtered,
    hasProviders: providers.includes('Microsoft.Network') && providers.includes('Microsoft.Resources'),
    wrong,
    bad,
    gone,
  };
}

const deployments = new DeploymentsClient(credential, SUBSCRIPTION, options).deployments;
await fresh.resourceGroups.createOrUpdate('sdk-deployed', { location: 'westeurope' });
const template = {
  $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
  contentVersion: '1.0.0.0',
  parameters: { name: { type: 'string' } },
  resources: [
    {
      type: 'Microsoft.Network/virtualNetworks',
      apiVersion: '2025-05-01',
      name: "[parameters('name')]",
      location: '[resourceGroup().location]',
      properties: {
        addressSpace: { addressPrefixes: ['10.2.0.0/16'] },
        subnets: [{ name: 'a', properties: { addressPrefix: '10.2.1.0/24' } }],
      },
    },
  ],
  outputs: { subnet: { type: 'string', value: "[resourceId('Microsoft.Network/virtualNetworks/subnets', parameters('name'), 'a')]" } },
};
const deployed = await deployments.createOrUpdate('sdk-deployed', 'first', {
  properties: { mode: 'Incremental', template, parameters: { name: { value: 'net' } } },
});
seen['deployed'] = { state: deployed.properties?.provisioningState, outputs: deployed.properties?.outputs };
await fresh.resourceGroups.delete('sdk-deployed');
process.stdout.write(JSON.stringify(seen));
