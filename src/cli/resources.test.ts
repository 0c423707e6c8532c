import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JsonObject } from '#arm/resource.ts';
import { refusal, testSubscription } from '#test/servers/arm-server.ts';
import { startCommandLine, type CommandLine } from '#test/servers/command-line.ts';
import { addResources } from './add-resources.ts';

const group = `/subscriptions/${testSubscription}/resourceGroups/shop`;
const vnet = `${group}/providers/Microsoft.Network/virtualNetworks/v`;
const subnet = `${vnet}/subnets/s`;

let line: CommandLine;
beforeEach(async () => {
  line = await startCommandLine(addResources);
});
afterEach(() => line[Symbol.asyncDispose]());

/** What was written, in order. */
function writes(): readonly string[] {
  return line.server.requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);
}

const network = `
type: Microsoft.Network/virtualNetworks/subnets
name: v/s
properties: { addressPrefix: 10.0.0.0/24 }
---
type: Microsoft.Network/virtualNetworks
name: v
location: westeurope
tags: { team: one }
properties:
  addressSpace: { addressPrefixes: [10.0.0.0/16] }
`;

test('what is asked for is made in order, and the second time nothing changes', async () => {
  const file = line.file('network.yaml', network);
  const first = await line.run('apply', '-f', file, '-g', 'shop', '--location', 'westeurope');
  expect(first.out).toBe(`+ create  ${group}\n+ create  ${vnet}\n+ create  ${subnet}\nDone.\n`);
  expect(first.err).toBe(`created ${group}\ncreated ${vnet}\ncreated ${subnet}\n`);
  expect(writes()).toEqual([`PUT ${group}`, `PUT ${vnet}`, `PUT ${subnet}`]);
  const second = await line.run('apply', '-f', file, '-g', 'shop', '--location', 'westeurope');
  expect(second.out).toBe(`= same    ${vnet}\n= same    ${subnet}\nNothing changes.\n`);
  expect(writes()).toHaveLength(3);
});

test('what differs is shown member by member, and only that is written', async () => {
  const file = line.file('network.yaml', network);
  await line.run('apply', '-f', file, '-g', 'shop', '--yes');
  line.file('network.yaml', network.replace('team: one', 'owner: two').replace('[10.0.0.0/16]', '[10.0.0.0/16, 10.1.0.0/16]'));
  const diff = await line.run('diff', '-f', file, '-g', 'shop');
  expect(diff.out).toBe(
    `~ change  ${vnet}\n` +
      '    properties.addressSpace.addressPrefixes: ["10.0.0.0/16"] → ["10.0.0.0/16","10.1.0.0/16"]\n' +
      '    tags.owner: absent → "two"\n' +
      '    tags.team: "one" → absent\n' +
      `= same    ${subnet}\n1 to change, 1 the same.\n`,
  );
  expect(writes()).toHaveLength(2);
  const json = JSON.parse((await line.run('apply', '-f', file, '-g', 'shop', '-o', 'json')).out) as JsonObject;
  expect(json).toMatchObject({ applied: true, changes: [{ id: vnet, change: 'change' }, { change: 'same' }] });
  expect(writes().slice(2)).toEqual([`PUT ${vnet}`]);
  expect(JSON.parse((await line.run('diff', '-f', file, '-g', 'shop', '-o', 'json')).out)).toMatchObject({ applied: false });
});

test('passwords are neither shown nor compared, and written on demand', async () => {
  const server = {
    type: 'Microsoft.Sql/servers',
    name: 'd',
    properties: { administratorLogin: 'sa', administratorLoginPassword: 'hunter2' },
  };
  const file = line.file('server.json', JSON.stringify(server));
  await line.run('apply', '-f', file, '-g', 'shop');
  const again = await line.run('apply', '-f', file, '-g', 'shop');
  expect(again.out).toContain('properties.administratorLoginPassword: never shown, so not compared\nNothing changes.');
  const forced = await line.run('apply', '-f', file, '-g', 'shop', '--rewrite', '-o', 'json');
  expect([forced.out, again.out].join('')).not.toContain('hunter2');
  expect(writes()).toHaveLength(2);
});

test('what get shows can be applied, and changes nothing', async () => {
  await line.run('apply', '-f', line.file('network.yaml', network), '-g', 'shop');
  line.input = (await line.run('get', vnet, '-o', 'yaml')).out;
  expect((await line.run('apply', '-f', '-')).out).toContain('Nothing changes.');
  line.input = (await line.run('get', `${vnet}/subnets`, '-o', 'json')).out;
  expect((await line.run('apply', '-f', '-')).out).toContain('Nothing changes.');
});

test('a template is a deployment, whose changes the server says', async () => {
  const template = {
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    parameters: { name: { type: 'string' }, count: { type: 'int' }, password: { type: 'secureString' } },
    resources: [],
  };
  const file = line.file('main site.json', JSON.stringify(template));
  const secret = line.file('password.txt', 'hunter2\n');
  const deployment = `${group}/providers/Microsoft.Resources/deployments/main-site`;
  let changeType = 'Modify';
  line.server.script = ({ method, path, body }) => {
    if (path.endsWith('/whatIf')) {
      const delta = [
        {
          path: 'properties',
          propertyChangeType: 'Modify',
          children: [{ path: 'size', propertyChangeType: 'Modify', before: 1, after: 2 }],
        },
      ];
      return {
        status: 200,
        body: {
          status: 'Succeeded',
          properties: {
            changes: [
              { resourceId: vnet, changeType, delta },
              { resourceId: subnet, changeType: 'Ignore' },
            ],
          },
        },
      };
    }
    if (method !== 'PUT') return undefined;
    const outputs = { address: { type: 'String', value: '10.0.0.4' } };
    const answer = { id: path, type: 'Microsoft.Resources/deployments', properties: { provisioningState: 'Succeeded', outputs } };
    return { status: 201, body: { ...answer, asked: body! } };
  };
  const args = ['-f', file, '-g', 'shop', '--parameters', 'name=shop', 'count=3', `password=@${secret}`];
  const done = await line.run('apply', ...args);
  expect(done).toEqual({ out: `~ change  ${vnet}\n    properties.size: 1 → 2\nDone.\naddress  10.0.0.4\n`, err: `changed ${vnet}\n` });
  expect(writes()).toEqual([`POST ${deployment}/whatIf`, `PUT ${deployment}`]);
  expect(line.server.requests.at(-1)?.body).toMatchObject({
    properties: {
      mode: 'Incremental',
      template,
      parameters: { name: { value: 'shop' }, count: { value: 3 }, password: { value: 'hunter2' } },
    },
  });
  changeType = 'NoChange';
  expect((await line.run('apply', ...args)).out).toContain('Nothing changes.');
  expect(writes()).toHaveLength(3);
  const refused = (...more: string[]): Promise<unknown> => line.run('apply', '-f', file, '-g', 'shop', '--parameters', ...more);
  await expect(refused('password=hunter2')).rejects.toMatchObject({ kind: 'invalid', code: 'SecretInArgument' });
  await expect(refused('nane=x')).rejects.toMatchObject({ code: 'UnknownParameter', remedy: 'It has: name, count, password.' });
  await expect(refused('count=three')).rejects.toMatchObject({ code: 'BadParameter' });
  await expect(line.run('apply', '-f', file)).rejects.toMatchObject({ code: 'GroupMissing' });
});

test('parameters come from files of either form', async () => {
  const template = { resources: [{ type: 'Microsoft.Network/virtualNetworks', name: 'v' }], parameters: { a: { type: 'int' } } };
  const file = line.file('t.json', JSON.stringify(template));
  const wrapped = line.file(
    'p1.json',
    JSON.stringify({ $schema: 'https://…/deploymentParameters.json#', parameters: { a: { value: 1 } } }),
  );
  const plain = line.file('p2.yaml', 'a: 2\n');
  line.server.script = ({ path }) =>
    path.endsWith('/whatIf') ? { status: 200, body: { changes: [{ resourceId: vnet, changeType: 'Create' }] } } : undefined;
  await line.run('apply', '-f', file, '-g', 'shop', '--parameters', `@${wrapped}`);
  expect(line.server.requests.at(-1)?.body).toMatchObject({ properties: { parameters: { a: { value: 1 } } } });
  await line.run('apply', '-f', file, '-g', 'shop', '--parameters', `@${plain}`);
  expect(line.server.requests.at(-1)?.body).toMatchObject({ properties: { parameters: { a: { value: 2 } } } });
  await expect(line.run('apply', '-f', wrapped, '-g', 'shop')).rejects.toMatchObject({ code: 'BadDocument' });
});

test('files that ask for nothing that can be made are refused, by place and not by content', async () => {
  const refused = (content: string): Promise<unknown> => line.run('apply', '-f', line.file('x.yaml', content), '-g', 'shop');
  await expect(refused('a: [hunter2')).rejects.toMatchObject({
    code: 'FileUnreadable',
    message: expect.not.stringContaining('hunter2') as string,
  });
  await expect(refused('just a text')).rejects.toMatchObject({ code: 'BadDocument' });
  await expect(refused('name: v')).rejects.toMatchObject({ code: 'BadDocument' });
  await expect(refused('')).rejects.toMatchObject({ code: 'NothingAsked' });
  await expect(refused('{type: Microsoft.Network/virtualNetworks/subnets, name: s/x/y}')).rejects.toMatchObject({ code: 'NameWrong' });
  await expect(line.run('apply', '-f', 'none.yaml')).rejects.toMatchObject({ kind: 'missing', code: 'NoSuchFile' });
  line.file('many/1.yaml', network);
  expect((await line.run('apply', '-f', `${line.folder}/many`, '-g', 'shop', '--what-if')).out).toContain('2 to create.');
});

test('resources go with those in them first, after a yes', async () => {
  const file = line.file('network.yaml', network);
  await line.run('apply', '-f', file, '-g', 'shop');
  await expect(line.run('delete', '-f', file, '-g', 'shop')).rejects.toMatchObject({ code: 'NotConfirmed', remedy: 'Give --yes.' });
  const gone = await line.run('delete', '-f', file, '-g', 'shop', '--yes');
  expect(writes().slice(2)).toEqual([`DELETE ${subnet}`, `DELETE ${vnet}`]);
  expect(gone.err).toBe(`deleted ${subnet}\ndeleted ${vnet}\n`);
  expect((await line.run('delete', vnet)).out).toBe('Nothing changes.\n');
  await expect(line.run('delete', `${vnet}/subnets`)).rejects.toMatchObject({ code: 'InvalidResourceId' });
});

test('types are known by their last word', async () => {
  await line.run('apply', '-f', line.file('network.yaml', network), '-g', 'shop', '--location', 'x');
  line.server.script = ({ path }) => {
    if (!path.endsWith('/providers')) return undefined;
    const resourceTypes = ['virtualNetworks', 'virtualNetworks/subnets', 'privateEndpoints'].map((resourceType) => ({ resourceType }));
    return { status: 200, body: { value: [{ namespace: 'Microsoft.Network', resourceTypes }] } };
  };
  const table = (await line.run('get', 'virtualnetwork', '-g', 'shop')).out.split('\n');
  expect(table[0]).toMatch(/^NAME +GROUP +LOCATION +STATE +TAGS$/);
  expect(table[1]).toMatch(/^v +shop +westeurope +Succeeded +team=one$/);
  expect((await line.run('get', 'subnets', 'v', '-g', 'shop')).out).toMatch(/\nv\/s +shop +Succeeded\n$/);
  expect(JSON.parse((await line.run('get', 'subnets', 'v/s', '-g', 'shop', '-o', 'json')).out)).toMatchObject({ id: subnet });
  expect((await line.run('get', 'groups', 'shop')).out).toMatch(/\nshop/);
  expect((await line.run('get', 'virtualNetworks')).out).toContain('NAME');
  expect(line.server.requests.at(-1)?.path).toBe(`/subscriptions/${testSubscription}/providers/Microsoft.Network/virtualNetworks`);
  await line.run('get', 'roleAssignments', '--scope', '/');
  expect(line.server.requests.map(({ path }) => path)).toContain('/providers/Microsoft.Authorization/roleAssignments');
  await expect(line.run('get', 'virtualThings')).rejects.toMatchObject({
    code: 'UnknownType',
    remedy: expect.stringContaining('virtualNetworks') as string,
  });
  await expect(line.run('get', 'virtualNetworks', 'v')).rejects.toMatchObject({ code: 'GroupMissing' });
  await expect(line.run('get', 'virtualNetworks', 'none', '-g', 'shop')).rejects.toMatchObject({ kind: 'missing' });
});

test('roles are shown by their names', async () => {
  const properties = { principalId: 'p', roleDefinitionId: '/providers/Microsoft.Authorization/roleDefinitions/ABC', scope: '/' };
  line.server.script = ({ path }) => {
    const value = path.endsWith('/roleDefinitions') ? [{ name: 'abc', properties: { roleName: 'Reader' } }] : [{ name: 'n', properties }];
    return { status: 200, body: { value } };
  };
  expect((await line.run('get', 'roleAssignments', '--scope', '/')).out.split('\n')[1]).toMatch(/^p +Reader +\/ +n$/);
  expect((await line.run('get', 'roleAssignments', '--scope', '/', '-o', 'json')).out).toContain('/ABC');
});

test('any request can be made as it is', async () => {
  line.server.script = ({ method, headers, body }) =>
    method === 'PATCH' ? { status: 200, body: { match: headers['if-match']!, body: body! } } : undefined;
  const file = line.file('b.json', '{"tags":{"a":"b"}}');
  const { out } = await line.run('rest', 'patch', `${vnet}?api-version=2022-01-01`, '--body', `@${file}`, '--header', 'If-Match: *');
  expect(JSON.parse(out)).toEqual({ match: '*', body: { tags: { a: 'b' } } });
  expect(line.server.requests.at(-1)?.query.get('api-version')).toBe('2022-01-01');
  expect((await line.run('rest', 'DELETE', vnet)).err).toBe('status 204\n');
  await expect(line.run('rest', 'PUT', vnet, '--body', '{')).rejects.toMatchObject({ code: 'BadBody' });
  line.server.script = () => refusal(409, 'InUse', 'It is in use.', 'Delete the others.');
  await expect(line.run('rest', 'DELETE', vnet)).rejects.toMatchObject({ kind: 'conflict', code: 'InUse', remedy: 'Delete the others.' });
});

test('the audit log is shown from a time on, and verified', async () => {
  const record = {
    sequence: 7,
    time: '2026-11-22T06:00:00.000Z',
    principalName: 'anna',
    action: 'a/write',
    outcome: 'refused',
    code: 'X',
    scope: vnet,
  };
  let verdict: JsonObject = { valid: true, records: 7 };
  line.server.script = ({ path }) => ({
    status: 200,
    body: path.endsWith('/verify') ? verdict : { value: [{ ...record, changes: [{ name: 'tags.a' }] }] },
  });
  const shown = await line.run('audit', '--since', '2026-11-22');
  expect(shown.out.split('\n')[1]).toMatch(/^7 +2026-11-22T06:00:00.000Z +anna +a\/write +refused X +\S+ +tags.a$/);
  expect(line.server.requests.at(-1)?.query.get('$since')).toBe('2026-11-22T00:00:00.000Z');
  expect((await line.run('audit', '--verify')).out).toBe('The audit log is whole: 7 records.\n');
  verdict = { valid: false, records: 7, firstBad: 3, reason: 'its hash differs.' };
  await expect(line.run('audit', '--verify')).rejects.toMatchObject({
    kind: 'corrupt',
    message: 'The audit log is broken at record 3 of 7: its hash differs.',
  });
  await expect(line.run('audit', '--since', 'yesterday')).rejects.toMatchObject({ code: 'BadTime' });
});
