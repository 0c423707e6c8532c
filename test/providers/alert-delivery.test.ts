import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { secret } from '#base/secret.ts';
import { privateCertificates } from '../servers/private-certificates.ts';
import { sealer } from './provider-scene.ts';
import {
  actionGroup,
  type AlertDelivery,
  alertScene,
  type AlertScene,
  postOffice,
  room,
  rule,
  ruleBody,
  warmth,
  type WebhookServer,
  webhookServer,
} from './alert-scene.ts';

let scene: AlertScene;
let hook: WebhookServer;
beforeEach(async () => {
  hook = await webhookServer();
  scene = await alertScene();
});
afterEach(async () => {
  await scene[Symbol.asyncDispose]();
  await hook[Symbol.asyncDispose]();
});

const webhookReceivers = (): object[] => [{ name: 'Chat', serviceUri: `${hook.url}/services/T0/s3cret-canary?key=k3y-canary` }];

/** The group, a rule that tells it, and warmth enough. */
async function fire(receivers: object = { webhookReceivers: webhookReceivers() }): Promise<void> {
  const made = await scene.put(actionGroup, { groupShortName: 'people', ...receivers });
  expect([made.status, made.text]).toEqual([201, expect.any(String)]);
  const actions = [{ actionGroupId: actionGroup, webHookProperties: { team: 'blue' } }];
  expect((await scene.put(rule, ruleBody({ actions, customProperties: { site: 'north' } }))).status).toBe(200);
  await scene.pass(1, [warmth(40)]);
  await scene.post.settled();
}

async function deliveries(): Promise<readonly AlertDelivery[]> {
  return (await scene.alerts()).flatMap(({ properties }) => properties.isthmus.deliveries);
}

test("a webhook gets Azure's common alert schema, when it fires and when it is resolved", async () => {
  await fire();
  await scene.pass(9, [warmth(0)]);
  await scene.post.settled();
  expect(hook.received.map(({ path, body }) => [path, body.data.essentials.monitorCondition])).toEqual([
    ['/services/T0/s3cret-canary?key=k3y-canary', 'Fired'],
    ['/services/T0/s3cret-canary?key=k3y-canary', 'Resolved'],
  ]);
  const [fired, resolved] = hook.received.map(({ body }) => body);
  expect(fired).toEqual({
    schemaId: 'azureMonitorCommonAlertSchema',
    data: {
      essentials: {
        alertId: expect.stringMatching(/^\/subscriptions\/[^/]+\/providers\/Microsoft.AlertsManagement\/alerts\/[0-9a-f-]{36}$/),
        alertRule: 'tooWarm',
        alertRuleID: rule,
        severity: 'Sev2',
        signalType: 'Metric',
        monitorCondition: 'Fired',
        monitoringService: 'Platform',
        alertTargetIDs: [room('kitchen')],
        configurationItems: ['kitchen'],
        originAlertId: expect.stringContaining('_Microsoft.Insights_metricAlerts_tooWarm_'),
        firedDateTime: expect.any(String),
        description: 'Open a window.',
        essentialsVersion: '1.0',
        alertContextVersion: '1.0',
      },
      alertContext: {
        properties: { team: 'blue' },
        conditionType: 'SingleResourceMultipleMetricCriteria',
        condition: {
          windowSize: 'PT5S',
          allOf: [
            {
              metricName: 'Warmth',
              metricNamespace: 'Test.House/houses/rooms',
              operator: 'GreaterThan',
              threshold: '25',
              timeAggregation: 'Average',
              dimensions: [],
              metricValue: 40,
            },
          ],
          windowStartTime: expect.any(String),
          windowEndTime: expect.any(String),
        },
      },
      customProperties: { site: 'north' },
    },
  });
  expect(resolved.data.essentials).toMatchObject({ alertId: fired.data.essentials.alertId, resolvedDateTime: expect.any(String) });
  expect(resolved.data.alertContext.condition.allOf[0].metricValue).toBeLessThan(25);
  expect(await deliveries()).toMatchObject([
    { about: 'Fired', receiver: 'Chat', kind: 'webhook', state: 'delivered', attempts: 1 },
    { about: 'Resolved', receiver: 'Chat', kind: 'webhook', state: 'delivered', attempts: 1 },
  ]);
});

test('what is not taken is tried again, by the same id and in order, until it is', async () => {
  hook.answers.push({ status: 503 }, { status: 429 });
  await fire();
  expect(await deliveries()).toMatchObject([
    { state: 'waiting', attempts: 1, next: expect.any(String), error: { code: 'WebhookBusy', message: expect.stringContaining('503') } },
  ]);
  // It is over before anybody was told that it began.
  await scene.pass(8, [warmth(0)]);
  await scene.post.settled();
  expect((await deliveries()).map(({ about, state }) => `${about} ${state}`)).toEqual(['Fired waiting', 'Resolved waiting']);
  await scene.pass(20, [warmth(0)]);
  await scene.post.settled();
  await scene.pass(2, [warmth(0)]);
  await scene.post.settled();
  expect((await deliveries()).map(({ about, state }) => `${about} ${state}`)).toEqual(['Fired delivered', 'Resolved delivered']);
  expect(hook.received.map(({ body }) => body.data.essentials.monitorCondition)).toEqual(['Fired', 'Fired', 'Fired', 'Resolved']);
  expect(hook.received[0]!.body.data.alertContext.condition.allOf[0].metricValue).toBe(40);
  expect(hook.received[2]!.body).toEqual(hook.received[0]!.body);
  expect(new Set(hook.received.map(({ headers }) => headers['x-isthmus-delivery'])).size).toBe(2);
});

test('a restart loses no message: what was not noted is sent again with the same id', async () => {
  hook.answers.push({ status: 500 });
  await fire();
  await scene.restart();
  await scene.pass(15, [warmth(40)]);
  await scene.post.settled();
  expect(await deliveries()).toMatchObject([{ state: 'delivered', attempts: 2 }]);
  expect(new Set(hook.received.map(({ headers }) => headers['x-isthmus-delivery'])).size).toBe(1);
  await scene.restart();
  await scene.pass(15, [warmth(40)]);
  await scene.post.settled();
  expect(hook.received.length).toBe(2);
});

test.each([
  [{ status: 404 }, 'WebhookRefused'],
  [{ status: 302, headers: { location: 'http://127.0.0.1:1/' } }, 'WebhookRefused'],
])('a webhook that answers with %j is not tried again', async (answer, code) => {
  hook.answers.push(answer);
  await fire();
  await scene.pass(60, [warmth(40)]);
  await scene.post.settled();
  expect(await deliveries()).toMatchObject([{ state: 'failed', attempts: 1, error: { code } }]);
  expect(hook.received.length).toBe(1);
});

test('a server whose certificate nobody vouches for is told nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-hook-'));
  try {
    await using secure = await webhookServer(await privateCertificates(folder));
    await fire({ webhookReceivers: [{ name: 'Chat', serviceUri: `${secure.url}/x` }] });
    expect(await deliveries()).toMatchObject([{ state: 'waiting', error: { code: 'WebhookFailed' } }]);
    expect(secure.received).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('what nobody takes for a day is given up, and what left the group is dropped', async () => {
  const gone = await webhookServer();
  await fire({
    webhookReceivers: [
      { name: 'Away', serviceUri: `${gone.url}/x` },
      { name: 'Later', serviceUri: `${gone.url}/y` },
    ],
  });
  await gone[Symbol.asyncDispose]();
  const [first] = await deliveries();
  expect(first).toMatchObject({ state: 'delivered' });
  await scene.pass(9, [warmth(0)]);
  await scene.post.settled();
  const open = async (): Promise<readonly AlertDelivery[]> => (await deliveries()).filter(({ about }) => about === 'Resolved');
  expect(await open()).toMatchObject([
    { state: 'waiting', error: { code: 'WebhookFailed' } },
    { state: 'waiting', error: { code: 'WebhookFailed' } },
  ]);
  await scene.put(actionGroup, { groupShortName: 'people', webhookReceivers: [{ name: 'Away', serviceUri: `${gone.url}/x` }] });
  scene.nowMs += 25 * 3_600_000;
  await scene.pass(1, [warmth(0)]);
  await scene.post.settled();
  expect((await open()).map(({ receiver, state, error }) => [receiver, state, error?.code])).toEqual([
    ['Away', 'failed', 'WebhookFailed'],
    ['Later', 'dropped', 'ReceiverGone'],
  ]);
});

test('e-mail is handed to the mail server as plain text for one receiver each', async () => {
  await using office = await postOffice();
  scene.mail = { host: '127.0.0.1', port: office.port, isSecure: false, user: undefined, password: undefined, from: 'isthmus@example.org' };
  const emailReceivers = [
    { name: 'Ann', emailAddress: 'ann@example.org' },
    { name: 'Bob', emailAddress: 'bob@example.org' },
  ];
  await fire({ emailReceivers });
  expect(office.mails.map(({ from, to }) => [from, ...to].join(' ')).toSorted()).toEqual([
    'isthmus@example.org ann@example.org',
    'isthmus@example.org bob@example.org',
  ]);
  const [{ text } = { text: '' }] = office.mails;
  expect(text).toMatch(/^Subject: \[Isthmus\] Fired Sev2: tooWarm on kitchen\r$/m);
  expect(text).toMatch(/^Content-Type: text\/plain/m);
  expect(text).toContain('Open a window.');
  expect(text).toMatch(/Average Warmth: 40 \(GreaterThan 25/);
  expect(await deliveries()).toMatchObject([{ state: 'delivered' }, { state: 'delivered' }]);
});

test('an address that the mail server refuses is not tried again, a server that is away is', async () => {
  const office = await postOffice();
  office.refusal = 550;
  scene.mail = { host: '127.0.0.1', port: office.port, isSecure: false, user: undefined, password: undefined, from: 'isthmus@example.org' };
  await fire({ emailReceivers: [{ name: 'Ann', emailAddress: 'ann@example.org' }] });
  expect(await deliveries()).toMatchObject([{ state: 'failed', error: { code: 'MailRefused' } }]);
  await office[Symbol.asyncDispose]();
  await scene.pass(9, [warmth(0)]);
  await scene.post.settled();
  expect((await deliveries())[1]).toMatchObject({ about: 'Resolved', state: 'waiting', error: { code: 'MailFailed' } });
});

test('a password of a mail server goes over TLS only', async () => {
  await using office = await postOffice({ user: 'isthmus', password: 'p4ss-canary' });
  const server = { host: '127.0.0.1', port: office.port, isSecure: false, from: 'isthmus@example.org' };
  scene.mail = { ...server, user: 'isthmus', password: secret('p4ss-canary') };
  await fire({ emailReceivers: [{ name: 'Ann', emailAddress: 'ann@example.org' }] });
  // The server's certificate is its own: it is not trusted, and nothing is said to it.
  const [told] = await deliveries();
  expect(told).toMatchObject({ state: 'waiting', error: { code: 'MailFailed' } });
  expect(JSON.stringify(told)).not.toContain('canary');
  expect(office.mails).toEqual([]);
});

test('without a mail server e-mail fails, and says what to do', async () => {
  await fire({ emailReceivers: [{ name: 'Ann', emailAddress: 'ann@example.org' }] });
  expect(await deliveries()).toMatchObject([
    { state: 'failed', error: { code: 'NoMailServer', message: expect.stringContaining('--smtp') } },
  ]);
});

test("a webhook's address is shown to nobody, and stays when it is sent back as it was shown", async () => {
  await fire();
  const shown = await scene.plane.send('GET', actionGroup);
  expect(shown.body.properties.webhookReceivers).toEqual([{ name: 'Chat', serviceUri: `${hook.url}/***`, useCommonAlertSchema: true }]);
  expect(shown.text).not.toMatch(/canary|sealed/i);
  const again = await scene.put(actionGroup, { ...shown.body.properties, groupShortName: 'crew' });
  expect([again.status, again.text]).toEqual([200, expect.not.stringMatching(/canary|sealed/i)]);
  const patched = await scene.plane.send('PATCH', actionGroup, { tags: { a: 'b' }, properties: { enabled: true } });
  expect(patched.status).toBe(200);
  const stored = await scene.store();
  expect(JSON.stringify(stored)).not.toContain('canary');
  await scene.pass(9, [warmth(0)]);
  await scene.post.settled();
  expect(hook.received.at(-1)).toMatchObject({ path: '/services/T0/s3cret-canary?key=k3y-canary' });
  // Whoever may write the group cannot have the secret sent elsewhere.
  const other = await scene.put(actionGroup, {
    groupShortName: 'crew',
    webhookReceivers: [{ name: 'Chat', serviceUri: 'https://elsewhere.example/***' }],
  });
  expect([other.status, other.body.error.code]).toEqual([400, 'InvalidWebhookAddress']);
});

test.each([
  'http://127.0.0.1/x',
  'http://localhost:80/',
  'https://[::1]/',
  'https://169.254.169.254/latest',
  'http://[::ffff:127.0.0.1]/',
  'http://2130706433/',
])('a webhook at %s is refused: it is this host, or its neighbourhood', async (serviceUri) => {
  scene.allowsLocal = false;
  const sent = await scene.put(actionGroup, { groupShortName: 'people', webhookReceivers: [{ name: 'Chat', serviceUri }] });
  expect([sent.status, sent.body.error.code]).toEqual([403, 'LocalWebhookDenied']);
});

test('a name that leads to this host is refused when it is resolved', async () => {
  await fire({ webhookReceivers: [] });
  scene.allowsLocal = false;
  // What was saved before it was forbidden, and a name of this host that only its resolver knows.
  await scene.writeAddress('Chat', `${hook.url}/x`, sealer);
  await scene.put(rule, ruleBody({ severity: 0 }));
  await scene.pass(9, [warmth(0)]);
  await scene.pass(9, [warmth(40)]);
  await scene.post.settled();
  const [told] = await deliveries();
  expect(told).toMatchObject({ state: 'failed', error: { code: 'LocalWebhookDenied' } });
  expect(hook.received).toEqual([]);
});

test.each([
  ['ftp://example.org/x', 'InvalidWebhookAddress'],
  ['nonsense', 'InvalidWebhookAddress'],
  ['https://user:p4ss-canary@example.org/', 'InvalidWebhookAddress'],
])('the address %s is refused, and not repeated', async (serviceUri, code) => {
  const sent = await scene.put(actionGroup, { groupShortName: 'people', webhookReceivers: [{ name: 'Chat', serviceUri }] });
  expect([sent.status, sent.body.error.code]).toEqual([400, code]);
  expect(sent.text).not.toContain('canary');
});

test.each([
  { emailReceivers: [{ name: 'Ann', emailAddress: 'ann@example.org, eve@example.org' }] },
  { emailReceivers: [{ name: 'Ann', emailAddress: 'ann@example.org\r\nBcc: eve@example.org' }] },
  { smsReceivers: [{ name: 'Ann', countryCode: '1', phoneNumber: '1' }] },
  { groupShortName: 'much too long a name' },
])('a group with %j is refused', async (more) => {
  const sent = await scene.put(actionGroup, { groupShortName: 'people', ...more });
  expect([sent.status, sent.body.error.code]).toEqual([400, 'InvalidRequestFormat']);
});

test('two receivers of one name are refused', async () => {
  const emailReceivers = [{ name: 'chat', emailAddress: 'ann@example.org' }];
  const sent = await scene.put(actionGroup, { groupShortName: 'people', webhookReceivers: webhookReceivers(), emailReceivers });
  expect(sent.body.error.code).toBe('ReceiverNameTwice');
});

test('a receiver gets a hundred messages an hour, and no more', async () => {
  await fire();
  await scene.put(rule, ruleBody({ windowSize: 'PT1S' }));
  for (let turn = 0; turn < 55; turn += 1) {
    await scene.pass(3, [warmth(0)]);
    await scene.pass(1, [warmth(40)]);
    await scene.post.settled();
  }
  await scene.pass(2, [warmth(40)]);
  await scene.post.settled();
  expect(hook.received.length).toBe(100);
  expect((await deliveries()).find(({ state }) => state === 'failed')?.error?.code).toBe('TooManyMessages');
});

test('a test of a group tells what became of each receiver', async () => {
  hook.answers.push({ status: 200 }, { status: 410 });
  await fire({
    webhookReceivers: [...webhookReceivers()],
    emailReceivers: [{ name: 'Ann', emailAddress: 'ann@example.org' }],
  });
  const sent = await scene.plane.send('POST', `${actionGroup}/sendTest`, {});
  expect(sent.body).toEqual({
    receivers: [
      { receiver: 'Chat', kind: 'webhook', state: 'failed', error: { code: 'WebhookRefused', message: expect.any(String) } },
      { receiver: 'Ann', kind: 'email', state: 'failed', error: { code: 'NoMailServer', message: expect.any(String) } },
    ],
  });
  expect(hook.received.at(-1)?.body.data.essentials).toMatchObject({ description: expect.stringContaining('a test'), severity: 'Sev4' });
  expect((await scene.alerts()).length).toBe(1);
});

test('tests of a group count as messages to its receivers, so that nobody is flooded by them', async () => {
  const made = await scene.put(actionGroup, { groupShortName: 'people', webhookReceivers: webhookReceivers() });
  expect(made.status).toBe(201);
  const send = async (): Promise<string> => {
    const [receiver] = (await scene.plane.send('POST', `${actionGroup}/sendTest`, {})).body.receivers;
    return receiver.error?.code ?? receiver.state;
  };
  for (let turn = 0; turn < 100; turn += 1) expect(await send()).toBe('delivered');
  expect(await send()).toBe('TooManyMessages');
  expect(hook.received.length).toBe(100);
  scene.nowMs += 3_600_001;
  expect(await send()).toBe('delivered');
});
