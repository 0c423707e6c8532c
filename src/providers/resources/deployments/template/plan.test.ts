import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fault, must } from '#base/fault.ts';
import type { Json, JsonObject } from '#arm/resource.ts';
import { planned, samplePlace, subscription } from './sample-place.contract.ts';
import type { Plan } from './plan.ts';

const group = `/subscriptions/${subscription}/resourceGroups/shop`;
const vnet = { type: 'Microsoft.Network/virtualNetworks', apiVersion: '2024-05-01', name: 'v', location: '[resourceGroup().location]' };
const lb = { type: 'Microsoft.Network/loadBalancers', apiVersion: '2024-05-01', name: 'lb' };

function byText(a = '', b = ''): number {
  return a < b ? -1 : Number(a > b);
}

function names(plan: Plan): readonly string[] {
  return plan.resources.filter((one) => one.wanted && !one.existing).map(({ name }) => name);
}

function drafts(plan: Plan): readonly JsonObject[] {
  return plan.resources.map((one) => plan.draftOf(one));
}

function refusal(template: JsonObject, parameters?: JsonObject): Fault {
  return must(
    troubleOf(() => planned(template, parameters)),
    'something is refused',
  );
}

/** What the work is refused with. Anything else that is thrown fails the test. */
function troubleOf(work: () => unknown): Fault | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof Fault && error.kind !== 'bug') return error;
    throw error;
  }
}

test('the template that az writes for a load balancer', () => {
  // Put together as `az network lb create` does: names without namespaces of functions, null members, dependsOn by partial id.
  const plan = planned({
    $schema: 'https://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    parameters: {},
    variables: {},
    resources: [
      {
        apiVersion: '2015-06-15',
        name: 'v',
        type: 'Microsoft.Network/virtualNetworks',
        location: 'westeurope',
        tags: null,
        properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } },
      },
      {
        type: 'Microsoft.Network/loadBalancers',
        name: 'lb',
        location: 'westeurope',
        tags: {},
        apiVersion: '2018-11-01',
        dependsOn: ['Microsoft.Network/virtualNetworks/v'],
        properties: {
          backendAddressPools: [{ name: 'lbbepool' }],
          frontendIPConfigurations: [
            {
              name: 'f',
              properties: { privateIPAddress: null, subnet: { id: `${group}/providers/Microsoft.Network/virtualNetworks/v/subnets/s` } },
            },
          ],
        },
        sku: { name: 'Standard' },
      },
    ],
    outputs: { loadBalancer: { type: 'object', value: "[reference('lb')]" } },
  });
  expect(names(plan)).toEqual(['v', 'lb']);
  expect(plan.resources[1]!.id).toBe(`${group}/providers/Microsoft.Network/loadBalancers/lb`);
  expect([...plan.resources[1]!.dependsOn]).toEqual([plan.resources[0]!.key]);
  expect(drafts(plan)[1]).toEqual({
    location: 'westeurope',
    tags: {},
    sku: { name: 'Standard' },
    properties: {
      backendAddressPools: [{ name: 'lbbepool' }],
      frontendIPConfigurations: [
        { name: 'f', properties: { subnet: { id: `${group}/providers/Microsoft.Network/virtualNetworks/v/subnets/s` } } },
      ],
    },
  });
  const outputs = plan.outputs((id) => ({ id, properties: { provisioningState: 'Succeeded' } }));
  expect(outputs).toEqual({ loadBalancer: { type: 'Object', value: { provisioningState: 'Succeeded' } } });
});

test('the order follows dependsOn by id, name, copy, and what reference() names', () => {
  const plan = planned({
    resources: [
      { ...lb, name: 'last', dependsOn: ['nics', "[resourceId('Microsoft.Network/virtualNetworks', 'v')]"], properties: {} },
      {
        ...lb,
        name: "[concat('nic', copyIndex(1))]",
        copy: { name: 'nics', count: 2 },
        properties: { at: "[reference('v').subnets[copyIndex()].id]" },
      },
      {
        ...lb,
        name: 'both',
        properties: { a: "[if(true(), 'x', reference('last').y)]", b: { c: ["[concat(reference('nic1').x, reference('nic2').x)]"] } },
      },
      vnet,
    ],
  });
  expect(names(plan)).toEqual(['v', 'nic1', 'nic2', 'last', 'both']);
  const both = plan.resources.at(-1)!;
  expect([...both.dependsOn].map((key) => key.split('/').at(-1)).toSorted(byText)).toEqual(['last', 'nic1', 'nic2']);
  expect(plan.bodyOf(plan.resources[2]!, () => ({ properties: { subnets: [{ id: 'a' }, { id: 'b' }] } }))).toEqual({
    properties: { at: 'b' },
  });
});

test('children stand inside, or beside with both names; either comes after its parent', () => {
  const plan = planned({
    resources: [
      { type: 'Microsoft.Network/virtualNetworks/subnets', apiVersion: '2024-05-01', name: 'v/beside', properties: {} },
      { ...vnet, resources: [{ type: 'subnets', name: 'inside', apiVersion: '2024-05-01', dependsOn: ['v'] }] },
    ],
  });
  expect(plan.resources.map(({ id }) => id.slice(group.length))).toEqual([
    '/providers/Microsoft.Network/virtualNetworks/v',
    '/providers/Microsoft.Network/virtualNetworks/v/subnets/beside',
    '/providers/Microsoft.Network/virtualNetworks/v/subnets/inside',
  ]);
});

test('extensions lie in what their scope names', () => {
  const role = { type: 'Microsoft.Authorization/roleAssignments', apiVersion: '2022-04-01', name: 'r', properties: {} };
  const plan = planned({
    resources: [
      vnet,
      { ...role, scope: "[resourceId('Microsoft.Network/virtualNetworks', 'v')]", dependsOn: ['v'] },
      { ...role, name: 'r2', scope: 'Microsoft.Network/virtualNetworks/v' },
      { ...role, name: 'v/Microsoft.Authorization/r3', type: 'Microsoft.Network/virtualNetworks/providers/roleAssignments' },
      { ...role, name: 'r4' },
    ],
  });
  const at = `${group}/providers/Microsoft.Network/virtualNetworks/v/providers/Microsoft.Authorization/roleAssignments`;
  expect(
    plan.resources
      .map(({ id }) => id)
      .slice(1)
      .toSorted(),
  ).toEqual([`${at}/r`, `${at}/r2`, `${at}/r3`, `${group}/providers/Microsoft.Authorization/roleAssignments/r4`].toSorted(byText));
  expect(plan.resources.map(({ type }) => type).toSorted(byText)[0]).toBe('Microsoft.Authorization/roleAssignments');
});

test('what a compiler of Bicep emits: symbolic names, existing resources, loops, nested values', () => {
  const plan = planned(
    {
      languageVersion: '2.0',
      definitions: { count: { type: 'int', minValue: 1 } },
      parameters: { n: { $ref: '#/definitions/count' }, note: { type: 'string', nullable: true } },
      variables: { copy: [{ name: 'names', count: "[parameters('n')]", input: "[format('s{0}', copyIndex('names'))]" }] },
      resources: {
        net: { existing: true, type: 'Microsoft.Network/virtualNetworks', apiVersion: '2024-05-01', name: 'old' },
        many: {
          copy: { name: 'many', count: "[length(variables('names'))]", mode: 'serial', batchSize: 1 },
          ...lb,
          name: "[variables('names')[copyIndex()]]",
          properties: {
            copy: [{ name: 'ports', count: 2, input: { port: "[add(copyIndex('ports'), mul(copyIndex('many'), 10))]" } }],
            net: "[reference('net').id]",
          },
        },
        last: { ...lb, name: 'last', properties: { note: "[parameters('note')]" }, dependsOn: ['many', 'net', 'many[1]'] },
      },
      outputs: {
        ports: { type: 'array', copy: { count: 2, input: "[reference(format('many[{0}]', copyIndex())).p]" } },
        none: { condition: false, type: 'string', value: "[reference('none')]" },
      },
    },
    { n: { value: 2 } },
  );
  expect(names(plan)).toEqual(['s0', 's1', 'last']);
  const [, s0, s1, last] = plan.resources;
  expect([...s1!.dependsOn]).toEqual([s0!.key]);
  expect([...last!.dependsOn].toSorted(byText)).toEqual([s0!.key, s1!.key]);
  const net = { properties: { id: 'the net' } };
  expect(plan.bodyOf(s1!, () => net)).toEqual({ properties: { net: 'the net', ports: [{ port: 10 }, { port: 11 }] } });
  expect(plan.bodyOf(last!, () => net)).toEqual({ properties: {} });
  expect(plan.outputs((id) => ({ properties: { p: id.at(-1)! } }))).toEqual({ ports: { type: 'Array', value: ['0', '1'] } });
});

test('what exists already may lie in another group', () => {
  const plan = planned({
    languageVersion: '2.0',
    resources: { net: { ...vnet, existing: true, resourceGroup: 'other' }, lb: { ...lb, properties: { net: "[reference('net').x]" } } },
  });
  const wanted: string[] = [];
  plan.bodyOf(
    plan.resources.find(({ name }) => name === 'lb')!,
    (id) => {
      wanted.push(id);
      return { properties: { x: 1 } };
    },
  );
  expect(wanted).toEqual([`/subscriptions/${subscription}/resourceGroups/other/providers/Microsoft.Network/virtualNetworks/v`]);
});

test('what a condition excludes is not written, and nothing waits for it', () => {
  const plan = planned(
    {
      parameters: { with: { type: 'bool', defaultValue: false } },
      resources: [
        { ...vnet, condition: "[parameters('with')]" },
        { ...lb, dependsOn: ['v'] },
      ],
    },
    {},
  );
  expect(names(plan)).toEqual(['lb']);
  expect(plan.resources.find(({ name }) => name === 'lb')!.dependsOn.size).toBe(0);
});

test('groups of a subscription', () => {
  const place = { ...samplePlace, kind: 'subscription' as const, id: `/subscriptions/${subscription}`, group: undefined };
  const plan = planned(
    { resources: [{ type: 'Microsoft.Resources/resourceGroups', apiVersion: '2024-03-01', name: 'new', location: 'x' }] },
    {},
    place,
  );
  expect(plan.resources[0]!.id).toBe(`/subscriptions/${subscription}/resourceGroups/new`);
});

test('secure values are not shown', () => {
  const plan = planned(
    {
      definitions: { login: { type: 'object', properties: { name: { type: 'string' }, password: { type: 'securestring' } } } },
      parameters: {
        pass: { type: 'secureString' },
        login: { $ref: '#/definitions/login' },
        open: { type: 'string', defaultValue: 'seen' },
      },
      resources: [{ ...lb, properties: { url: "[concat('x://', parameters('pass'))]" } }],
      outputs: { pass: { type: 'securestring', value: "[parameters('pass')]" }, open: { type: 'string', value: 'x' } },
    },
    { pass: { value: 'hush!' }, login: { value: { name: 'me', password: 'quiet!' } } },
  );
  const shown = JSON.stringify([plan.parameters, plan.outputs(() => undefined), plan.masked(drafts(plan) as Json)]);
  expect(shown).not.toMatch(/hush|quiet/);
  expect(plan.parameters).toEqual({ pass: { type: 'SecureString' }, login: { type: 'Object' }, open: { type: 'String', value: 'seen' } });
  expect(drafts(plan)).toEqual([{ properties: { url: 'x://hush!' } }]);
});

const one = (spec: JsonObject): JsonObject => ({ resources: [], parameters: { p: spec } });
const wrongParameters: readonly (readonly [string, JsonObject, JsonObject, string])[] = [
  ['missing', one({ type: 'string' }), {}, "The value for the template parameter 'p' is not provided"],
  [
    'unknown',
    one({ type: 'string', defaultValue: 'x' }),
    { q: { value: 1 } },
    "do not correspond to any parameters defined in the template: 'q'",
  ],
  [
    'of another type',
    one({ type: 'int' }),
    { p: { value: 'secret' } },
    "Expected a value of type 'Int', but received a value of type 'string'",
  ],
  ['not allowed', one({ type: 'string', allowedValues: ['a', 'b'] }), { p: { value: 'secret' } }, "allowed value(s): 'a,b'"],
  ['too short', one({ type: 'string', minLength: 10 }), { p: { value: 'secret' } }, 'minLength is 10'],
  ['too long', one({ type: 'array', maxLength: 1 }), { p: { value: [1, 2] } }, 'maxLength is 1'],
  ['too small', one({ type: 'int', minValue: 3 }), { p: { value: 2 } }, 'minValue is 3'],
  ['too large', one({ type: 'int', maxValue: 3 }), { p: { value: 4 } }, 'maxValue is 3'],
  ['bare', one({ type: 'string' }), { p: 'secret' }, "a member 'value'"],
  ['of no type', one({ type: 'text' }), { p: { value: 'secret' } }, "'type' must be one of"],
  ['from a vault', one({ type: 'string' }), { p: { reference: { secretName: 'x' } } }, 'key vault'],
  [
    'in a circle',
    {
      resources: [],
      parameters: { a: { type: 'string', defaultValue: "[parameters('b')]" }, b: { type: 'string', defaultValue: "[parameters('a')]" } },
    },
    {},
    'depends on itself',
  ],
];

test.each(wrongParameters)('a parameter that is %s', (_, template, given, text) => {
  const trouble = refusal(template, given);
  expect(trouble.message).toContain(text);
  expect(trouble.message).not.toContain('secret');
  expect(trouble.remedy).toBeDefined();
});

const wrongTemplates: readonly (readonly [string, JsonObject, string])[] = [
  ['no resources', { resources: null }, 'An object'],
  ['a nested deployment', { resources: [{ type: 'Microsoft.Resources/deployments', name: 'n' }] }, 'nested or linked deployment'],
  ['another group', { resources: [{ ...vnet, resourceGroup: 'other' }] }, "'resourceGroup' of a resource"],
  ['imports', { imports: { x: 1 } }, "'imports'"],
  ['no type', { resources: [{ name: 'x' }] }, "no 'type'"],
  ['no name', { resources: [{ type: 'Microsoft.X/a' }] }, 'A text is expected'],
  ['too few names', { resources: [{ type: 'Microsoft.X/a/b', name: 'x' }] }, 'needs 2 names'],
  ['twice the same', { resources: [vnet, { ...vnet, name: 'V' }] }, 'defined multiple times'],
  ['an unknown dependency', { resources: [{ ...vnet, dependsOn: ['nothing'] }] }, "'nothing' is not defined in the template"],
  [
    'a circle',
    {
      resources: [
        { ...vnet, dependsOn: ['lb'] },
        { ...lb, dependsOn: ['v'] },
      ],
    },
    'Circular dependency',
  ],
  ['too many copies', { resources: [{ ...vnet, name: '[string(copyIndex())]', copy: { name: 'c', count: 801 } }] }, 'between 0 and 800'],
  ['reference() in a name', { resources: [{ ...vnet, name: "[reference('lb').x]" }] }, "'reference' is not expected at this location"],
  ['reference() in a variable', { variables: { v: "[reference('lb').x]" } }, "'reference' is not expected at this location"],
  [
    'an ambiguous reference',
    { resources: [vnet, { ...lb, name: 'v' }, { ...lb, properties: { x: "[reference('v').y]" } }] },
    'name of several',
  ],
  [
    'an unknown function where nothing is evaluated',
    { resources: [{ ...vnet, properties: { x: '[if(true(), 1, nope())]' } }] },
    "'nope' is not valid",
  ],
  ['a wrong output', { outputs: { o: { type: 'int', value: 'x' } } }, 'declared as Int'],
  ['variables in a circle', { variables: { a: "[variables('b')]", b: "[variables('a')]" } }, 'depends on itself'],
];

test.each(wrongTemplates)('refuses %s', (_, template, text) => {
  const trouble = refusal(template);
  expect(trouble.message).toContain(text);
  expect(trouble.remedy).toBeDefined();
});

test('long chains and deep values are refused, not crashed on', () => {
  const variables = Object.fromEntries(
    Array.from({ length: 500 }, (_, i) => [`v${i}`, i === 499 ? 'x' : `[${'concat('.repeat(60)}variables('v${i + 1}')${')'.repeat(60)}]`]),
  );
  troubleOf(() => planned({ variables }));
  let deep: Json = 'x';
  for (let i = 0; i < 5000; i += 1) deep = [deep];
  expect(refusal({ variables: { deep } }).code).toBe('InvalidTemplate');
});

const word = fc.constantFrom(
  'concat',
  'parameters',
  "'a'",
  '(',
  ')',
  '[',
  ']',
  ',',
  '.',
  '1',
  ' ',
  "''",
  'reference',
  'if',
  'own.f',
  'copyIndex',
  'json',
  '-',
  "'",
  'range',
);

test('any expression is evaluated or refused', () => {
  let good = 0;
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(word, { maxLength: 30 }).map((words) => words.join('')),
        fc.string(),
      ),
      (text) => {
        if (troubleOf(() => planned({ outputs: { o: { type: 'array', value: [`[${text}]`] } } })) === undefined) good += 1;
      },
    ),
    { numRuns: 2000 },
  );
  expect(good).toBeGreaterThan(0);
});

test('any template is planned or refused', () => {
  let good = 0;
  const member = fc.constantFrom(
    'resources',
    'parameters',
    'variables',
    'outputs',
    'functions',
    'type',
    'name',
    'copy',
    'count',
    'value',
    'dependsOn',
    'input',
    'defaultValue',
    '__proto__',
    'a',
  );
  const leaf = fc.oneof(
    fc.constantFrom<Json>(null, true, 3, 'x', 'Microsoft.X/a', "[concat('a')]", "[reference('x')]", 'int', 'string', '[copyIndex()]'),
    fc.string(),
  );
  const { value } = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof({ maxDepth: 5 }, leaf, fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(member, tie('value'), { maxKeys: 6 })),
  }));
  fc.assert(
    fc.property(fc.dictionary(member, value, { maxKeys: 8 }), (template) => {
      if (troubleOf(() => planned({ resources: [], ...template } as JsonObject)) === undefined) good += 1;
    }),
    { numRuns: 2000 },
  );
  expect(good).toBeGreaterThan(0);
});
