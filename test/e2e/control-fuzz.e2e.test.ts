import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Asked, ControlPlane } from './control-plane.ts';

const requests = Number(process.env['ISTHMUS_FUZZ_REQUESTS'] ?? 4_000);
let plane: ControlPlane;
beforeAll(async () => {
  plane = await ControlPlane.start();
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  plane.forget();
});

function pick<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)]!;
}

const oddities = [
  '',
  'a',
  'net',
  'fuzz',
  '..',
  '%2e%2e',
  '%2f',
  '%00',
  '%',
  'a%2fb',
  'ä'.normalize(),
  '%E4',
  'x'.repeat(300),
  '__proto__',
  'constructor',
  "';DROP TABLE resources;--",
  '$skiptoken',
  '00000000-0000-0000-0000-000000000000',
];

function value(depth: number): unknown {
  const kind = Math.floor(Math.random() * (depth > 4 ? 6 : 9));
  switch (kind) {
    case 0:
      return null;
    case 1:
      return pick([true, false]);
    case 2:
      return pick([0, -1, 1e308, 4.5, 2 ** 53]);
    case 3:
    case 4:
      return pick([...oddities, '10.0.0.0/16', '10.0.1.0/24', 'westeurope', 'Incremental', '[parameters(', "[concat('a')]"]);
    case 5:
      return pick(['Microsoft.Network/virtualNetworks', '/subscriptions/x/resourceGroups/y']);
    case 6:
      return Array.from({ length: Math.floor(Math.random() * 4) }, () => value(depth + 1));
    default:
      return Object.fromEntries(Array.from({ length: Math.floor(Math.random() * 5) }, () => [pick(memberNames), value(depth + 1)]));
  }
}

const memberNames = [
  'location',
  'tags',
  'properties',
  'name',
  'id',
  'type',
  'addressSpace',
  'addressPrefixes',
  'addressPrefix',
  'subnets',
  'template',
  'parameters',
  'mode',
  'resources',
  'outputs',
  'roleDefinitionId',
  'principalId',
  'sku',
  '__proto__',
  'constructor',
  'etag',
];

function body(): string {
  const kind = Math.random();
  if (kind < 0.1)
    return pick(['', '{', '[]', 'null', '"x"', '{"a":1,}', '\u0000', '{"properties":'.repeat(400), '[1e999]', '{"__proto__":{"x":1}}']);
  return JSON.stringify({
    ...(Math.random() < 0.8 ? { location: pick(['westeurope', 'eastus', '', 7]) } : {}),
    ...(Math.random() < 0.4 ? { tags: value(3) } : {}),
    properties: value(0),
  });
}

function filled(path: string): string {
  return path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
    if (/subscription/i.test(name) && Math.random() < 0.9) return plane.subscription;
    if (/group/i.test(name) && Math.random() < 0.7) return 'fuzz';
    return pick(oddities);
  });
}

async function fuzzed(paths: readonly string[]): Promise<Asked> {
  const query =
    Math.random() < 0.7
      ? ''
      : `&$filter=${encodeURIComponent(String(value(9)))}&$top=${encodeURIComponent(String(value(9)))}&$skiptoken=${encodeURIComponent(String(value(9)))}`;
  const version = Math.random() < 0.9 ? pick(['2025-05-01', '2030-01-01-preview']) : pick(['', 'x', '1999-01-01', '2025-13-45']);
  const method = pick(['GET', 'GET', 'PUT', 'PUT', 'PATCH', 'POST', 'DELETE', 'HEAD', 'OPTIONS']);
  const authorization =
    Math.random() < 0.95 ? `Bearer ${await plane.token()}` : pick(['', 'Bearer x', 'Basic eDp5', 'Bearer eyJhbGciOiJub25lIn0.e30.']);
  const headers: Record<string, string> = { authorization };
  if (Math.random() < 0.1) headers['if-match'] = pick(['*', 'W/"x"', '""', 'x']);
  if (Math.random() < 0.1) headers['content-type'] = pick(['text/plain', 'application/xml', 'application/json; charset=utf-16', '']);
  const hasBody = method === 'PUT' || method === 'PATCH' || method === 'POST';
  return {
    method,
    path: `${encodeURI(filled(pick(paths))).replaceAll('%25', '%')}?api-version=${version}${query}`,
    headers,
    ...(hasBody ? { body: body() } : {}),
  };
}

test(`${requests} random requests to every route: no 5xx, no crash, every refusal is ARM's`, { timeout: 300_000 }, async () => {
  const { json } = await plane.send({ path: '/openapi.json' });
  const paths = Object.keys((json as { paths: object }).paths);
  expect(paths.length).toBeGreaterThan(20);
  await plane.ask({ method: 'PUT', path: plane.group('fuzz'), body: { location: 'westeurope' } });
  const wrong: string[] = [];
  let left = requests;
  const client = async (): Promise<void> => {
    while (left-- > 0) {
      const asked = await fuzzed(paths);
      const answer = await plane
        .send(asked)
        .catch((error: unknown) => ({ status: 599, text: String(error), json: undefined, headers: {} }));
      const isShaped =
        answer.status < 400 ||
        asked.method === 'HEAD' ||
        /openid-configuration|token/.test(asked.path) ||
        typeof answer.json?.error?.code === 'string';
      if (answer.status >= 500 || !isShaped)
        wrong.push(`${asked.method} ${asked.path} ${String(asked.body).slice(0, 200)} → ${answer.status} ${answer.text.slice(0, 200)}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, client));
  const logged = readFileSync(join(plane.folder, 'logs/control.log'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"level":"error"'));
  expect({ wrong: wrong.slice(0, 10), logged: logged.slice(0, 5) }).toEqual({ wrong: [], logged: [] });
  expect((await plane.send({ path: '/healthz' })).status).toBe(200);
  expect(plane.program.process.exitCode).toBe(null);
});
