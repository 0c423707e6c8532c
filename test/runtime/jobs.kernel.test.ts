import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { directDialer } from '#base/dialer.ts';
import { silentLog } from '#base/log.ts';
import { openRuntimes } from '#bin/up/runtime-parts.ts';
import type { FabricEngine } from '#fabric/engine.ts';
import { SamplePlan } from '#fabric/sample-plan.contract.ts';
import { openUserspaceEngine } from '#fabric/userspace/engine.ts';
import { PgConnection } from '#replication/sources/postgres/connection.ts';
import { parsePgUrl } from '#replication/sources/postgres/url.ts';
import type { JobEvent, RuntimeJob, StoreLogin } from '#runtime/job.ts';
import type { RuntimeHost } from '#runtime/runtime.ts';
import { startPostgres, type TestPostgres } from '#test/servers/postgres.ts';

// The program that workers really run, sandboxed, with each kind of job, against a database behind an endpoint.

let folder = '';
let server: TestPostgres;
let engine: FabricEngine;
let sample: SamplePlan;
let host: RuntimeHost;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'isthmus-jobs-test-'));
  server = await startPostgres();
  await using admin = await PgConnection.connect({ ...parsePgUrl(server.url()), dialer: directDialer }, AbortSignal.timeout(10_000));
  await admin.query(
    `CREATE TABLE public.orders (id int8 PRIMARY KEY, note text); INSERT INTO public.orders SELECT n, 'note ' || n FROM generate_series(1, 500) n`,
  );
  engine = await openUserspaceEngine();
  sample = new SamplePlan({ host: server.host, port: server.port });
  await engine.apply(sample.plan());
  host = openRuntimes({ engine, folder, allowUnisolated: false, log: silentLog });
});

afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const slot = 'isthmus_jobs_0123456789abcdef';
const timeoutMs = 30_000;
const orders = { schema: 'public', name: 'orders', placement: { schema: 'dbo', name: 'orders', onExisting: 'drop' } } as const;

function store(): StoreLogin {
  const { user, password } = server;
  return {
    kind: 'postgresql',
    host: sample.name,
    port: sample.port,
    database: 'postgres',
    user,
    password,
    tls: 'prefer',
    certificateName: null,
  };
}

async function done(job: RuntimeJob, writable: readonly string[] = []): Promise<JobEvent[]> {
  await using running = await host.start({ segment: sample.segment, name: `test ${job.kind}`, job, writable }, AbortSignal.timeout(60_000));
  expect(running.isolated).toBe(true);
  const events: JobEvent[] = [];
  for await (const event of running.events) events.push(event);
  expect(await running.attempts()).toBe(0);
  return events;
}

test('test-connection, up to rights', async () => {
  const events = await done({ kind: 'test-connection', store: store(), timeoutMs });
  expect(events.map((event) => (event.kind === 'step' ? event.step.name : event.kind))).toEqual([
    'begun',
    'TCP',
    'TLS',
    'login',
    'rights',
    'moved',
    'done',
  ]);
});

test('browse and preview', async () => {
  const browsed = await done({ kind: 'browse', store: store(), timeoutMs });
  expect(browsed).toContainEqual(
    expect.objectContaining({ kind: 'tables', tables: [expect.objectContaining({ name: 'orders', hasKey: true, refusal: null })] }),
  );
  const previewed = await done({ kind: 'preview', store: store(), table: orders, mostRows: 2, timeoutMs });
  const rows = previewed.find((event) => event.kind === 'rows');
  expect(rows?.columns.map(({ name }) => name)).toEqual(['id', 'note']);
  expect(rows?.rows).toHaveLength(2);
});

test('check, link and release', async () => {
  const checked = await done({ kind: 'check', store: store(), slot, tables: [orders], timeoutMs });
  expect(checked.find((event) => event.kind === 'checked')?.tables).toEqual([expect.objectContaining({ name: 'orders' })]);
  const [landing, spool] = [mkdtempSync(join(folder, 'landing-')), mkdtempSync(join(folder, 'spool-'))];
  const link = { name: 'orders', slot, store: store(), tables: [orders], landing, spool, once: false };
  await using running = await host.start(
    { segment: sample.segment, name: 'link orders', job: { kind: 'link', link }, writable: [landing, spool] },
    AbortSignal.timeout(60_000),
  );
  for await (const event of running.events) {
    if (event.kind === 'link' && event.report.tables.some(({ rowsCopied }) => rowsCopied === 500)) break;
  }
  expect(readdirSync(landing).length).toBeGreaterThan(0);
  await running.stop();
  expect(await running.attempts()).toBe(0);
  expect(existsSync(landing)).toBe(true);
  expect(await slots()).toEqual([slot]);
  expect((await done({ kind: 'release', store: store(), slot, timeoutMs })).at(-1)).toEqual({ kind: 'done' });
  expect(await slots()).toEqual([]);
});

async function slots(): Promise<unknown[]> {
  await using admin = await PgConnection.connect({ ...parsePgUrl(server.url()), dialer: directDialer }, AbortSignal.timeout(10_000));
  return (await admin.query('SELECT slot_name FROM pg_replication_slots')).map(([name]) => name);
}
