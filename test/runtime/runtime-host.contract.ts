import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLog } from '#base/log.ts';
import { faultText, type FaultText } from '#base/fault-text.ts';
import { toFault } from '#base/fault.ts';
import { openRuntimes, type RuntimesRequest } from '#bin/up/runtime-parts.ts';
import type { FabricEngine } from '#fabric/engine.ts';
import { SamplePlan, type Sample } from '#fabric/sample-plan.contract.ts';
import { outwardAddress, sampleHost, type SampleHost } from '#fabric/sample-hosts.contract.ts';
import { openUserspaceEngine, type UserspaceOptions } from '#fabric/userspace/engine.ts';
import type { JobEvent, LinkMessage, Moved, RuntimeJob } from '#runtime/job.ts';
import type { JobOrder, RunningJob, RuntimeHost } from '#runtime/runtime.ts';

/** A runtime host, and a network with one endpoint that leads to a server which sends back what comes. */
export interface Scene extends AsyncDisposable {
  readonly host: RuntimeHost;
  readonly engine: FabricEngine;
  readonly sample: SamplePlan;
  readonly server: SampleHost;
  readonly log: () => string;
  apply(sample?: Sample): Promise<void>;
  /** Starts a job that does what `inside.ts` calls so. */
  start(act: string, more?: Partial<Asked>): Promise<RunningJob>;
  /** All that such a job tells, as texts; in the end the code of what failed. */
  told(act: string, more?: Partial<Asked>): Promise<string[]>;
}

export interface Asked {
  readonly host: string;
  readonly port: number;
  readonly password: string;
  readonly user: string;
  readonly timeoutMs: number;
}

const never = new AbortController().signal;
const soon = { interval: 10, timeout: 20_000 };

interface SceneOptions extends Pick<RuntimesRequest, 'sandbox' | 'allowUnisolated' | 'mostJobs'> {
  /** The one in user space, unless given. */
  readonly openEngine?: (options: Pick<UserspaceOptions, 'resolver'>) => Promise<FabricEngine>;
}

export async function scene({ openEngine = openUserspaceEngine, ...more }: SceneOptions): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'isthmus-runtime-test-'));
  const resolve = async (name: string) => ({ addresses: [name === 'outside.example' ? outwardAddress() : '127.0.0.1'], ttlMs: 60_000 });
  const engine = await openEngine({ resolver: { resolve } });
  const server = await sampleHost();
  const sample = new SamplePlan({ host: server.host, port: server.port });
  let text = '';
  const log = createLog({ level: 'debug', write: (line) => void (text += line) });
  const host = openRuntimes({
    ...more,
    engine,
    folder,
    log,
    program: 'test/runtime/inside.ts',
    memoryMb: 64,
    limits: { stopMs: 1_000, graceMs: 300, mostUnheardBytes: 1_000_000 },
  });
  const start = (act: string, asked: Partial<Asked> = {}): Promise<RunningJob> => host.start(orderOf(sample, act, asked), never);
  return {
    host,
    engine,
    sample,
    server,
    log: () => text,
    apply: (changes) => engine.apply(sample.plan(changes)),
    start,
    told: async (act, asked) => {
      await using job = await start(act, asked);
      return await textsOf(job);
    },
    [Symbol.asyncDispose]: async () => {
      await host[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function orderOf(
  sample: SamplePlan,
  act: string,
  { host = sample.name, port = sample.port, password = 'none', user = 'reader', timeoutMs = 30_000 }: Partial<Asked>,
): JobOrder {
  const login = { database: act, user, password, tls: 'prefer', certificateName: null } as const;
  const job: RuntimeJob = { kind: 'test-connection', store: { kind: 'postgresql', host, port, ...login }, timeoutMs };
  return { segment: sample.segment, name: `test ${act}`, job, writable: [] };
}

function textOf(event: JobEvent): string {
  return event.kind === 'step' ? event.step.detail : event.kind;
}

async function textsOf(job: RunningJob): Promise<string[]> {
  const texts: string[] = [];
  const trouble = await faultOf(job, (event) => texts.push(textOf(event)));
  return trouble === undefined ? texts : [...texts, trouble.code];
}

async function faultOf(job: RunningJob, take: (event: JobEvent) => void = () => undefined): Promise<FaultText | undefined> {
  try {
    for await (const event of job.events) if (event.kind !== 'moved') take(event);
    return undefined;
  } catch (error) {
    return faultText(toFault(error));
  }
}

/** The last that a job told of what it moved, and the code of what it failed with. */
async function movedBy(job: RunningJob): Promise<{ readonly moved: Moved | undefined; readonly code: string | undefined }> {
  let moved: Moved | undefined;
  try {
    for await (const event of job.events) if (event.kind === 'moved') moved = event.moved;
    return { moved, code: undefined };
  } catch (error) {
    return { moved, code: toFault(error).code };
  }
}

/** The next event, without ending the reading. */
export function reader(job: RunningJob): () => Promise<string> {
  const events = job.events[Symbol.asyncIterator]();
  return async () => {
    for (;;) {
      const { value, done } = (await events.next()) as IteratorResult<JobEvent, undefined>;
      if (done === true) return 'end';
      if (value.kind !== 'moved') return textOf(value);
    }
  };
}

function processesWith(text: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const texts = ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'latin1'));
      return /^\d+$/.test(pid) && texts.join('\0').includes(text);
    } catch {
      return false;
    }
  });
}

/** What every host of workers keeps to. */
export function describeRuntimeHost(
  open: (more?: { readonly mostJobs?: number }) => Promise<Scene>,
  how: 'sandboxed' | 'joined' | 'plainly',
): void {
  test('workers end with the process that started them, however that ends', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-runtime-parent-'));
    const parent = spawn(process.execPath, [join(import.meta.dirname, 'parent.ts'), folder, how], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [pid] = await once(parent.stdout, 'data');
    const cache = join(folder, 'cache');
    const isThere = (): boolean => existsSync(`/proc/${String(pid).trim()}/cmdline`);
    expect(isThere()).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(isThere, soon).toBe(false);
    await expect.poll(() => processesWith(cache), soon).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  test('a job reaches an endpoint by its names and its address, and ends', async () => {
    await using on = await open();
    await on.apply();
    const expected = ['begun', 'isthmus', 'done'];
    expect(await on.told('echo')).toEqual(expected);
    expect(await on.told('echo', { host: on.sample.address })).toEqual(expected);
    await expect.poll(() => processesWith('test/runtime/inside.ts'), soon).toEqual([]);
  });

  test('what the network denies is told with its own words, and counted there', async () => {
    await using on = await open();
    const refused: string[] = [];
    on.engine.onEvent((event) => event.kind === 'refused' && refused.push(`${event.asker}: ${event.host}:${event.port}`));
    await on.apply();
    const [elsewhere, pending] = ['elsewhere.example', on.sample.name];
    const own = await on.engine.dialer(on.sample.segment).dial(elsewhere, 1433, never).catch(toFault);
    expect(await on.told('echo', { host: elsewhere, port: 1433 })).toEqual(['begun', (own as { code?: string }).code]);
    // One in a joined network comes as far as asking for the name.
    const place = how === 'joined' ? 'elsewhere.example:53' : 'elsewhere.example:1433';
    await expect.poll(() => refused, soon).toContain(`test echo: ${place}`);
    await on.apply({ endpoint: { state: 'Pending' } });
    const job = await on.start('echo', { host: pending });
    expect(await faultOf(job)).toMatchObject({ kind: 'denied', code: expect.stringContaining('Pending'), remedy: expect.any(String) });
  });

  test('what runs is told with its job, its network and whether it is held', async () => {
    await using on = await open();
    await on.apply();
    expect(on.host.running()).toEqual([]);
    await using job = await on.start('hold');
    const shown = { segment: on.sample.segment, name: 'test hold', job: 'test-connection', sinceMs: expect.any(Number) };
    expect(on.host.running()).toEqual([{ ...shown, isolated: how !== 'plainly' }]);
    await job[Symbol.asyncDispose]();
    await expect.poll(() => on.host.running(), soon).toEqual([]);
  });

  test('a far side that is not there is told, not a connection that ends', async () => {
    await using on = await open();
    const gone = await sampleHost();
    await gone[Symbol.asyncDispose]();
    await on.apply({ target: { host: gone.host, port: gone.port } });
    const trouble = await on.engine.dialer(on.sample.segment).dial(on.sample.name, on.sample.port, never).catch(toFault);
    expect(await on.told('echo')).toEqual(['begun', (trouble as { code?: string }).code]);
  });

  test('a revoke cuts a connection that is open, and the next one is refused', async () => {
    await using on = await open();
    await on.apply();
    await using job = await on.start('hold');
    const next = reader(job);
    expect([await next(), await next()]).toEqual(['begun', 'held']);
    await on.apply({ endpoint: { state: 'Rejected' } });
    expect(await next()).toBe('cut');
    expect(await next()).toMatch(/Rejected/);
    expect([await next(), await next()]).toEqual(['done', 'end']);
  });

  test('an endpoint that is approved while the job runs is reached', async () => {
    await using on = await open();
    await on.apply({ endpoint: { state: 'Pending' } });
    await using job = await on.start('until');
    const next = reader(job);
    expect(await next()).toBe('begun');
    expect(await next()).toMatch(/Pending/);
    await on.apply();
    let last = '';
    while (last !== 'connected') last = await next();
    expect(await next()).toBe('done');
  });

  test('in an open network the target of the job is reached, by name and by address', async () => {
    await using on = await open();
    await on.apply({ segment: { egress: 'open' } });
    await using outside = await sampleHost(undefined, outwardAddress());
    const { host, port } = outside;
    for (const name of ['outside.example', host]) expect(await on.told('echo', { host: name, port })).toEqual(['begun', 'isthmus', 'done']);
    for (const name of ['localhost', on.server.host])
      expect((await on.told('echo', { host: name, port: on.server.port })).at(-1)).not.toBe('done');
    await on.apply();
    expect((await on.told('echo', { host, port })).at(-1)).not.toBe('done');
  });

  test('many bytes pass unchanged', async () => {
    await using on = await open();
    await on.apply();
    expect(await on.told('transfer', { timeoutMs: 60_000 })).toEqual(['begun', 'same', 'done']);
  });

  test('what a job moved is told before its end, as the network counted it', async () => {
    await using on = await open();
    await on.apply();
    for (const [act, size, code] of [
      ['echo', 7, undefined],
      ['transfer', 20_000_000, undefined],
      ['fault', 0, 'OfItsOwn'],
    ] as const) {
      await using job = await on.start(act, { timeoutMs: 60_000 });
      expect(await movedBy(job)).toEqual({ moved: { sent: size, received: size }, code });
      // Where packets are counted, those that acknowledge others out of order look a little larger than they are.
      const most = how === 'joined' && size > 1_000 ? size * 1.002 : size;
      const counted = (bytes: number): number => (bytes >= size && bytes <= most ? size : bytes);
      const passed = (): number[] =>
        on.engine
          .passed(on.sample.segment, `test ${act}`)
          .ways.flatMap(({ bytesIn, bytesOut, open: live }) => [counted(bytesIn), counted(bytesOut), live]);
      await expect.poll(passed, soon).toEqual(size === 0 ? [] : [size, size, 0]);
    }
  });

  test('a job that goes on tells what it moved when it is asked', async () => {
    await using on = await open();
    await on.apply();
    await using job = await on.start('hold');
    const told: Moved[] = [];
    for await (const event of job.events) {
      if (event.kind === 'moved') told.push(event.moved);
      if (event.kind === 'moved' && event.moved.received === 4) break;
      if (event.kind !== 'begun') job.askMoved();
    }
    expect(told.at(-1)).toEqual({ sent: 4, received: 4 });
  });

  test('a fault of the job is the fault of its events', async () => {
    await using on = await open();
    await on.apply();
    const job = await on.start('fault');
    const expected = { kind: 'denied', code: 'OfItsOwn', message: 'Not db.shop.example.', remedy: 'Try another.', target: undefined };
    expect(await faultOf(job)).toEqual(expected);
  });

  test('a worker that is killed, or wants too much memory, is lost', async () => {
    await using on = await open();
    await on.apply();
    await using job = await on.start('wait');
    const next = reader(job);
    expect([await next(), await next()]).toEqual(['begun', 'waiting']);
    process.kill(job.pid ?? 0, 'SIGKILL');
    await expect(next()).rejects.toMatchObject({ kind: 'unreachable', code: 'WorkerLost', remedy: expect.any(String) });
    expect(await on.told('dies')).toEqual(['begun', 'WorkerLost']);
    expect((await faultOf(await on.start('wants memory', { timeoutMs: 120_000 })))?.message).toMatch(/WorkerLost|memory/);
  });

  test('a worker gives way to the others a little', async () => {
    await using on = await open();
    await on.apply();
    expect(await on.told('priority')).toEqual(['begun', String(getPriority() + 1), 'done']);
  });

  test('a stop is orderly, and one that is not heard is not waited for', async () => {
    await using on = await open();
    await on.apply();
    await using job = await on.start('wait');
    const next = reader(job);
    expect([await next(), await next()]).toEqual(['begun', 'waiting']);
    await job.stop();
    expect([await next(), await next(), await next()]).toEqual(['stopped', 'done', 'end']);
    await using stubborn = await on.start('stubborn');
    await stubborn.stop();
    expect(await textsOf(stubborn)).not.toContain('done');
    const stop = new AbortController();
    await using aborted = await on.host.start(orderOf(on.sample, 'wait', {}), stop.signal);
    stop.abort();
    // However far it came by then, its end is no fault.
    const usual = ['begun', 'waiting', 'stopped', 'done'];
    expect((await textsOf(aborted)).filter((text) => !usual.includes(text))).toEqual([]);
    await expect(on.host.start(orderOf(on.sample, 'wait', {}), stop.signal)).rejects.toMatchObject({ kind: 'cancelled' });
  });

  test('a job that does not end in its time is ended', async () => {
    await using on = await open();
    await on.apply();
    expect((await on.told('stubborn', { timeoutMs: 1_000 })).at(-1)).toBe('JobTimeout');
  });

  test.for(['no-json', 'unknown event', 'wrong event', 'endless line', 'endless questions'])(
    'a worker that breaks the protocol is ended: %s',
    async (act) => {
      await using on = await open();
      await on.apply();
      await using job = await on.start(act);
      // Nobody reads meanwhile.
      await expect.poll(() => on.log(), soon).toContain('a worker broke the protocol and was ended');
      expect(await faultOf(job)).toMatchObject({ kind: 'corrupt', code: 'WorkerBrokeProtocol' });
    },
  );

  test('what a worker does not take is not kept without end', async () => {
    await using on = await open();
    await on.apply();
    await using job = await on.start('deaf');
    const next = reader(job);
    expect([await next(), await next()]).toEqual(['begun', 'deaf']);
    const tables = Array.from({ length: 200 }, (_, at) => ({ schema: 'public', name: `t${at}` }));
    for (let count = 0; count < 500; count++) job.send({ kind: 'recopy', tables });
    await expect(next()).rejects.toMatchObject({ kind: 'corrupt', code: 'WorkerBrokeProtocol' });
  });

  test('jobs that begin at once are counted too', async () => {
    await using on = await open({ mostJobs: 2 });
    await on.apply();
    const asked = await Promise.allSettled(['wait', 'wait', 'wait', 'wait'].map((act) => on.start(act)));
    const refused = asked.flatMap((one) => (one.status === 'rejected' ? [toFault(one.reason).code] : []));
    expect(refused).toEqual(['TooManyJobs', 'TooManyJobs']);
  });

  test('a worker takes neither all connections nor all of the log', async () => {
    await using on = await open();
    await on.apply();
    expect((await on.told('crowd', { timeoutMs: 60_000 }))[1]).toMatch(
      how === 'joined' ? /^256: ConnectionFailed$/ : /^256: (TooManyWorkerConnections|ConnectionLost)$/,
    );
    expect(await on.told('floods its output')).toEqual(['begun', 'flooded', 'done']);
    await expect.poll(() => on.log().split('"a worker says"').length, soon).toBeGreaterThan(200);
    expect(on.log().split('"a worker says"').length).toBeLessThan(600);
  });

  test('a link writes into its folders, hears what it is told in order, and of its reports the latest arrives', async () => {
    await using on = await open();
    await on.apply();
    const folder = mkdtempSync(join(tmpdir(), 'isthmus-link-test-'));
    const login = { database: 'shop', user: 'reader', password: null, tls: 'prefer', certificateName: null } as const;
    const store = { kind: 'postgresql', host: on.sample.name, port: on.sample.port, ...login } as const;
    const link = { name: 'shop', slot: 'shop', store, tables: [], landing: folder, spool: folder, once: false };
    const { segment } = on.sample;
    await using job = await on.host.start({ segment, name: 'link shop', job: { kind: 'link', link }, writable: [folder] }, never);
    const messages: readonly LinkMessage[] = [
      { kind: 'tables', tables: [] },
      { kind: 'recopy', tables: [] },
      { kind: 'tables', tables: [] },
    ];
    for (const message of messages) job.send(message);
    const positions: (string | null)[] = [];
    for await (const event of job.events) if (event.kind === 'link') positions.push(event.report.position);
    expect(positions.at(-1)).toBe('tables,recopy,tables');
    expect(readFileSync(join(folder, 'segment'), 'utf8')).toBe('written');
    rmSync(folder, { recursive: true });
  });

  test('a spare worker is ready, is handed over and replaced, and one that dies is too', async () => {
    await using on = await open();
    await on.apply();
    const { segment } = on.sample;
    const warmth = () => on.host.warmth(segment).state;
    expect(on.host.warmth(segment)).toEqual({ state: 'cold', sinceMs: undefined });
    on.host.warm(segment, true);
    expect(warmth()).toBe('starting');
    await expect.poll(warmth, soon).toBe('warm');
    const startedMs = performance.now();
    await using job = await on.start('echo');
    expect(warmth()).toBe('starting');
    expect(await textsOf(job)).toEqual(['begun', 'isthmus', 'done']);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    await expect.poll(warmth, soon).toBe('warm');
    on.host.warm(segment, false);
    expect(warmth()).toBe('cold');
    await expect.poll(() => processesWith('test/runtime/inside.ts'), soon).toEqual([]);
  });

  test('no secret of a job is seen by another, in an argument, in an environment or in the log', async () => {
    await using on = await open();
    await on.apply();
    const [canary, other] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
    await using job = await on.start('wait', { password: canary });
    const next = reader(job);
    expect([await next(), await next()]).toEqual(['begun', 'waiting']);
    expect(processesWith(canary)).toEqual([]);
    const [, seen = ''] = await on.told('look', { password: other });
    expect(seen).not.toContain(canary);
    expect(seen).not.toContain(other);
    expect(await on.told('logs', { password: canary })).toEqual(['begun', 'logged', 'done']);
    await expect.poll(() => on.log(), soon).toContain('logged in');
    for (const secret of [canary, other]) expect(on.log()).not.toContain(secret);
  });

  test('disposing the host ends every worker at once', async () => {
    const on = await open();
    await on.apply();
    on.host.warm(on.sample.segment, true);
    const job = await on.start('stubborn');
    await on[Symbol.asyncDispose]();
    expect((await textsOf(job)).at(-1)).not.toBe('done');
    await expect.poll(() => processesWith('test/runtime/inside.ts'), soon).toEqual([]);
    await expect(on.start('echo')).rejects.toMatchObject({ kind: 'cancelled' });
  });
}
