import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { toFault } from '#base/fault.ts';
import { startFlakyProxy, type FlakyProxy } from '../servers/flaky-proxy.ts';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { Scene } from './scene.ts';

let server: TestPostgres;
let proxy: FlakyProxy;
beforeAll(async () => {
  server = await startPostgres();
  proxy = await startFlakyProxy(server.port);
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

afterEach(() => proxy.heal());

const patienceMs = 500;
const setup = `CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE b (k text PRIMARY KEY, v text); CREATE TABLE c (v text); ALTER TABLE c REPLICA IDENTITY FULL;
  INSERT INTO a SELECT i, repeat('v', 50) || i FROM generate_series(1, 300) i; INSERT INTO b SELECT 'k' || i, 'v' FROM generate_series(1, 60) i; INSERT INTO c SELECT 'c' || i % 5 FROM generate_series(1, 20) i`;
const changes = (round: number): string =>
  `UPDATE a SET v = v || ${round} WHERE id % 7 = ${round % 7}; DELETE FROM b WHERE k = 'k${round}'; UPDATE b SET k = k || 'x' WHERE k = 'k${round + 20}'; INSERT INTO c VALUES ('${round}'), ('${round}'); DELETE FROM c WHERE ctid = (SELECT min(ctid) FROM c)`;

async function throughProxy(): Promise<Scene> {
  const scene = await Scene.make(server, setup, {
    pages: { pageBytes: 2400, silenceMs: patienceMs },
    follow: { silenceMs: patienceMs, maxBytes: 4096 },
  });
  scene.set({
    source: {
      questionTimeoutMs: patienceMs,
      address: { ...scene.sourceOptions().address, port: proxy.port, connectTimeoutMs: patienceMs },
    },
  });
  return scene;
}

test.each([
  ['cut', 2],
  ['hole', 1],
] as const)('the network fails at every stage (%s): the link ends in time, and goes on without loss', async (how, links) => {
  await using scene = await throughProxy();
  const ends: { readonly kind: string; readonly tookMs: number }[] = [];
  // A stage later each time: login, questions, slot, pages, stream; then again on a link that only follows.
  for (let round = 0, fine = 0, afterBytes = 0; fine < links; round++) {
    proxy.fail({ afterBytes, how });
    const begun = performance.now();
    const kind = await scene.run().then(
      () => 'fine',
      (error: unknown) => toFault(error).kind,
    );
    proxy.heal();
    ends.push({ kind, tookMs: performance.now() - begun });
    if (kind === 'fine') fine++;
    afterBytes = kind === 'fine' ? 0 : Math.ceil(afterBytes * 2) + 150;
    await scene.sql(changes(round));
  }
  expect(ends.length).toBeGreaterThan(8 * links);
  expect(ends.filter((one) => !['fine', 'unreachable', 'timeout'].includes(one.kind) || one.tookMs > 20 * patienceMs)).toEqual([]);
  await scene.run();
  expect(await scene.differences()).toEqual([]);
});

test('a connection that is lost while the link follows is noticed in time', async () => {
  await using scene = await throughProxy();
  for (const how of ['hole', 'cut', 'hole'] as const) {
    await using link = scene.start();
    await link.caughtUp();
    proxy.fail({ afterBytes: 0, how });
    await scene.sql(changes(how.length));
    const begun = performance.now();
    expect(await link.failure()).toMatchObject({ kind: expect.stringMatching(/^(unreachable|timeout)$/) });
    expect(performance.now() - begun).toBeLessThan(10 * patienceMs);
    proxy.heal();
    await scene.run();
    expect(await scene.differences()).toEqual([]);
  }
});

test('a slow network is no fault', async () => {
  await using scene = await throughProxy();
  proxy.slow(100_000);
  try {
    await using link = scene.start();
    await link.caughtUp();
    await scene.sql(changes(1));
    await link.caughtUp();
    await link.stop();
  } finally {
    proxy.slow(0);
  }
  expect(await scene.differences()).toEqual([]);
});

test('a source that watches nothing (wal_sender_timeout = 0) is not taken for silent, and one that watches closely hears us', async () => {
  await using scene = await Scene.make(server, setup, { port: proxy.port });
  scene.set({ source: { address: { ...scene.sourceOptions().address, port: proxy.port } } });
  for (const timeout of ['0', '300ms']) {
    await scene.sql(`ALTER DATABASE ${scene.database} SET wal_sender_timeout = '${timeout}'`);
    await using link = scene.start();
    await link.caughtUp();
    const before = proxy.connections;
    const quiet = await scene.session();
    await quiet.query('SELECT pg_sleep(1.5)');
    await quiet.close();
    expect(proxy.connections).toBe(before);
    await scene.sql(changes(2));
    await link.caughtUp();
    await link.stop();
    expect(await scene.differences()).toEqual([]);
  }
});
