import { expect, test } from 'vitest';
import { over, type EngineAsk } from '../engine-stage.contract.ts';
import { describeEngine } from '../engine.contract.ts';
import { call, sampleHost, watch } from '../sample-hosts.contract.ts';
import { SamplePlan } from '../sample-plan.contract.ts';
import { canReadIntoBuffers } from './accept.ts';
import { openUserspaceEngine, type UserspaceOptions } from './engine.ts';

function asked({ resolver, maxConnections, tickMs }: EngineAsk): UserspaceOptions {
  return {
    ...(resolver && { resolver }),
    limits: { ...(maxConnections !== undefined && { maxConnections }), ...(tickMs !== undefined && { tickMs }) },
  };
}

describeEngine('user space', (ask) => openUserspaceEngine(asked(ask)));
describeEngine('user space, one address and copied reads', (ask) =>
  openUserspaceEngine({ ...asked(ask), addressPool: 'single', reads: 'copies' }),
);

test('this Node reads into our buffers', async () => {
  expect(await canReadIntoBuffers()).toBe(true);
});

test('a port that another program has is named, and nothing is changed', async () => {
  await using database = await sampleHost();
  await using engine = await openUserspaceEngine({ addressPool: 'loopback' });
  const first = new SamplePlan(database);
  await engine.apply(first.plan());
  const second = new SamplePlan(database);
  const both = {
    ...first.plan(),
    endpoints: [
      first.endpointOf(),
      second.endpointOf({ segment: first.segment, service: first.service, address: '10.0.1.6', linkId: 2, names: [] }),
    ],
  };
  await engine.apply(both);
  const at = engine.listening(second.endpoint, second.port);
  await engine.apply(first.plan());
  await using squatter = await sampleHost(undefined, at?.host, at?.port);
  await expect(engine.apply(both)).rejects.toMatchObject({
    kind: 'conflict',
    code: 'PortInUse',
    target: `${squatter.host}:${squatter.port}`,
    remedy: expect.stringContaining('ss -ltnp'),
  });
  expect(engine.listening(second.endpoint, second.port)).toBeUndefined();
  const peer = call(engine.listening(first.endpoint, first.port));
  peer.stream.write('as before');
  await expect.poll(() => peer.text()).toBe('as before');
  peer.stream.destroy();
});

test('no forwarder leads to an endpoint, and so in circles', async () => {
  await using database = await sampleHost();
  await using engine = await openUserspaceEngine();
  const sample = new SamplePlan(database);
  await engine.apply(sample.plan());
  const target = engine.listening(sample.endpoint, sample.port);
  if (target === undefined) throw new Error('it listens');
  await engine.apply(sample.plan({ target }));
  const ask = { segment: sample.segment, host: sample.name, port: sample.port };
  expect((await engine.explain(ask)).denied).toMatchObject({
    code: 'TargetUnreachable',
    message: expect.stringContaining('private endpoint'),
  });
  await expect(engine.dialer(sample.segment).dial(ask.host, ask.port, new AbortController().signal)).rejects.toMatchObject({
    code: 'TargetUnreachable',
  });
});

test('an endpoint has the same address on every start, and no other endpoint has it', async () => {
  await using database = await sampleHost();
  const sample = new SamplePlan(database);
  const addresses: (string | undefined)[] = [];
  for (let start = 0; start < 2; start++) {
    await using engine = await openUserspaceEngine({ addressPool: 'loopback' });
    await engine.apply(sample.plan());
    addresses.push(engine.listening(sample.endpoint, sample.port)?.host);
  }
  expect(addresses[0]).toMatch(/^127\./);
  expect(addresses[1]).toBe(addresses[0]);
});

test('more listeners than this process may open are refused before any is', async () => {
  await using database = await sampleHost();
  await using engine = await openUserspaceEngine();
  const sample = new SamplePlan(database);
  const ports = Array.from({ length: 65_535 }, (_, at) => at + 1);
  const plan = sample.plan();
  const databases = {
    ...plan,
    services: [{ kind: 'database' as const, id: sample.service, target: { host: database.host, port: database.port }, ports }],
  };
  await expect(engine.apply(databases)).rejects.toMatchObject({ code: 'TooManyListeners' });
  expect(engine.listening(sample.endpoint, sample.port)).toBeUndefined();
});

test('an approval ends though its timer is early, and the clock moves on at the next look', async () => {
  await using database = await sampleHost();
  let [nowMs, isMoving] = [0, false];
  let ring = (): void => undefined;
  const clock = {
    now: () => (isMoving ? nowMs++ : nowMs),
    after: (_ms: number, action: () => void) => {
      ring = action;
      return () => (ring = () => undefined);
    },
  };
  await using engine = await openUserspaceEngine({ clock });
  const sample = new SamplePlan(database);
  await engine.apply({ ...sample.plan(), endpoints: [{ ...sample.endpointOf(), expiresAtMs: 1_000 }] });
  const codes: string[] = [];
  engine.onEvent((event) => event.kind === 'cut' && codes.push(event.code));
  const peer = watch(await engine.dialer(sample.segment).dial(sample.name, sample.port, new AbortController().signal));
  [nowMs, isMoving] = [999, true];
  ring();
  ring();
  expect(codes).toEqual(['ApprovalExpired']);
  await over(peer, 'reset');
});
