import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import { armScene, group, type ArmScene } from './arm-scene.contract.ts';

const net = `${group}/providers/Example.Net/networks/n`;

async function listening(scene: ArmScene): Promise<number> {
  await scene.app.listen({ port: 0, host: '127.0.0.1' });
  return (scene.app.server.address() as AddressInfo).port;
}

/** All that comes over a bare connection until the server ends it. */
async function exchanged(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString();
  });
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

/** Reads a stream of events until it says so. */
async function streamed(port: number, path: string, token: string): Promise<{ text(): string; close(): void }> {
  const asking = request({ port, host: '127.0.0.1', path, headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' } });
  asking.end();
  const [answer] = (await once(asking, 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
  expect(answer.statusCode).toBe(200);
  let text = '';
  answer.setEncoding('utf8');
  answer.on('data', (chunk: string) => {
    text += chunk;
  });
  answer.on('error', () => undefined);
  await expect.poll(() => text).toContain(': ready');
  return { text: () => text, close: () => asking.destroy() };
}

test('changes are streamed to those who may read them, where they asked', async () => {
  await using scene = await armScene();
  const port = await listening(scene);
  const [all, scoped, partly, nobody] = await Promise.all([
    streamed(port, '/events', 'owner'),
    streamed(port, `/events?scope=${encodeURIComponent(net)}`, 'owner'),
    streamed(port, '/events', 'partly'),
    streamed(port, '/events', 'nobody'),
  ]);
  await scene.send('PUT', `${group}/providers/Example.Own/locks/l`, { properties: { level: 'x' } });
  await scene.send('PUT', net, { location: 'x', properties: { space: 's' } });
  await scene.send('DELETE', net);
  const ofNet = (kind: string): string => `event: change\ndata: ${JSON.stringify({ id: net, type: 'Example.Net/networks', kind })}\n\n`;
  for (const one of [all, scoped, partly]) await expect.poll(() => one.text()).toContain(ofNet('removed'));
  expect(all.text()).toContain('locks/l');
  for (const one of [scoped, partly]) expect(one.text()).not.toContain('locks/l');
  expect(scoped.text()).toContain(ofNet('written'));
  expect(nobody.text()).not.toContain('event: change');
  for (const one of [all, scoped, partly, nobody]) one.close();
});

test('what has changed without a write is told as live to those who may read it, first after a hello', async () => {
  await using scene = await armScene();
  const port = await listening(scene);
  const [all, elsewhere, nobody] = await Promise.all([
    streamed(port, '/events', 'partly'),
    streamed(port, `/events?scope=${encodeURIComponent(`${net}2`)}`, 'owner'),
    streamed(port, '/events', 'nobody'),
  ]);
  const boots = [all, elsewhere].map((one) => /^retry: 1000\n: ready\nevent: hello\ndata: (.*)\n\n/.exec(one.text())?.[1]);
  expect(boots[0]).toMatch(/^\{"boot":"[0-9a-f-]{36}"\}$/);
  expect(boots[1]).toBe(boots[0]);
  scene.live.ring(net.toUpperCase(), 'Example.Net/networks');
  for (let n = 0; n < 50; n += 1) scene.live.ring(net, 'Example.Net/networks');
  scene.live.ring(`${group}/providers/Example.Own/locks/l`, 'Example.Own/locks');
  scene.live.ring(`${net}2`, 'Example.Net/networks');
  const told = (id: string): string => `event: change\ndata: ${JSON.stringify({ id, type: 'Example.Net/networks', kind: 'live' })}\n\n`;
  await expect.poll(() => all.text()).toContain(told(net));
  await expect.poll(() => elsewhere.text()).toContain(told(`${net}2`));
  expect(all.text().split('"kind":"live"')).toHaveLength(4);
  expect(all.text()).not.toContain('locks/l');
  expect(elsewhere.text()).not.toContain(told(net));
  expect(nobody.text()).not.toContain('live');
  for (const one of [all, elsewhere, nobody]) one.close();
});

test('nobody takes so many streams that others get none', async () => {
  await using scene = await armScene();
  const port = await listening(scene);
  const streams = await Promise.all(Array.from({ length: 50 }, () => streamed(port, '/events', 'nobody')));
  const refused = await exchanged(port, 'GET /events HTTP/1.1\r\nhost: a\r\nauthorization: Bearer nobody\r\nconnection: close\r\n\r\n');
  expect(refused).toMatch(/^HTTP\/1\.1 429 [^]*"code":"TooManyStreams"/);
  const other = await streamed(port, '/events', 'owner');
  streams.pop()!.close();
  const again = await vi.waitFor(() => streamed(port, '/events', 'nobody'));
  for (const one of [...streams, other, again]) one.close();
});

test('closing the app ends its streams', async () => {
  await using scene = await armScene();
  const port = await listening(scene);
  const stream = await streamed(port, '/events', 'owner');
  await scene.app.close();
  expect(stream.text()).toContain(': ready');
});

test('what is not HTTP, and headers without end, are refused as JSON', async () => {
  await using scene = await armScene();
  const port = await listening(scene);
  const wrong = await exchanged(port, 'HELLO\r\n\r\n');
  expect(wrong).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*"code":"InvalidRequest"/);
  const long = await exchanged(port, `GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`);
  expect(long).toMatch(/^HTTP\/1\.1 431 [^]*"code":"RequestHeadersTooLarge"/);
  expect(scene.app.server.headersTimeout).toBe(15_000);
  expect(scene.app.server.requestTimeout).toBe(60_000);
});

test('a body of 20 MB is read to its end, and refused', async () => {
  await using scene = await armScene();
  const port = await listening(scene);
  const asking = request({
    port,
    host: '127.0.0.1',
    method: 'PUT',
    path: `${net}?api-version=2025-05-01`,
    headers: { authorization: 'Bearer owner', 'content-type': 'application/json' },
  });
  asking.end(Buffer.alloc(20 * 1024 * 1024, 'x'));
  const [answer] = (await once(asking, 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
  expect(answer.statusCode).toBe(413);
  answer.resume();
  await once(answer, 'end');
  expect(await scene.store.get(net)).toBeUndefined();
});

test('a path with dots is refused as it was sent', async () => {
  await using scene = await armScene();
  const port = await listening(scene);
  const answer = await exchanged(port, `GET ${group}/../../x?api-version=2025-05-01 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*"code":"InvalidUri"/);
});
