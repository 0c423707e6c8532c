import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ControlPlane, runClient } from './control-plane.ts';
import { notDriven } from './driven.ts';

const az = '/usr/bin/az';
let plane: ControlPlane;
let folder: string;
beforeAll(async () => {
  plane = await ControlPlane.start();
  folder = mkdtempSync(join(tmpdir(), 'isthmus-az-'));
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  plane.forget();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs `az …`; answers what it printed as JSON. */
async function run(...args: readonly string[]): Promise<unknown> {
  const { code, out, err } = await runClient(plane, az, [...args, '-o', 'json'], {
    AZURE_CONFIG_DIR: join(folder, 'azure'),
    AZURE_CORE_COLLECT_TELEMETRY: 'no',
    AZURE_CORE_NO_COLOR: 'yes',
  });
  if (code !== 0) throw new Error(`az ${args.slice(0, 3).join(' ')}: ${err}`);
  return out.trim() === '' ? undefined : JSON.parse(out);
}

const template = {
  $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
  contentVersion: '1.0.0.0',
  parameters: { count: { type: 'int', defaultValue: 2 }, prefix: { type: 'string' } },
  variables: { location: '[resourceGroup().location]' },
  resources: [
    {
      type: 'Microsoft.Network/virtualNetworks',
      apiVersion: '2022-07-01',
      name: "[format('{0}-{1}', parameters('prefix'), copyIndex())]",
      location: "[variables('location')]",
      copy: { name: 'networks', count: "[parameters('count')]" },
      properties: { addressSpace: { addressPrefixes: ["[concat('10.', copyIndex(1), '.0.0/16')]"] } },
    },
    {
      type: 'Microsoft.Network/virtualNetworks/subnets',
      apiVersion: '2022-07-01',
      name: "[concat(parameters('prefix'), '-0/inner')]",
      dependsOn: ['networks'],
      properties: { addressPrefix: '10.1.1.0/24' },
    },
  ],
  outputs: {
    guid: {
      type: 'string',
      value: "[reference(resourceId('Microsoft.Network/virtualNetworks', concat(parameters('prefix'), '-0'))).resourceGuid]",
    },
  },
};

test('the Azure CLI signs in, and makes, shows, deploys to and deletes groups', { timeout: 300_000 }, async () => {
  const { clientId, clientSecret } = plane.administrator;
  await run('cloud', 'register', '-n', 'Isthmus', '--endpoint-resource-manager', plane.arm);
  await run('cloud', 'set', '-n', 'Isthmus');
  const accounts = await run('login', '--service-principal', '-u', clientId, '-p', clientSecret, '--tenant', plane.tenant);
  expect(accounts).toMatchObject([{ id: plane.subscription, tenantId: plane.tenant, state: 'Enabled', user: { name: clientId } }]);

  expect(await run('group', 'create', '-n', 'az', '-l', 'westeurope', '--tags', 'a=1')).toMatchObject({
    id: plane.group('az'),
    location: 'westeurope',
    tags: { a: '1' },
    properties: { provisioningState: 'Succeeded' },
  });
  expect(await run('group', 'list')).toMatchObject([{ name: 'az' }]);

  const file = join(folder, 'template.json');
  writeFileSync(file, JSON.stringify(template));
  const deployed = await run(
    'deployment',
    'group',
    'create',
    '-g',
    'az',
    '-n',
    'first',
    '--template-file',
    file,
    '--parameters',
    'prefix=net',
  );
  expect(deployed).toMatchObject({
    properties: { provisioningState: 'Succeeded', outputs: { guid: { value: expect.stringMatching(/^[0-9a-f-]{36}$/) } } },
  });
  const operations = await run('deployment', 'operation', 'group', 'list', '-g', 'az', '-n', 'first');
  expect(operations).toHaveLength(3);
  expect(await run('resource', 'list', '-g', 'az', '--query', '[].name')).toEqual(expect.arrayContaining(['net-0', 'net-1']));

  const subnet = `${plane.group('az')}/providers/Microsoft.Network/virtualNetworks/net-0/subnets/inner`;
  const shown = await run('rest', '--method', 'get', '--uri', `${plane.arm}${subnet}?api-version=2022-07-01`);
  expect(shown).toMatchObject({ name: 'inner', properties: { addressPrefix: '10.1.1.0/24', provisioningState: 'Succeeded' } });
  await expect(run('rest', '--method', 'get', '--uri', `${plane.arm}${subnet}x?api-version=2022-07-01`)).rejects.toThrow(
    /ResourceNotFound/,
  );
  expect(await run('provider', 'show', '-n', 'Microsoft.Network', '--query', 'registrationState')).toBe('Registered');

  await run('group', 'delete', '-n', 'az', '--yes');
  expect(await run('group', 'list')).toEqual([]);
  expect(await run('group', 'exists', '-n', 'az')).toBe(false);
  expect(await notDriven(plane, 'azure-cli')).toEqual([]);
});
