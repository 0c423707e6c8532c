import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { ask, soon, stage } from '../engine-stage.contract.ts';
import { call, outwardAddress } from '../sample-hosts.contract.ts';
import { openKernelEngine } from './engine.ts';
import { Hub } from './hub.ts';
import { inHubOf } from './hub-inside.contract.ts';
import { hubPlace } from './hub-place.ts';

/** An engine whose hub somebody else gets at. */
async function exposed(): Promise<{ readonly on: Awaited<ReturnType<typeof stage>>; readonly hub: string }> {
  const label = randomBytes(4).toString('hex');
  const on = await stage((more) => openKernelEngine({ label, limits: { tickMs: more.tickMs ?? 50 } }), { at: outwardAddress() });
  await on.apply();
  return { on, hub: label };
}

test('rules that somebody flushes let nothing pass, and are there again; a connection that lives goes on', async () => {
  const { on, hub } = await exposed();
  await using _on = on;
  const peer = on.call();
  await ask(peer, 'hello');
  inHubOf(hub, '/usr/sbin/nft', 'flush', 'ruleset');
  // Before they are mended, too: no packet has a mark, and none is routed.
  const without = call(on.engine.listening(on.sample.endpoint, on.sample.port));
  without.stream.write('nobody hears this');
  await expect.poll(() => inHubOf(hub, '/usr/sbin/nft', 'list', 'tables'), { timeout: 8_000, interval: 50 }).toContain('isthmus');
  await ask(peer, 'still here');
  await ask(on.call(), 'and a new one');
  without.stream.destroy();
  const heard = on.host.peers.map((one) => one.text()).join('');
  // It may come through once the rules are back: it is allowed. Before that it had no way.
  expect(heard.replace('nobody hears this', '')).toBe('hellostill hereand a new one');
});

test('what was never approved has no way through a hub without rules', async () => {
  const { on, hub } = await exposed();
  await using _on = on;
  const at = on.engine.listening(on.sample.endpoint, on.sample.port);
  await on.apply({ endpoint: { state: 'Rejected' } });
  inHubOf(hub, '/usr/sbin/nft', 'flush', 'ruleset');
  const socket = connect({ host: at!.host, port: at!.port });
  let outcome: string | undefined;
  socket.once('error', (error: NodeJS.ErrnoException) => (outcome = error.code));
  socket.once('connect', () => (outcome = 'connected'));
  await expect.poll(() => outcome, { ...soon, timeout: 15_000 }).toMatch(/^E/);
  expect(on.host.peers).toHaveLength(0);
});

test('hubs that are made at the same moment have ranges of their own, and leave nothing behind', async () => {
  const labels = Array.from({ length: 4 }, () => randomBytes(4).toString('hex'));
  const hubs = await Promise.all(labels.map((label) => Hub.open({ label })));
  expect(new Set(hubs.map(({ range }) => range.prefix)).size).toBe(4);
  await Promise.all(hubs.map((hub) => hub.remove()));
  expect(labels.filter((label) => existsSync(hubPlace({ label }).path))).toEqual([]);
});

test('a route into the hub that somebody takes away is there again, and live connections go on', async () => {
  const { on, hub } = await exposed();
  await using _on = on;
  const leg = `ist-${hub}`;
  const at = on.engine.listening(on.sample.endpoint, on.sample.port)!;
  const peer = on.call();
  await ask(peer, 'hello');
  execFileSync('/sbin/ip', ['route', 'del', at.host.replace(/\.\d+\.\d+$/, '.0.0/16'), 'dev', leg]);
  const wayThere = (): string => execFileSync('/sbin/ip', ['route', 'get', at.host], { encoding: 'utf8' });
  await expect.poll(wayThere, { timeout: 8_000, interval: 50 }).toContain(leg);
  await ask(peer, 'still here');
  await ask(on.call(), 'and a new one');
});
