import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { bankTotal, openBank } from './bank.ts';
import { ControlPlane } from './control-plane.ts';
import { LinkGround, look } from './link-ground.ts';
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
    await openBank(database.url());
    await ground.lay();
    await ground.approve();
    await ground.link('bank', ['checking', 'savings'], { actionOnExistingTargetTable: 'DropAndRecreate' });
    await ground.act('bank', 'start');
    const { continuousRunId } = await ground.reached('bank', 'Running');
    await ground.equal('checking', 'savings');
    const looked = new AbortController();
    const seen: unknown[] = [];
    const looking = (async () => {
      while (!looked.signal.aborted) seen.push((await tryLook()) ?? (await sleep(50)));
    })();
    await ground.under(async () => {
      for (let round = 0; round < rounds; round++) {
        await kill(victims[round % victims.length]!);
        await until('it answers', async () => (await plane.ask({ path: ground.pool }).catch(() => undefined))?.status === 200);
        await ground.reached('bank', 'Running');
      }
    });
    expect((await ground.status('bank')).continuousRunId).toBe(continuousRunId);
    await ground.equal('checking', 'savings');
    looked.abort();
    await looking;
    const answers = seen.filter((rows) => rows !== undefined);
    expect(answers.length).toBeGreaterThan(rounds);
    expect([...new Set(answers.map((rows) => JSON.stringify(rows)))]).toEqual([JSON.stringify([[String(bankTotal)]])]);
    const everything = JSON.stringify([await ground.status('bank'), (await ground.send('GET', `${ground.at}/linkconnections`)).json]);
    expect(everything).not.toContain(database.password);
  },
);
