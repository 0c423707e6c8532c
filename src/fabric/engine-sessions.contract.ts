import { expect, test } from 'vitest';
import { ask, counterOf, over, soon, stage, type OpenEngine, type Stage } from './engine-stage.contract.ts';
import type { SamplePeer } from './sample-hosts.contract.ts';
import { watch } from './sample-hosts.contract.ts';

const never = new AbortController().signal;

/** What is told of an endpoint's live connections, and how they are cut. */
export function describeSessions(open: OpenEngine): void {
  test('live connections say where they come from, where they go, and what passed', async () => {
    await using on = await stage(open);
    const before = Date.now();
    await on.apply();
    const called = on.call();
    await ask(called, 'hello');
    const dialled = await dialFor(on, 'link shop of workspace w');
    await ask(dialled, 'hello again');
    const { endpoint, service, backends, port } = on.sample;
    const target = { host: on.host.host, port: on.host.port };
    const shared = { state: 'open', port, service, target };
    const sessions = on.engine.sessions(endpoint);
    expect(sessions).toHaveLength(2);
    // A kernel keeps their beginnings in whole seconds, so that their order may be any.
    const [first, second] = on.engine.kind === 'kernel' ? sessions.toSorted((a, b) => a.bytesIn - b.bytesIn) : sessions;
    expect(first).toMatchObject({ ...shared, asker: undefined, bytesIn: 5, bytesOut: 5 });
    expect(first?.client).toEqual({ host: expect.stringMatching(/^(?:127|198|100)\./), port: expect.any(Number) });
    expect(second).toMatchObject({ ...shared, asker: 'link shop of workspace w', client: undefined, bytesIn: 11, bytesOut: 11 });
    expect(first?.id).not.toBe(second?.id);
    for (const one of [first, second]) {
      expect(backends).toContain(one?.backend);
      expect(one?.sinceMs).toBeGreaterThanOrEqual(before);
      expect(one?.sinceMs).toBeLessThanOrEqual(Date.now());
    }
    for (const peer of [called, dialled]) peer.stream.destroy();
    await expect.poll(() => on.engine.sessions(endpoint), soon).toEqual([]);
    expect(on.engine.sessions('/no/such/endpoint')).toEqual([]);
  });

  test('a connection that is silent is idle, one that speaks is not', async () => {
    await using on = await stage(open, { tickMs: 5 });
    await on.apply();
    const peer = on.call();
    await ask(peer, 'hello');
    await expect.poll(() => on.engine.sessions(on.sample.endpoint)[0]?.idleMs, soon).toBeGreaterThan(50);
    const idleMs = on.engine.sessions(on.sample.endpoint)[0]!.idleMs;
    await ask(peer, 'hello');
    expect(on.engine.sessions(on.sample.endpoint)[0]!.idleMs).toBeLessThan(idleMs);
    peer.stream.destroy();
  });

  test('one connection is cut, and the others go on', async () => {
    await using on = await stage(open);
    await on.apply();
    const called = on.call();
    await ask(called, 'hello');
    const dialled = await dialFor(on, 'link shop');
    let reason: unknown;
    dialled.stream.once('error', (error) => (reason = error));
    await ask(dialled, 'hello');
    const { endpoint } = on.sample;
    const meant = on.engine.sessions(endpoint).find(({ asker }) => asker === 'link shop');
    expect(on.engine.cut(endpoint, meant?.id)).toBe(1);
    await over(dialled, 'reset');
    expect(reason).toMatchObject({ kind: 'unreachable', code: 'SessionCut', target: endpoint, remedy: expect.any(String) });
    await ask(called, 'still here');
    expect(on.engine.sessions(endpoint)).toHaveLength(1);
    expect(on.events).toContainEqual({ kind: 'cut', endpoint, connections: 1, code: 'SessionCut' });
    expect(counterOf(on.engine, endpoint)).toMatchObject({ connections: 2, open: 1 });
    called.stream.destroy();
  });

  test('all connections of an endpoint are cut at once, and the way stays open', async () => {
    await using on = await stage(open);
    await on.apply();
    const peers = [on.call(), on.call(), await on.dial()];
    for (const peer of peers) await ask(peer, 'hello');
    expect(on.engine.cut(on.sample.endpoint)).toBe(3);
    expect(on.engine.sessions(on.sample.endpoint)).toEqual([]);
    for (const peer of peers) await over(peer, 'reset');
    await ask(on.call(), 'hello');
    expect(await on.refusal()).toBeUndefined();
    expect(on.events.filter((event) => event.kind === 'cut')).toHaveLength(1);
  });

  test('what is not there is not cut, and nothing is told of it', async () => {
    await using on = await stage(open);
    await on.apply();
    const peer = on.call();
    await ask(peer, 'hello');
    const [session] = on.engine.sessions(on.sample.endpoint);
    expect(on.engine.cut(on.sample.endpoint, 'no such session')).toBe(0);
    expect(on.engine.cut('/another/endpoint', session?.id)).toBe(0);
    expect(on.engine.cut('/another/endpoint')).toBe(0);
    await ask(peer, 'still here');
    expect(on.events.filter((event) => event.kind === 'cut')).toEqual([]);
    peer.stream.destroy();
  });

  test('a dial that is cut before it reached anything says so', async () => {
    const unanswered = new Promise<never>(() => undefined);
    await using on = await stage(open, { resolver: { resolve: () => unanswered } });
    await on.apply({ target: { host: 'slow.example', port: on.host.port } });
    const dialling = dialFor(on, 'link shop');
    dialling.catch(() => undefined);
    await expect.poll(() => on.engine.sessions(on.sample.endpoint)[0]?.state, soon).toBe('connecting');
    expect(on.engine.cut(on.sample.endpoint)).toBe(1);
    await expect(dialling).rejects.toMatchObject({ code: 'SessionCut' });
  });
}

async function dialFor(on: Stage, asker: string): Promise<SamplePeer> {
  const { segment, name, port } = on.sample;
  return watch(await on.engine.dialer(segment, asker).dial(name, port, never));
}
