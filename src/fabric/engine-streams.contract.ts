import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ask, counterOf, over, resetNow, soon, stage, type OpenEngine, type Stage } from './engine-stage.contract.ts';
import type { FabricPlan } from './plan.ts';
import { echo, sampleHost, type SamplePeer } from './sample-hosts.contract.ts';
import type { Sample } from './sample-plan.contract.ts';

/** Health, choice and drain of backends. */
export function describeBackends(open: OpenEngine): void {
  const down = (on: Stage, backend: 0 | 1) => expect.poll(() => on.engine.health(on.sample.probe, on.sample.backends[backend]).state, soon);

  test('connections spread over the backends, and by address alone stay with one', async () => {
    await using on = await stage(open);
    await on.apply();
    for (let count = 0; count < 40; count++) await ask(await on.dial(), 'x');
    const spread = on.sample.backends.map((backend) => counterOf(on.engine, backend)?.connections ?? 0);
    expect(Math.min(...spread)).toBeGreaterThan(5);
    await on.apply({ rule: { distribution: '2-tuple' } });
    for (let count = 0; count < 10; count++) await ask(await on.dial(), 'x');
    const more = on.sample.backends.map((backend, at) => (counterOf(on.engine, backend)?.connections ?? 0) - (spread[at] ?? 0));
    expect(more.toSorted((a, b) => a - b)).toEqual([0, 10]);
  });

  test('a stopped forwarder takes its own connections with it; new ones go to the other; with both stopped none', async () => {
    await using on = await stage(open);
    await on.apply();
    const peers: SamplePeer[] = [];
    for (let count = 0; count < 20; count++) peers.push(await on.dial());
    for (const peer of peers) await ask(peer, 'hello');
    await on.apply({ running: [true, false] });
    await down(on, 1).toBe('down');
    const alive = counterOf(on.engine, on.sample.backends[0])?.open ?? 0;
    expect(peers.filter((peer) => peer.over === undefined)).toHaveLength(alive);
    for (const peer of peers.filter((one) => one.over === undefined)) await ask(peer, 'still here');
    for (let count = 0; count < 10; count++) await ask(await on.dial(), 'x');
    expect(counterOf(on.engine, on.sample.backends[0])?.connections).toBe(alive + 10);
    await on.apply({ running: [false, false] });
    await down(on, 0).toBe('down');
    const path = await on.engine.explain({ segment: on.sample.segment, host: on.sample.name, port: on.sample.port });
    expect(path.denied).toMatchObject({
      code: 'NoHealthyBackend',
      target: on.sample.rule,
      message: expect.stringContaining('forwarder-1 is stopped'),
    });
    expect(await on.refusal()).toBe('NoHealthyBackend');
    await on.apply();
    await down(on, 0).toBe('up');
    await ask(on.call(), 'again');
  });

  test('a probe down ends no connection, and stops new ones; AllProbedUp does not', async () => {
    let answers = true;
    await using on = await stage(open, { serve: echo });
    await using probed = await sampleHost(({ stream }) =>
      answers ? stream.end('HTTP/1.1 200 OK\r\n\r\n') : stream.end('HTTP/1.1 503 No\r\n\r\n'),
    );
    const withProbe = (rule: Sample['rule']): FabricPlan => {
      const plan = on.sample.plan({ probe: { protocol: 'http', port: 80, path: '/healthy' }, rule: { ...rule } });
      const to = { host: probed.host, port: probed.port };
      return { ...plan, forwarders: plan.forwarders.map((one) => ({ ...one, rules: [...one.rules, { port: 80, to }] })) };
    };
    await on.engine.apply(withProbe({}));
    await down(on, 0).toBe('up');
    const established = on.call();
    await ask(established, 'hello');
    answers = false;
    await down(on, 0).toBe('down');
    await down(on, 1).toBe('down');
    await ask(established, 'still here');
    expect(await on.refusal()).toBe('NoHealthyBackend');
    expect(on.engine.health(on.sample.probe, on.sample.backends[0]).reason).toContain('status 503');
    await on.engine.apply(withProbe({ whenNoneHealthy: 'AllProbedUp' }));
    await ask(await on.dial(), 'all are taken');
    answers = true;
    await down(on, 0).toBe('up');
    await ask(established, 'all the while');
    expect(on.host.peers.some((peer) => peer.text().includes('GET'))).toBe(false);
  });

  test("an administrator's Down drains a backend, and Up overrules the probe", async () => {
    await using on = await stage(open);
    await on.apply({ backends: [{}, { admin: 'Down' }] });
    const peer = await on.dial();
    await ask(peer, 'hello');
    await on.apply({ backends: [{ admin: 'Down' }, {}] });
    await ask(peer, 'still here');
    await ask(await on.dial(), 'x');
    expect(on.sample.backends.map((backend) => counterOf(on.engine, backend)?.connections)).toEqual([1, 1]);
    await on.apply({ backends: [{ admin: 'Down' }, { admin: 'Down' }] });
    expect(await on.refusal()).toBe('NoHealthyBackend');
    await on.apply({ backends: [{ admin: 'Up' }, { admin: 'Down' }], probe: { protocol: 'tcp', port: 99 } });
    await ask(await on.dial(), 'x');
  });

  test('what is wrong behind a backend has a name', async () => {
    await using on = await stage(open);
    await on.apply({ rule: { probe: undefined }, running: [false, false] });
    expect(await on.refusal()).toBe('ForwarderStopped');
    await on.apply({ rule: { probe: undefined, backendPort: 99 } });
    expect(await on.refusal()).toBe('NoForwardRule');
    await on.apply({ rule: { probe: undefined }, backends: [{ forwarder: undefined }] });
    expect(await on.refusal()).toBe('NoForwarder');
    await on.apply({ backends: [] });
    expect(await on.refusal()).toBe('NoHealthyBackend');
    await on.apply({ target: { host: '127.0.0.1', port: 9 } });
    expect(await on.refusal()).toBe('TargetUnreachable');
    const called = on.call();
    await over(called, 'reset');
    // A kernel lets in what only the step behind it finds unreachable.
    const [connections, refused] = on.engine.kind === 'kernel' ? [1, 5] : [0, 6];
    expect(counterOf(on.engine, on.sample.endpoint)).toMatchObject({ connections, refused });
  });
}

/** What happens to the bytes of a connection, and to its ends. */
export function describeStreams(open: OpenEngine): void {
  test('the end of one direction leaves the other open', async () => {
    await using on = await stage(open, {
      serve: ({ stream }) => void stream.on('end', () => stream.end(`all of it`)),
    });
    await on.apply();
    for (const peer of [on.call()]) {
      peer.stream.end('question');
      await expect.poll(() => peer.text(), soon).toBe('all of it');
      await over(peer, 'ended');
    }
    await over(on.host.peers[0], 'ended');
    expect(on.host.peers[0]?.text()).toBe('question');
    await expect.poll(() => counterOf(on.engine, on.sample.endpoint)?.open, soon).toBe(0);
  });

  test('a database that ends first still takes what the client sends', async () => {
    await using on = await stage(open, { serve: ({ stream }) => void stream.end('greeting') });
    await on.apply();
    const peer = on.call();
    await over(peer, 'ended');
    peer.stream.end('afterwards');
    await expect.poll(() => on.host.peers[0]?.text(), soon).toBe('afterwards');
    await over(on.host.peers[0], 'ended');
  });

  test('a reset at one end is a reset at the other', async () => {
    await using on = await stage(open);
    await on.apply();
    const first = on.call();
    await ask(first, 'hello');
    resetNow(first);
    await over(on.host.peers[0], 'reset');
    const second = on.call();
    await ask(second, 'hello');
    resetNow(on.host.peers[1]);
    await over(second, 'reset');
    await expect.poll(() => counterOf(on.engine, on.sample.endpoint)?.open, soon).toBe(0);
  });

  test('a database that takes connections and says nothing holds nobody else up', async () => {
    let silent = true;
    await using on = await stage(open, { serve: (peer) => (silent ? undefined : echo(peer)) });
    await on.apply();
    const hanging = on.call();
    hanging.stream.write('anybody there');
    await expect.poll(() => on.host.peers[0]?.text(), soon).toBe('anybody there');
    silent = false;
    await ask(on.call(), 'hello');
    expect(hanging.over).toBeUndefined();
  });

  test('a reader that does not read stops the writer, and gets every byte later', async () => {
    const total = 24_000_000;
    await using on = await stage(open, {
      serve: ({ stream }) => {
        stream.on('error', () => stream.destroy());
        for (let sent = 0; sent < total; sent += 1_000_000) stream.write(Buffer.alloc(1_000_000, sent / 1_000_000));
      },
    });
    await on.apply();
    const peer = on.call();
    peer.stream.pause();
    let before = -1;
    // It stands still once all buffers on the way are full.
    await expect
      .poll(() => before === (before = counterOf(on.engine, on.sample.endpoint)?.bytesOut ?? 0) && before > 0, {
        interval: 50,
        timeout: 5_000,
      })
      .toBe(true);
    expect(before).toBeLessThan(total);
    peer.stream.resume();
    await expect.poll(() => peer.bytes, soon).toBe(total);
    expect(
      Buffer.from(peer.text(), 'latin1').equals(Buffer.concat(Array.from({ length: 24 }, (_, at) => Buffer.alloc(1_000_000, at)))),
    ).toBe(true);
    peer.stream.destroy();
  });

  test('bytes arrive as they were sent, and are counted to the last one', async () => {
    await using on = await stage(open);
    await on.apply();
    let sentBytes = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        async (sizes, byListener) => {
          const peer = byListener ? on.call() : await on.dial();
          const sent = sizes.map((size, at) => Buffer.alloc(size, at + 1));
          for (const bytes of sent) peer.stream.write(bytes);
          peer.stream.end();
          const all = Buffer.concat(sent);
          sentBytes += all.length;
          await expect.poll(() => peer.bytes, soon).toBe(all.length);
          expect(Buffer.from(peer.text(), 'latin1').equals(all)).toBe(true);
          await over(peer, 'ended');
        },
      ),
      { numRuns: 12 },
    );
    await expect.poll(() => counterOf(on.engine, on.sample.endpoint)?.open, soon).toBe(0);
    // What is sent again, or says what is missing, counts as more where packets are counted.
    const most = on.engine.kind === 'kernel' ? sentBytes * 1.02 + 1_000 : sentBytes;
    for (const id of [on.sample.endpoint, on.sample.service, on.sample.rule]) {
      const counter = counterOf(on.engine, id);
      expect(counter).toMatchObject({ connections: 12, open: 0, refused: 0, connects: 12 });
      for (const bytes of [counter?.bytesIn ?? 0, counter?.bytesOut ?? 0]) {
        expect(bytes).toBeGreaterThanOrEqual(sentBytes);
        expect(bytes).toBeLessThanOrEqual(most);
      }
    }
  });

  test('an idle connection is reset at both ends, or left in silence', async () => {
    await using on = await stage(open, { tickMs: 10 });
    await on.apply({ rule: { idleMs: 60, tcpReset: true } });
    const first = on.call();
    await ask(first, 'hello');
    await over(first, 'reset');
    await over(on.host.peers[0], 'reset');
    await on.apply({ rule: { idleMs: 60, tcpReset: false } });
    const silent = on.call();
    await ask(silent, 'hello');
    // Idle from a later moment on; callers of a dialer are told.
    await over(await on.dial(), 'reset');
    await expect.poll(() => on.engine.sessions(on.sample.endpoint), soon).toEqual([]);
    silent.stream.write('lost');
    const third = on.call();
    await ask(third, 'hello');
    // From the next plan on a kernel may answer what it sends again by a reset.
    expect(silent.over).toBeUndefined();
    await on.apply({ rule: { idleMs: 60, tcpReset: true } });
    await over(third, 'reset');
    expect(on.host.peers.map((peer) => peer.text())).not.toContain('hellolost');
  });

  test('a service with the PROXY protocol sends who connects first, and never to a probe', async () => {
    await using on = await stage(open, { serve: () => undefined });
    await on.apply({
      service: { proxyProtocol: true },
      probe: { protocol: 'tcp', port: on.sample.port },
      endpoint: { linkId: 0x0a0b0c0d },
    });
    await expect.poll(() => on.engine.health(on.sample.probe, on.sample.backends[0]).state, soon).toBe('up');
    const [called, dialled] = [on.call(), await on.dial()];
    called.stream.write('hello');
    dialled.stream.write('hello');
    const withBytes = (): string[] => on.host.peers.map((peer) => peer.text()).filter((text) => text !== '');
    await expect.poll(() => withBytes().filter((text) => text.endsWith('hello')), soon).toHaveLength(2);
    for (const text of withBytes()) {
      const hex = Buffer.from(text, 'latin1').toString('hex');
      // Version 2 and PROXY, TCP over IPv4, 20 bytes; from 127.…, to the endpoint 10.0.1.5; two ports; TLV 0xEE of 5 bytes.
      const fields = ['0d0a0d0a000d0a515549540a', '21110014', '7f......', '0a000105', '....37fa', 'ee0005', '010d0c0b0a', '68656c6c6f'];
      expect(hex).toMatch(new RegExp(`^${fields.join('')}$`));
    }
    expect(counterOf(on.engine, on.sample.endpoint)).toMatchObject({ bytesIn: 10 });
  });
}
