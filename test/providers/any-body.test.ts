import fc from 'fast-check';
import { expect, test } from 'vitest';
import { computeTypes } from '#providers/compute/compute-types.ts';
import { mysqlTypes } from '#providers/mysql/mysql-types.ts';
import { postgresqlTypes } from '#providers/postgresql/postgresql-types.ts';
import { sqlTypes } from '#providers/sql/sql-types.ts';
import { group, providerScene } from './provider-scene.ts';

const names = [
  'Microsoft.Compute/virtualMachines/a',
  'Microsoft.Compute/virtualMachines/a/forwardingRules/1433',
  'Microsoft.Sql/servers/a',
  'Microsoft.Sql/servers/a/databases/d',
  'Microsoft.Sql/servers/a/firewallRules/r',
  'Microsoft.Sql/servers/a/connectionPolicies/default',
  'Microsoft.Sql/managedInstances/a',
  'Microsoft.DBforPostgreSQL/flexibleServers/a',
  'Microsoft.DBforMySQL/flexibleServers/a',
];

const members = [
  'networkProfile networkInterfaces id hardwareProfile osProfile adminPassword host toPort device network powerWish',
  'startIpAddress endIpAddress connectionType subnetId administratorLoginPassword version vCores',
];
const member = fc.constantFrom(...members.join(' ').split(' '));
const leaf = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('1.1.1.1', 'eth0', 'Proxy', '12.0', '17', group),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, leaf, fc.dictionary(member, tie('value'), { maxKeys: 4 }), fc.array(tie('value'), { maxLength: 2 })),
}));
const body = fc.oneof(
  value,
  fc.record(
    {
      location: fc.oneof(fc.constant('eastus'), leaf),
      tags: fc.dictionary(fc.constantFrom('hidden-backend', 'a'), leaf),
      sku: value,
      properties: value,
    },
    { requiredKeys: ['properties'] },
  ),
);

test('whatever is sent, it is taken or refused', { timeout: 60_000 }, async () => {
  await using plane = await providerScene(({ writer }) => [
    ...computeTypes({ writer }),
    ...sqlTypes({}),
    ...postgresqlTypes({}),
    ...mysqlTypes({}),
  ]);
  const server = { location: 'eastus', properties: {} };
  for (const name of names.filter((one) => one.split('/').length === 3)) await plane.send('PUT', `${group}/providers/${name}`, server);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), fc.constantFrom('PUT', 'PATCH'), body, async (name, verb, sent) => {
      const id = `${group}/providers/${name}`;
      const written = await plane.send(verb, id, sent);
      expect(written.status < 500 ? '' : written.text).toBe('');
      expect((await plane.send('GET', id)).status).toBeLessThan(500);
    }),
    { numRuns: 400 },
  );
});
