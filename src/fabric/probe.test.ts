import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { StillClock } from './clock.contract.ts';
import { probeOnce } from './probe-exchange.ts';
import { Prober } from './probe.ts';
import { sampleHost } from './sample-hosts.contract.ts';
import { SamplePlan, type Sample } from './sample-plan.contract.ts';
import { compileTables } from './tables.ts';
import type { Probe } from './plan.ts';

/** A prober of a sample plan whose probe goes to port 14330 of both forwarders. */
function scene(sample: SamplePlan) {
  const clock = new StillClock();
  const changes: string[] = [];
  const prober = new Prober({
    clock,
    addresses: async (host) => [host],
    onChange: (_, backend, { state }) => changes.push(`${backend.slice(-1)} ${state}`),
  });
  return {
    clock,
    changes,
    prober,
    update: (more: Sample = {}) => prober.update(compileTables(sample.plan(more))),
    /** The next round of probes has been asked and answered. */
    round: async () => {
      clock.pass(clock.nextMs ?? 0);
      await expect.poll(() => clock.nextMs, { interval: 1 }).toBeDefined();
      clock.pass(0);
    },
    state: () => prober.health(sample.probe, sample.backends[0]),
  };
}

const one = { backends: [{}] } satisfies Sample;

test('the first answer counts; then it takes the threshold, both ways', async () => {
  let answer = 'HTTP/1.1 200 OK\r\n\r\n';
  await using host = await sampleHost(({ stream }) => stream.end(answer));
  const sample = new SamplePlan(host);
  const on = scene(sample);
  const asked = { ...one, probe: { protocol: 'http', port: sample.port, path: '/', intervalMs: 15_000, threshold: 3 } } satisfies Sample;
  on.update(asked);
  expect(on.state()).toMatchObject({ state: 'unknown', reason: 'it is not probed yet.' });
  await expect.poll(() => on.clock.nextMs, { interval: 1 }).toBe(15_000);
  expect(on.state()).toMatchObject({ state: 'up', reason: undefined });
  answer = 'HTTP/1.1 500 Oh\r\n\r\n';
  await on.round();
  await on.round();
  answer = 'HTTP/1.1 200 OK\r\n\r\n';
  await on.round();
  answer = 'HTTP/1.1 500 Oh\r\n\r\n';
  for (let failed = 0; failed < 3; failed++) {
    expect(on.state().state).toBe('up');
    await on.round();
  }
  expect(on.state()).toMatchObject({ state: 'down', reason: expect.stringContaining('status 500') });
  answer = 'HTTP/1.1 200 OK\r\n\r\n';
  for (let well = 0; well < 3; well++) {
    expect(on.state().state).toBe('down');
    await on.round();
  }
  expect(on.changes).toEqual(['1 up', '1 down', '1 up']);
  on.prober.close();
  expect(on.clock.nextMs).toBeUndefined();
});

test("the tutorial's probe of port 22 says whether the forwarder runs", async () => {
  const sample = new SamplePlan({ host: '127.0.0.1', port: 9 });
  const on = scene(sample);
  on.update({ probe: { threshold: 1 } });
  expect(on.state().state).toBe('up');
  on.update({ probe: { threshold: 1 }, running: [false, true] });
  expect(on.state()).toMatchObject({ state: 'down', reason: 'its forwarder forwarder-1 is stopped.' });
  expect(on.changes).toEqual(['1 up', '2 up', '1 down']);
  on.update({ probe: { threshold: 1, port: 80 } });
  await on.round();
  expect(on.state().reason).toBe('its forwarder forwarder-1 forwards nothing on port 80, which the probe asks.');
  on.update({ probe: { threshold: 1 }, backends: [{ forwarder: undefined }] });
  expect(on.state().reason).toBe('no host stands behind 10.0.1.10.');
  on.update({ rule: { probe: undefined } });
  expect(on.state()).toMatchObject({ state: 'unknown', reason: 'nothing probes it.' });
  expect(on.clock.nextMs).toBeUndefined();
});

test('a host that comes to stand behind an address is judged by its own first answer', () => {
  const on = scene(new SamplePlan({ host: '127.0.0.1', port: 9 }));
  const probe = { threshold: 2 };
  on.update({ probe, backends: [{ forwarder: undefined }] });
  expect(on.state()).toMatchObject({ state: 'down', reason: 'no host stands behind 10.0.1.10.' });
  on.update({ probe, ...one });
  expect(on.state()).toMatchObject({ state: 'up', reason: undefined });
  on.update({ probe, ...one, running: [false, true] });
  expect(on.state().state).toBe('up');
  on.prober.close();
});

const http = { protocol: 'http', path: '/' } as const;
const of = (protocol: Probe['protocol']) => ({ protocol, path: undefined });

test.for([
  ['PostgreSQL with TLS', of('postgresql'), '0000000804d2162f', '53', undefined],
  ['PostgreSQL without TLS', of('postgresql'), '0000000804d2162f', '4e', undefined],
  ['PostgreSQL with an error', of('postgresql'), '0000000804d2162f', '450000', 'answers with an error to the first message of PostgreSQL'],
  ['no PostgreSQL', of('postgresql'), '0000000804d2162f', '48', 'does not answer as PostgreSQL does'],
  ['MySQL', of('mysql'), '', '4a0000000a382e30', undefined],
  ['MySQL that has no room', of('mysql'), '', '17000000ff1004', 'greets with MySQL error 1040'],
  ['no MySQL', of('mysql'), '', '485454502f312e31', 'does not greet as MySQL does'],
  ['SQL Server', of('tds'), '1201001a00000100' + '00000b0006' + '0100110001' + 'ff' + '00000000000002', '0401002b000001000000', undefined],
  [
    'no SQL Server',
    of('tds'),
    '1201001a00000100' + '00000b0006' + '0100110001' + 'ff' + '00000000000002',
    '4a',
    'does not answer as SQL Server does',
  ],
  ['HTTP', http, Buffer.from('GET / HTTP/1.1\r\n').toString('hex'), Buffer.from('HTTP/1.0 200 \r\n').toString('hex'), undefined],
  [
    'HTTP that moves',
    http,
    Buffer.from('GET / HTTP/1.1\r\n').toString('hex'),
    Buffer.from('HTTP/1.1 301 Moved\r\n').toString('hex'),
    'answers with status 301',
  ],
  [
    'no HTTP',
    http,
    Buffer.from('GET / HTTP/1.1\r\n').toString('hex'),
    Buffer.from('SSH-2.0-x\r\n').toString('hex'),
    'does not answer as an HTTP server does',
  ],
] as const)('%s', async ([, probe, asks, answers, reason]) => {
  // The answer comes in single bytes: any split means the same.
  await using host = await sampleHost(({ stream }) => {
    const answer = (): void => [...Buffer.from(answers, 'hex')].forEach((byte) => stream.writable && stream.write(Buffer.from([byte])));
    if (asks === '') answer();
    else stream.once('data', answer);
  });
  const said = await probeOnce(probe, host, { host: 'db.example', port: 1_433 }, 5_000);
  expect(said ?? 'healthy').toContain(reason === undefined ? 'healthy' : `db.example:1433 ${reason}`);
  await expect.poll(() => host.peers[0]?.over).toBeDefined();
  expect(
    Buffer.from(host.peers[0]?.text() ?? '', 'latin1')
      .toString('hex')
      .startsWith(asks),
  ).toBe(true);
});

test('who refuses, resets, ends, is silent or talks nonsense is not healthy, and says why', async () => {
  const name = { host: 'db.example', port: 5_432 };
  const asked = of('postgresql');
  const closed = await sampleHost();
  await closed[Symbol.asyncDispose]();
  expect(await probeOnce(asked, closed, name, 5_000)).toBe('db.example:5432: the connection is refused (nothing listens there).');
  await using resets = await sampleHost(({ stream }) => stream.once('data', () => stream.resetAndDestroy()));
  expect(await probeOnce(asked, resets, name, 5_000)).toBe('db.example:5432: it reset the connection without an answer.');
  await using ends = await sampleHost(({ stream }) => stream.end());
  expect(await probeOnce(asked, ends, name, 5_000)).toBe('db.example:5432 closed the connection without an answer.');
  await using silent = await sampleHost(() => undefined);
  expect(await probeOnce(asked, silent, name, 30)).toBe('db.example:5432 did not answer within 0.03 s.');
  await using nonsense = await sampleHost(({ stream }) => stream.write(Buffer.alloc(20_000, 'x')));
  expect(await probeOnce(http, nonsense, name, 5_000)).toBe('db.example:5432 sends what is no http answer.');
  expect(await probeOnce(of('tcp'), silent, name, 5_000)).toBeUndefined();
  expect(await probeOnce({ protocol: 'https', path: '/' }, nonsense, name, 5_000)).toContain('db.example:5432: ');
});

test('a probe closes in order', async () => {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const arrived = once(server, 'connection');
  const at = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  expect(await probeOnce(of('tcp'), at, at, 5_000)).toBeUndefined();
  const [socket] = (await arrived) as [ReturnType<typeof connect>];
  socket.resume();
  await once(socket, 'end');
  socket.end();
  server.close();
  await once(server, 'close');
  expect(socket.errored).toBeNull();
});
