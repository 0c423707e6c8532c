import { afterEach, beforeEach, expect, test } from 'vitest';
import { actionGroup, alertScene, house, room, rule, ruleBody, steps, warmth, type AlertScene } from './alert-scene.ts';

let scene: AlertScene;
beforeEach(async () => {
  scene = await alertScene();
  await scene.put(actionGroup, { groupShortName: 'people' });
});
afterEach(() => scene[Symbol.asyncDispose]());

async function write(more: object = {}, criterion: object = {}): Promise<void> {
  const sent = await scene.put(rule, ruleBody(more, criterion));
  expect([sent.status, sent.text]).toEqual([200, expect.any(String)]);
}

/** `Fired kitchen`, newest first. */
async function standing(): Promise<readonly string[]> {
  return (await scene.alerts()).map(
    ({ properties: { essentials } }) => `${essentials['monitorCondition']} ${essentials['targetResourceName']}`,
  );
}

test('a rule fires once when its condition is met, and is resolved when it was not met three times', async () => {
  await write();
  await scene.pass(6, [warmth(20)]);
  expect(await standing()).toEqual([]);
  await scene.pass(10, [warmth(40)]);
  expect(await standing()).toEqual(['Fired kitchen']);
  const [alert] = await scene.alerts();
  expect(alert).toMatchObject({
    id: expect.stringContaining(`${room('kitchen')}/providers/Microsoft.AlertsManagement/alerts/`),
    type: 'Microsoft.AlertsManagement/alerts',
    name: 'tooWarm',
    properties: {
      essentials: {
        severity: 'Sev2',
        signalType: 'Metric',
        alertState: 'New',
        monitorCondition: 'Fired',
        targetResource: room('kitchen'),
        targetResourceGroup: 'Shop',
        targetResourceType: 'Test.House/houses/rooms',
        monitorService: 'Platform',
        alertRule: rule,
        description: 'Open a window.',
        startDateTime: expect.stringMatching(/^2026-03-01T12:00:\d\d/),
      },
      context: { fired: { allOf: [{ metricName: 'Warmth', threshold: 25, metricValue: expect.any(Number) }] } },
    },
  });
  expect(
    Number((alert!.properties.context as { fired: { allOf: { metricValue: number }[] } }).fired.allOf[0]!.metricValue),
  ).toBeGreaterThan(25);
  expect(scene.changes).toEqual([room('kitchen')]);
  await scene.pass(3, [warmth(0)]);
  expect(await standing()).toEqual(['Fired kitchen']);
  await scene.pass(4, [warmth(0)]);
  expect(await standing()).toEqual(['Resolved kitchen']);
  await scene.pass(8, [warmth(40)]);
  expect(await standing()).toEqual(['Fired kitchen', 'Resolved kitchen']);
});

test('a condition that flickers is one alert', async () => {
  await write({ windowSize: 'PT1S' });
  for (let turn = 0; turn < 10; turn += 1) {
    await scene.pass(1, [warmth(40)]);
    await scene.pass(2, [warmth(0)]);
  }
  expect(await standing()).toEqual(['Fired kitchen']);
});

test('a restart neither fires again nor resolves what nobody has seen the end of', async () => {
  await write({ windowSize: 'PT1M' }, { timeAggregation: 'Maximum' });
  await scene.pass(3, [warmth(40)]);
  expect(await standing()).toEqual(['Fired kitchen']);
  const [before] = await scene.alerts();
  await scene.restart();
  await scene.pass(30, [warmth(20)]);
  // Within the last minute it was warm, for all that is known.
  expect(await scene.alerts()).toEqual([before]);
  await scene.pass(40, [warmth(20)]);
  expect(await standing()).toEqual(['Resolved kitchen']);
  await scene.restart();
  await scene.pass(2, [warmth(40)]);
  expect(await standing()).toEqual(['Fired kitchen', 'Resolved kitchen']);
});

test('a sum that is too small is not said of a window that was not seen whole', async () => {
  await write({ windowSize: 'PT10S' }, { metricName: 'Steps', operator: 'LessThan', threshold: 3, timeAggregation: 'Total' });
  await scene.pass(8, [steps(0)]);
  expect(await standing()).toEqual([]);
  await scene.pass(5, [steps(0)]);
  expect(await standing()).toEqual(['Fired kitchen']);
});

test('a rule on a place is split by what is in it, and each line has its own alert', async () => {
  const dimensions = [{ name: 'RoomName', operator: 'Include', values: ['*'] }];
  await write({ scopes: [house] }, { dimensions });
  await scene.pass(6, [warmth(40), warmth(10, 'cellar')]);
  const fired = await scene.alerts();
  expect(fired.map(({ properties }) => properties.context)).toMatchObject([
    { fired: { allOf: [{ dimensions: [{ name: 'RoomName', value: 'kitchen' }] }] } },
  ]);
  const status = await scene.plane.send('GET', `${rule}/status`);
  expect(status.body.value.map((one: { properties: object }) => one.properties)).toMatchObject([
    { status: 'Healthy', dimensions: { roomname: 'cellar' } },
    { status: 'Unhealthy', dimensions: { roomname: 'kitchen' } },
  ]);
  await scene.pass(6, [warmth(40), warmth(40, 'cellar')]);
  expect((await scene.alerts()).length).toBe(2);
  await write({ scopes: [house] }, { dimensions: [{ name: 'RoomName', operator: 'Exclude', values: ['Cellar'] }] });
  await scene.pass(9, [warmth(40), warmth(40, 'cellar')]);
  expect((await standing()).toSorted()).toEqual(['Fired home', 'Resolved home']);
});

test('all conditions of a rule have to be met', async () => {
  const criteria = (ruleBody() as { criteria: { allOf: object[] } }).criteria;
  const allOf = [...criteria.allOf, { name: 'busy', metricName: 'Steps', operator: 'GreaterThan', threshold: 0, timeAggregation: 'Total' }];
  await write({ criteria: { ...criteria, allOf } });
  await scene.pass(10, [warmth(40), steps(0)]);
  expect(await standing()).toEqual([]);
  await scene.pass(2, [warmth(40), steps(1)]);
  expect(await standing()).toEqual(['Fired kitchen']);
});

test('alerts end with what they are about, with their rule, and with silence', async () => {
  await write();
  await scene.pass(3, [warmth(40)]);
  await scene.pass(12, []);
  expect(await standing()).toEqual(['Resolved kitchen']);
  expect((await scene.alerts())[0]!.properties.isthmus.because).toBe('Nothing is measured of it any more.');
  await scene.pass(3, [warmth(40)]);
  await write({ enabled: false });
  await scene.pass(1, [warmth(40)]);
  expect((await scene.alerts())[0]!.properties).toMatchObject({
    essentials: { monitorCondition: 'Resolved' },
    isthmus: { because: 'The rule was disabled, or looks at something else.' },
  });
  await write();
  await scene.pass(3, [warmth(40)]);
  expect((await standing())[0]).toBe('Fired kitchen');
  expect((await scene.plane.send('DELETE', rule)).status).toBe(200);
  await expect.poll(async () => (await scene.plane.send('GET', rule)).status).toBe(404);
  await scene.pass(1, [warmth(40)]);
  expect((await scene.alerts())[0]!.properties.isthmus.because).toBe('The rule was deleted.');
});

test('a rule that does not mitigate fires anew and resolves nothing', async () => {
  await write({ autoMitigate: false, windowSize: 'PT1S' });
  for (let turn = 0; turn < 2; turn += 1) {
    await scene.pass(1, [warmth(40)]);
    await scene.pass(4, [warmth(0)]);
  }
  expect(await standing()).toEqual(['Fired kitchen', 'Fired kitchen']);
});

test('alerts are listed by what is asked for', async () => {
  await write({ scopes: [house], severity: 1 }, { dimensions: [{ name: 'RoomName', operator: 'Include', values: ['*'] }] });
  await scene.pass(6, [warmth(40), warmth(40, 'cellar')]);
  const count = async (query: Record<string, string>, scope = house): Promise<number> => (await scene.alerts(scope, query)).length;
  expect(await count({ severity: 'Sev1' })).toBe(2);
  expect(await count({ severity: 'Sev0' })).toBe(0);
  expect(await count({ monitorcondition: 'resolved' })).toBe(0);
  expect(await count({ alertrule: 'tooWarm', timerange: '1h', targetresource: house.toUpperCase() })).toBe(2);
  expect(await count({ pagecount: '1' })).toBe(1);
  expect(await count({}, room('kitchen'))).toBe(0);
  await expect(scene.alerts(house, { timerange: 'ever' })).rejects.toMatchObject({ code: 'InvalidAlertQuery' });
});

test.each([
  [{ evaluationFrequency: 'PT10M', windowSize: 'PT1M' }, {}, 'InvalidRequestFormat'],
  [{ evaluationFrequency: 'now' }, {}, 'InvalidRequestFormat'],
  [{ severity: 5 }, {}, 'InvalidRequestFormat'],
  [{ scopes: [room('kitchen'), room('cellar')] }, {}, 'InvalidRequestFormat'],
  [{}, { criterionType: 'DynamicThresholdCriterion' }, 'InvalidRequestFormat'],
  [{ scopes: [room('attic')] }, {}, 'InvalidResourceReference'],
  [{ actions: [{ actionGroupId: room('kitchen') }] }, {}, 'InvalidActionGroup'],
  [{}, { metricName: 'Weight' }, 'InvalidAlertCriterion'],
  [{}, { timeAggregation: 'Total' }, 'InvalidAlertCriterion'],
  [{}, { dimensions: [{ name: 'RoomName', operator: 'Include', values: ['*'] }] }, 'InvalidAlertCriterion'],
  [{}, { metricNamespace: 'Test.House/houses' }, 'InvalidAlertCriterion'],
])('a rule with %j, %j is refused: %s', async (more, criterion, code) => {
  const sent = await scene.put(rule, ruleBody(more, criterion));
  expect([sent.status, sent.body.error.code]).toEqual([400, code]);
});

test('nobody has a rule tell what they may not read', async () => {
  scene.may = false;
  const sent = await scene.put(rule, ruleBody());
  expect([sent.status, sent.body.error.code]).toEqual([403, 'LinkedAuthorizationFailed']);
  // Nor does its refusal tell whether something is there.
  const nothing = await scene.put(rule, ruleBody({ scopes: [room('nowhere')] }));
  expect([nothing.status, nothing.body.error.code]).toEqual([403, 'LinkedAuthorizationFailed']);
});

test('several resources of one kind are watched by one rule', async () => {
  const { criteria } = ruleBody() as { criteria: object };
  await write({
    scopes: [room('kitchen'), room('cellar')],
    criteria: { ...criteria, 'odata.type': 'Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria' },
  });
  await scene.pass(6, [warmth(10), warmth(40, 'cellar')]);
  expect(await standing()).toEqual(['Fired cellar']);
  expect((await scene.plane.send('DELETE', room('cellar'))).status).toBeLessThan(300);
  await scene.pass(10, [warmth(10)]);
  expect(await standing()).toEqual(['Resolved cellar']);
});
