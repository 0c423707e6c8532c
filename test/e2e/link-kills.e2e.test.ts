import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../servers/postgres.ts';
import { bankTotal, connectTo, openBank } from './bank.ts';
import { ControlPlane } from './control-plane.ts';
import { LinkGround, look, poolFile, queryPool, untilEqual } from './link-ground.ts';
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

const rounds = Number(process.env['ISTHMUS_KILL_ROUNDS'] ?? 6);
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

type Rows = readonly (readonly (string | null)[])[];

/** By the interface, and by the pool itself, as `isthmus sql` asks. Undefined while something on the way is down. */
const ways: Readonly<Record<string, () => Promise<Rows | undefined>>> = {
  interface: async () => {
    const asked = plane.ask({ method: 'POST', path: `${ground.pool}/query`, body: { sql: look } });
    const answer = await asked.catch(() => undefined);
    return answer?.status === 200 ? answer.json.rows : undefined;
  },
  pool: async () => await queryPool(poolFile(plane, 'shopspace', 'dw'), look),
};

/** Looks again and again. */
class Reader {
  seen = 0;
  readonly #answers = new Set<string>();
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  constructor(way: () => Promise<Rows | undefined>) {
    this.#ended = this.#read(way);
  }

  /** Until it has seen so many more. */
  async more(count: number): Promise<void> {
    const wanted = this.seen + count;
    await until('the pool is seen', async () => this.seen >= wanted);
  }

  /** All different answers that there were. */
  async end(): Promise<readonly string[]> {
    this.#stop.abort();
    await this.#ended;
    return [...this.#answers];
  }

  async #read(way: () => Promise<Rows | undefined>): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const rows = await way();
      if (rows === undefined) {
        await sleep(50);
        continue;
      }
      this.seen += 1;
      this.#answers.add(JSON.stringify(rows));
    }
  }
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
    const readers = Object.values(ways).map((way) => new Reader(way));
    const transfers = await ground.under(async () => {
      for (let round = 0; round < rounds; round++) {
        // So that each is killed at another moment of its work.
        await Promise.all(readers.map((reader) => reader.more(1 + Math.floor(Math.random() * 10))));
        await kill(victims[round % victims.length]!);
        await until('it answers', async () => (await plane.ask({ path: ground.pool }).catch(() => undefined))?.status === 200);
        await ground.reached('bank', 'Running');
      }
    });
    expect((await ground.status('bank')).continuousRunId).toBe(continuousRunId);
    expect(transfers).toBeGreaterThan(rounds);
    await ground.equal('checking', 'savings');
    await using source = await connectTo(database.url());
    for (const table of ['public.checking', 'public.savings']) await untilEqual(source, poolFile(plane, 'shopspace', 'dw'), table);
    await Promise.all(readers.map((reader) => reader.more(1)));
    expect(Math.min(...readers.map(({ seen }) => seen))).toBeGreaterThan(rounds);
    for (const reader of readers) expect(await reader.end()).toEqual([JSON.stringify([[String(bankTotal)]])]);
    const everything = JSON.stringify([await ground.status('bank'), (await ground.send('GET', `${ground.at}/linkconnections`)).json]);
    expect(everything).not.toContain(database.password);
  },
);
