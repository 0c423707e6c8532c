import { expect, test } from 'vitest';
import { type Answer, ControlPlane } from './control-plane.ts';

/** As `az` sends it: the template's name without quotes, a line end in a text, comments. */
const loose = `{"properties": {"mode": "incremental", "parameters": {"prefix": {"value": "shop"}}, template: {
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0", // what is deployed
  "metadata": {"description": "two
lines"},
  "parameters": {"prefix": {"type": "string"}, "word": {"type": "securestring", "defaultValue": "[newGuid()]"}},
  "resources": [
    {"type": "Microsoft.Network/virtualNetworks/subnets", "apiVersion": "2024-05-01", "name": "[concat(parameters('prefix'), '-net/', 's', copyIndex())]",
      "copy": {"name": "subnets", "count": 2}, "dependsOn": ["[resourceId('Microsoft.Network/virtualNetworks', concat(parameters('prefix'), '-net'))]"],
      "properties": {"addressPrefix": "[format('10.1.{0}.0/24', copyIndex())]"}},
    {"type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-05-01", "name": "[concat(parameters('prefix'), '-net')]",
      "location": "[resourceGroup().location]", "properties": {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}}
  ],
  "outputs": {"prefix": {"type": "string", "value": "[reference(resourceId('Microsoft.Network/virtualNetworks', 'shop-net')).addressSpace.addressPrefixes[0]]"},
    "word": {"type": "securestring", "value": "[parameters('word')]"}}
}}}`;

/** What a what-if answers, in short. */
function changeTypes(answer: Answer): readonly string[] {
  return (answer.json.properties.changes as readonly { readonly changeType: string }[]).map((one) => one.changeType);
}

test('a template is validated, tried, deployed, listed, tried again, and its record deleted', async () => {
  await using plane = await ControlPlane.start();
  const group = plane.group('templates');
  const ask = (method: string, path: string, body?: unknown): Promise<Answer> =>
    plane.ask({ method, path: `${path}?api-version=2024-05-01`, body });
  expect((await ask('PUT', group, { location: 'westeurope' })).status).toBe(201);
  const path = `${group}/providers/Microsoft.Resources/deployments/first`;
  expect((await ask('POST', `${path}/validate`, loose)).json).toMatchObject({ properties: { provisioningState: 'Succeeded' } });
  expect(changeTypes(await ask('POST', `${path}/whatIf`, loose))).toEqual(['Create', 'Create', 'Create']);
  expect((await ask('PUT', path, loose)).status).toBe(201);
  const state = async (): Promise<unknown> => (await ask('GET', path)).json.properties.provisioningState;
  await expect.poll(state, { timeout: 20_000 }).toBe('Succeeded');
  const { outputs, outputResources } = (await ask('GET', path)).json.properties;
  expect(outputs).toEqual({ prefix: { type: 'String', value: '10.1.0.0/16' }, word: { type: 'SecureString' } });
  expect(outputResources).toHaveLength(3);
  // Without the namespace, as az asks.
  expect((await ask('GET', `${group}/deployments/first/operations`)).json.value).toHaveLength(3);
  expect(changeTypes(await ask('POST', `${path}/whatIf`, loose))).toEqual(['NoChange', 'NoChange', 'NoChange']);
  expect((await ask('POST', `${path}/exportTemplate`)).json.template.contentVersion).toBe('1.0.0.0');
  const wrong = await ask('PUT', path, { properties: { template: { resources: [{ type: 'Microsoft.X/a', name: '[nope()]' }] } } });
  expect([wrong.status, wrong.json.error.code]).toEqual([400, 'InvalidTemplate']);
  expect((await ask('DELETE', path)).status).toBe(202);
  await expect.poll(async () => (await ask('GET', path)).status).toBe(404);
  expect((await ask('GET', `${group}/providers/Microsoft.Network/virtualNetworks/shop-net`)).status).toBe(200);
  plane.forget();
});

test('a deployment goes on where a kill left it', async () => {
  const plane = await ControlPlane.start();
  const group = plane.group('killed');
  const path = `${group}/providers/Microsoft.Resources/deployments/many`;
  const template = {
    resources: Array.from({ length: 120 }, (_, i) => ({
      type: 'Microsoft.Network/virtualNetworks',
      apiVersion: '2024-05-01',
      name: `net${i}`,
      location: 'westeurope',
      dependsOn: i === 0 ? [] : [`net${i - 1}`],
      properties: { addressSpace: { addressPrefixes: ['10.1.0.0/16'] } },
    })),
  };
  try {
    await plane.ask({ method: 'PUT', path: group, body: { location: 'westeurope' } });
    const put = plane.ask({ method: 'PUT', path, body: { properties: { template } } }).catch(() => undefined);
    const networks = `${group}/providers/Microsoft.Network/virtualNetworks`;
    await expect.poll(async () => (await plane.ask({ path: networks })).json.value.length, { interval: 5 }).toBeGreaterThan(3);
    await plane[Symbol.asyncDispose]();
    await put;
    await using again = await ControlPlane.start(plane.folder);
    const state = async (): Promise<unknown> => (await again.ask({ path })).json.properties.provisioningState;
    await expect.poll(state, { timeout: 20_000 }).toBe('Succeeded');
    const { outputResources } = (await again.ask({ path })).json.properties;
    expect(outputResources).toHaveLength(120);
    expect((await again.ask({ path: `${networks}/net119` })).json.properties.provisioningState).toBe('Succeeded');
  } finally {
    await plane[Symbol.asyncDispose]();
    plane.forget();
  }
});
