import { expect, test } from 'vitest';
import { fault, Fault } from '#base/fault.ts';
import { parseResourceId } from '#arm/resource-id.ts';
import type { ActionCall, Outcome } from '#arm/resource-type.ts';
import { type Json, type JsonObject, newStatus, type Resource } from '#arm/resource.ts';
import type { DeploymentAsked } from './asked.ts';
import { deployment } from './deployment.ts';
import { groupId, type MemoryResources, memoryResources, principal, testSealer, thingType } from './memory-resources.contract.ts';

const id = `${groupId}/providers/Microsoft.Resources/deployments/first`;
const signal = new AbortController().signal;

function thing(name: string, more: JsonObject = {}): JsonObject {
  return { type: thingType, apiVersion: '2024-01-01', name, properties: {}, ...more };
}

/** A deployment as the store would hold it: read by the schema, sealed. */
function asked(memory: MemoryResources, template: JsonObject, more: JsonObject = {}): Resource<DeploymentAsked> {
  const type = deployment(memory.options);
  const properties = type.properties.parse({ template: { resources: [], ...template }, ...more });
  const sealed = (value: Json): Json => ({ $sealed: testSealer.seal(typeof value === 'string' ? value : JSON.stringify(value)) });
  const { template: open, parameters, seed, ...rest } = properties;
  return {
    id,
    type: type.type,
    name: 'first',
    generation: 1,
    etag: '1',
    deleting: false,
    status: newStatus,
    location: undefined,
    tags: {},
    envelope: {},
    properties: { ...rest, template: sealed(open), parameters: sealed(parameters), seed: sealed(seed) },
    createdAt: '',
    changedAt: '',
    createdBy: principal.id,
    changedBy: principal.id,
  };
}

/** One call of the reconciler, and the deployment as the loop would leave it. */
async function reconciled(memory: MemoryResources, self: Resource<DeploymentAsked>) {
  const type = deployment(memory.options);
  const outcome: Outcome = await type.reconcile!(self, { resources: memory.reader, signal });
  const trouble = outcome.kind === 'failed' ? outcome.fault : undefined;
  const status = {
    settled: 1,
    outcome: outcome.kind,
    waitingFor: outcome.kind === 'waiting' ? outcome.for : undefined,
    fault: trouble && { code: trouble.code, message: trouble.message, target: trouble.target, remedy: trouble.remedy },
    outputs: outcome.outputs ?? self.status.outputs,
  };
  const after: Resource<DeploymentAsked> = { ...self, status };
  const usual = { id: after.id, name: after.name, type: after.type, properties: {} };
  const shown = type.shape!(after, usual)['properties'] as Record<string, Json>;
  return { outcome, after, shown, operations: type.parts!['operations']!(after) };
}

const chain = {
  resources: [
    thing('c', { properties: { from: `[reference(resourceId('${thingType}', 'b')).address]` } }),
    thing('b', { dependsOn: ['a'], properties: { address: '10.0.0.2' } }),
    thing('a'),
  ],
  outputs: { from: { type: 'string', value: "[reference('c').from]" } },
};

test('writes what a template names in order, with what it refers to', async () => {
  const memory = memoryResources();
  const { outcome, shown, operations } = await reconciled(memory, asked(memory, chain));
  expect(outcome.kind).toBe('ready');
  expect(memory.log).toEqual(['+a', '+b', '+c']);
  expect(shown).toMatchObject({
    provisioningState: 'Succeeded',
    mode: 'Incremental',
    outputs: { from: { type: 'String', value: '10.0.0.2' } },
    providers: [{ namespace: 'Microsoft.Test' }],
    outputResources: ['a', 'b', 'c'].map((name) => ({ id: `${groupId}/providers/${thingType}/${name}` })),
  });
  expect(shown['duration']).toMatch(/^PT[\d.]+S$/);
  expect(shown['templateHash']).toMatch(/^\d+$/);
  expect(operations.map(({ properties }) => (properties as JsonObject)['provisioningState'])).toEqual([
    'Succeeded',
    'Succeeded',
    'Succeeded',
  ]);
});

test('waits for what has not settled, and goes on from there, also after a restart', async () => {
  const memory = memoryResources();
  memory.outcomes.set('a', { settled: 0, outcome: 'new' });
  const first = await reconciled(memory, asked(memory, chain));
  expect(first.outcome).toMatchObject({ kind: 'waiting', for: expect.stringContaining('things/a') as string });
  expect(first.shown['provisioningState']).toBe('Running');
  memory.settle('a', { outcome: 'waiting', waitingFor: 'the moon' });
  const second = await reconciled(memory, first.after);
  expect(second.outcome).toMatchObject({ for: expect.stringContaining('the moon') as string });
  memory.settle('a', { outcome: 'ready' });
  const third = await reconciled(memory, second.after);
  expect(third.outcome.kind).toBe('ready');
  expect(memory.log).toEqual(['+a', '+b', '+c']);
  // Killed before the last outcome was kept: what was written is written again, and nothing else comes of it.
  const again = await reconciled(memory, second.after);
  expect(again.outcome.kind).toBe('ready');
  expect((await memory.reader.get(`${groupId}/providers/${thingType}/b`))!.generation).toBe(1);
});

test('a failure leaves out what depends on it, and tells each', async () => {
  const memory = memoryResources();
  memory.refusals.set('a', fault('conflict', 'NoRoom', 'There is no room.', { remedy: 'Make room.' }));
  memory.outcomes.set('d', { outcome: 'failed', fault: { code: 'Broke', message: 'It broke.', target: undefined, remedy: undefined } });
  const { outcome, shown, operations } = await reconciled(
    memory,
    asked(memory, { resources: [...chain.resources, thing('d'), thing('e')] }),
  );
  expect(outcome).toMatchObject({ kind: 'failed', fault: { code: 'DeploymentFailed' } });
  expect(memory.log.toSorted()).toEqual(['+d', '+e']);
  expect(shown).toMatchObject({
    provisioningState: 'Failed',
    error: { code: 'DeploymentFailed', details: [{ code: 'NoRoom' }, { code: 'Broke' }] },
  });
  expect(operations).toHaveLength(3);
  expect((outcome as { fault: Fault }).fault.details?.map(({ code }) => code)).toEqual(['NoRoom', 'Broke']);
});

test('writes only what its principal may, and reads only that', async () => {
  const memory = memoryResources();
  memory.denied.add('write a');
  expect(await reconciled(memory, asked(memory, chain))).toMatchObject({
    shown: { error: { details: [{ code: 'AuthorizationFailed' }] } },
  });
  memory.denied.clear();
  memory.denied.add('read b');
  expect(await reconciled(memory, asked(memory, chain))).toMatchObject({
    shown: { error: { details: [{ code: 'AuthorizationFailed' }] } },
  });
  const orphan = { ...asked(memory, chain), changedBy: 'nobody' };
  await expect(reconciled(memory, orphan)).rejects.toMatchObject({ code: 'PrincipalNotFound' });
});

test('an output that cannot be evaluated fails the deployment', async () => {
  const memory = memoryResources();
  const outputs = { o: { type: 'string', value: "[reference('a').none]" } };
  const { outcome } = await reconciled(memory, asked(memory, { resources: [thing('a')], outputs }));
  expect(outcome).toMatchObject({ kind: 'failed', fault: { code: 'DeploymentOutputEvaluationFailed' } });
});

test('Complete takes away what the template does not name, whatever refers to what', async () => {
  const memory = memoryResources();
  for (const name of ['under-old', 'old', 'kept']) memory.put(`${groupId}/providers/${thingType}/${name}`);
  memory.put(`${groupId}/providers/Microsoft.Resources/deployments/other`);
  memory.refusals.set('under-old', fault('conflict', 'ResourceInUse', 'It is in use.'));
  const { outcome, operations } = await reconciled(
    memory,
    asked(memory, { resources: [thing('kept'), thing('new')] }, { mode: 'complete' }),
  );
  expect(outcome.kind).toBe('ready');
  expect(memory.log).toEqual(['+kept', '+new', '-old', '-under-old']);
  expect(operations.filter(({ properties }) => (properties as JsonObject)['provisioningOperation'] === 'Delete')).toHaveLength(2);
});

test('what is canceled stops', async () => {
  const memory = memoryResources();
  const self = asked(memory, chain);
  const { outcome, shown } = await reconciled(memory, { ...self, properties: { ...self.properties, cancelled: true } });
  expect(outcome).toMatchObject({ kind: 'failed', fault: { code: 'DeploymentCanceled' } });
  expect(shown['provisioningState']).toBe('Canceled');
  expect(memory.log).toEqual([]);
});

test('secrets are not in what is kept or shown', async () => {
  const memory = memoryResources();
  const template = {
    parameters: { word: { type: 'securestring' }, fresh: { type: 'securestring', defaultValue: '[newGuid()]' } },
    resources: [thing('a', { properties: { password: "[parameters('word')]", other: "[parameters('fresh')]" } })],
    outputs: { word: { type: 'securestring', value: "[parameters('word')]" } },
  };
  memory.outcomes.set('a', { settled: 0, outcome: 'new' });
  const first = await reconciled(memory, asked(memory, template, { parameters: { word: { value: 'hush!' } } }));
  memory.settle('a', { outcome: 'ready' });
  const { after, shown, outcome } = await reconciled(memory, first.after);
  expect(outcome.kind).toBe('ready');
  expect(JSON.stringify([after, shown])).not.toContain('hush!');
  expect(shown['parameters']).toEqual({ word: { type: 'SecureString' }, fresh: { type: 'SecureString' } });
  expect((await memory.reader.get(`${groupId}/providers/${thingType}/a`))!.properties['password']).toBe('hush!');
});

async function acted(memory: MemoryResources, action: 'validate' | 'whatIf', sent: JsonObject): Promise<JsonObject> {
  const found = deployment(memory.options).actions[action]!;
  const input: unknown = await found.input.parseAsync({ properties: sent });
  const call: ActionCall<DeploymentAsked, unknown> = {
    self: undefined,
    id: parseResourceId(id),
    input,
    resources: memory.reader,
    principal,
    correlationId: 'c',
    signal,
    update: () => expect.fail('nothing is to be written'),
  };
  return (await found.run(call)).body as JsonObject;
}

test('validate tells what would be refused, and writes nothing', async () => {
  const memory = memoryResources();
  const good = await acted(memory, 'validate', { template: chain });
  expect(good).toMatchObject({ name: 'first', properties: { provisioningState: 'Succeeded', validatedResources: [{}, {}, {}] } });
  memory.refusals.set('a', fault('invalid', 'BadThing', 'It is bad.'));
  await expect(acted(memory, 'validate', { template: chain })).rejects.toMatchObject({
    code: 'InvalidTemplateDeployment',
    details: [{ code: 'BadThing' }],
  });
  await expect(
    acted(memory, 'validate', { template: { resources: [{ ...thing('x'), type: 'Microsoft.No/such' }] } }),
  ).rejects.toMatchObject({ code: 'InvalidResourceType' });
  memory.denied.add('write c');
  await expect(acted(memory, 'validate', { template: chain })).rejects.toMatchObject({ code: 'AuthorizationFailed' });
  expect(memory.log).toEqual([]);
});

test('what-if tells what would change, member by member, without secrets', async () => {
  const memory = memoryResources();
  memory.put(`${groupId}/providers/${thingType}/same`, { properties: { size: 1 } });
  memory.put(`${groupId}/providers/${thingType}/other`, { properties: { size: 1, list: [1, { a: 1 }], gone: true }, tags: { a: 'b' } });
  memory.put(`${groupId}/providers/${thingType}/extra`, { properties: { password: 'hush!' } });
  const template = {
    resources: [
      thing('same', { properties: { size: 1 } }),
      thing('other', { properties: { size: 2, list: [1, { a: 2 }], more: {} } }),
      thing('new', { properties: { password: 'hush!', url: "[reference('other').url]" } }),
    ],
  };
  const { properties } = await acted(memory, 'whatIf', { template });
  const { changes } = properties as { readonly changes: readonly JsonObject[] };
  expect(
    changes.map((one) => [
      String(one['resourceId'] as string)
        .split('/')
        .at(-1),
      one['changeType'],
    ]),
  ).toEqual([
    ['extra', 'Ignore'],
    ['new', 'Create'],
    ['other', 'Modify'],
    ['same', 'NoChange'],
  ]);
  expect(changes[2]!['delta']).toEqual([
    { path: 'properties.gone', propertyChangeType: 'Delete', before: true },
    {
      path: 'properties.list',
      propertyChangeType: 'Array',
      before: [1, { a: 1 }],
      after: [1, { a: 2 }],
      children: [
        {
          path: '1',
          propertyChangeType: 'Modify',
          before: { a: 1 },
          after: { a: 2 },
          children: [{ path: 'a', propertyChangeType: 'Modify', before: 1, after: 2 }],
        },
      ],
    },
    { path: 'properties.more', propertyChangeType: 'Create', after: {} },
    { path: 'properties.size', propertyChangeType: 'Modify', before: 1, after: 2 },
    { path: 'tags', propertyChangeType: 'Delete', before: { a: 'b' } },
  ]);
  expect(JSON.stringify(changes)).not.toContain('hush!');
  const brief = await acted(memory, 'whatIf', { template, mode: 'Complete', whatIfSettings: { resultFormat: 'ResourceIdOnly' } });
  expect((brief['properties'] as JsonObject)['changes']).toContainEqual({
    resourceId: `${groupId}/providers/${thingType}/extra`,
    changeType: 'Delete',
  });
  expect(memory.log).toEqual([]);
});

test('a deployment that runs is neither replaced nor deleted', async () => {
  const memory = memoryResources();
  const type = deployment(memory.options);
  const before = asked(memory, chain);
  const context = { id: parseResourceId(id), before, resources: memory.reader, principal };
  await expect(type.check!(asked(memory, chain), context)).rejects.toMatchObject({ code: 'DeploymentActive' });
  await expect(type.checkDelete!(before, context)).rejects.toMatchObject({ code: 'DeploymentActive' });
  await expect(
    type.check!(asked(memory, { resources: [thing('a', { dependsOn: ['x'] })] }), { ...context, before: undefined }),
  ).rejects.toMatchObject({ code: 'InvalidTemplate' });
  await type.check!(asked(memory, chain), { ...context, before: undefined });
});

test.each([
  [{ templateLink: { uri: 'https://x' } }, 'TemplateFeatureNotSupported'],
  [{ template: {}, onErrorDeployment: { type: 'LastSuccessful' } }, 'TemplateFeatureNotSupported'],
  [{}, 'InvalidRequestContent'],
])('refuses %j', (sent, code) => {
  const { properties } = deployment(memoryResources().options);
  expect(() => properties.parse(sent)).toThrow(expect.objectContaining({ code }) as Fault);
});

test('what is independent is written side by side, what is not follows as soon as it can', async () => {
  const memory = memoryResources();
  const many = Array.from({ length: 40 }, (_, i) => thing(`n${i}`, i % 10 === 0 ? {} : { dependsOn: [`n${i - 1}`] }));
  const { outcome } = await reconciled(memory, asked(memory, { resources: many.toReversed() }));
  expect(outcome.kind).toBe('ready');
  expect(memory.log).toHaveLength(40);
  for (const name of ['1', '15', '39'])
    expect(memory.log.indexOf(`+n${name}`)).toBeGreaterThan(memory.log.indexOf(`+n${Number(name) - 1}`));
});

test('what may pass is left to the loop', async () => {
  const memory = memoryResources();
  memory.refusals.set('a', fault('unreachable', 'Away', 'It is away.'));
  await expect(reconciled(memory, asked(memory, chain))).rejects.toMatchObject({ code: 'Away' });
});
