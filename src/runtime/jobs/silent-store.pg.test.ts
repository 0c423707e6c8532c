import { setDefaultCACertificates, getCACertificates } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { directDialer, type Dialer } from '#base/dialer.ts';
import { toFault, type Fault } from '#base/fault.ts';
import { makeAuthority, type TestAuthority } from '#replication/sources/postgres/test-certificates.ts';
import { jobContext, JobScene, linked } from '#test/link/job-scene.ts';
import { startPostgres, type TestPostgres } from '#test/servers/postgres.ts';
import { startStallingPostgres, type StallingPostgres, type StallPlace } from '#test/servers/stalling-postgres.ts';
import type { StoreLogin } from '../job.ts';
import { browse } from './browse.ts';
import { check } from './check.ts';
import { preview } from './preview.ts';
import { release } from './release.ts';

const patienceMs = 400;
const patience = {
  connectTimeoutMs: patienceMs,
  questionTimeoutMs: patienceMs,
  copySilenceMs: patienceMs,
  streamSilenceMs: patienceMs,
};
const name = 'db.internal.example';

let server: TestPostgres;
let stalling: StallingPostgres;
let authority: TestAuthority;
/** Only the dialer knows where the store's name leads. */
const toTheServer: Dialer = {
  dial: (host, _port, signal) => directDialer.dial(host === name ? '127.0.0.1' : 'nowhere.invalid', stalling.port, signal),
};

beforeAll(async () => {
  server = await startPostgres();
  authority = makeAuthority('Test authority');
  setDefaultCACertificates([...getCACertificates('default'), authority.certificate]);
  stalling = await startStallingPostgres(server.port, authority.issue({ commonName: name, dnsNames: [name] }));
});
afterAll(async () => {
  await stalling[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const store: Partial<StoreLogin> = { host: name, tls: 'verify-full' };
const setup = `CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a SELECT i, repeat('v', 2000) || i FROM generate_series(1, 2000) i`;
const a = linked('a');

const scene = (more: Partial<StoreLogin> = {}): Promise<JobScene> =>
  JobScene.make(server, setup, { dialer: toTheServer, patience, store: { ...store, ...more } });

/** Where it is noticed, in a link that starts while the store falls silent there. */
const places: readonly (readonly [StallPlace, RegExp])[] = [
  ['accepted', /^ConnectTimeout$/],
  ['secured', /^ConnectTimeout$/],
  ['let in', /^ConnectTimeout$/],
  ['answered', /^(QueryTimeout|ConnectTimeout)$/],
  ['copying', /^CopySilent$/],
  ['streaming', /^SourceSilent$/],
];

test.each(places)(
  'a link whose store falls silent when it has %s tells so in time, with a remedy, and goes on when it speaks again',
  async (place, code) => {
    await using one = await scene();
    stalling.stallAt(place);
    const begun = performance.now();
    await using job = one.start([a]);
    await one.until(() => stalling.stalled > 0 && job.report?.trouble !== undefined && job.report.trouble !== null);
    expect(performance.now() - begun).toBeLessThan(20 * patienceMs);
    expect(job.report).toMatchObject({
      following: false,
      trouble: { code: expect.stringMatching(code), message: expect.anything(), remedy: expect.anything() },
    });
    expect(JSON.stringify(job.reports)).not.toContain(server.password);
    stalling.stallAt(undefined);
    await one.caughtUp([a]);
    await one.until(() => job.report?.trouble === null && job.report.following);
    expect(await one.differences([a])).toEqual([]);
    await job.stop();
  },
);

test('a stream that is half open while the link follows is noticed, and no change is lost', async () => {
  await using one = await scene();
  await using job = one.start([a]);
  await one.caughtUp([a]);
  await one.until(() => job.report?.following === true);
  stalling.stallAt('let in');
  await one.sql(`UPDATE a SET v = 'changed' WHERE id < 100`);
  stalling.cutOff();
  await one.until(() => job.report?.following === false && job.report.trouble !== null);
  expect(job.report?.trouble).toMatchObject({ kind: expect.stringMatching(/^(unreachable|timeout)$/), remedy: expect.anything() });
  stalling.stallAt(undefined);
  await one.caughtUp([a]);
  expect(await one.differences([a])).toEqual([]);
  await job.stop();
});

const faultOf = (work: Promise<unknown>): Promise<Fault | undefined> => work.then(() => undefined, toFault);

test.each(['accepted', 'secured', 'let in', 'answered'] as const)(
  'questions to a store that falls silent when it has %s end in time',
  async (place) => {
    await using one = await scene();
    const context = jobContext({ tell: () => undefined, dialer: toTheServer });
    const ask = { store: one.store(), timeoutMs: patienceMs };
    await one.sql(`SELECT pg_create_logical_replication_slot('isthmus_x', 'pgoutput')`);
    stalling.stallAt(place);
    const begun = performance.now();
    const faults = await Promise.all([
      faultOf(browse({ kind: 'browse', ...ask }, context)),
      faultOf(check({ kind: 'check', slot: 'isthmus_x', tables: [a], ...ask }, context)),
      faultOf(preview({ kind: 'preview', table: a, mostRows: 1, ...ask }, context)),
      faultOf(release({ kind: 'release', slot: 'isthmus_x', ...ask }, context)),
    ]);
    expect(performance.now() - begun).toBeLessThan(10 * patienceMs);
    for (const fault of faults)
      expect(fault).toMatchObject({
        kind: 'timeout',
        code: expect.stringMatching(/^(ConnectTimeout|StoreSilent)$/),
        remedy: expect.anything(),
      });
    stalling.stallAt(undefined);
    await one.sql(`SELECT pg_drop_replication_slot('isthmus_x')`);
  },
);

test('a preview whose copy falls silent ends in time', async () => {
  await using one = await scene();
  const context = jobContext({ tell: () => undefined, dialer: toTheServer });
  stalling.stallAt('copying');
  expect(
    await faultOf(preview({ kind: 'preview', table: a, mostRows: 1000, store: one.store(), timeoutMs: patienceMs }, context)),
  ).toMatchObject({
    kind: 'timeout',
    code: 'StoreSilent',
  });
  stalling.stallAt(undefined);
});

test.each([
  ['the wrong password', { password: 'wrong' }, 'unauthenticated', 'WrongPassword'],
  ['no password', { password: null }, 'unauthenticated', 'PasswordMissing'],
  ['the wrong database', { database: 'nowhere' }, 'missing', 'DatabaseMissing'],
  ['a certificate for another name', { certificateName: 'other.example' }, 'unauthenticated', 'CertificateName'],
] as const)('a link with %s fails for good, and says what to do', async (_what, more, kind, code) => {
  await using one = await scene(more);
  await using job = one.start([a]);
  expect(await faultOf(job.ended())).toMatchObject({ kind, code, remedy: expect.anything() });
});

test('a name that leads nowhere is waited for, and told', async () => {
  await using one = await scene({ host: 'elsewhere.example' });
  await using job = one.start([a]);
  await one.until(() => job.report?.trouble !== undefined && job.report.trouble !== null);
  expect(job.report?.trouble).toMatchObject({ kind: 'unreachable', remedy: expect.anything() });
  await job.stop();
});

test('lost history ends the job: nothing is taken up again behind a gap', async () => {
  await using one = await scene();
  await using first = one.start([a]);
  await one.caughtUp([a]);
  await first.stop();
  const context = jobContext({ tell: () => undefined, dialer: toTheServer });
  await release({ kind: 'release', store: one.store(), slot: one.slot, timeoutMs: 20_000 }, context);
  await using second = one.start([a]);
  expect(await faultOf(second.ended())).toMatchObject({ kind: 'lost-history', code: 'SlotMissing', remedy: expect.anything() });
});
