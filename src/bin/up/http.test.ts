import { request } from 'node:http';
import { expect, test } from 'vitest';
import { serveWatch } from './http.ts';
import type { UpStatus } from './status.ts';

const status: UpStatus = {
  pid: 7,
  data: '/d',
  arm: null,
  metrics: '',
  sql: {},
  engine: null,
  ready: false,
  links: [],
  processes: [],
  step: null,
};

function watched(ready = false): Parameters<typeof serveWatch>[0] {
  return { metrics: async () => 'a 1\n', status: () => ({ ...status, ready }), token: 'secret' };
}

/** `fetch` does not let a host be named. */
function statusFor(url: string, host: string): Promise<number | undefined> {
  return new Promise((settle, fail) =>
    request(url, { headers: { host } }, (response) => settle(response.resume().statusCode))
      .once('error', fail)
      .end(),
  );
}

test('measurements and health are there for whoever asks on loopback, the status for whoever has the token', async () => {
  await using server = await serveWatch(watched(), 0);
  const get = async (path: string, init: RequestInit = {}): Promise<readonly [number, string]> => {
    const response = await fetch(server.url + path, init);
    return [response.status, await response.text()];
  };
  expect(await get('/metrics')).toEqual([200, 'a 1\n']);
  expect(await get('/healthz')).toEqual([200, 'ok\n']);
  expect(await get('/readyz')).toEqual([503, 'not ready: no link yet\n']);
  expect((await get('/status'))[0]).toBe(401);
  const [code, text] = await get('/status', { headers: { authorization: 'Bearer secret' } });
  expect([code, JSON.parse(text)]).toEqual([200, status]);
  expect((await get('/metrics', { method: 'POST' }))[0]).toBe(405);
  expect((await get('/other'))[0]).toBe(404);
  expect(await statusFor(`${server.url}/metrics`, 'evil.example')).toBe(421);
});

test('readiness is told', async () => {
  await using server = await serveWatch(watched(true), 0);
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
});

test('a port that was named and is taken is a fault; the usual one has a stand-in', async () => {
  await using first = await serveWatch(watched(), undefined);
  await using second = await serveWatch(watched(), undefined);
  expect(second.url).not.toBe(first.url);
  await expect(serveWatch(watched(), Number(new URL(second.url).port))).rejects.toMatchObject({ kind: 'conflict', code: 'PortInUse' });
});
