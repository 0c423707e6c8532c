import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { refusal, startArmServer } from '#test/servers/arm-server.ts';
import { privateCertificates } from '#test/servers/private-certificates.ts';
import { httpsFetch } from './https-fetch.ts';

async function certificates(): ReturnType<typeof privateCertificates> {
  const folder = await mkdtemp(join(tmpdir(), 'isthmus-https-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return privateCertificates(folder);
}

test('a server with a certificate of its own CA is trusted by that CA only, over one connection', async () => {
  const { cert, key, ca } = await certificates();
  await using server = await startArmServer({ cert, key });
  const url = `${server.url.replace('127.0.0.1', 'localhost')}/subscriptions`;
  const ports = new Set<string>();
  server.script = ({ headers }) => {
    ports.add(String(headers['x-seen']));
    return refusal(404, 'X', 'é'.repeat(20_000));
  };
  using trusting = httpsFetch(ca);
  const headers = { authorization: `Bearer ${server.token()}` };
  for (let i = 0; i < 3; i++) {
    const answer = await trusting.fetch(url, { method: 'PUT', headers, body: '{"name":"é"}' });
    expect([answer.status, answer.headers.get('Content-Type'), answer.headers.get('x')]).toEqual([404, 'application/json', null]);
    expect(JSON.parse(await answer.text())).toEqual(refusal(404, 'X', 'é'.repeat(20_000)).body);
  }
  expect(server.requests.map(({ body }) => body)).toEqual(Array(3).fill({ name: 'é' }));
  using other = httpsFetch(undefined);
  await expect(other.fetch(url, { method: 'GET', headers })).rejects.toMatchObject({ kind: 'unreachable', code: 'CertificateNotTrusted' });
});

test('what cannot be reached, and what would leave in the clear', async () => {
  using connection = httpsFetch(undefined);
  const ask = (url: string, signal?: AbortSignal): Promise<unknown> =>
    connection.fetch(url, { method: 'GET', headers: {}, ...(signal === undefined ? {} : { signal }) });
  await expect(ask('http://127.0.0.1:9/x')).rejects.toMatchObject({ kind: 'unreachable', code: 'ServerUnreachable' });
  expect(() => ask('http://example.com/x')).toThrow(expect.objectContaining({ code: 'PlainHttp' }));
  await using server = await startArmServer();
  await expect(ask(server.url, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
});
