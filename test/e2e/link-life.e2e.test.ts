import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { bankTotal, connectTo, openBank, runTransfers } from './bank.ts';
import { ControlPlane } from './control-plane.ts';
import { LinkGround } from './link-ground.ts';
import { descendant, until } from './program.ts';

let database: TestPostgres;
let plane: ControlPlane;
let ground: LinkGround;
beforeAll(async () => {
  database = await startPostgres();
  plane = await ControlPlane.start();
  ground = new LinkGround(plane, database);
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  plane.forget();
  await database[Symbol.asyncDispose]();
});

const ordered = (table: string): string => `SELECT t.id::text, t.amount::text, t.note FROM public.${table} AS t ORDER BY t.id`;
const hashOf = (rows: readonly (readonly (string | null)[])[]): string => createHash('sha256').update(JSON.stringify(rows)).digest('hex');

async function source(sql: string): Promise<readonly (readonly (string | null)[])[]> {
  await using connection = await connectTo(database.url());
  return await connection.query(sql);
}

/** Until the pool has what the source has, in these tables. */
async function equal(...tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    const wanted = await source(ordered(table));
    expect(wanted.length).toBeGreaterThan(0);
    const hash = hashOf(wanted);
    let seen = '';
    await until(`${table} is equal`, async () => {
      const answer = await plane.ask({ method: 'POST', path: `${ground.pool}/query`, body: { sql: ordered(table), mostRows: 10_000 } });
      seen = answer.text.slice(0, 500);
      return answer.status === 200 && hashOf(answer.json.rows) === hash;
    }).catch((cause: unknown) => {
      throw new Error(`${table}: ${seen}`, { cause });
    });
  }
}

/** Money moves while `work` is done. */
async function under(work: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const transfers = runTransfers(database.url(), stop.signal);
  try {
    await work();
  } finally {
    stop.abort();
    expect(await transfers).toBeGreaterThan(0);
  }
}

const look = `SELECT (SELECT sum(amount) FROM public.checking) + (SELECT sum(amount) FROM public.savings)`;

/** Every look sees the whole of every transfer. */
async function lookTimes(times: number): Promise<void> {
  for (let seen = 0; seen < times; seen++) expect(await ground.query(look)).toEqual([[String(bankTotal)]]);
}

test(
  'a link behind a private endpoint: started, paused, resumed, stopped, edited and killed, it ends with what the source has',
  { timeout: 300_000 },
  async () => {
    await openBank(database.url());
    await source(`CREATE TABLE public.later AS SELECT id, amount, note FROM public.savings; ALTER TABLE public.later ADD PRIMARY KEY (id)`);
    await ground.lay();
    await ground.link('shop', ['checking', 'savings'], { actionOnExistingTargetTable: 'DropAndRecreate' });
    const planned = (await ground.act('shop', 'preflight')).json;
    expect(planned.findings).toMatchObject([{ severity: 'error', code: 'EndpointPending' }]);
    await ground.act('shop', 'start');
    const waiting = await ground.reached('shop', 'Starting', 'EndpointPending');
    expect(await ground.kept()).toEqual([]);

    await ground.approve();
    const first = await ground.reached('shop', 'Running');
    expect(first.continuousRunId).toBe(waiting.continuousRunId);
    expect(await ground.kept()).toHaveLength(3);
    await equal('checking', 'savings');
    const checked = (await ground.act('shop', 'preflight')).json;
    expect(checked.tables[0].columns).toMatchObject([{ name: 'id', fidelity: 'exact' }, { name: 'amount' }, { name: 'note' }]);

    await under(async () => {
      await lookTimes(20);
      await ground.act('shop', 'pause');
      await ground.reached('shop', 'Paused');
    });
    expect((await ground.status('shop')).isthmus.run?.slot).toBe(first.isthmus.run?.slot);
    await ground.act('shop', 'resume');
    expect((await ground.reached('shop', 'Running')).continuousRunId).toBe(first.continuousRunId);
    await equal('checking', 'savings');

    await ground.edit('shop', 'add', ['later']);
    await under(async () => {
      await equal('later');
      await ground.edit('shop', 'remove', ['later']);
      await lookTimes(5);
    });
    await equal('checking', 'savings');
    const tables = (await ground.act('shop', 'querytablestatus', { maxSegmentCount: 10 })).json.value;
    expect(tables).toMatchObject([
      { status: 'Replicating', processedRows: expect.any(Number), lastTransactionCommitTime: expect.any(String) },
      { status: 'Replicating' },
    ]);

    await under(async () => {
      const { pid } = (await ground.status('shop')).isthmus;
      process.kill(pid!, 'SIGKILL');
      await ground.reached('shop', 'Running');
      const pool = descendant(plane.program.pid, 'isthmus pool');
      process.kill(pool!, 'SIGKILL');
      await until('the pool is another process', () => ![undefined, pool].includes(descendant(plane.program.pid, 'isthmus pool')));
    });
    await equal('checking', 'savings');

    await ground.act('shop', 'stop');
    await ground.reached('shop', 'Stopped');
    expect(await ground.kept()).toEqual([]);
    expect(await ground.query(look)).toEqual([[String(bankTotal)]]);
    await ground.act('shop', 'start');
    const second = await ground.reached('shop', 'Running');
    expect(second.continuousRunId).not.toBe(first.continuousRunId);
    await equal('checking', 'savings');

    await ground.approve('Rejected');
    await ground.reached('shop', 'Resuming', 'EndpointRejected');
    await ground.askForEndpoint();
    await ground.approve();
    await ground.reached('shop', 'Running');

    expect((await plane.ask({ method: 'DELETE', path: `${ground.at}/linkconnections/shop` })).status).toBe(200);
    await until('the link is gone', async () => (await plane.ask({ path: `${ground.at}/linkconnections/shop` })).status === 404);
    expect(await ground.kept()).toEqual([]);
  },
);

const rounds = Number(process.env['ISTHMUS_CRASH_ROUNDS'] ?? 6);
const victims = ['isthmus worker', 'isthmus pool', 'isthmus control', 'source'] as const;

/** Ends one of them as by kill -9, and waits for what takes its place. */
async function kill(victim: (typeof victims)[number]): Promise<void> {
  if (victim === 'source') {
    await database.kill();
    return await database.start();
  }
  const pid = await until(`${victim} runs`, () => descendant(plane.program.pid, victim));
  process.kill(pid, 'SIGKILL');
  await until(`${victim} is another process`, () => ![undefined, pid].includes(descendant(plane.program.pid, victim)));
}

/** Undefined while something on the way is down. */
async function tryLook(): Promise<unknown> {
  const asked = plane.ask({ method: 'POST', path: `${ground.pool}/query`, body: { sql: look } });
  const answer = await asked.catch(() => undefined);
  return answer?.status === 200 ? answer.json.rows : undefined;
}

test(
  `${rounds} rounds of kill -9 under load: the link goes on where it was, and no look sees half of a transfer`,
  { timeout: 120_000 + rounds * 40_000 },
  async () => {
    await ground.link('bank', ['checking', 'savings'], { actionOnExistingTargetTable: 'DropAndRecreate' });
    await ground.act('bank', 'start');
    const { continuousRunId } = await ground.reached('bank', 'Running');
    await equal('checking', 'savings');
    const looked = new AbortController();
    const seen: unknown[] = [];
    const looking = (async () => {
      while (!looked.signal.aborted) seen.push((await tryLook()) ?? (await sleep(50)));
    })();
    await under(async () => {
      for (let round = 0; round < rounds; round++) {
        await kill(victims[round % victims.length]!);
        await until('it answers', async () => (await plane.ask({ path: ground.pool }).catch(() => undefined))?.status === 200);
        await ground.reached('bank', 'Running');
      }
    });
    expect((await ground.status('bank')).continuousRunId).toBe(continuousRunId);
    await equal('checking', 'savings');
    looked.abort();
    await looking;
    const answers = seen.filter((rows) => rows !== undefined);
    expect(answers.length).toBeGreaterThan(rounds);
    expect([...new Set(answers.map((rows) => JSON.stringify(rows)))]).toEqual([JSON.stringify([[String(bankTotal)]])]);
    const everything = JSON.stringify([await ground.status('bank'), (await ground.send('GET', `${ground.at}/linkconnections`)).json]);
    expect(everything).not.toContain(database.password);
  },
);
